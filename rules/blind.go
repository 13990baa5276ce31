package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A sensor that supervision cannot rely on (silent, stuck, unreachable) proves
// nothing by its silence, and what it last said of a bed, a seat or a door is not
// believed. If the silence began with it, what is usual is no measure any more: the
// fixed ladder decides alone. When no sensor is left that would notice anybody, time
// does not count, as if nothing could be heard, and the caregivers are told that
// nobody watches.

// blindSilence notes that a sensor cannot be relied on, or can again.
func (p *Policy) blindSilence(s *State, sensor string, blind bool, now time.Time, to []ucare.Decision) []ucare.Decision {
	q := &s.Silence
	for i := range q.Contacts {
		if c := &q.Contacts[i]; c.Sensor == sensor {
			c.Blind = blind
		}
	}
	q.NotBefore = ucare.Later(q.NotBefore, now) // Nothing becomes due in the past by it.
	if due, ok := p.kitchenDue(s); ok && !due.After(now) {
		q.Hungry = now // The evening passed while nobody could tell who was at home.
	}
	switch sees := q.sees(); {
	case !sees && q.Blind.IsZero():
		q.Blind = now
		return p.concern(s, ucare.Concern{
			Rule: ucare.Inactivity, Kind: ucare.Link, Since: now, At: now, Because: q.whatIsBlind(nil),
		}, to)
	case sees && !q.Blind.IsZero():
		from := q.Blind
		q.Blind = time.Time{}
		p.gapSilence(s, from, now)
		return s.settle(ucare.Inactivity, ucare.Link, "", now, []ucare.Evidence{{
			Fact: ucare.FactNotHeard, At: from, Seconds: seconds(now.Sub(from)),
		}}, to)
	default:
		return to
	}
}

// sees reports whether a sensor is left that would notice somebody. A door alone
// notices only who goes through it.
func (q *SilenceState) sees() bool {
	return slices.ContainsFunc(q.Contacts, func(c Contact) bool { return !c.Blind && c.Kind != ucare.Door }) ||
		!slices.ContainsFunc(q.Contacts, func(c Contact) bool { return c.Blind })
}

// beganBlind reports whether the silence began with a sensor that cannot be relied on
// any more.
func (q *SilenceState) beganBlind() bool {
	return slices.ContainsFunc(q.Contacts, func(c Contact) bool { return c.Blind && c.Sensor == q.Sensor && c.Kind == q.Kind })
}

// blindTold is how many blind sensors are named; more would not help anybody.
const blindTold = 3

// whatIsBlind adds which sensors cannot be relied on.
func (q *SilenceState) whatIsBlind(to []ucare.Evidence) []ucare.Evidence {
	told := 0
	for i := range q.Contacts {
		if c := &q.Contacts[i]; c.Blind && told < blindTold {
			to = append(to, ucare.Evidence{Fact: ucare.FactBlind, Sensor: c.Sensor, Room: c.Room, Kind: c.Kind})
			told++
		}
	}
	return to
}
