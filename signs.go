package ucare

import "time"

// StuckAfter is how long a motion sensor that can say "clear" is believed when it
// does not: a person stays in front of one for about as long as a film.
const StuckAfter = 2 * time.Hour

// Signs tells signs of life from what devices repeat by themselves. The zero
// value has heard nothing yet; feed it the readings of one dwelling in order.
type Signs struct{ contacts map[contact]*Said }

type contact struct {
	sensor string
	kind   Kind
}

// Of reports whether somebody must have been there for the reading; see [Said.Sign].
func (s *Signs) Of(r Reading) bool {
	if s.contacts == nil {
		s.contacts = make(map[contact]*Said)
	}
	this := contact{r.Sensor, r.Kind}
	c, ok := s.contacts[this]
	if !ok {
		c = new(Said)
		s.contacts[this] = c
	}
	return c.Sign(r)
}

// Said is what one contact said last. It is all that has to be kept of it to go on
// telling its signs of life.
type Said struct {
	State  State
	Since  time.Time // when it became active
	Clears bool      // it has said "inactive" before
}

// Sign notes a reading of the contact, of whatever kind, and reports whether somebody
// must have been there for it. It is the measure of the inactivity rule, for pages and
// profiles: motion, use of an appliance, the help button, a presence sensor that becomes
// active, a door, bed or seat that changes. A state that is repeated, or heard for the
// first time, is nothing, and neither is old news of unknown age.
func (c *Said) Sign(r Reading) bool {
	switch r.Kind {
	case HelpButton:
		return r.State == Active && !r.UnknownAge && !r.Drill
	case Motion, Use, Presence, Door, Bed, Seat:
		return c.note(r) && !r.Drill
	default:
		c.note(r)
		return false
	}
}

// note notes a reading and reports whether it is more than a repetition.
func (c *Said) note(r Reading) bool {
	before := c.State
	switch {
	case r.State == Unknown:
		return false
	case r.UnknownAge:
		if before != r.State {
			c.State = Unknown // it changed or the old news is wrong, so the next reading is no change
		}
		return false
	case r.State == Inactive:
		c.State, c.Clears = r.State, true
		return before == Active && (r.Kind == Door || r.Kind == Bed || r.Kind == Seat)
	}
	if c.State = r.State; before != Active {
		c.Since = r.At
	}
	if r.Kind == Motion || r.Kind == Use {
		return !c.stuck(r.At)
	}
	return before == Inactive
}

// stuck reports whether a contact that can say "clear" has not for too long to be
// believed.
func (c *Said) stuck(at time.Time) bool { return c.Clears && at.Sub(c.Since) > StuckAfter }
