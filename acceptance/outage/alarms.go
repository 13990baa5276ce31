package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/load"
)

const (
	// alarmPatience is how long an alarm may take before something is badly wrong.
	alarmPatience = 30 * time.Second
	// alarmRooms bounds how many rooms burn, one after the other and again: each is a series.
	alarmRooms = 200
)

// burns publishes smoke again and again until the context ends, and returns how long each
// alarm took, from its publishing to its first byte at the centre.
func (h *home) burns(ctx context.Context, every time.Duration) (took []time.Duration, err error) {
	pace := time.NewTicker(every)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return took, nil
		case <-pace.C:
		}
		d, err := h.burn()
		if err != nil {
			return took, err
		}
		took = append(took, d)
	}
}

// burn lets a room burn and waits for its alarm. The smoke is gone at once, and the
// alarm closed by the centre, so that the room can burn again.
func (h *home) burn() (time.Duration, error) {
	h.smoked++
	room := fmt.Sprintf("room-%03d", h.smoked%alarmRooms)
	r := ucare.Reading{Dwelling: acceptance.Dwelling, Sensor: room, Room: room, Kind: ucare.Smoke, State: ucare.Active}
	arrived := h.centre.Expect(room)
	began := time.Now()
	if err := h.smokes(r, began); err != nil {
		return 0, err
	}
	select {
	case at := <-arrived:
		r.State = ucare.Inactive
		return at.Sub(began), h.smokes(r, time.Now())
	case <-time.After(alarmPatience):
		return 0, fmt.Errorf("the alarm of %s did not come within %v", room, alarmPatience)
	}
}

// smokes publishes what a detector says; nobody waits for its acknowledgement.
func (h *home) smokes(r ucare.Reading, at time.Time) error {
	r.At = at.UTC()
	m, err := load.Message(r)
	if err != nil {
		return err
	}
	h.note(r)
	h.alarms.Publish(m.Topic, 1, false, m.Payload)
	return nil
}

// lines are readings as text.
func lines(readings []ucare.Reading) []string {
	out := make([]string, len(readings))
	for i, r := range readings {
		out[i] = load.Line(r)
	}
	return out
}
