package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Version names the form of a State in JSON. A checkpoint of another version
// is not read; its log is folded again.
const Version = "rules/5"

// A State is everything that the rules remember of one dwelling. It is plain
// data: JSON and back is the same state. (Back into a new State, not over one
// that is in use.)
type State struct {
	Dwelling string       `json:"dwelling"`
	Fire     FireState    `json:"fire,omitzero"`
	Help     HelpState    `json:"help,omitzero"`
	Fall     FallState    `json:"fall,omitzero"`
	Silence  SilenceState `json:"silence,omitzero"`
	Away     AwayState    `json:"away,omitzero"`
	Concerns ConcernState `json:"concerns,omitzero"`
	Profile  Profile      `json:"profile,omitzero"`
	// Named are the names of the last alarms, so that none is given twice.
	Named []string `json:"named,omitempty"`
}

// NewState is a dwelling of which nothing has been heard yet.
func NewState(dwelling string) *State { return &State{Dwelling: dwelling} }

// A Span is a stretch of time, from From up to To.
type Span struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// covers reports whether t is in the span, its ends included.
func (p Span) covers(t time.Time) bool {
	return !p.From.IsZero() && !t.Before(p.From) && !t.After(p.To)
}

// tells is covers, or t is a while before the span.
func (p Span) tells(t time.Time, before time.Duration) bool {
	return p.covers(t) || !p.From.IsZero() && t.Before(p.From) && p.From.Sub(t) <= before
}

// with is the span stretched so that it holds t.
func (p Span) with(t time.Time) Span {
	if p.From.IsZero() {
		return Span{From: t, To: t}
	}
	return Span{From: ucare.Earlier(p.From, t), To: ucare.Later(p.To, t)}
}

// Observe folds one reading that was heard at now, after everything that was
// due by then, and appends what is decided to the decisions in to.
//
// The reading's dwelling is not looked at: the caller chose the state.
func (p *Policy) Observe(s *State, r ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	now = instant(now)
	to = p.Tick(s, now, to)
	switch r.Kind {
	case ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas:
		return p.observeFire(s, &r, now, to)
	case ucare.HelpButton:
		to = p.observeHelp(s, &r, now, to)
		to = p.observeHelpAfterFall(s, &r, now, to)
		to = p.observeLife(s, &r, now, to)
		p.followVisit(s, now)
		return p.concernLife(s, &r, now, to)
	case ucare.FallSensor:
		return p.observeFall(s, &r, now, to)
	case ucare.Acceleration:
		return p.observeAcceleration(s, &r, now, to)
	case ucare.Temperature, ucare.SmokeDensity, ucare.CarbonMonoxideLevel:
		to = p.observeClimate(s, &r, now, to)
		return p.observeMeasured(s, &r, now, to)
	case ucare.WaterLeak:
		return p.observeLeak(s, &r, now, to)
	case ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use:
		to = p.observeGettingUp(s, &r, now, to)
		to = p.observeLife(s, &r, now, to)
		p.followVisit(s, now)
		return p.concernLife(s, &r, now, to)
	case ucare.Away:
		to = p.observeAway(s, &r, now, to)
		to = p.awayAfterAll(s, &r, now, to)
		return p.concernLife(s, &r, now, to)
	default:
		return to
	}
}

// Tick folds the passing of time up to now. A decision's instant is when it
// was due, not when Tick came round to it, and decisions come in the order in
// which they were due: late ticks decide what punctual ones decide.
func (p *Policy) Tick(s *State, now time.Time, to []ucare.Decision) []ucare.Decision {
	now = instant(now)
	if p.nothingDue(s, now) {
		return to
	}
	for {
		at, ok := p.Next(s)
		if !ok || at.After(now) {
			return to
		}
		to = p.tickFire(s, at, to)
		to = p.tickFall(s, at, to)
		to = p.tickSilence(s, at, to)
		p.tickAway(s, at)
		to = p.tickConcerns(s, at, to)
	}
}

// nothingDue is a cheap look before Tick works out the exact deadlines.
func (p *Policy) nothingDue(s *State, now time.Time) bool {
	return p.fireNotDue(s, now) && p.fallNotDue(s, now) && p.silenceSurelyNotDue(s, now) &&
		(!s.away() || now.Before(s.Away.Until)) && p.concernsNotDue(s, now)
}

// Next is when Tick must be called, and whether it must be at all.
func (p *Policy) Next(s *State) (time.Time, bool) {
	first, due := p.fireDue(s)
	fall, fallen := p.fallDue(s)
	first, due = sooner(first, due, fall, fallen)
	silence, waiting := p.silenceDue(s)
	first, due = sooner(first, due, silence, waiting)
	home, away := s.awayDue()
	first, due = sooner(first, due, home, away)
	concern, waits := p.concernsDue(s)
	return sooner(first, due, concern, waits)
}

// sooner is the earlier one of two deadlines, each of which may not be there.
func sooner(a time.Time, hasA bool, b time.Time, hasB bool) (time.Time, bool) {
	if !hasA || hasB && b.Before(a) {
		return b, hasB
	}
	return a, true
}

// Answer folds what a centre answered for an alarm: acknowledged, closed.
// Answers for alarms that are no longer remembered change nothing.
func (p *Policy) Answer(s *State, alarm string, a ucare.Answers, now time.Time, to []ucare.Decision) []ucare.Decision {
	now = instant(now)
	to = p.Tick(s, now, to)
	seen := !a.AcknowledgedAt.IsZero() || !a.ClosedAt.IsZero()
	if alarm == "" || !seen {
		return to
	}
	s.Fire.answer(alarm, a, now)
	s.Help.answer(alarm)
	s.Fall.answer(alarm, !a.ClosedAt.IsZero(), now)
	return to // An inactivity alarm waits for activity whatever the centre says.
}

// Gap tells that nothing could be heard between from and to: the gateway was
// off, or its broker was. Silence and concerns do not count that time. Fire, help
// and falls know no pause.
func (p *Policy) Gap(s *State, from, to time.Time) {
	p.gapVisit(s, instant(from), instant(to))
	p.gapKitchen(s, instant(from), instant(to))
	p.gapSilence(s, instant(from), instant(to))
	p.gapConcerns(s, instant(from), instant(to))
}

// Blind tells that a sensor cannot be relied on (it is silent, stuck or cannot be
// reached), or that it can again. What it does not say then proves nothing.
func (p *Policy) Blind(s *State, sensor string, blind bool, now time.Time, to []ucare.Decision) []ucare.Decision {
	now = instant(now)
	to = p.Tick(s, now, to)
	s.Fall.Visit.Doubted = true // Whoever was in the bathroom may have left it unseen.
	return p.blindSilence(s, sensor, blind, now, to)
}

// Shift tells that the wall clock was set, forward by a positive duration. All
// that is being measured moves with it, so a set clock neither raises an alarm
// nor hides one. Names and onsets of alarms stay.
func (p *Policy) Shift(s *State, by time.Duration) {
	s.Fire.shift(by)
	s.Help.shift(by)
	s.Fall.shift(by)
	s.Silence.shift(by)
	s.Away.shift(by)
	s.Concerns.shift(by)
	s.Profile.shift(by)
}

// A Pending is a pre-alarm: an alarm that the resident can still prevent.
type Pending struct {
	Rule  ucare.Rule
	Alarm string // its name
	Room  string
	Onset time.Time
	Since time.Time // when the resident was first asked
	Drill bool
}

// Pending are the pre-alarms that run.
func (s *State) Pending() []Pending {
	all := s.Fall.pending()
	if q := &s.Silence; q.Alarm != "" && !q.Raised {
		all = append(all, Pending{Rule: ucare.Inactivity, Alarm: q.Alarm, Room: q.From, Onset: q.Onset, Since: q.PreAlarm})
	}
	return all
}

// Learn takes over what the history knows (see LearnProfile).
func (p *Policy) Learn(s *State, profile Profile) { s.Profile = profile }

// namesRemembered is how many alarms back a name cannot be given again.
const namesRemembered = 16

// name gives an alarm its name and returns the onset that is part of it. Two
// alarms of one room can begin at the same instant (a drill and the real
// thing; a reading that was delivered late): the second one begins a
// nanosecond later, for its report would be taken for a repeat of the first.
func (s *State) name(rule ucare.Rule, kind ucare.Kind, room string, onset time.Time) (string, time.Time) {
	for {
		id := ucare.AlarmID(s.Dwelling, rule, kind, room, onset)
		if !slices.Contains(s.Named, id) {
			if len(s.Named) == namesRemembered {
				s.Named = slices.Delete(s.Named, 0, 1)
			}
			s.Named = append(s.Named, id)
			return id, onset
		}
		onset = onset.Add(time.Nanosecond)
	}
}

// moved is t after the clock was set; an instant that has not happened stays so.
func moved(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}

// movedBack is moved for the instants that tell old readings from new ones:
// they may become too early, never too late, because a reading that is taken
// for an old one is not looked at.
func movedBack(t time.Time, by time.Duration) time.Time { return moved(t, min(by, 0)) }

// kept copies a text, so that the state does not hold on to the message that
// it was cut from.
func kept(text string) string { return string([]byte(text)) }
