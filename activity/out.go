package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Whether the resident was out is told by the front door with hindsight, from the
// rules' own definitions: which door leads out (ucare.Purpose.Leads), what shows that
// somebody is surely inside (two sensors within sure, a motion sensor twice with a minute
// between, or a minute in a bed or on a seat, not counting the first closeBehind in
// which somebody who leaves is still seen), and that uses of the door within pass are one
// passage. The rules must decide at once and so take some outings for silences at home and
// some silences for outings; here is known what came after:
//
//   - Between two uses of the door, pass or more apart, in which nobody was surely
//     noticed inside, the resident was out. That may be two outings with a short return
//     between them.
//   - Where somebody was noticed inside, the resident was at home, also before: nobody comes
//     in without the door.
//   - After the last use of the door, with nobody noticed inside since, the resident is
//     out; unless that use ended an outing: whoever has come home and sits still is at home,
//     and nobody can tell.
//
// The word of a switch that the resident is away holds until it is taken back, until
// somebody is surely inside leave after it, and awayAtMost. Who has come home by the
// door and was noticed then was away until the door.
//
// A home without a contact at its front door and without the switch has no outings: its
// silences may be anything. Figures: those of the rules' OutPolicy and AwayPolicy.

const (
	closeBehind = 2 * time.Minute
	pass        = 10 * time.Minute
	sure        = 30 * time.Minute
	moment      = time.Minute
	leave       = 15 * time.Minute
	awayAtMost  = 72 * time.Hour
)

// leaving is a use of a door that leads out, since which nobody was surely inside.
type leaving struct {
	at   time.Time // zero: there is none
	seen sight     // what alone shows nothing
}

// A sight is a sign of life of one sensor.
type sight struct {
	at     time.Time
	sensor string
	kind   ucare.Kind
	room   string
}

// A sighting is a run of signs of life.
type sighting struct {
	sight // at is the first
	last  time.Time
	sure  bool
	door  ucare.Doorway // of a door that may lead out
}

// notice weighs signs of life from inside and reports whether somebody surely is.
func (l *leaving) notice(s *sighting) bool {
	if l.at.IsZero() || s.last.Before(l.at.Add(closeBehind)) {
		return false
	}
	if s.sure || l.seen.confirmedBy(s) {
		*l = leaving{}
		return true
	}
	l.seen = s.sight
	l.seen.at = s.last
	return false
}

// confirmedBy reports whether a sign of life together with this one before it shows that
// somebody is inside.
func (s *sight) confirmedBy(next *sighting) bool {
	if s.at.IsZero() || next.at.Sub(s.at) > sure {
		return false
	}
	if s.sensor != next.sensor {
		return true
	}
	return seesPeople(next.kind) && next.at.Sub(s.at) >= moment
}

// rest weighs a time in a bed or on a seat and reports whether it shows that somebody is
// inside.
func (l *leaving) rest(from, to time.Time) bool {
	return !l.at.IsZero() && !ucare.Later(from, l.at.Add(closeBehind)).Add(moment).After(to)
}

// seesPeople reports whether a sensor of that kind does not mistake for a person what
// hangs, lies or flickers, when it sees them again a minute later.
func seesPeople(k ucare.Kind) bool { return k == ucare.Motion || k == ucare.Presence }

// whetherLeft is the last use of a door that leads out, as the next hour needs it.
func (s *sum) whetherLeft() *Left {
	exits := ucare.NoWayOut
	for _, f := range s.contacts {
		if f.Kind == ucare.Door {
			exits = max(exits, f.leads())
		}
	}
	l := s.left.leaving(s.from)
	for i := range s.runs {
		r := &s.runs[i]
		now := r.sighting(&r.of.Contact, s.from)
		if door := r.of.leads(); door != ucare.NoWayOut && door == exits {
			l = leaving{at: now.last}
		} else {
			l.notice(&now)
		}
	}
	for _, h := range s.held {
		if kind := h.of.Kind; (kind == ucare.Bed || kind == ucare.Seat) && l.rest(h.since, s.from.Add(time.Duration(h.To))) {
			l = leaving{}
		}
	}
	if l.at.IsZero() {
		return nil
	}
	left := &Left{At: s.into(l.at)}
	if m := l.seen; !m.at.IsZero() {
		left.Seen = &Mark{m.sensor, m.kind, m.room, s.into(m.at)}
	}
	return left
}

// leaving is what is known, as of an hour that begins at from.
func (l *Left) leaving(from time.Time) leaving {
	if l == nil {
		return leaving{}
	}
	return leaving{at: from.Add(time.Duration(l.At)), seen: l.Seen.sight(from)}
}

// leads is how surely the contact is at a door that leads out.
func (c *Contact) leads() ucare.Doorway {
	if c.Kind != ucare.Door {
		return ucare.NoWayOut
	}
	return ucare.PurposeOf(c.Room).Leads()
}
