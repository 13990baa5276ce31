package emergency

import (
	"iter"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A Route is the order in which receivers are told of the alarms of some rules.
// It starts over after its last step, until somebody acknowledges.
type Route struct {
	ID    string
	Rules []ucare.Rule // the alarms it is for; none means every rule without a route of its own
	Steps []Step
}

// A Step tells all its receivers at once.
type Step struct {
	Receivers []string
	// Deadline is how long they have to acknowledge before the next step.
	Deadline time.Duration
}

// usualDeadline stands in for a deadline that says nothing, so that a route
// that nobody validated still escalates, and not in a circle without time.
const usualDeadline = time.Minute

// A Turn is one place in the order of a route: a step (from 0) of a round (from
// 1). The zero Turn is before the first.
type Turn struct{ Round, Step int }

// Before reports whether t comes earlier in the order than u.
func (t Turn) Before(u Turn) bool {
	return t.Round < u.Round || t.Round == u.Round && t.Step < u.Step
}

// Next returns the turn after t.
func (r Route) Next(t Turn) Turn {
	if t.Round > 0 && t.Step+1 < len(r.Steps) {
		return Turn{t.Round, t.Step + 1}
	}
	return Turn{t.Round + 1, 0}
}

// Wait returns how long the receivers of turn t have to acknowledge.
func (r Route) Wait(t Turn) time.Duration {
	if t.Round < 1 || t.Step >= len(r.Steps) {
		return 0
	}
	if d := r.Steps[t.Step].Deadline; d > 0 {
		return d
	}
	return usualDeadline
}

// Turns yields the turns of an alarm that nobody acknowledges, each with the
// time after the raise at which it is due. It has no end.
func (r Route) Turns() iter.Seq2[time.Duration, Turn] {
	return func(yield func(time.Duration, Turn) bool) {
		var after time.Duration
		for t := r.Next(Turn{}); len(r.Steps) > 0; t = r.Next(t) {
			if !yield(after, t) {
				return
			}
			after += r.Wait(t)
		}
	}
}

// At returns the turn that an alarm nobody acknowledges has come to, some time
// after the raise, and how long its receivers still have. The time before the
// raise counts as the raise.
func (r Route) At(after time.Duration) (t Turn, left time.Duration) {
	var round time.Duration
	for i := range r.Steps {
		round += r.Wait(Turn{1, i})
	}
	if round == 0 {
		return Turn{}, 0
	}
	after = max(after, 0)
	t = Turn{Round: 1 + int(after/round)}
	for left = r.Wait(t) - after%round; left <= 0; left += r.Wait(t) {
		t.Step++
	}
	return t, left
}

// Due decides what follows when turn told was told at an instant and nobody has
// acknowledged since: which turn is next, and when. It needs no more than one
// deadline, so neither a day without power nor a clock that was set can skip a
// step or hold it back for longer than that: told in the future counts as told
// now.
func (r Route) Due(told Turn, at, now time.Time) (next Turn, due time.Time) {
	wait := r.Wait(told)
	gone := min(max(now.Sub(at), 0), wait)
	return r.Next(told), now.Add(wait - gone)
}

// turnOf returns the turn in which a receiver has its place in a round.
func (r Route) turnOf(receiver string, round int) (Turn, bool) {
	step := slices.IndexFunc(r.Steps, func(s Step) bool { return slices.Contains(s.Receivers, receiver) })
	return Turn{round, step}, step >= 0
}
