package embedded

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

func all(t testing.TB, s *Store, dwelling string, from, to time.Time) []ucare.Reading {
	t.Helper()
	var got []ucare.Reading
	for r, err := range s.Between(t.Context(), dwelling, from, to) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got
}

// oneOfEach is a reading of each form, ordered by time.
func oneOfEach() []ucare.Reading {
	return []ucare.Reading{
		{At: noon, Dwelling: "mrs-a", Sensor: "s1", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active},
		{At: noon.Add(1), Dwelling: "mrs-a", Sensor: "s1", Room: "kitchen", Kind: ucare.Temperature, Value: -2.5, Unit: "°C"},
		{At: noon.Add(1), Dwelling: "mrs-a", Sensor: "s2", Kind: ucare.Door, State: ucare.Inactive, UnknownAge: true},
		{
			At: noon.Add(2), Dwelling: "mrs-a", Sensor: "w", Kind: ucare.Acceleration, Unit: "g", RateHz: 50,
			Samples: [][3]float64{{0, 0, 1}, {0.25, -0.5, 1}},
		},
		{At: noon.Add(3), Dwelling: "mrs-a", Sensor: "h", Room: "bedroom", Kind: ucare.HelpButton, State: ucare.Active, Drill: true},
		{At: noon.Add(4), Dwelling: "mrs-a", Sensor: "h", Kind: ucare.Battery},
	}
}

func TestReadingsComeBackAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	want := oneOfEach()
	s := open(t, path)
	if err := s.Append(t.Context(), want, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := all(t, open(t, path), "mrs-a", noon, noon.Add(time.Hour))
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSendingAgainIsHarmless(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	for range 3 {
		if err := s.Append(t.Context(), oneOfEach(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if got := all(t, s, "mrs-a", noon, noon.Add(time.Hour)); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", oneOfEach()) {
		t.Errorf("after sending the readings three times there are %+v\nwant %+v", got, oneOfEach())
	}
}

func TestBetweenIsOneDwellingAndHalfOpen(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	var in []ucare.Reading
	for i := range 10 {
		in = append(in, ucare.Reading{At: noon.Add(time.Duration(i) * time.Minute), Dwelling: "a", Sensor: "s", Kind: ucare.Motion})
	}
	other := in[3]
	other.Dwelling = "b"
	slices.Reverse(in)
	if err := s.Append(t.Context(), append(in, other), 0); err != nil {
		t.Fatal(err)
	}
	got := all(t, s, "a", noon.Add(2*time.Minute), noon.Add(5*time.Minute))
	if len(got) != 3 || !got[0].At.Equal(noon.Add(2*time.Minute)) || !got[2].At.Equal(noon.Add(4*time.Minute)) {
		t.Errorf("minutes 2 ≤ at < 5 gave %v", got)
	}
	if n := len(all(t, s, "a", time.Time{}, noon.AddDate(5000, 0, 0))); n != 10 {
		t.Errorf("a range wider than the file can say gave %d readings, want 10", n)
	}
	for range s.Between(t.Context(), "a", noon, noon.Add(time.Hour)) {
		break // a reader that has seen enough must not disturb the next one
	}
	if n := len(all(t, s, "b", noon, noon.Add(time.Hour))); n != 1 {
		t.Errorf("dwelling b has %d readings, want 1", n)
	}
}

func TestBetweenSaysWhyItEnds(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	if err := s.Append(t.Context(), oneOfEach(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.Between(ctx, "mrs-a", noon, noon.Add(time.Hour)) {
		last = err
	}
	if last == nil {
		t.Error("a read that was given up ended without an error, as if there were no more readings")
	}
}

func TestImpossibleReadingsHarmNobody(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	in := []ucare.Reading{
		{Dwelling: "a", Sensor: "no time", Kind: ucare.Motion},
		{At: noon.AddDate(3000, 0, 0), Dwelling: "a", Sensor: "far future", Kind: ucare.Motion},
		{At: latest, Dwelling: "a", Sensor: "the end of time", Kind: ucare.Motion},
		{At: earliest, Dwelling: "a", Sensor: "the beginning of time", Kind: ucare.Motion},
		{At: noon, Dwelling: "a", Sensor: "not a number", Kind: ucare.Temperature, Value: math.NaN(), Unit: "°C"},
		{At: noon.Add(1), Dwelling: "a", Sensor: "good", Kind: ucare.Motion},
	}
	if err := s.Append(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, "a", time.Time{}, noon.AddDate(5000, 0, 0)); len(got) != 3 || got[2].Sensor != "good" {
		t.Errorf("got %v, want the three readings that have a time", got)
	}
}

func TestDamagedFileIsMovedAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, []byte("this is no database, and longer than a header of one hundred bytes "+
		"so that nobody takes it for a file that has just been made and is still empty"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, aside, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(aside); err != nil {
		t.Errorf("the damaged file is not at %q: %v", aside, err)
	}
	if err := s.Append(t.Context(), oneOfEach(), 0); err != nil {
		t.Errorf("the fresh file takes nothing: %v", err)
	}
}
