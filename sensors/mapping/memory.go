package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what a misbehaving device can make us remember.
const (
	maxRemembered = 500 // sensors
	maxBad        = 20  // places of one sensor
	maxName       = 200 // bytes of a name that a message has made
)

// memory is what has to survive a restart.
type memory struct {
	// Bad are the values that were not understood, by sensor and place.
	Bad map[string]map[string]string `json:"bad,omitempty"`
	// Pending are the events that end by themselves, by sensor and kind.
	Pending map[string]pending `json:"pending,omitempty"`
	// Pressed is what buttons last said that report a state, by sensor and place. Unknown:
	// a press that only a broker's store has told of.
	Pressed map[string]ucare.State `json:"pressed,omitempty"`
	// Answered are the properties of sensors that the household's own entries
	// have been seen to speak of.
	Answered map[string][]string `json:"answered,omitempty"`
}

// pending is an active reading, with when it was heard last, and when it ends.
type pending struct {
	Reading ucare.Reading `json:"reading"`
	Until   time.Time     `json:"until"`
}

func newMemory() memory {
	return memory{Bad: map[string]map[string]string{}, Pending: map[string]pending{}, Pressed: map[string]ucare.State{}, Answered: map[string][]string{}}
}

func (k key) text() string { return k.sensor + "\x00" + string(k.kind) }

// pendingKey keeps a drill apart, so that the end of a test does not end an alarm.
func pendingKey(r ucare.Reading) string {
	text := key{r.Sensor, r.Kind}.text()
	if r.Drill {
		text += "\x00drill"
	}
	return text
}

// clip bounds a name that a message has made. It leaves enough for the decoder to
// notice and tell that the name is too long.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	return strings.ToValidUTF8(name[:maxName], "")
}

// judge remembers whether a value was understood.
func (in *hearing) judge(sensor string, e *entry, understood bool, value any) {
	if !slices.Contains(in.touched, sensor) {
		in.touched = append(in.touched, sensor)
	}
	place := in.placeOf(e)
	if understood {
		delete(in.Bad[sensor], place)
		if len(in.Bad[sensor]) == 0 {
			delete(in.Bad, sensor)
		}
		return
	}
	said := excerpt(shown(value))
	if e.Ready == "" && e.Unit == "" {
		said += ucare.ByOwnMapping
	}
	bad, known := in.Bad[sensor]
	if !known && len(in.Bad) < maxRemembered {
		bad = map[string]string{}
		in.Bad[sensor] = bad
	}
	if bad == nil {
		bad = map[string]string{} // told now, not remembered
		in.heard.Faults = append(in.heard.Faults, in.fault(ucare.FaultUnknownValue, sensor, place+" is "+said))
	}
	if _, has := bad[place]; has || len(bad) < maxBad {
		bad[place] = said
	}
}

// tellBad tells of the values that are not understood, sensor by sensor.
func (in *hearing) tellBad() {
	for _, sensor := range in.touched {
		var all []string
		for _, place := range slices.Sorted(maps.Keys(in.Bad[sensor])) {
			all = append(all, excerpt(place)+" is "+in.Bad[sensor][place])
		}
		fault := in.fault(ucare.FaultUnknownValue, sensor, strings.Join(all, ", "))
		if len(all) > 0 {
			in.heard.Faults = append(in.heard.Faults, fault)
		} else {
			in.heard.Cleared = append(in.heard.Cleared, fault)
		}
	}
}

// endLater remembers that an event ends by itself.
func (in *hearing) endLater(r ucare.Reading, until time.Time) {
	k := pendingKey(r)
	if _, known := in.Pending[k]; known || len(in.Pending) < maxRemembered {
		in.Pending[k] = pending{Reading: r, Until: until}
	}
}

// setBack moves what ends by itself when the clock was set back: else it would not
// end before the old time comes again.
func (h *Home) setBack(now time.Time) {
	for k, p := range h.Pending {
		if now.Before(p.Reading.At) {
			p.Reading.At, p.Until = now, now.Add(p.Until.Sub(p.Reading.At))
			h.Pending[k] = p
		}
	}
}

// isPressed notes what a button says that reports a state, and reports whether that is
// a press. Of one in a broker's store we hear again with each connection, and
// a fresh one after it is not the same.
func (in *hearing) isPressed(place string, r ucare.Reading) bool {
	before, known := in.Pressed[place]
	state := r.State
	switch {
	case state == ucare.Active && before == ucare.Active:
		return false
	case state == ucare.Active && r.UnknownAge:
		state = ucare.Unknown
	}
	if known || len(in.Pressed) < maxRemembered {
		in.Pressed[place] = state
	}
	return !known || state != ucare.Unknown || before != ucare.Unknown
}

// Next implements sensors.Ticker: when the first event ends by itself.
func (h *Home) Next() (first time.Time, due bool) {
	for _, p := range h.Pending {
		if !due || p.Until.Before(first) {
			first, due = p.Until, true
		}
	}
	return first, due
}

// Tick implements sensors.Ticker.
func (h *Home) Tick(now time.Time) sensors.Heard {
	var heard sensors.Heard
	for _, k := range slices.Sorted(maps.Keys(h.Pending)) {
		p := h.Pending[k]
		if now.Before(p.Until) {
			continue
		}
		delete(h.Pending, k)
		r := p.Reading
		r.At, r.State = now, ucare.Inactive
		heard.Readings = append(heard.Readings, r)
	}
	return heard
}

// Name tells the memory of one dwelling's mappings from that of others.
func (h *Home) Name() string { return "mapping:" + h.home.Dwelling }

// MarshalJSON writes the memory.
func (h *Home) MarshalJSON() ([]byte, error) { return json.Marshal(h.memory) }

// UnmarshalJSON takes the memory that MarshalJSON wrote.
func (h *Home) UnmarshalJSON(data []byte) error {
	m := newMemory()
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("the memory of the mappings of %s: %w", h.home.Dwelling, err)
	}
	fresh := newMemory()
	if m.Bad == nil {
		m.Bad = fresh.Bad
	}
	if m.Pending == nil {
		m.Pending = fresh.Pending
	}
	if m.Pressed == nil {
		m.Pressed = fresh.Pressed
	}
	if m.Answered == nil {
		m.Answered = fresh.Answered
	}
	h.memory = m
	return nil
}
