package supervision

import (
	"slices"

	"github.com/ucare-project/ucare"
)

// Method. A contact that stays on hides what comes next: the second fire, and
// that nobody moves any more (zigbee2mqtt issues 31712, 16196, 7837, 24945). It
// is told after
//
//	12 h  motion
//	24 h  presence: a radar sees a sleeper all night, and one who is ill all day
//	24 h  smoke, heat, carbon monoxide, gas, water leak, fall
//
// As a sign of life a motion that stays on counts for 2 h only (ucare.Signs, rules),
// so nothing depends on telling it soon; and some that call themselves occupancy are
// radars that see who sits in front of the television all evening.
//
// Of motion, presence and fall only where the sensor has said "off" before: many
// never do. A detector that never does, such as some of 433 MHz, is told after
// its first alarm, for nobody can see a second one.

const (
	stuckMotion = instant(12 * 60 * 60)
	stuckOther  = instant(24 * 60 * 60)
)

// onFor is a contact of a sensor.
type onFor struct {
	Kind   ucare.Kind `json:"kind"`
	Since  instant    `json:"since,omitempty"`  // on since; 0: off
	Clears bool       `json:"clears,omitempty"` // it has said "off"
}

// mayBeOn is how long a contact of the kind may stay on; 0: for ever.
func mayBeOn(k ucare.Kind) instant {
	switch k {
	case ucare.Motion:
		return stuckMotion
	case ucare.Presence, ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.FallSensor:
		return stuckOther
	default:
		return 0
	}
}

// over is when the contact will have been on for too long; 0: never.
func (o onFor) over() instant {
	mustClear := o.Kind == ucare.Motion || o.Kind == ucare.Presence || o.Kind == ucare.FallSensor
	if o.Since == 0 || mustClear && !o.Clears {
		return 0
	}
	return o.Since + mayBeOn(o.Kind)
}

// turned notes what a contact says.
func (s *sensor) turned(r *ucare.Reading, now instant) {
	if mayBeOn(r.Kind) == 0 || r.State == ucare.Unknown {
		return
	}
	i := slices.IndexFunc(s.On, func(o onFor) bool { return o.Kind == r.Kind })
	if i < 0 {
		i = len(s.On)
		s.On = append(s.On, onFor{Kind: r.Kind})
	}
	switch {
	case r.State == ucare.Inactive:
		s.On[i].Since, s.On[i].Clears = 0, true
	case s.On[i].Since == 0:
		s.On[i].Since = now
	}
}

// isOn reports whether the sensor sees somebody all the time.
func (s *sensor) isOn() bool {
	return slices.ContainsFunc(s.On, func(o onFor) bool {
		return o.Since != 0 && (o.Kind == ucare.Presence || o.Kind == ucare.Motion && o.Clears)
	})
}

// judgeStuck finds out whether a contact of the sensor stays on. One fault
// stands for all of them.
func (h *home) judgeStuck(id string, s *sensor, now instant, c *Change) {
	var stuck *onFor
	for i := range s.On {
		switch over := s.On[i].over(); {
		case over == 0:
		case now < over:
			h.wait(over)
		case stuck == nil || s.On[i].Since < stuck.Since:
			stuck = &s.On[i]
		}
	}
	if stuck == nil {
		h.tell(ucare.FaultStuck, id, false, 0, "", c)
		return
	}
	h.tell(ucare.FaultStuck, id, true, stuck.Since, string(stuck.Kind), c)
}
