package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
)

// What was told of a day comes from the decisions, and what became of it from those
// of the days after.
func TestTheStoryOfADayHoldsItsConcerns(t *testing.T) {
	j, _, err := journal.Open(t.Context(), t.TempDir()+"/journal.db", journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	decided := func(at time.Time, verb ucare.Verb, name string) ucare.Decision {
		return ucare.Decision{
			At: at, Dwelling: "home", Rule: ucare.Leak, Kind: ucare.WaterLeak, Verb: verb, Room: "kitchen", Alarm: name, Onset: at,
			Because: []ucare.Evidence{{Fact: ucare.FactDetected}},
		}
	}
	err = j.Decide(t.Context(), journal.Folded{Seq: 1, Decisions: []ucare.Decision{
		decided(day.Add(-time.Hour), ucare.TellConcern, "yesterday's"),
		decided(day.Add(8*time.Hour), ucare.TellConcern, "settled"), decided(day.Add(9*time.Hour), ucare.Raise, "an alarm"),
		decided(day.Add(20*time.Hour), ucare.TellConcern, "over night"), decided(day.Add(10*time.Hour), ucare.Settled, "settled"),
		decided(day.Add(26*time.Hour), ucare.Settled, "over night"), decided(day.Add(27*time.Hour), ucare.TellConcern, "tomorrow's"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	told, err := past{journal: j}.Concerns(t.Context(), "home", day, day.AddDate(0, 0, 1))
	if err != nil || len(told) != 2 {
		t.Fatalf("told %+v, %v", told, err)
	}
	if c := told[0]; c.Name != "settled" || c.Room != "kitchen" || len(c.Because) != 1 || !c.SettledAt.Equal(day.Add(10*time.Hour)) {
		t.Errorf("the first is %+v", c)
	}
	if c := told[1]; c.Name != "over night" || !c.SettledAt.Equal(day.Add(26*time.Hour)) {
		t.Errorf("the second is %+v", c)
	}
}

// Water is shown to the caregivers and the home, and no report is made of it.
func TestAConcernIsShownAndNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.run(t)
		for _, active := range []bool{false, true} {
			if err := b.inbox.Commit(t.Context(), reading("kitchen", "water_leak", active)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * showEvery)
		synctest.Wait()
		if got := b.log.decisions(); len(got) != 1 || got[0].Verb != ucare.TellConcern || got[0].UnknownAge {
			t.Errorf("decided %+v", got)
		}
		if len(b.sent) != 0 {
			t.Errorf("a centre is told: %+v", <-b.sent)
		}
		if c := b.watch.board.Now("home").Concerns; len(c) != 1 || c[0].Rule != ucare.Leak || c[0].Room != "kitchen" {
			t.Errorf("the page shows %+v", c)
		}
	})
}
