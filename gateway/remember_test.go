package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
)

// A history that breaks is told, started again, and ends no gateway.
func TestAPartOfTheHistoryThatEndsIsStartedAgainAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &Gateway{faults: newFaults(discard(), nil), logger: discard(), closings: closings{logger: discard()}}
		var runs atomic.Int64
		g.startAside("history", func(ctx context.Context) error {
			switch runs.Add(1) {
			case 1:
				panic("broken")
			case 2:
				return errors.New("no room")
			case 3:
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		for i, want := range []string{"broke (broken)", "no room", "no reason"} {
			synctest.Wait()
			f := g.faults.Standing("")
			if n := runs.Load(); n != int64(i+1) || len(f) != 1 || f[0].Code != ucare.FaultHistory || f[0].Subject != "history" || !strings.Contains(f[0].Detail, want) {
				t.Errorf("after %d runs the faults are %+v, want one that says %q", runs.Load(), f, want)
			}
			time.Sleep(againAfter)
		}
		time.Sleep(wellAfter)
		synctest.Wait()
		if f := g.faults.Standing(""); runs.Load() != 4 || len(f) != 0 {
			t.Errorf("after a minute of running well, the faults are %+v (%d runs)", f, runs.Load())
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// What the history has not read waits in the journal, as long again; then it goes, and
// somebody is told.
func TestTheJournalWaitsForTheHistoryAndNotForEver(t *testing.T) {
	j, _, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), journal.Options{BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	g := &Gateway{
		journal: j, keepJournal: 10 * 24 * time.Hour, faults: newFaults(discard(), nil), logger: discard(),
		chronicle: newChronicle(chronicleParts{}),
	}
	now := spring.AddDate(0, 0, 29)
	for day := range 30 {
		if _, err := j.Append(t.Context(), entryOf(readingAt("hall", "motion", true, spring.AddDate(0, 0, day)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(j.Decide(t.Context(), journal.Folded{Seq: 30}), j.SaveCheckpoint(t.Context(), journal.Checkpoint{Seq: 30})); err != nil {
		t.Fatal(err)
	}
	first := func() int64 {
		t.Helper()
		entries, err := j.After(t.Context(), 0, 1)
		if err != nil || len(entries) == 0 {
			t.Fatal(entries, err)
		}
		return entries[0].Seq
	}
	g.chronicle.safe.Store(9)
	g.trimJournal(t.Context(), now)
	if got := first(); got != 10 || len(g.faults.Standing("")) != 0 {
		t.Errorf("the history has read nine: the journal begins at %d, the faults are %+v", got, g.faults.Standing(""))
	}
	g.chronicle.safe.Store(19)
	g.trimJournal(t.Context(), now)
	if got := first(); got != 20 || len(g.faults.Standing("")) != 0 {
		t.Errorf("the history has read nineteen: the journal begins at %d, the faults are %+v", got, g.faults.Standing(""))
	}
	g.trimJournal(t.Context(), now.AddDate(0, 0, 15)) // it has read no more for two weeks
	f := g.faults.Standing("")
	if got := first(); got != 25 || len(f) != 1 || f[0].Code != ucare.FaultHistoryGap || !strings.HasPrefix(f[0].Detail, "5 messages") {
		t.Errorf("the journal begins at %d, the faults are %+v", got, f)
	}
}

func TestTheKeyOfThePseudonymsIsMadeOnceAndOnlyForItsOwner(t *testing.T) {
	dir := t.TempDir()
	first, err := pseudonymKey(dir)
	if err != nil || len(first) != 32 {
		t.Fatalf("the key has %d bytes, %v", len(first), err)
	}
	path := filepath.Join(dir, pseudonymKeyFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its file is %v, %v; want mode 0600", info.Mode(), err)
	}
	again, err := pseudonymKey(dir)
	if err != nil || string(again) != string(first) {
		t.Errorf("the second time it is another one, or %v", err)
	}
	other, err := pseudonymKey(t.TempDir())
	if err != nil || string(other) == string(first) {
		t.Errorf("another gateway has the same key, or %v", err)
	}
	if err := os.WriteFile(path, first[:31], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pseudonymKey(dir); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a key that is cut short: %v", err)
	}
	if _, err := pseudonymKey(filepath.Join(dir, "missing")); err == nil {
		t.Error("a key in a folder that is not there")
	}
}
