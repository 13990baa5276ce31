package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. The resident says once a day, by an hour of the wall clock, that all is
// well: with a button of the home automation, or with the use of a sensor that is
// named for it. When that hour has come and nobody has, the caregivers are told, once
// for that day; the check-in settles it. SIA's Contact ID has the code 102 for it,
// "fail to report in".
//
// A check-in counts for the calendar day on which it was made. It is switched off
// unless an hour is given: to ask somebody for something every day is their decision.
//
//   - Old news, a drill and a call for help are no check-in.
//   - While the resident is said to be away nobody waits for one.
//   - It begins on the day after the first sign of life: nobody is told of a check-in
//     that was never agreed on.
//   - What could not be heard is named: the button may have been pressed. When the
//     hour came while nothing could be heard, the rule listens first, for as long as
//     it was deaf, up to an hour; of several hours that came only the last counts.
//   - One that stands from the day before ends when that of the new day is told.
//
// The hour is built from the date, so it is the same on the wall on the days on which
// the clock changes; an hour that a day does not have comes when it would.
//
// Figures. None of ours: the hour is agreed on with the resident.

// CheckInPolicy is when and how the resident checks in.
type CheckInPolicy struct {
	By      time.Duration // by the wall clock, as the time since midnight; 0 switches it off
	Sensors []string      // whose use is a check-in
}

// CheckInState is what is remembered of the check-ins.
type CheckInState struct {
	// From is the day from which on they are awaited.
	From time.Time `json:"from,omitzero"`
	Last time.Time `json:"last,omitzero"` // the last one
	// Judged is the last hour that has come and was judged.
	Judged time.Time `json:"judged,omitzero"`
	// Deaf are the times since then in which nothing could be heard, in order.
	Deaf []Span `json:"deaf,omitempty"`
}

const (
	// checkInSettle is how long the rule listens at most after having been deaf.
	checkInSettle = time.Hour
	// deafRemembered bounds the state. What is forgotten is not named.
	deafRemembered = 16
)

// observeCheckIn folds a sign of life, which may be a check-in.
func (p *Policy) observeCheckIn(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	q := &p.Concern.CheckIn
	if q.By == 0 || r.Kind == ucare.Away || r.State != ucare.Active || r.UnknownAge || r.Drill {
		return to
	}
	c := &s.Concerns.past().CheckIn
	if c.From.IsZero() {
		c.From = p.midnight(now, 1)
	}
	at := observedAt(r, now)
	if !slices.Contains(q.Sensors, r.Sensor) || !at.After(c.Last) {
		return to
	}
	c.Last = at
	if at.Before(p.midnight(c.Judged, 0)) {
		return to // It comes late, from a day before.
	}
	if s.Concerns.find(ucare.CheckIn, "", "", false) < 0 {
		return to
	}
	return s.settle(ucare.CheckIn, "", "", now, []ucare.Evidence{
		{Fact: ucare.FactCheckedIn, At: at, Sensor: kept(r.Sensor), Room: kept(r.Room), Kind: known(r.Kind)},
	}, to)
}

// checkInDue is when the next hour is judged.
func (p *Policy) checkInDue(c *CheckInState) (time.Time, bool) {
	if p.Concern.CheckIn.By == 0 || c.From.IsZero() {
		return time.Time{}, false
	}
	due := p.hourAfter(ucare.Later(c.Judged, c.From))
	for _, g := range c.Deaf {
		if settled := c.settled(g); due.After(g.From) && due.Before(settled) {
			due = settled
		}
	}
	return due, true
}

// settled is until when the rule listens after having been deaf.
func (c *CheckInState) settled(g Span) time.Time {
	return g.To.Add(min(g.To.Sub(g.From), checkInSettle))
}

// tickCheckIn judges the hour that has come at the instant at.
func (p *Policy) tickCheckIn(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	c := &s.Concerns.past().CheckIn
	if due, ok := p.checkInDue(c); !ok || due.After(at) {
		return to
	}
	hour := p.hourAfter(ucare.Later(c.Judged, c.From))
	for next := p.hourAfter(hour); !next.After(at); next = p.hourAfter(next) {
		hour = next
	}
	why := c.why(p.midnight(hour, 0), at)
	c.Judged = hour
	c.Deaf = slices.DeleteFunc(c.Deaf, func(g Span) bool { return !c.settled(g).After(at) })
	today := p.midnight(hour, 0)
	i := s.Concerns.find(ucare.CheckIn, "", "", false)
	if told := i >= 0 && !s.Concerns.Open[i].Since.Before(today); told || s.away() || !c.Last.Before(today) {
		return to // Told already, and then the clock was set back; or nothing to tell.
	}
	to = s.Concerns.over(i, at, why, to) // that of the day before
	return p.concern(s, ucare.Concern{Rule: ucare.CheckIn, Since: hour, At: at, Because: why}, to)
}

// why says when the last check-in was, and what could not be heard of the day.
func (c *CheckInState) why(day, at time.Time) []ucare.Evidence {
	all := []ucare.Evidence{{Fact: ucare.FactNoCheckIn, At: c.Last}}
	var deaf time.Duration
	for _, g := range c.Deaf {
		deaf += max(0, ucare.Earlier(g.To, at).Sub(ucare.Later(g.From, day)))
	}
	if deaf >= time.Second {
		all = append(all, ucare.Evidence{Fact: ucare.FactNotHeard, Seconds: int64(deaf / time.Second)})
	}
	return all
}

// hourAfter is the first instant after t at which a check-in is due.
func (p *Policy) hourAfter(t time.Time) time.Time {
	year, month, day := t.In(p.location()).Date()
	for minutes := int(p.Concern.CheckIn.By / time.Minute); ; day++ {
		if at := onClock(year, month, day, minutes, p.location()); at.After(t) {
			return at
		}
	}
}

// midnight is when the day of t begins by the wall clock, or one so many days later.
func (p *Policy) midnight(t time.Time, later int) time.Time {
	year, month, day := t.In(p.location()).Date()
	return onClock(year, month, day+later, 0, p.location())
}

// gap notes that nothing could be heard.
func (c *CheckInState) gap(from, to time.Time) {
	if n := len(c.Deaf); n > 0 {
		from = ucare.Later(from, c.Deaf[n-1].To)
	}
	if c.From.IsZero() || !to.After(from) {
		return
	}
	if len(c.Deaf) == deafRemembered {
		c.Deaf = slices.Delete(c.Deaf, 0, 1)
	}
	c.Deaf = append(c.Deaf, Span{From: from, To: to})
}

func (c *CheckInState) shift(by time.Duration) {
	c.From, c.Last, c.Judged = moved(c.From, by), movedBack(c.Last, by), moved(c.Judged, by)
	for i, g := range c.Deaf {
		c.Deaf[i] = Span{From: moved(g.From, by), To: moved(g.To, by)}
	}
}
