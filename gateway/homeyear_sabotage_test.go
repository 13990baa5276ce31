package gateway

import (
	"errors"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/simulation"
	"github.com/ucare-project/ucare/journal"
)

// sabotage is what is spoiled in the fold, to see whether a promise notices.
type sabotage struct {
	noTicks bool // nobody asks when it is due
	forgets bool // the next checkpoint is not read
	// hears returns false for an entry that is not folded.
	hears func(e *journal.Entry, thing *simulation.Thing) bool
	// decides changes what was decided.
	decides func(d []ucare.Decision, now time.Time) []ucare.Decision
}

func (s *sabotage) passesOver(e *journal.Entry, thing *simulation.Thing) bool {
	return s.hears != nil && !s.hears(e, thing)
}

func (s *sabotage) spoil(d []ucare.Decision, now time.Time) []ucare.Decision {
	if s.decides == nil {
		return d
	}
	return s.decides(d, now)
}

// deaf is a sabotage that passes over every so manieth of some readings.
func deafTo(every int, which func(r *ucare.Reading) bool) func(*journal.Entry, *simulation.Thing) bool {
	heard := 0
	return func(_ *journal.Entry, thing *simulation.Thing) bool {
		if thing == nil || thing.Reading == nil || !which(thing.Reading) {
			return true
		}
		heard++
		return heard%every != 0
	}
}

// without is a sabotage that loses every so manieth of some decisions.
func without(every int, which func(d ucare.Decision) bool) func([]ucare.Decision, time.Time) []ucare.Decision {
	made := 0
	return func(decided []ucare.Decision, _ time.Time) (left []ucare.Decision) {
		for _, d := range decided {
			if which(d) {
				if made++; made%every == 0 {
					continue
				}
			}
			left = append(left, d)
		}
		return left
	}
}

// also is a sabotage that decides something more after each decision.
func also(what func(d ucare.Decision) (ucare.Decision, bool)) func([]ucare.Decision, time.Time) []ucare.Decision {
	return func(decided []ucare.Decision, _ time.Time) (all []ucare.Decision) {
		for _, d := range decided {
			all = append(all, d)
			if further, is := what(d); is {
				all = append(all, further)
			}
		}
		return all
	}
}

func isRaise(d ucare.Decision, rule ucare.Rule) bool { return d.Rule == rule && d.Verb == ucare.Raise }

// TestEachBreakageOfTheFoldIsNoticed breaks the fold by hand and wants the promise that
// says so. Each is looked for in one troubled home after the other.
func TestEachBreakageOfTheFoldIsNoticed(t *testing.T) {
	for name, test := range map[string]struct {
		breaks func(w *homeWatch)
		want   simulation.Promise
	}{
		"nobody asks when it is due": {func(w *homeWatch) { w.noTicks = true }, simulation.OnTime},
		"the gateway's absence is not told": {func(w *homeWatch) {
			w.hears = func(_ *journal.Entry, thing *simulation.Thing) bool { return thing == nil || thing.Unheard == nil }
		}, simulation.UnheardIsNone},
		"an alarm is raised twice": {func(w *homeWatch) {
			w.decides = also(func(d ucare.Decision) (ucare.Decision, bool) { return d, d.Verb == ucare.Raise })
		}, simulation.RaisedOnce},
		"every 50th word of a detector is lost": {func(w *homeWatch) {
			w.hears = deafTo(50, func(r *ucare.Reading) bool { return r.Kind == ucare.Smoke || r.Kind == ucare.Heat })
		}, simulation.HazardAtOnce},
		"every fifth fire is not raised": {func(w *homeWatch) {
			w.decides = without(5, func(d ucare.Decision) bool { return isRaise(d, ucare.Fire) })
		}, simulation.HazardAtOnce},
		"every second press is lost": {func(w *homeWatch) {
			w.hears = deafTo(2, func(r *ucare.Reading) bool { return r.Kind == ucare.HelpButton && r.State == ucare.Active })
		}, simulation.HelpAtOnce},
		"silence is never raised": {func(w *homeWatch) {
			w.decides = without(1, func(d ucare.Decision) bool { return isRaise(d, ucare.Inactivity) || isRaise(d, ucare.Fall) })
		}, simulation.LyingIsRaised},
		"a fall is never raised": {func(w *homeWatch) {
			w.decides = without(1, func(d ucare.Decision) bool { return isRaise(d, ucare.Fall) })
		}, simulation.FallIsRaised},
		"it ends twice": {func(w *homeWatch) {
			w.decides = also(func(d ucare.Decision) (ucare.Decision, bool) {
				return d, d.Verb == ucare.Restore || d.Verb == ucare.Cancel || d.Verb == ucare.Settled
			})
		}, simulation.InOrder},
		"it ends before it begins": {func(w *homeWatch) {
			w.decides = without(1, func(d ucare.Decision) bool { return d.Verb == ucare.Raise && d.Rule != ucare.Fire })
		}, simulation.InOrder},
		"a cancel is followed by the alarm": {func(w *homeWatch) {
			w.decides = also(func(d ucare.Decision) (ucare.Decision, bool) {
				cancelled := d.Verb == ucare.Cancel && d.Rule == ucare.Inactivity
				d.Verb, d.Alarm = ucare.Raise, d.Alarm+"-again"
				return d, cancelled
			})
		}, simulation.CancelStands},
		"it is decided for later": {func(w *homeWatch) {
			w.decides = func(decided []ucare.Decision, _ time.Time) []ucare.Decision {
				for i := range decided {
					decided[i].At = decided[i].At.Add(time.Second)
				}
				return decided
			}
		}, simulation.OnTime},
		"nobody says why": {func(w *homeWatch) {
			w.decides = func(decided []ucare.Decision, _ time.Time) []ucare.Decision {
				for i := range decided {
					decided[i].Because = nil
				}
				return decided
			}
		}, simulation.WithEvidence},
		"a fire out of nothing": {func(w *homeWatch) {
			w.decides = also(func(d ucare.Decision) (ucare.Decision, bool) {
				ended := d.Rule == ucare.Fire && d.Verb == ucare.Restore
				d.Verb, d.Alarm = ucare.Raise, d.Alarm+"-again"
				return d, ended
			})
		}, simulation.HasACause},
		"a restart forgets": {func(w *homeWatch) {
			days := 0
			w.lazy = newLazy(w.policy)
			w.hears = func(e *journal.Entry, _ *simulation.Thing) bool {
				if e.Kind == journal.Profile {
					days++
					w.forgets = days == 20
				}
				return true
			}
		}, simulation.LateTicks},
		"an hour is a long silence": {func(w *homeWatch) {
			w.policy.Silence.Caution, w.policy.Silence.After, w.policy.Silence.Soonest = 30*time.Minute, time.Hour, 30*time.Minute
		}, simulation.FewAlarms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 40; seed++ {
				h := newHomeYear(seed, 60, 12)
				h.watch.lazy = nil
				test.breaks(h.watch)
				var broken *simulation.Broken
				if errors.As(h.live(t), &broken) && broken.Promise == test.want {
					t.Logf("seed %d, day %d: %v", seed, broken.Day, broken.Promise)
					return
				}
			}
			t.Errorf("nobody notices in 40 homes that %s", name)
		})
	}
}
