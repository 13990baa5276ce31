package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A silence is told apart by the half hour of the wall clock in which it began
// and by what was last known of the resident: lying in a bed that says so, sitting on a
// seat that says so, or neither. A bed or a seat in use is
// presence with a limit, for somebody who collapsed on it must be found too: it makes
// longer silences usual, and no more. When the silence becomes longer than the
// profile's limit for its kind (lessons.go), it is unusual, but never before
//
//   - Soonest, which is longer than most people ever sit still;
//   - OutPolicy.Doubt, where the resident may be out and nobody can tell: the last sign
//     of life came from the entrance of a home without a contact at the door; the door
//     was used on the way in and nobody has been noticed since; or, in the day, nothing
//     at all watches the way out.
//
// The limit is not used when the silence began with a sensor that is blind now.

// A place is what a silence is told apart by.
type place uint8

const (
	anywhere   place = iota
	inBed            // the bed says that somebody lies in it
	onSeat           // the seat says that somebody sits on it
	upAndAbout       // neither says so
	places
)

// restingOn is the bed or the seat that says it is in use; nil: none does.
func (q *SilenceState) restingOn() (on *Contact) {
	for i := range q.Contacts {
		switch c := &q.Contacts[i]; {
		case c.State != ucare.Active || c.Blind:
		case c.Kind == ucare.Bed:
			return c
		case c.Kind == ucare.Seat:
			on = c
		}
	}
	return on
}

// place is where the silence began, as far as the profile tells it apart.
func (q *SilenceState) place() place {
	switch on := q.restingOn(); {
	case on != nil && on.Kind == ucare.Bed:
		return inBed
	case on != nil:
		return onSeat
	default:
		return upAndAbout
	}
}

// unusual is when the pre-alarm is due because the silence is longer than any that is
// usual.
func (p *Policy) unusual(s *State) (time.Time, bool) {
	q := &s.Silence
	if p.Silence.Soonest == 0 || !s.Profile.learned() || q.beganBlind() {
		return time.Time{}, false
	}
	start := q.start()
	begin, slot := p.slot(start)
	longest := p.soonest(q, start)
	switch limit, known := s.Profile.limit(q.place(), slot); {
	case q.Out.Weak:
		longest = max(longest, s.Profile.outingLimit())
	case !known:
		return time.Time{}, false
	default:
		longest = max(longest, limit-start.Sub(begin))
	}
	at := q.hearsFor(start, longest-p.Silence.Grace)
	return ucare.Later(at, s.Profile.At), true
}

// soonest is the shortest silence that can be unusual.
func (p *Policy) soonest(q *SilenceState, start time.Time) time.Duration {
	doubtful := q.Out.Weak || q.Out.arriving()
	if !doubtful && !q.seesTheWayOut() {
		night, _ := p.night(start)
		doubtful = !night
	}
	if doubtful {
		return max(p.Silence.Soonest, p.Out.Doubt)
	}
	return p.Silence.Soonest
}

// usualSilence is how long a silence like this one usually lasts at most; 0: unknown.
func (p *Policy) usualSilence(s *State) time.Duration {
	start := s.Silence.start()
	begin, slot := p.slot(start)
	return max(0, s.Profile.usual(s.Silence.place(), slot)-start.Sub(begin))
}
