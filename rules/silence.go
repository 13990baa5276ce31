package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Since the last sign of life, time that counts is added up; when it
// reaches After, a pre-alarm gives the resident Grace to show up, then an alarm
// is raised. Signs of life and the time that counts are:
//
//   - A sign of life is motion, use of an appliance, a presence sensor that
//     becomes active, a door, bed or seat that changes, a help press. An old
//     reading (retained, re-published) is none, nor is a battery report. A
//     contact that merely stays on proves nothing: only its change does, and a
//     motion sensor that is known to say "clear" and does not for Stuck (2 h)
//     is not believed until it has.
//   - The night (22:00 to 07:00 by the dwelling's wall clock) does not count,
//     for 9 h without motion are usual then. But AtMost (16 h) of silence, night
//     included, is enough at any hour.
//   - Time in which the resident is away does not count, and it ends what was
//     counted before (see away.go).
//   - Time in which nothing could be heard does not count, and after it the rule
//     listens for as long as it was deaf, up to Settle (1 h), before it speaks.
//     Unknown is not safe either: twice AtMost by the calendar, it speaks
//     anyway, in the day and, if nothing was heard until then, once Settle has
//     passed.
//
// Figures. After: telecare centres use 8, 12 or 14 h (Seoul's ladder 8/12/24 h,
// Lifeline 4000 12 or 14 h, NEAT NOVO 8 h); 3 to 4 h would alarm every night.
// AtMost: the longest ordinary night of 9 h and half a day. Grace: Tunstall
// Vi+ warns for 5 min, NEAT 60 s, Lifeline 10 min. The rule starts with the
// first sign of life, and after an alarm it stays quiet until activity resumes
// (NEAT; Tunstall Vi+). Stuck: no source; a person stays in front of one
// motion sensor for about as long as a film.
//
// The learned profile does not decide yet; it explains what would be usual.

// SilencePolicy is how long nobody may be heard.
type SilencePolicy struct {
	After time.Duration // silence that counts; 0 switches the rule off, not the memory of the last sign
	// AtMost is the longest silence, night included.
	AtMost time.Duration
	// NightFrom and NightTo are wall-clock times, as the time since midnight, in
	// whole minutes. Equal: no night.
	NightFrom, NightTo time.Duration
	Grace              time.Duration // between pre-alarm and alarm
	Settle             time.Duration // to listen after having been deaf
	Stuck              time.Duration // after which a motion sensor that stays on is not believed
}

// SilenceState is what is remembered of signs of life.
type SilenceState struct {
	// Last is when the last sign of life was made, and where it came from; zero
	// before the first.
	Last   time.Time  `json:"last,omitzero"`
	Sensor string     `json:"sensor,omitempty"`
	Room   string     `json:"room,omitempty"`
	Kind   ucare.Kind `json:"kind,omitempty"`
	// Gaps are the times since then in which nothing could be heard, in order.
	Gaps []Span `json:"gaps,omitempty"`
	// Away is the last time for which the resident was away, once it is over.
	Away Span `json:"away,omitzero"`
	// NotBefore is when the rule may speak at the earliest.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Final is when it speaks at the latest, where that is not simply twice
	// AtMost after the beginning.
	Final time.Time `json:"final,omitzero"`
	// Alarm is the alarm that was announced at PreAlarm, and Raised whether it
	// was raised.
	Alarm    string    `json:"alarm,omitempty"`
	Onset    time.Time `json:"onset,omitzero"`
	From     string    `json:"from,omitempty"` // its room
	PreAlarm time.Time `json:"pre_alarm,omitzero"`
	Raised   bool      `json:"raised,omitempty"`
	Contacts []Contact `json:"contacts,omitempty"` // sorted by sensor, kind
}

// A Contact is what one contact of daily life last said.
type Contact struct {
	Sensor string      `json:"sensor"`
	Kind   ucare.Kind  `json:"kind"`
	Room   string      `json:"room,omitempty"`
	State  ucare.State `json:"state,omitempty"`
	// Clears is whether it has ever said "clear". Simple motion sensors never do.
	Clears bool      `json:"clears,omitempty"`
	At     time.Time `json:"at,omitzero"`    // of the newest reading
	Since  time.Time `json:"since,omitzero"` // when it became active
}

const (
	// contactsRemembered bounds the state. Contacts beyond it prove less.
	contactsRemembered = 64
	// gapsRemembered bounds the state. Forgetting a gap makes the rule speak
	// earlier, never later.
	gapsRemembered = 8
)

// observeLife folds a reading that may be a sign of life.
func (p *Policy) observeLife(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	q := &s.Silence
	if !q.Last.IsZero() && !r.At.IsZero() && now.Sub(r.At) > trustedAge {
		return to // Too old to tell anything about today. But it may start the rule.
	}
	at := observedAt(r, now)
	sensor, room, alive := p.lifeSign(s, r, at)
	if !alive || !at.After(q.Last) {
		return to
	}
	if q.Last.IsZero() {
		q.NotBefore = now.Add(p.Silence.Settle) // Nobody was listening before.
	}
	q.Last, q.Sensor, q.Room, q.Kind = at, sensor, room, known(r.Kind)
	q.Gaps = slices.DeleteFunc(q.Gaps, func(g Span) bool { return !g.To.After(at) })
	q.Final = time.Time{}
	p.seenAtHome(s, q.Kind, sensor, at)
	if q.Alarm == "" || !p.silentUntil(q).After(now) {
		return to // Nothing to take back, or not yet: the sign itself is old.
	}
	verb := ucare.Cancel
	if q.Raised {
		verb = ucare.Restore
	}
	return append(to, q.over(s.Dwelling, verb, now, ucare.Evidence{Fact: ucare.FactActivity, At: at, Sensor: sensor, Room: room, Kind: q.Kind}))
}

// over takes the pre-alarm or the alarm back.
func (q *SilenceState) over(dwelling string, verb ucare.Verb, now time.Time, why ucare.Evidence) ucare.Decision {
	d := ucare.Decision{
		At: now, Dwelling: dwelling, Rule: ucare.Inactivity, Verb: verb, Room: q.From, Alarm: q.Alarm, Onset: q.Onset,
		Because: []ucare.Evidence{why},
	}
	q.Alarm, q.Onset, q.From, q.PreAlarm, q.Raised = "", time.Time{}, "", time.Time{}, false
	return d
}

// start is when the silence began to count.
func (q *SilenceState) start() time.Time { return later(q.Last, q.Away.To) }

// lifeSign notes what a contact said and reports whether that is a sign of
// life, from where. The texts it returns are kept ones.
func (p *Policy) lifeSign(s *State, r *ucare.Reading, at time.Time) (sensor, room string, alive bool) {
	if r.Kind == ucare.HelpButton {
		if r.State != ucare.Active || r.UnknownAge || r.Drill {
			return "", "", false
		}
		b := s.Help.button(r)
		return b.Sensor, b.Room, true
	}
	if r.State == ucare.Unknown {
		return "", "", false
	}
	c := s.Silence.contact(r)
	if c == nil {
		c = &Contact{}
		alive = c.says(r, at, p.Silence.Stuck) && !r.Drill
		if !alive {
			return "", "", false
		}
		return kept(r.Sensor), kept(r.Room), true
	}
	return c.Sensor, c.Room, c.says(r, at, p.Silence.Stuck) && !r.Drill
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
		q.Contacts = slices.Insert(q.Contacts, i, Contact{Sensor: kept(r.Sensor), Kind: kind})
	}
	c := &q.Contacts[i]
	if c.Room != r.Room {
		c.Room = kept(r.Room)
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

// silenceSurelyNotDue is the cheap look: time that counts cannot be more than
// the time that passed.
func (p *Policy) silenceSurelyNotDue(s *State, now time.Time) bool {
	q := &s.Silence
	if q.Last.IsZero() || q.Raised || p.Silence.After == 0 || s.away() {
		return true
	}
	return q.Alarm == "" && now.Sub(q.start()) < min(p.Silence.After, p.Silence.AtMost)
}

// silenceDue is when the pre-alarm, or after it the alarm, is due.
func (p *Policy) silenceDue(s *State) (time.Time, bool) {
	q := &s.Silence
	switch {
	case p.Silence.After == 0 || q.Last.IsZero() || q.Raised || s.away():
		return time.Time{}, false
	case q.Alarm != "":
		return q.heardFor(q.PreAlarm, p.Silence.Grace), true
	default:
		return p.orFinal(q, later(p.silentUntil(q), q.NotBefore)), true
	}
}

// silentUntil walks from where the silence began to count to the instant at which the
// silence has lasted long enough. Night, gaps and their ends cut the way into
// pieces that count or do not.
func (p *Policy) silentUntil(q *SilenceState) time.Time {
	last := p.lastWord(q).Add(24 * time.Hour)           // There is a morning before that.
	counted, heard := p.Silence.After, p.Silence.AtMost // still to go
	for at := q.start(); at.Before(last); {
		night, end := p.night(at)
		deaf, hearing := q.deaf(at)
		end = earlier(earlier(end, hearing), last)
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
		return earlier(at, p.final(q))
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
	return false, t.AddDate(1, 0, 0)
}

// heardFor is the instant at which d of time in which we could hear has passed
// since at.
func (q *SilenceState) heardFor(at time.Time, d time.Duration) time.Time {
	due := at.Add(d)
	for _, g := range q.Gaps {
		if g.To.After(at) && g.From.Before(due) {
			due = due.Add(g.To.Sub(later(g.From, at)))
		}
	}
	return due
}

// notHeard is how much of the time from the last sign of life up to t passed unheard.
func (q *SilenceState) notHeard(t time.Time) (sum time.Duration) {
	for _, g := range q.Gaps {
		sum += max(0, earlier(g.To, t).Sub(later(g.From, q.Last)))
	}
	return sum
}

// tickSilence announces or raises what is due at the instant at.
func (p *Policy) tickSilence(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	q := &s.Silence
	if due, ok := p.silenceDue(s); !ok || due.After(at) {
		return to
	}
	verb := ucare.Raise
	if q.Alarm == "" {
		verb = ucare.PreAlarm
		q.Alarm, q.Onset = s.name(ucare.Inactivity, "", q.Room, q.Last)
		q.From, q.PreAlarm = q.Room, at
	} else {
		q.Raised = true
	}
	return append(to, ucare.Decision{
		At: at, Dwelling: s.Dwelling, Rule: ucare.Inactivity, Verb: verb, Room: q.From, Alarm: q.Alarm, Onset: q.Onset,
		Because: p.whySilent(s, at),
	})
}

// whySilent says how long it has been quiet, what would be usual, and what
// could not be heard.
func (p *Policy) whySilent(s *State, at time.Time) []ucare.Evidence {
	q := &s.Silence
	all := []ucare.Evidence{{
		Fact: ucare.FactQuietSince, At: q.Last, Seconds: int64(at.Sub(q.Last) / time.Second),
		Sensor: q.Sensor, Room: q.Room, Kind: q.Kind,
	}}
	if usual := s.Profile.Longest[q.Last.In(p.location()).Hour()]; s.Profile.Days > 0 && usual > 0 {
		all = append(all, ucare.Evidence{Fact: ucare.FactUsualSilence, Seconds: int64(usual / time.Second)})
	}
	if q.Away.To.After(q.Last) {
		all = append(all, ucare.Evidence{Fact: ucare.FactAway, At: q.Away.From, Seconds: int64(q.Away.To.Sub(q.Away.From) / time.Second)})
	}
	if sum := q.notHeard(at); sum >= time.Second {
		all = append(all, ucare.Evidence{Fact: ucare.FactNotHeard, Seconds: int64(sum / time.Second)})
	}
	return all
}

// gapSilence notes that nothing could be heard between from and to.
func (p *Policy) gapSilence(s *State, from, to time.Time) {
	q := &s.Silence
	if n := len(q.Gaps); n > 0 {
		from = later(from, q.Gaps[n-1].To)
	}
	from = later(from, q.Last)
	if q.Last.IsZero() || !to.After(from) {
		return
	}
	due, waiting := p.silenceDue(s)
	overdue := waiting && !due.After(from) // Due before the gap: it stays due.
	q.Gaps = append(q.Gaps, Span{From: from, To: to})
	if len(q.Gaps) > gapsRemembered {
		q.forgetShortestGap()
	}
	if overdue || q.Alarm != "" {
		return
	}
	settled := to.Add(min(to.Sub(from), p.Silence.Settle))
	q.NotBefore = later(q.NotBefore, settled)
	switch final := p.final(q); {
	case q.Final.IsZero() && final.Before(settled):
		q.Final = settled // The last word came due unheard: listen first, once.
	case !q.Final.IsZero() && final.Before(to):
		q.Final = to // It was granted already: now.
	}
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

func (q *SilenceState) shift(by time.Duration) {
	q.Last, q.NotBefore, q.Final = moved(q.Last, by), moved(q.NotBefore, by), moved(q.Final, by)
	q.PreAlarm = moved(q.PreAlarm, by)
	q.Away = Span{From: moved(q.Away.From, by), To: moved(q.Away.To, by)}
	for i, g := range q.Gaps {
		q.Gaps[i] = Span{From: moved(g.From, by), To: moved(g.To, by)}
	}
	for i := range q.Contacts {
		c := &q.Contacts[i]
		c.At, c.Since = movedBack(c.At, by), moved(c.Since, by)
	}
}

// blindSilence notes that a sensor cannot be relied on, or can again.
func (p *Policy) blindSilence(_ *State, _ string, _ bool, _ time.Time, to []ucare.Decision) []ucare.Decision {
	return to
}
