package ucare

import "time"

// stuck is how long a motion sensor that can say "clear" is believed when it
// does not: a person stays in front of one for about as long as a film.
const stuck = 2 * time.Hour

// Signs tells signs of life from what devices repeat by themselves. The zero
// value has heard nothing yet; feed it the readings of one dwelling in order.
type Signs struct{ contacts map[contact]*said }

type contact struct {
	sensor string
	kind   Kind
}

// said is what a contact said last.
type said struct {
	state  State
	since  time.Time // when it became active
	clears bool      // it has said "inactive" before
}

// Of reports whether somebody must have been there for the reading. It is the
// measure of the inactivity rule, for pages and profiles: motion, use of an appliance, the help button, a
// presence sensor that becomes active, a door, bed or seat that changes. A state
// that is repeated, or heard for the first time, is nothing, and neither is old
// news of unknown age.
func (s *Signs) Of(r Reading) bool {
	switch r.Kind {
	case HelpButton:
		return r.State == Active && !r.UnknownAge && !r.Drill
	case Motion, Use, Presence, Door, Bed, Seat:
		return r.State != Unknown && s.contact(r).says(r) && !r.Drill
	default:
		return false
	}
}

func (s *Signs) contact(r Reading) *said {
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

func (c *said) says(r Reading) bool {
	before := c.state
	switch {
	case r.UnknownAge:
		if before != r.State {
			c.state = Unknown // it changed or the old news is wrong, so the next reading is no change
		}
		return false
	case r.State == Inactive:
		c.state, c.clears = r.State, true
		return before == Active && (r.Kind == Door || r.Kind == Bed || r.Kind == Seat)
	}
	if c.state = r.State; before != Active {
		c.since = r.At
	}
	if r.Kind == Motion || r.Kind == Use {
		return !c.clears || r.At.Sub(c.since) <= stuck
	}
	return before == Inactive
}
