package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. The front door is the one contact that can tell an empty home from a silent
// one. It is a door whose room is the entrance or the hall by its name (ucare.Purpose); where
// none is, any door that is not a bedroom's, a bathroom's or a kitchen's. Which of its
// states is "open" does not matter, for contacts are mounted the wrong way round. Uses of
// the door within Pass (10 min) are one passage.
//
//   - Who is at home and uses the door goes out, until somebody is surely inside: two
//     different sensors within Sure (30 min), or a motion sensor twice with a minute
//     between. One alone may be a curtain, a mat that flickers, a floor in the sun.
//   - Who is out and uses the door comes home, unless somebody was inside just before:
//     then it was no outing, and this is one. The silence after coming home is one at
//     home. Somebody who falls in the hall behind the door is not taken for absent: until
//     closeBehind (2 min) the door is only closed.
//   - Who sits or lies for a minute is at home. Where a seat or a bed says for Doubt that it
//     is in use since the door was, that is an alarm, too: nobody can tell.
//   - A door after a silence that is no longer short (Soonest, 4 h) comes home, too, for
//     nobody says that the way out was heard. Where nobody is noticed inside until the
//     door is used again, it was the way out after a long sleep, and this is the way in.
//   - Who is asked in a pre-alarm and moves is at home.
//
// Out, the silence since the door has a ladder of its own: what is longer than the usual
// longest outing by a quarter, but not less than Doubt (8 h) nor more than Caution
// (16 h), concerns the caregivers, and After (24 h) is an alarm. It is long, since help
// that is sent finds nobody; and short enough to find in a day whoever did not leave.
//
// Without a contact at the front door, motion in the entrance is weaker evidence. After
// it the ladder holds that counts at home, and silence is not unusual before Doubt or the
// usual longest outing and a quarter.
//
// Figures. Out-of-home detection from door and motion reaches 94 % sensitivity and 97 %
// specificity with a learned model (Petersen 2014); these rules are our own. Doubt: a
// working day; NEAT's passive alarm. After: one day; Seoul's last step. Pass, Sure: no source.

// OutPolicy is how the front door is understood.
type OutPolicy struct {
	Caution time.Duration // out for so long concerns the caregivers
	After   time.Duration // and so long is an alarm
	Doubt   time.Duration // nobody can tell whether the resident is out, and has never been longer
	Pass    time.Duration // uses of the door within it are one passage
	Sure    time.Duration // within which a sign of life from inside is confirmed by another
}

// OutState is where the resident probably is, by the front door.
type OutState struct {
	// Since is when the door was last used on the way out; zero: at home.
	Since time.Time `json:"since,omitzero"`
	// Weak: there is no contact at the front door. The last sign of life came from
	// the entrance.
	Weak bool `json:"weak,omitempty"`
	// Back is when the door was last used on the way in, and Noticed whether somebody has
	// been noticed inside since.
	Back    time.Time `json:"back,omitzero"`
	Noticed bool      `json:"noticed,omitempty"`
	// Guessed is whether nobody knows of the way out before it.
	Guessed bool `json:"guessed,omitempty"`
	// Seen is a sign of life from inside that awaits another, and Sensor who saw it.
	Seen   time.Time `json:"seen,omitzero"`
	Sensor string    `json:"sensor,omitempty"`
}

// whereabouts weighs a sign of life of one of the contacts, after the silence since before.
func (p *Policy) whereabouts(s *State, c *Contact, before, at time.Time) {
	o := &s.Silence.Out
	exits := s.Silence.frontDoor()
	switch {
	case s.Silence.Alarm != "" && c.Kind != ucare.Door:
		*o = OutState{} // Asked, and somebody moved.
	case c.Kind == ucare.Door && c.isExit(exits):
		p.throughDoor(s, before, at)
	case exits == ucare.NoWayOut && c.Purpose == ucare.Entrance:
		p.atEntrance(o, c, at)
	default:
		p.inside(o, c, at)
	}
}

// closeBehind is how long who comes home with shopping bags takes to close the door.
const closeBehind = 2 * time.Minute

// arriving reports whether the door was used on the way in and nobody has been noticed
// inside since.
func (o *OutState) arriving() bool { return !o.Back.IsZero() && !o.Noticed }

// throughDoor weighs a change of the front door.
func (p *Policy) throughDoor(s *State, before, at time.Time) {
	o := &s.Silence.Out
	seen := !o.Seen.IsZero() && at.Sub(o.Seen) <= p.Out.Sure
	switch {
	case !o.Since.IsZero() && !o.Weak && at.Sub(o.Since) >= p.Out.Pass && !seen:
		*o = OutState{Back: at} // Came home.
	case !o.Since.IsZero() && !o.Weak:
		*o = OutState{Since: at} // Still leaving, or somebody was inside all the time.
	case o.arriving() && at.Sub(o.Back) < p.Out.Pass:
		o.Back = at // Still arriving.
	case o.arriving() && o.Guessed:
		*o = OutState{Back: at} // It was the way out, and this is the way in.
	case o.Noticed && at.Sub(o.Back) < closeBehind:
		// The door is closed behind who has come in and was noticed between.
	case !o.arriving() && p.longSilence(s, before, at):
		*o = OutState{Back: at, Guessed: true} // Had left, unnoticed.
	default:
		*o = OutState{Since: at}
	}
}

// longSilence reports whether the silence before the door was used was such that
// nobody was at home.
func (p *Policy) longSilence(s *State, before, at time.Time) bool {
	if before.IsZero() || s.Silence.restingOn() != nil {
		return false
	}
	return p.Silence.Soonest > 0 && at.Sub(before) >= p.Silence.Soonest
}

// atEntrance weighs motion in the entrance of a home without a contact at the door.
func (p *Policy) atEntrance(o *OutState, c *Contact, at time.Time) {
	switch {
	case o.Since.IsZero():
		*o = OutState{Since: at, Weak: true}
	case at.Sub(o.Since) < p.Out.Pass && o.Seen.IsZero():
		o.Since = at
	case o.confirmed(c, at, p.Out.Sure):
		*o = OutState{Since: at, Weak: true} // Somebody is in, and at the door again.
	default:
		o.Since, o.Seen, o.Sensor = at, at, c.Sensor
	}
}

// inside weighs any other sign of life.
func (p *Policy) inside(o *OutState, c *Contact, at time.Time) {
	switch {
	case o.Since.IsZero():
		o.Noticed = !o.Back.IsZero()
	case o.confirmed(c, at, p.Out.Sure) || c.restedSince(o.Since, at):
		*o = OutState{}
	default:
		o.Seen, o.Sensor = at, c.Sensor
		if o.Weak {
			o.Since = at // Nobody can tell; the silence counts from here.
		}
	}
}

// confirmed reports whether a sign of life together with the one before shows that
// somebody is inside: another sensor saw it, or a motion sensor saw it again a minute
// later.
func (o *OutState) confirmed(c *Contact, at time.Time, sure time.Duration) bool {
	if o.Seen.IsZero() || at.Sub(o.Seen) > sure {
		return false
	}
	if o.Sensor != c.Sensor {
		return true
	}
	return (c.Kind == ucare.Motion || c.Kind == ucare.Presence) && at.Sub(o.Seen) >= time.Minute
}

// restedSince reports whether somebody has sat or lain for a minute, on what is left now.
// A mat that flickers does not do that.
func (c *Contact) restedSince(out, at time.Time) bool {
	return (c.Kind == ucare.Bed || c.Kind == ucare.Seat) && c.State == ucare.Inactive && c.Since.After(out) && at.Sub(c.Since) >= time.Minute
}

// frontDoor finds out which doors lead out.
func (q *SilenceState) frontDoor() ucare.Doorway {
	best := ucare.NoWayOut
	for i := range q.Contacts {
		if c := &q.Contacts[i]; c.Kind == ucare.Door && !c.Blind {
			best = max(best, c.leads())
		}
	}
	return best
}

func (c *Contact) leads() ucare.Doorway { return c.Purpose.Leads() }

func (c *Contact) isExit(exits ucare.Doorway) bool {
	return exits != ucare.NoWayOut && c.leads() == exits
}

func (o *OutState) shift(by time.Duration) {
	o.Since, o.Back, o.Seen = moved(o.Since, by), moved(o.Back, by), moved(o.Seen, by)
}

// out reports whether the resident probably went out by a door that says so.
func (q *SilenceState) out() bool { return !q.Out.Since.IsZero() && !q.Out.Weak }

// seesTheWayOut reports whether a sensor is at the front door or in the entrance.
func (q *SilenceState) seesTheWayOut() bool {
	for i := range q.Contacts {
		c := &q.Contacts[i]
		if !c.Blind && (c.Purpose == ucare.Entrance || c.Kind == ucare.Door && c.leads() != ucare.NoWayOut) {
			return true
		}
	}
	return false
}
