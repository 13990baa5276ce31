package embedded

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// many appends a reading each second, of an hour that is summed up.
func many(t testing.TB, s *Store, dwelling string, n int) {
	t.Helper()
	var in []ucare.Reading
	for i := range n {
		in = append(in, ucare.Reading{At: noon.Add(time.Duration(i) * time.Second), Dwelling: dwelling, Sensor: "s", Kind: ucare.Motion})
	}
	appendTo(t, s, in...)
	sumUp(t, s, dwelling)
}

func TestTrimLeavesWhatIsNotSummedUpOrSent(t *testing.T) {
	s := openQueue(t, filepath.Join(t.TempDir(), "history.db"))
	many(t, s, "a", 3*3600)
	all := waiting(t, s)
	if err := s.Sent(t.Context(), all[100:]); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAside(t.Context(), all[0], "refused"); err != nil {
		t.Fatal(err)
	}
	late := all[200].Reading
	late.Sensor = "late" // its hour is dirty again
	late.At = noon.Add(time.Hour)
	appendTo(t, s, late)
	if err := s.Sent(t.Context(), waiting(t, s)[99:]); err != nil {
		t.Fatal(err)
	}
	end := noon.Add(2 * time.Hour).Truncate(time.Hour) // of which two hours begin before
	trimmed, err := s.Trim(t.Context(), Keep{Readings: end.Add(time.Minute)})
	inFirst := int(end.Add(-time.Hour).Sub(noon)/time.Second) + 1
	if want := int64(inFirst - 100); err != nil || trimmed != (Trimmed{Readings: want}) {
		t.Errorf("trimmed %+v, %v; want %d readings", trimmed, err, want)
	}
	if since, err := s.Complete(t.Context()); err != nil || since.Before(end) {
		t.Errorf("complete since %v, %v", since, err)
	}
	appendTo(t, s, ucare.Reading{At: noon, Dwelling: "a", Sensor: "later still", Kind: ucare.Motion})
	for _, d := range dirtyOnes(t, s) {
		if want := d.From.Equal(noon.Truncate(time.Hour)); d.Trimmed != want {
			t.Errorf("of %v readings were removed: %t, want %t", d.From, d.Trimmed, want)
		}
	}
	trimmed, err = s.Trim(t.Context(), Keep{Readings: end, Unsent: end, Hours: noon.AddDate(1, 0, 0)})
	if err != nil || trimmed.Unsent != 101 || trimmed.Hours == 0 {
		t.Errorf("trimmed %+v, %v; want 101 that no InfluxDB has, and the hours", trimmed, err)
	}
}

func TestADwellingOfWhichNothingIsLeftIsForgotten(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	many(t, s, "a", 10)
	many(t, s, "b", 7200)
	after := noon.AddDate(0, 1, 0)
	if _, err := s.Trim(t.Context(), Keep{Readings: noon.Add(time.Hour), Hours: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if names, err := s.Dwellings(t.Context()); err != nil || len(names) != 1 || names[0] != "b" {
		t.Errorf("dwellings %v, %v", names, err)
	}
	appendTo(t, s, ucare.Reading{At: after, Dwelling: "a", Sensor: "s", Kind: ucare.Motion})
	if got := all(t, s, "a", earliest, latest); len(got) != 1 || got[0].Dwelling != "a" {
		t.Errorf("after it came back: %v", got)
	}
}

// An append waits for one transaction at most, and each of these is small: it is one of
// very many.
func TestWhatTakesLongIsDoneInSmallTransactions(t *testing.T) {
	s := openQueue(t, filepath.Join(t.TempDir(), "history.db"))
	const n = 25_000
	many(t, s, "a", n)
	steps := func(what string, rows, atOnce int64, do func() error) {
		t.Helper()
		before := s.file.Commits()
		if err := do(); err != nil {
			t.Fatal(what, err)
		}
		if commits := s.file.Commits() - before; commits < rows/atOnce {
			t.Errorf("%s changed %d in %d transactions: more than %d in one of them", what, rows, commits, atOnce)
		}
	}
	all := waiting(t, s)
	steps("Sent", n, writeAtOnce, func() error { return s.Sent(t.Context(), all) })
	var trimmed Trimmed
	steps("Trim", n, 2*writeAtOnce, func() (err error) {
		trimmed, err = s.Trim(t.Context(), Keep{Readings: noon.AddDate(1, 0, 0)})
		return err
	})
	if trimmed.Readings != n {
		t.Errorf("trimmed %+v", trimmed)
	}
	free, pages := pragma(t, s, "freelist_count"), pragma(t, s, "page_count")
	if free < 2*vacuumAtOnce {
		t.Fatalf("only %d of %d pages are free", free, pages)
	}
	steps("Vacuum", free-pages/10, vacuumAtOnce, func() error { return s.Vacuum(t.Context()) })
	if now := pragma(t, s, "page_count"); now > pages-free+pages/10+vacuumAtOnce {
		t.Errorf("of %d pages, %d of them free, Vacuum left %d", pages, free, now)
	}
}

// Between two steps of a trimming there is a turn for whoever appends.
func TestAppendsGoOnBetweenTheStepsOfATrimming(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	many(t, s, "a", 20_000)
	done := make(chan error, 1)
	go func() {
		_, err := s.Trim(t.Context(), Keep{Readings: noon.AddDate(1, 0, 0)})
		done <- err
	}()
	for i := 0; ; i++ {
		appendTo(t, s, ucare.Reading{At: noon.AddDate(2, 0, 0).Add(time.Duration(i)), Dwelling: "a", Sensor: "s", Kind: ucare.Motion})
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			if got := counted(t, s, "a").Readings; got != int64(i+1) {
				t.Errorf("%d readings are left, want the %d that came meanwhile", got, i+1)
			}
			return
		default:
		}
	}
}

func TestSomebodyReadsBesideTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s := open(t, path)
	appendTo(t, s, oneOfEach()...)
	r, err := OpenToRead(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := range 3 {
		if got := all(t, r, "mrs-a", earliest, latest); len(got) != len(oneOfEach())+n {
			t.Errorf("beside the writer there are %d readings, want %d", len(got), len(oneOfEach())+n)
		}
		appendTo(t, s, ucare.Reading{At: noon.Add(time.Minute), Dwelling: "mrs-a", Sensor: string(rune('A' + n)), Kind: ucare.Motion})
	}
	if err := r.Append(t.Context(), oneOfEach(), 0); !errors.Is(err, sqlite.ErrReadOnly) {
		t.Error("who reads only could write")
	}
}
