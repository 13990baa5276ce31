package history

import (
	"errors"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// sequence yields readings as a store would.
func sequence(readings []ucare.Reading) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for _, r := range readings {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestSilencesByHourOfDay(t *testing.T) {
	seoul := time.FixedZone("KST", 9*3600)
	var in []ucare.Reading
	move := func(at time.Time) {
		in = append(in, ucare.Reading{At: at.UTC(), Dwelling: "a", Sensor: "s", Kind: ucare.Motion, State: ucare.Active})
	}
	// Twenty days: to bed at 22:30 for 8 h, on the seventh for 20 h; by day two
	// silences beginning after 13:00, of which the longer counts.
	for day := range 20 {
		midnight := time.Date(2026, 11, 1+day, 0, 0, 0, 0, seoul)
		wake := 6*time.Hour + 30*time.Minute
		if day == 7 {
			wake = 18*time.Hour + 30*time.Minute
		}
		if day != 7 {
			for _, at := range []string{"6h30m", "12h", "13h", "13h20m", "14h10m", "18h30m"} {
				d, err := time.ParseDuration(at)
				if err != nil {
					t.Fatal(err)
				}
				move(midnight.Add(d))
			}
		} else {
			move(midnight.Add(wake))
		}
		move(midnight.Add(22*time.Hour + 30*time.Minute))
	}
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	if err := s.Append(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	got, err := s.Silences(t.Context(), "a", in[0].At, in[len(in)-1].At.Add(1), seoul)
	if err != nil {
		t.Fatal(err)
	}
	if got.Days != 20 {
		t.Errorf("Days = %d, want 20", got.Days)
	}
	for hour, want := range map[int]time.Duration{
		22: 8 * time.Hour, // the one night of 20 h is not usual
		13: 50 * time.Minute,
		6:  5*time.Hour + 30*time.Minute,
		3:  0, // no silence has begun in that hour
	} {
		if got.Longest[hour] != want {
			t.Errorf("the usual longest silence that begins at %d h is %v, want %v", hour, got.Longest[hour], want)
		}
	}
}

func TestNearestRank(t *testing.T) {
	var ten []time.Duration
	for i := range 10 {
		ten = append(ten, time.Duration(10-i))
	}
	if got := nearestRank(ten, 0.9); got != 9 {
		t.Errorf("of 1…10 nine in ten do not exceed %d, want 9", got)
	}
	if got := nearestRank([]time.Duration{7}, 0.9); got != 7 {
		t.Errorf("of one length it is %d, want that length", got)
	}
	if got := nearestRank(nil, 0.9); got != 0 {
		t.Errorf("of none it is %d, want 0", got)
	}
}

func TestSilencesOfAnUnreadableHistoryAreAnError(t *testing.T) {
	broken := errors.New("broken")
	_, err := silences(func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, broken) }, time.UTC)
	if !errors.Is(err, broken) {
		t.Errorf("error = %v, want %v", err, broken)
	}
	got, err := silences(sequence(nil), time.UTC)
	if err != nil || got != (Silences{}) {
		t.Errorf("an empty history gives %v, %v", got, err)
	}
}
