package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A concern is what caregivers should look at and for which no centre is
// called: a missed check-in, the home left at night, too cold or too hot, water. Each
// is told once when it begins and once when it is over. checkin.go, nightout.go,
// climate.go and leak.go say when that is; silence adds cautions of its own.
//
// Few and quiet. People who get dozens of messages a day switch everything off, so
//
//   - the same concern (rule, kind, room) is not told again while it stands;
//   - what can wait until the morning is not told at night: the climate. Water and
//     the home left at night cannot, and a check-in has its hour;
//   - within 24 h no more than MostADay are told. Those above it are counted: they
//     stand on the page, nothing more is told of them, and the next one that is told
//     says how many they were. The first one of a rule within 24 h is always told,
//     and of water the first one of each room: a day with many cautions must not
//     hide the water.
//
// Any 24 h are a day here, not those of the calendar: who was told six things
// until midnight does not want six more until breakfast.
//
// Figure. MostADay: no source gives one. Carers of the documented systems switch off
// what speaks dozens of times a day; six is one in each three waking hours.

// ConcernPolicy is which concerns there are.
type ConcernPolicy struct {
	// MostADay is how many are told within 24 h.
	MostADay int
	CheckIn  CheckInPolicy
	NightOut NightOutPolicy
	Climate  ClimatePolicy
	Leak     LeakPolicy
}

// ConcernState is what is remembered of them.
type ConcernState struct {
	Open []ucare.Concern `json:"open,omitempty"` // in the order in which they began
	// Past is what else is remembered, nil as long as there is nothing.
	Past *ConcernPast `json:"past,omitempty"`
}

// ConcernPast is what leads to concerns and what became of them.
type ConcernPast struct {
	// Told are those that were told within the last 24 h, and Counted how many were
	// not since the last one that was.
	Told    []Told `json:"told,omitempty"`
	Counted int    `json:"counted,omitempty"`

	CheckIn  CheckInState  `json:"check_in,omitzero"`
	NightOut NightOutState `json:"night_out,omitzero"`
	Climate  ClimateState  `json:"climate,omitzero"`
	Leak     LeakState     `json:"leak,omitzero"`
}

// past is what is remembered, from now on.
func (o *ConcernState) past() *ConcernPast {
	if o.Past == nil {
		o.Past = new(ConcernPast)
	}
	return o.Past
}

// Told is that a concern was told.
type Told struct {
	Rule ucare.Rule `json:"rule"`
	Room string     `json:"room,omitempty"`
	At   time.Time  `json:"at"`
}

const (
	// concernsOpen bounds the state; whoever has so many has looked already.
	concernsOpen = 16
	// toldRemembered bounds the state. What is forgotten may be told once more.
	toldRemembered = 32
	aDay           = 24 * time.Hour
)

// concern tells of a concern, unless the same one (rule, kind, room) is open. One too
// many is opened all the same, and only counted.
func (p *Policy) concern(s *State, c ucare.Concern, to []ucare.Decision) []ucare.Decision {
	o, past := &s.Concerns, s.Concerns.past()
	if o.find(c.Rule, c.Kind, c.Room, c.Drill) >= 0 || len(o.Open) == concernsOpen {
		return to
	}
	c.Dwelling = s.Dwelling
	c.Name, c.Since = s.name(c.Rule, c.Kind, c.Room, c.Since)
	c.Counted = !c.Drill && !past.mayTell(&c, p.Concern.MostADay)
	switch {
	case c.Counted:
		past.Counted++
	case !c.Drill:
		past.tell(&c, p.Concern.MostADay)
	}
	o.Open = append(o.Open, c)
	if c.Counted {
		return to
	}
	return append(to, decisionOn(c, ucare.TellConcern, c.At, c.Because))
}

// mayTell reports whether a concern may be told now.
func (o *ConcernPast) mayTell(c *ucare.Concern, most int) bool {
	o.Told = slices.DeleteFunc(o.Told, func(t Told) bool { return c.At.Sub(t.At) >= aDay })
	return len(o.Told) < most || !slices.ContainsFunc(o.Told, func(t Told) bool {
		return t.Rule == c.Rule && (t.Rule != ucare.Leak || t.Room == c.Room)
	})
}

// tell notes that a concern is told, and lets it say how many were not.
func (o *ConcernPast) tell(c *ucare.Concern, most int) {
	if o.Counted > 0 {
		c.Because = append(slices.Clip(c.Because), ucare.Evidence{
			Fact: ucare.FactCounted, Value: float64(o.Counted), Limit: float64(most),
		})
		o.Counted = 0
	}
	if len(o.Told) == toldRemembered {
		o.Told = slices.Delete(o.Told, 0, 1)
	}
	o.Told = append(o.Told, Told{Rule: c.Rule, Room: c.Room, At: c.At})
}

// settle ends a concern, if it is open.
func (s *State) settle(rule ucare.Rule, kind ucare.Kind, room string, at time.Time, why []ucare.Evidence, to []ucare.Decision) []ucare.Decision {
	return s.Concerns.over(s.Concerns.find(rule, kind, room, false), at, why, to)
}

// over ends the concern at a place of the list; -1: there is none. What was only
// counted ends as quietly.
func (o *ConcernState) over(i int, at time.Time, why []ucare.Evidence, to []ucare.Decision) []ucare.Decision {
	if i < 0 {
		return to
	}
	c := o.Open[i]
	o.Open = slices.Delete(o.Open, i, i+1)
	if c.Counted {
		return to
	}
	return append(to, decisionOn(c, ucare.Settled, at, why))
}

func decisionOn(c ucare.Concern, verb ucare.Verb, at time.Time, why []ucare.Evidence) ucare.Decision {
	return ucare.Decision{
		At: at, Dwelling: c.Dwelling, Rule: c.Rule, Verb: verb, Room: c.Room, Kind: c.Kind,
		Alarm: c.Name, Onset: c.Since, UnknownAge: c.UnknownAge, Drill: c.Drill, Because: why,
	}
}

func (o *ConcernState) find(rule ucare.Rule, kind ucare.Kind, room string, drill bool) int {
	return slices.IndexFunc(o.Open, func(c ucare.Concern) bool {
		return c.Rule == rule && c.Kind == kind && c.Room == room && c.Drill == drill
	})
}

// shift moves what is measured. When a concern began and was told is what people
// read, and stays.
func (o *ConcernState) shift(by time.Duration) {
	past := o.Past
	if past == nil {
		return
	}
	for i := range past.Told {
		past.Told[i].At = moved(past.Told[i].At, by)
	}
	past.CheckIn.shift(by)
	past.NightOut.shift(by)
	past.Climate.shift(by)
	past.Leak.shift(by)
}

// concernsDue is when time alone begins or ends a concern.
func (p *Policy) concernsDue(s *State) (time.Time, bool) {
	past := s.Concerns.Past
	if past == nil {
		return time.Time{}, false
	}
	first, due := p.checkInDue(&past.CheckIn)
	night, gone := p.nightOutDue(s)
	first, due = sooner(first, due, night, gone)
	climate, waits := p.climateDue(&past.Climate)
	first, due = sooner(first, due, climate, waits)
	dry, clear := p.leakDue(&past.Leak)
	return sooner(first, due, dry, clear)
}

// concernsNotDue is the cheap look.
func (p *Policy) concernsNotDue(s *State, now time.Time) bool {
	due, waits := p.concernsDue(s)
	return !waits || due.After(now)
}

// tickConcerns begins and ends what is due at the instant at.
func (p *Policy) tickConcerns(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	to = p.tickCheckIn(s, at, to)
	to = p.tickNightOut(s, at, to)
	to = p.tickClimate(s, at, to)
	return p.tickLeak(s, at, to)
}

// concernLife folds what a sign of life, or a word about being away, means for the
// concerns, after the rule of silence has folded it.
func (p *Policy) concernLife(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	to = p.observeCheckIn(s, r, now, to)
	return p.whetherOut(s, now, to)
}

// gapConcerns notes that nothing could be heard.
func (p *Policy) gapConcerns(s *State, from, to time.Time) {
	if past := s.Concerns.Past; past != nil {
		past.CheckIn.gap(from, to)
		p.gapClimate(&past.Climate, from, to)
	}
}

// inWindow reports whether the wall clock shows a time in the window, which may pass
// over midnight. Equal ends are no window.
func (p *Policy) inWindow(t time.Time, from, to time.Duration) bool {
	hour, minute, second := t.In(p.location()).Clock()
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if from <= to {
		return from <= clock && clock < to
	}
	return clock >= from || clock < to
}
