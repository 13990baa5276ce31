package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Two habits, when they are missed, concern the caregivers and nobody else:
//
//   - Out of bed at night and not back. The bed was left in the night; the last sign of
//     life came within half an hour of that; and since then it has been silent for longer
//     than is usual of people who are up at that hour (usual.go), without the hours that an
//     alarm waits, but OutOfBed (1 h) at least.
//   - No kitchen until the evening. In the last weeks the kitchen was used every day, one in
//     fourteen apart, and so by a certain hour. When it was not used today by the evening
//     (18:00, or two hours after that hour), although somebody is up and has not been out, they
//     may be ill, or have stopped eating. A day of which an hour could not be heard
//     is not judged.
//
// Both need a profile of a week at least, for what is new every day is not told. Who stays
// too long in the bathroom is asked, for that may be a fall (visit.go).
//
// Figures: ours. Lifeline and Canary Care have such rules, written by hand for each home
// ("no motion in the kitchen from 8 to 12").

const (
	dayBegins    = 4 * time.Hour // on the clock; who is in the kitchen before has not gone to bed
	eveningComes = 18 * time.Hour
	hungry       = 2 * time.Hour
)

// outOfBed is when the caregivers are told that the bed was left at night, and when it was.
func (p *Policy) outOfBed(s *State) (due, left time.Time, known bool) {
	q := &s.Silence
	left, start := s.Fall.Visit.Bed, q.start()
	if p.Silence.OutOfBed == 0 || s.Profile.Days < week || left.IsZero() || start.Before(left) || start.Sub(left) > walksThere {
		return due, left, false
	}
	if night, _ := p.night(left); !night || q.out() || !q.bedIsEmpty() {
		return due, left, false
	}
	begin, slot := p.slot(start)
	limit := s.Profile.Silences[upAndAbout].Limit.Of(slot)
	if limit == 0 {
		return due, left, false
	}
	due = q.hearsFor(start, max(p.Silence.OutOfBed, limit-start.Sub(begin)))
	return ucare.Later(due, s.Profile.At), left, true
}

// bedIsEmpty reports whether the beds that can be relied on say that nobody lies in them.
func (q *SilenceState) bedIsEmpty() (empty bool) {
	for i := range q.Contacts {
		if c := &q.Contacts[i]; c.Kind == ucare.Bed && !c.Blind {
			if c.State != ucare.Inactive {
				return false
			}
			empty = true
		}
	}
	return empty
}

// kitchenDue is when it is evening and nobody has been in the kitchen.
func (p *Policy) kitchenDue(s *State) (time.Time, bool) {
	q := &s.Silence
	if s.Profile.Kitchen == 0 || q.Kitchen.IsZero() || s.away() || !q.Out.Since.IsZero() || !q.seesTheWayOut() {
		return time.Time{}, false
	}
	year, month, day := q.Last.In(p.location()).Date()
	clock := func(d time.Duration) time.Time { return onClock(year, month, day, int(d/time.Minute), p.location()) }
	begins, evening := clock(dayBegins), clock(max(eveningComes, s.Profile.Kitchen+hungry))
	switch {
	case q.Last.Before(begins) || q.Last.After(evening), !q.Hungry.Before(begins):
		return time.Time{}, false
	case !q.Kitchen.Before(begins), !s.Fall.Visit.Door.Before(begins), !q.Away.To.Before(begins):
		return time.Time{}, false
	default:
		return ucare.Later(evening, s.Profile.At), true
	}
}

// gapKitchen lets a day pass of which an hour could not be heard.
func (p *Policy) gapKitchen(s *State, from, to time.Time) {
	if to.Sub(from) <= p.Silence.Settle {
		return
	}
	before := *s
	p.tickAway(&before, from)
	if due, ok := p.kitchenDue(&before); !ok || due.After(from) {
		s.Silence.Hungry = ucare.Later(s.Silence.Hungry, to)
	}
}

// kitchenSurelyNotDue is the cheap look: who was in the kitchen within the time from the
// beginning of the day to its evening was there today.
func (p *Policy) kitchenSurelyNotDue(s *State, now time.Time) bool {
	if s.Profile.Kitchen == 0 || now.Sub(s.Silence.Kitchen) < eveningComes-dayBegins {
		return true
	}
	due, waits := p.kitchenDue(s)
	return !waits || due.After(now)
}

// tickKitchen tells of a day without the kitchen at the instant at.
func (p *Policy) tickKitchen(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	if due, ok := p.kitchenDue(s); !ok || due.After(at) {
		return to
	}
	q := &s.Silence
	q.Hungry = at
	year, month, day := at.In(p.location()).Date()
	usually := onClock(year, month, day, int(s.Profile.Kitchen/time.Minute), p.location())
	return p.concern(s, ucare.Concern{
		Rule: ucare.Inactivity, Kind: ucare.Use, Since: q.Kitchen, At: at, Because: []ucare.Evidence{
			{Fact: ucare.FactNoKitchen, At: q.Kitchen, Seconds: seconds(at.Sub(q.Kitchen))},
			{Fact: ucare.FactUsuallyBy, At: usually},
		},
	}, to)
}

// inKitchen notes a sign of life in the kitchen, and settles that there was none.
func (q *SilenceState) inKitchen(s *State, why ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	q.Kitchen = why.At
	if s.Concerns.find(ucare.Inactivity, ucare.Use, "", false) < 0 {
		return to
	}
	return s.settle(ucare.Inactivity, ucare.Use, "", now, []ucare.Evidence{why}, to)
}
