package embedded

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

func open(t testing.TB, path string) *Store {
	t.Helper()
	return openWith(t, path, Options{})
}

// openQueue opens a history that an InfluxDB follows.
func openQueue(t testing.TB, path string) *Store {
	t.Helper()
	return openWith(t, path, Options{Queue: true})
}

func openWith(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, aside, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	if aside != "" {
		t.Fatalf("a good file was moved aside to %s", aside)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func appendTo(t testing.TB, s *Store, readings ...ucare.Reading) {
	t.Helper()
	if err := s.Append(t.Context(), readings, 0); err != nil {
		t.Fatal(err)
	}
}

// dirty returns the hours that have to be summed up.
func dirty(t testing.TB, s *Store, dwelling string) (hours []time.Time) {
	t.Helper()
	all, err := s.DirtyHours(t.Context(), dwelling, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		hours = append(hours, d.From)
	}
	return hours
}

func waiting(t testing.TB, s *Store) []Queued {
	t.Helper()
	all, err := s.Waiting(t.Context(), 1e6)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sumUp stores an hour for each that is dirty.
func sumUp(t testing.TB, s *Store, dwelling string) {
	t.Helper()
	all, err := s.DirtyHours(t.Context(), dwelling, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if err := s.PutHour(t.Context(), activity.Hour{Dwelling: dwelling, From: d.From}, d.Mark, false); err != nil {
			t.Fatal(err)
		}
	}
}

func pragma(t testing.TB, s *Store, name string) (n int64) {
	t.Helper()
	if err := s.file.Read(t.Context(), func(tx *sqlite.Tx) error { return tx.QueryRow("PRAGMA " + name).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func counted(t testing.TB, s *Store, dwelling string) Counts {
	t.Helper()
	c, err := s.Count(t.Context(), dwelling)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
