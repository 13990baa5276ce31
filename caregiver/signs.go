package caregiver

import (
	"time"

	"github.com/ucare-project/ucare"
)

// stuck is how long a motion sensor that can say "clear" is believed when it
// does not: a person stays in front of one for about as long as a film.
const stuck = 2 * time.Hour

// signs tells signs of life from what devices repeat by themselves. The zero
// value has heard nothing yet; it is fed the readings of one dwelling in order.
type signs struct{ contacts map[contact]*said }

type contact struct {
	sensor string
	kind   ucare.Kind
}

// said is what a contact said last.
type said struct {
	state  ucare.State
	since  time.Time // when it became active
	clears bool      // it has said "inactive" before
}

// of reports whether somebody must have been there for the reading. It is the
// measure of the silence rule: motion, use of an appliance, the help button, a
// presence sensor that becomes active, a door, bed or seat that changes. A state
// that is repeated, or heard for the first time, is nothing, and neither is old
// news of unknown age.
func (s *signs) of(r ucare.Reading) bool {
	switch r.Kind {
	case ucare.HelpButton:
		return r.State == ucare.Active && !r.UnknownAge && !r.Drill
	case ucare.Motion, ucare.Use, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat:
		return r.State != ucare.Unknown && s.contact(r).says(r) && !r.Drill
	default:
		return false
	}
}

func (s *signs) contact(r ucare.Reading) *said {
	if s.contacts == nil {
		s.contacts = make(map[contact]*said)
	}
	this := contact{r.Sensor, r.Kind}
	c, ok := s.contacts[this]
	if !ok {
		c = new(said)
		s.contacts[this] = c
	}
	return c
}

func (c *said) says(r ucare.Reading) bool {
	before := c.state
	switch {
	case r.UnknownAge:
		if before != r.State {
			c.state = ucare.Unknown // it changed or the old news is wrong, so the next reading is no change
		}
		return false
	case r.State == ucare.Inactive:
		c.state, c.clears = r.State, true
		return before == ucare.Active && (r.Kind == ucare.Door || r.Kind == ucare.Bed || r.Kind == ucare.Seat)
	}
	if c.state = r.State; before != ucare.Active {
		c.since = r.At
	}
	if r.Kind == ucare.Motion || r.Kind == ucare.Use {
		return !c.clears || r.At.Sub(c.since) <= stuck
	}
	return before == ucare.Inactive
}
