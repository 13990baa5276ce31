package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// silenceSurelyNotDue is the cheap look: before a silence is as long as the shortest
// step of a ladder, that need not be walked.
func (p *Policy) silenceSurelyNotDue(s *State, now time.Time) bool {
	q := &s.Silence
	switch {
	case p.Silence.After == 0 || q.Last.IsZero():
		return true
	case !p.kitchenSurelyNotDue(s, now):
		return false
	case q.Raised || s.away():
		return true
	case q.Alarm != "" || !q.Owed.IsZero():
		return false
	}
	if silent := now.Sub(q.start()); !q.Told && silent >= p.Silence.OutOfBed {
		if due, _, ok := p.outOfBed(s); ok && !due.After(now) {
			return false
		}
	}
	step := min(p.Silence.After, p.Silence.AtMost, p.Out.After-p.Silence.Grace)
	if p.Silence.Caution > 0 && !q.Told {
		step = min(step, p.Silence.Caution, p.Out.Doubt, p.Out.Caution)
	}
	if q.out() {
		step = min(step, p.Out.Doubt-p.Silence.Grace)
	}
	silent := now.Sub(q.start())
	if silent >= step {
		return false
	}
	if silent < p.Silence.Soonest-p.Silence.Grace || q.out() {
		return true
	}
	limit, known := p.unusual(s)
	return !known || now.Before(limit)
}

// silenceDue is when a silence, or a habit that is missed, must be looked at.
func (p *Policy) silenceDue(s *State) (time.Time, bool) {
	length, waits := p.lengthDue(s)
	kitchen, expected := p.kitchenDue(s)
	return sooner(length, waits, kitchen, expected && p.Silence.After != 0)
}

// lengthDue is when the caution, the pre-alarm, or after it the alarm, is due.
func (p *Policy) lengthDue(s *State) (time.Time, bool) {
	q := &s.Silence
	switch {
	case p.Silence.After == 0 || q.Last.IsZero() || q.Raised || s.away():
		return time.Time{}, false
	case q.Alarm != "":
		return q.heardFor(q.PreAlarm, p.Silence.Grace), true
	default:
		alarm := p.preAlarmDue(s)
		caution, cautious := p.cautionDue(s)
		return sooner(alarm, true, caution, cautious)
	}
}

func (p *Policy) preAlarmDue(s *State) time.Time {
	return p.orFinal(&s.Silence, ucare.Later(p.silentUntil(s), s.Silence.NotBefore))
}

// cautionDue is when a silence concerns the caregivers, once and before it is an alarm.
func (p *Policy) cautionDue(s *State) (time.Time, bool) {
	q := &s.Silence
	switch {
	case q.Told || p.Silence.Caution == 0:
		return time.Time{}, false
	case !q.Owed.IsZero():
		return q.Owed, true
	}
	if q.out() {
		longer := min(max(s.Profile.outingLimit(), p.Out.Doubt), p.Out.Caution)
		return ucare.Later(ucare.Later(q.hearsFor(q.start(), longer), s.Profile.At), q.NotBefore), true
	}
	due := p.ladder(q, p.Silence.Caution)
	if atNight, _, ok := p.outOfBed(s); ok {
		due = ucare.Earlier(due, atNight)
	}
	return ucare.Later(due, q.NotBefore), true
}

// silentUntil is the instant at which the silence has lasted long enough: by the
// fixed ladder, or before that by what is usual.
func (p *Policy) silentUntil(s *State) time.Time {
	q := &s.Silence
	if q.out() {
		at := q.hearsFor(q.start(), p.Out.After-p.Silence.Grace)
		if on := q.restingOn(); on != nil && on.Since.After(q.Out.Since) {
			at = ucare.Earlier(at, q.hearsFor(ucare.Later(on.Since, q.start()), p.Out.Doubt-p.Silence.Grace))
		}
		return p.orFinal(q, at)
	}
	at := p.ladder(q, p.Silence.After)
	if limit, ok := p.unusual(s); ok {
		return ucare.Earlier(at, limit)
	}
	return at
}

// ladder walks from where the silence began to count to the instant at which the
// silence has lasted long enough. Night, gaps and their ends cut the way into
// pieces that count or do not.
func (p *Policy) ladder(q *SilenceState, after time.Duration) time.Time {
	last := p.lastWord(q).Add(24 * time.Hour) // There is a morning before that.
	counted, heard := after, p.Silence.AtMost // still to go
	for at := q.start(); at.Before(last); {
		night, end := p.night(at)
		deaf, hearing := q.deaf(at)
		end = ucare.Earlier(ucare.Earlier(end, hearing), last)
		if !deaf {
			left := heard
			if !night {
				left = min(left, counted)
			}
			piece := end.Sub(at)
			if left <= piece {
				return p.orFinal(q, at.Add(left))
			}
			heard -= piece
			if !night {
				counted -= piece
			}
		}
		at = end
	}
	return p.final(q)
}

// orFinal is at, or final where that is earlier. It spares the clock
// arithmetic where it cannot be.
func (p *Policy) orFinal(q *SilenceState, at time.Time) time.Time {
	if at.After(p.lastWord(q)) {
		return ucare.Earlier(at, p.final(q))
	}
	return at
}

// final is when the rule speaks however little could be heard. It does not
// wake anybody for the gateway having been off.
func (p *Policy) final(q *SilenceState) time.Time {
	at := p.lastWord(q)
	if night, end := p.night(at); night {
		return end
	}
	return at
}

// lastWord is final, not yet put off until the morning.
func (p *Policy) lastWord(q *SilenceState) time.Time {
	if !q.Final.IsZero() {
		return q.Final
	}
	return q.start().Add(2 * p.Silence.AtMost)
}

// night reports whether t is in the night, and when that changes. Nights are
// built from dates, so they last 8 or 10 hours when clocks change in them.
func (p *Policy) night(t time.Time) (inside bool, until time.Time) {
	from, to := int(p.Silence.NightFrom/time.Minute), int(p.Silence.NightTo/time.Minute)
	if from == to {
		return false, t.AddDate(1, 0, 0)
	}
	loc := p.location()
	year, month, day := t.In(loc).Date()
	if to < from {
		if end := onClock(year, month, day, to, loc); t.Before(end) {
			return true, end // It began yesterday.
		}
		to += 24 * 60
	}
	for ; ; day++ {
		if start := onClock(year, month, day, from, loc); t.Before(start) {
			return false, start
		}
		if end := onClock(year, month, day, to, loc); t.Before(end) {
			return true, end
		}
	}
}

// onClock is the instant at which the wall clock shows that many minutes after
// midnight of a day; 24 hours and more are the next day's clock.
func onClock(year int, month time.Month, day, minutes int, loc *time.Location) time.Time {
	return time.Date(year, month, day, 0, minutes, 0, 0, loc).UTC()
}

// deaf reports whether nothing could be heard at t, and when that changes.
func (q *SilenceState) deaf(t time.Time) (deaf bool, until time.Time) {
	for _, g := range q.Gaps {
		if t.Before(g.From) {
			return false, g.From
		}
		if t.Before(g.To) {
			return true, g.To
		}
	}
	switch {
	case q.Blind.IsZero():
		return false, t.AddDate(1, 0, 0)
	case t.Before(q.Blind):
		return false, q.Blind
	default:
		return true, t.AddDate(1, 0, 0)
	}
}

// heardFor is the instant at which d of time in which we could hear has passed
// since at.
func (q *SilenceState) heardFor(at time.Time, d time.Duration) time.Time {
	due := at.Add(d)
	for _, g := range q.Gaps {
		if g.To.After(at) && g.From.Before(due) {
			due = due.Add(g.To.Sub(ucare.Later(g.From, at)))
		}
	}
	return due
}

// hearsFor is heardFor where nothing may be seen any more: that has no end yet.
func (q *SilenceState) hearsFor(at time.Time, d time.Duration) time.Time {
	due := q.heardFor(at, d)
	if !q.Blind.IsZero() && due.After(q.Blind) {
		return due.AddDate(1, 0, 0)
	}
	return due
}

// notHeard is how much of the time from the last sign of life up to t passed unheard.
func (q *SilenceState) notHeard(t time.Time) (sum time.Duration) {
	for _, g := range q.Gaps {
		sum += max(0, ucare.Earlier(g.To, t).Sub(ucare.Later(g.From, q.from())))
	}
	return sum
}

// gapSilence notes that nothing could be heard between from and to.
func (p *Policy) gapSilence(s *State, from, to time.Time) {
	q := &s.Silence
	if n := len(q.Gaps); n > 0 {
		from = ucare.Later(from, q.Gaps[n-1].To)
	}
	from = ucare.Later(from, q.Last)
	if q.Last.IsZero() || !to.After(from) {
		return
	}
	overdue, owed := p.dueBefore(*s, from) // It stays due.
	if !owed.IsZero() {
		q.Owed = owed
	}
	q.Gaps = append(q.Gaps, Span{From: from, To: to})
	if len(q.Gaps) > gapsRemembered {
		q.forgetShortestGap()
	}
	if overdue || q.Alarm != "" {
		return
	}
	settled := to.Add(min(to.Sub(from), p.Silence.Settle))
	q.NotBefore = ucare.Later(q.NotBefore, settled)
	switch final := p.final(q); {
	case q.Final.IsZero() && final.Before(settled):
		q.Final = settled // The last word came due unheard: listen first, once.
	case !q.Final.IsZero() && final.Before(to):
		q.Final = to // It was granted already: now.
	}
}

// dueBefore reports whether the pre-alarm was due by an instant up to which nobody may
// have ticked, and when the caution was.
func (p *Policy) dueBefore(s State, at time.Time) (preAlarm bool, caution time.Time) {
	p.tickAway(&s, at)
	if q := &s.Silence; p.Silence.After == 0 || q.Raised || q.Alarm != "" || s.away() {
		return false, time.Time{}
	}
	if due, ok := p.cautionDue(&s); ok && !due.After(at) {
		caution = due
	}
	return !p.preAlarmDue(&s).After(at), caution
}

func (q *SilenceState) forgetShortestGap() {
	shortest := 0
	for i, g := range q.Gaps {
		if b := q.Gaps[shortest]; g.To.Sub(g.From) < b.To.Sub(b.From) {
			shortest = i
		}
	}
	q.Gaps = slices.Delete(q.Gaps, shortest, shortest+1)
}
