package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Since the last sign of life (contacts.go) time is added up. When it is too
// much, a pre-alarm gives the resident Grace to show up, then an alarm is raised. How
// much is too much is told by three measures, of which the first to be exceeded counts:
//
//   - The fixed ladder (ladder.go) holds from the first hour on and needs no learning:
//     Caution (8 h) of time that counts concerns the caregivers, After (12 h) is a
//     pre-alarm. The night (22:00 to 07:00 by the dwelling's wall clock) does not
//     count, for 9 h without motion are usual then. But AtMost (16 h) of silence, night
//     included, is enough at any hour.
//   - What is usual (usual.go): a profile that was learned from at least two days knows
//     how long silences of this place and hour last at most. It never raises before
//     Soonest (4 h), and never later than the ladder.
//   - Being out (out.go) has a ladder of its own.
//
// Time does not count in which the resident is said to be away (away.go), and that ends
// what was counted before; nor in which nothing could be heard or seen. After such a
// time the rule listens for as long as it was deaf, up to Settle (1 h), before it
// speaks. Unknown is not safe either: twice AtMost by the calendar, it speaks anyway, in
// the day and, if nothing was heard until then, once Settle has passed.
//
// The rule starts with the first sign of life, and after an alarm it stays quiet until
// activity resumes (NEAT; Tunstall Vi+).
//
// Figures. After: telecare centres use 8, 12 or 14 h (Seoul's ladder 8/12/24 h,
// Lifeline 4000 12 or 14 h, NEAT NOVO 8 h); 3 to 4 h would alarm every night. Caution:
// Seoul's first step. AtMost: the longest ordinary night of 9 h and half a day. Grace:
// Tunstall Vi+ warns for 5 min, NEAT 60 s, Lifeline 10 min. Soonest: people watch a
// film and sleep after lunch; published learned methods need 5 h 23 min on average
// (Wilhelm and Wahl 2024), and whoever lies on the floor for an hour is already in danger.

// SilencePolicy is how long nobody may be heard.
type SilencePolicy struct {
	Caution time.Duration // silence that counts and concerns the caregivers; 0: none does
	After   time.Duration // silence that counts; 0 switches the rule off, not the memory of the last sign
	// AtMost is the longest silence, night included.
	AtMost time.Duration
	// NightFrom and NightTo are wall-clock times, as the time since midnight, in
	// whole minutes. Equal: no night.
	NightFrom, NightTo time.Duration
	Grace              time.Duration // between pre-alarm and alarm
	Settle             time.Duration // to listen after having been deaf
	Stuck              time.Duration // after which a motion sensor that stays on is not believed
	OutOfBed           time.Duration // silent after leaving the bed at night, which concerns the caregivers; 0: it does not
	// Soonest is the shortest silence that is an alarm because it is not usual; 0: what
	// is usual only explains.
	Soonest time.Duration
}

// SilenceState is what is remembered of signs of life.
type SilenceState struct {
	// Last is when the last sign of life was made, and where it came from; zero
	// before the first.
	Last    time.Time     `json:"last,omitzero"`
	Sensor  string        `json:"sensor,omitempty"`
	Room    string        `json:"room,omitempty"`
	Kind    ucare.Kind    `json:"kind,omitempty"`
	Purpose ucare.Purpose `json:"purpose,omitempty"` // of the room
	// Out is where the resident probably is.
	Out OutState `json:"out,omitzero"`
	// Gaps are the times since then in which nothing could be heard, in order.
	Gaps []Span `json:"gaps,omitempty"`
	// Blind is since when there is no sensor left that would notice anybody.
	Blind time.Time `json:"blind,omitzero"`
	// Away is the last time for which the resident was away, once it is over.
	Away Span `json:"away,omitzero"`
	// NotBefore is when the rule may speak at the earliest.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Final is when it speaks at the latest, where that is not simply twice
	// AtMost after the beginning.
	Final time.Time `json:"final,omitzero"`
	// Kitchen is the last sign of life from the kitchen, and Hungry when the caregivers
	// were last told that there was none.
	Kitchen time.Time `json:"kitchen,omitzero"`
	Hungry  time.Time `json:"hungry,omitzero"`
	// Told is whether this silence has concerned the caregivers.
	Told bool `json:"told,omitempty"`
	// Owed is when that was due, before a gap in which it could not be told.
	Owed time.Time `json:"owed,omitzero"`
	// Alarm is the alarm that was announced at PreAlarm, and Raised whether it
	// was raised.
	Alarm    string    `json:"alarm,omitempty"`
	Onset    time.Time `json:"onset,omitzero"`
	From     string    `json:"from,omitempty"` // its room
	PreAlarm time.Time `json:"pre_alarm,omitzero"`
	Raised   bool      `json:"raised,omitempty"`
	Contacts []Contact `json:"contacts,omitempty"` // sorted by sensor, kind
}

// gapsRemembered bounds the state. Forgetting a gap makes the rule speak
// earlier, never later.
const gapsRemembered = 8

// observeLife folds a reading that may be a sign of life.
func (p *Policy) observeLife(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	q := &s.Silence
	if !q.Last.IsZero() && !r.At.IsZero() && now.Sub(r.At) > trustedAge {
		return to // Too old to tell anything about today. But it may start the rule.
	}
	at := observedAt(r, now)
	c, alive := p.lifeSign(s, r, at)
	if !alive || !at.After(q.Last) {
		q.NotBefore = ucare.Later(q.NotBefore, now) // What it changed must not make anything due in the past.
		return to
	}
	if q.Last.IsZero() {
		q.NotBefore = now.Add(p.Silence.Settle) // Nobody was listening before.
	}
	p.noticed(s, &c, at)
	p.seenAtHome(s, q.Kind, c.Sensor, at)
	why := ucare.Evidence{Fact: ucare.FactActivity, At: at, Sensor: c.Sensor, Room: c.Room, Kind: q.Kind}
	if c.Purpose == ucare.Kitchen {
		to = q.inKitchen(s, why, now, to)
	}
	if q.from().Before(at) && !q.Out.Weak && q.Alarm == "" {
		return to // Not believed to have ended the absence.
	}
	to = q.settled(s, now, why, to)
	if q.Alarm == "" || !p.silentUntil(s).After(now) {
		return to // Nothing to take back, or not yet: the sign itself is old.
	}
	verb := ucare.Cancel
	if q.Raised {
		verb = ucare.Restore
	}
	return append(to, q.over(s.Dwelling, verb, now, why))
}

// noticed moves the watch on to a sign of life.
func (p *Policy) noticed(s *State, c *Contact, at time.Time) {
	q := &s.Silence
	before := q.Last
	q.Last, q.Sensor, q.Room, q.Kind, q.Purpose = at, c.Sensor, c.Room, c.Kind, c.Purpose
	p.whereabouts(s, c, before, at)
	from := q.from()
	q.Gaps = slices.DeleteFunc(q.Gaps, func(g Span) bool { return !g.To.After(from) })
	if from.Equal(at) {
		q.Final = time.Time{}
	}
}

// cautionKind tells the caregivers' concern from the alarm that may follow it.
const cautionKind = ucare.Motion

// settled ends the caregivers' concern about a silence.
func (q *SilenceState) settled(s *State, now time.Time, why ucare.Evidence, to []ucare.Decision) []ucare.Decision {
	q.Owed = time.Time{}
	if !q.Told {
		return to
	}
	q.Told = false
	for _, c := range s.Concerns.Open {
		if c.Rule == ucare.Inactivity && c.Kind == cautionKind {
			return s.settle(c.Rule, c.Kind, c.Room, now, []ucare.Evidence{why}, to)
		}
	}
	return to
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

// from is when the silence began: with the last sign of life, or when the resident
// went out.
func (q *SilenceState) from() time.Time {
	if !q.Out.Since.IsZero() {
		return q.Out.Since
	}
	return q.Last
}

// start is when the silence began to count.
func (q *SilenceState) start() time.Time { return ucare.Later(q.from(), q.Away.To) }

// tickSilence announces or raises what is due at the instant at.
func (p *Policy) tickSilence(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	to = p.tickKitchen(s, at, to)
	q := &s.Silence
	if due, ok := p.lengthDue(s); !ok || due.After(at) {
		return to
	}
	if q.Alarm == "" && p.preAlarmDue(s).After(at) {
		q.Told, q.Owed = true, time.Time{}
		return p.concern(s, ucare.Concern{
			Rule: ucare.Inactivity, Kind: cautionKind, Room: q.Room, Since: q.from(), At: at, Because: p.whySilent(s, at),
		}, to)
	}
	verb := ucare.Raise
	if q.Alarm == "" {
		verb = ucare.PreAlarm
		q.Alarm, q.Onset = s.name(ucare.Inactivity, "", q.Room, q.from())
		q.From, q.PreAlarm, q.Owed = q.Room, at, time.Time{}
	} else {
		q.Raised = true
	}
	return append(to, ucare.Decision{
		At: at, Dwelling: s.Dwelling, Rule: ucare.Inactivity, Verb: verb, Room: q.From, Alarm: q.Alarm, Onset: q.Onset,
		Because: p.whySilent(s, at),
	})
}

// whySilent says how long it has been quiet, what would be usual, where the resident
// may be, and what could not be heard or seen.
func (p *Policy) whySilent(s *State, at time.Time) []ucare.Evidence {
	q := &s.Silence
	all := []ucare.Evidence{{
		Fact: ucare.FactQuietSince, At: q.Last, Seconds: seconds(at.Sub(q.Last)),
		Sensor: q.Sensor, Room: q.Room, Kind: q.Kind,
	}}
	if q.out() {
		all = append(all, ucare.Evidence{Fact: ucare.FactWentOut, At: q.Out.Since, Seconds: seconds(at.Sub(q.Out.Since))})
		if s.Profile.Outing > 0 {
			all = append(all, ucare.Evidence{Fact: ucare.FactUsualOuting, Seconds: seconds(s.Profile.Outing)})
		}
	} else if usual := p.usualSilence(s); usual > 0 {
		all = append(all, ucare.Evidence{Fact: ucare.FactUsualSilence, Seconds: seconds(usual)})
	}
	if _, left, out := p.outOfBed(s); out {
		all = append(all, ucare.Evidence{Fact: ucare.FactOutOfBed, At: left})
	}
	if c := q.restingOn(); c != nil && !(q.out() && c.Since.Before(q.Out.Since)) {
		all = append(all, ucare.Evidence{Fact: ucare.FactLying, Seconds: seconds(at.Sub(c.Since)), Sensor: c.Sensor, Room: c.Room, Kind: c.Kind})
	}
	if q.Away.To.After(q.Last) {
		all = append(all, ucare.Evidence{Fact: ucare.FactAway, At: q.Away.From, Seconds: seconds(q.Away.To.Sub(q.Away.From))})
	}
	if sum := q.notHeard(at); sum >= time.Second {
		all = append(all, ucare.Evidence{Fact: ucare.FactNotHeard, Seconds: seconds(sum)})
	}
	return q.whatIsBlind(all)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

func (q *SilenceState) shift(by time.Duration) {
	q.Last, q.NotBefore, q.Final = moved(q.Last, by), moved(q.NotBefore, by), moved(q.Final, by)
	q.PreAlarm = moved(q.PreAlarm, by)
	q.Out.shift(by)
	q.Kitchen, q.Hungry = moved(q.Kitchen, by), moved(q.Hungry, by)
	q.Blind, q.Owed = moved(q.Blind, by), moved(q.Owed, by)
	q.Away = Span{From: moved(q.Away.From, by), To: moved(q.Away.To, by)}
	for i, g := range q.Gaps {
		q.Gaps[i] = Span{From: moved(g.From, by), To: moved(g.To, by)}
	}
	for i := range q.Contacts {
		c := &q.Contacts[i]
		c.At, c.Since = movedBack(c.At, by), moved(c.Since, by)
	}
}
