package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Concerns are what caregivers should look at and for which no centre is called. Each
// is told once when it begins and once when it is over.

// ConcernState is what is remembered of them.
type ConcernState struct {
	Open []ucare.Concern `json:"open,omitempty"` // in the order in which they were told
}

// concernsOpen bounds the state; whoever has so many has looked already.
const concernsOpen = 16

// concern tells of a concern, unless the same one (rule, kind, room) is open.
func (s *State) concern(c ucare.Concern, to []ucare.Decision) []ucare.Decision {
	if s.Concerns.find(c.Rule, c.Kind, c.Room) >= 0 || len(s.Concerns.Open) == concernsOpen {
		return to
	}
	c.Dwelling = s.Dwelling
	c.Name, c.Since = s.name(c.Rule, c.Kind, c.Room, c.Since)
	s.Concerns.Open = append(s.Concerns.Open, c)
	return append(to, decisionOn(c, ucare.TellConcern, c.At, c.Because))
}

// settle ends a concern, if it is open.
func (s *State) settle(rule ucare.Rule, kind ucare.Kind, room string, at time.Time, why []ucare.Evidence, to []ucare.Decision) []ucare.Decision {
	i := s.Concerns.find(rule, kind, room)
	if i < 0 {
		return to
	}
	c := s.Concerns.Open[i]
	s.Concerns.Open = slices.Delete(s.Concerns.Open, i, i+1)
	return append(to, decisionOn(c, ucare.Settled, at, why))
}

func decisionOn(c ucare.Concern, verb ucare.Verb, at time.Time, why []ucare.Evidence) ucare.Decision {
	return ucare.Decision{
		At: at, Dwelling: c.Dwelling, Rule: c.Rule, Verb: verb, Room: c.Room, Kind: c.Kind,
		Alarm: c.Name, Onset: c.Since, Because: why,
	}
}

func (c *ConcernState) find(rule ucare.Rule, kind ucare.Kind, room string) int {
	return slices.IndexFunc(c.Open, func(o ucare.Concern) bool { return o.Rule == rule && o.Kind == kind && o.Room == room })
}

// shift moves nothing: when a concern began and was told is what people read.
func (c *ConcernState) shift(time.Duration) {}

// concernsDue is when time alone begins or ends a concern.
func (p *Policy) concernsDue(*State) (time.Time, bool) { return time.Time{}, false }

// concernsNotDue is the cheap look.
func (p *Policy) concernsNotDue(*State, time.Time) bool { return true }

// tickConcerns begins and ends what is due at the instant at.
func (p *Policy) tickConcerns(_ *State, _ time.Time, to []ucare.Decision) []ucare.Decision { return to }

// observeClimate folds a room's temperature.
func (p *Policy) observeClimate(_ *State, _ *ucare.Reading, _ time.Time, to []ucare.Decision) []ucare.Decision {
	return to
}

// observeLeak folds what a water sensor says.
func (p *Policy) observeLeak(_ *State, _ *ucare.Reading, _ time.Time, to []ucare.Decision) []ucare.Decision {
	return to
}
