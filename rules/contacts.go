package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A sign of life is motion, use of an appliance, a presence sensor that
// becomes active, a door, bed or seat that changes, a help press. An old reading
// (retained, re-published) is none, nor is a battery report. A contact that merely
// stays on proves nothing: only its change does, and a motion sensor that is known to
// say "clear" and does not for Stuck (2 h) is not believed until it has. (No source;
// a person stays in front of one motion sensor for about as long as a film.)

// A Contact is what one contact of daily life last said.
type Contact struct {
	Sensor string      `json:"sensor"`
	Kind   ucare.Kind  `json:"kind"`
	Room   string      `json:"room,omitempty"`
	State  ucare.State `json:"state,omitempty"`
	// Clears is whether it has ever said "clear". Simple motion sensors never do.
	Clears bool `json:"clears,omitempty"`
	// Blind is whether it cannot be relied on.
	Blind bool `json:"blind,omitempty"`
	// Purpose is what its room is for, by the room's name.
	Purpose ucare.Purpose `json:"purpose,omitempty"`
	At      time.Time     `json:"at,omitzero"`    // of the newest reading
	Since   time.Time     `json:"since,omitzero"` // when it became active
}

// contactsRemembered bounds the state. Contacts beyond it prove less.
const contactsRemembered = 64

// lifeSign notes what a contact said and reports whether that is a sign of
// life, of which contact.
func (p *Policy) lifeSign(s *State, r *ucare.Reading, at time.Time) (c Contact, alive bool) {
	if r.Kind == ucare.HelpButton {
		if r.State != ucare.Active || r.UnknownAge || r.Drill {
			return c, false
		}
		b := s.Help.button(r)
		return Contact{Sensor: b.Sensor, Room: b.Room, Kind: ucare.HelpButton}, true
	}
	if r.State == ucare.Unknown {
		return c, false
	}
	if known := s.Silence.contact(r); known != nil {
		alive = known.says(r, at, p.Silence.Stuck) && !r.Drill
		return *known, alive
	}
	if !c.says(r, at, p.Silence.Stuck) || r.Drill {
		return c, false
	}
	c.Sensor, c.Room, c.Kind, c.Purpose = kept(r.Sensor), kept(r.Room), known(r.Kind), ucare.PurposeOf(r.Room)
	return c, true
}

// says notes a reading and reports whether somebody must have been there for it.
func (c *Contact) says(r *ucare.Reading, at time.Time, stuck time.Duration) bool {
	if r.UnknownAge {
		if c.State != r.State {
			c.State = ucare.Unknown // It changed, or the old news is wrong: no later reading is a change.
		}
		return false
	}
	pulse := r.Kind == ucare.Motion || r.Kind == ucare.Use
	if at.Before(c.At) {
		return pulse && r.State == ucare.Active && !c.isStuck(at, stuck)
	}
	before := c.State
	c.State, c.At = r.State, at
	if r.State == ucare.Inactive {
		c.Clears = true
		return before == ucare.Active && (r.Kind == ucare.Door || r.Kind == ucare.Bed || r.Kind == ucare.Seat)
	}
	if before != ucare.Active {
		c.Since = at
	}
	if pulse {
		return !c.isStuck(at, stuck)
	}
	return before == ucare.Inactive
}

// isStuck reports whether a contact that can say "clear" has not for too long.
func (c *Contact) isStuck(at time.Time, stuck time.Duration) bool {
	return c.Clears && at.Sub(c.Since) > stuck
}

// contact finds what the reading is about, or begins to remember it; nil when
// there are too many.
func (q *SilenceState) contact(r *ucare.Reading) *Contact {
	kind := known(r.Kind)
	i, ok := slices.BinarySearchFunc(q.Contacts, r.Sensor, func(c Contact, sensor string) int {
		if o := cmp.Compare(c.Sensor, sensor); o != 0 {
			return o
		}
		return cmp.Compare(c.Kind, kind)
	})
	if !ok {
		if len(q.Contacts) == contactsRemembered {
			return nil
		}
		if len(q.Contacts) == cap(q.Contacts) { // Doubling would waste what a home may take.
			q.Contacts = append(make([]Contact, 0, len(q.Contacts)+4), q.Contacts...)
		}
		q.Contacts = slices.Insert(q.Contacts, i, Contact{Sensor: kept(r.Sensor), Kind: kind})
	}
	c := &q.Contacts[i]
	if c.Room != r.Room {
		c.Room, c.Purpose = kept(r.Room), ucare.PurposeOf(r.Room)
	}
	return c
}

// known is the kind as a constant, so that the state holds no copy of it.
func known(k ucare.Kind) ucare.Kind {
	for _, c := range [...]ucare.Kind{ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use} {
		if k == c {
			return c
		}
	}
	return ucare.HelpButton
}
