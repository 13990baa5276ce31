package embedded

import (
	"crypto/sha256"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// What is released is in files of other people, and never changes.
func TestReleasedMigrationsAreAsTheyWere(t *testing.T) {
	for i, want := range []string{
		"683f9ccc", "e62583c0",
	} {
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(migrations[i])))[:8]; got != want {
			t.Errorf("migration %d was changed (%s, it was %s): put it back, and add one", i+1, got, want)
		}
	}
}

// earlier makes a file of version 1 with rows as that version wrote them: dwelling, at,
// sensor, kind, room, state, value, unit, rate_hz, samples, unknown_age, drill.
func earlier(t *testing.T, rows ...[]any) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "history.db")
	file, _, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: migrations[:1]})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = file.Write(t.Context(), func(tx *sqlite.Tx) error {
		for _, row := range rows {
			if _, err := tx.Exec(`INSERT INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, row...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileOfTheFirstVersionKeepsEveryReading(t *testing.T) {
	at := noon.UnixNano()
	path := earlier(t,
		[]any{"a", at, "pir", "motion", "hall", 2, nil, "", 0.0, nil, 0, 0},
		[]any{"a", at + 1, "pir", "motion", "hall", 1, nil, "", 0.0, nil, 0, 0},
		[]any{"a", at + 1, "t", "temperature", "kitchen", 0, 21.25, "°C", 0.0, nil, 0, 0},
		[]any{"a", at + 2, "t", "temperature", "kitchen", 0, 0.0, "°C", 0.0, nil, 0, 0},
		[]any{"a", at + 3, "t", "temperature", "kitchen", 0, nil, "°C", 0.0, nil, 0, 0}, // was not a number
		[]any{"a", at + 4, "t", "temperature", "kitchen", 0, math.Inf(1), "°C", 0.0, nil, 0, 0},
		[]any{"a", at + 5, "w", "acceleration", "", 0, nil, "g", 50.0, "[[0,0,1],[0.25,-0.5,1]]", 0, 0},
		[]any{"a", at + 6, "h", "help", "bedroom", 2, nil, "", 0.0, nil, 1, 1},
		[]any{"b", -1, "pir", "motion", "hall", 2, nil, "", 0.0, nil, 0, 0}, // of a clock that was not set
		[]any{"b", at, "pir", "motion", "hall", 2, nil, "", 0.0, nil, 0, 0},
	)
	instant := func(n int64) time.Time { return time.Unix(0, n).UTC() }
	a := []ucare.Reading{
		{At: noon, Dwelling: "a", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
		{At: instant(at + 1), Dwelling: "a", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Inactive},
		{At: instant(at + 1), Dwelling: "a", Sensor: "t", Room: "kitchen", Kind: ucare.Temperature, Value: 21.25, Unit: "°C"},
		{At: instant(at + 2), Dwelling: "a", Sensor: "t", Room: "kitchen", Kind: ucare.Temperature, Unit: "°C"},
		{At: instant(at + 3), Dwelling: "a", Sensor: "t", Room: "kitchen", Kind: ucare.Temperature},
		{At: instant(at + 4), Dwelling: "a", Sensor: "t", Room: "kitchen", Kind: ucare.Temperature},
		{At: instant(at + 5), Dwelling: "a", Sensor: "w", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: [][3]float64{{0, 0, 1}, {0.25, -0.5, 1}}},
		{At: instant(at + 6), Dwelling: "a", Sensor: "h", Room: "bedroom", Kind: ucare.HelpButton, State: ucare.Active, UnknownAge: true, Drill: true},
	}
	b := []ucare.Reading{
		{At: instant(-1), Dwelling: "b", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
		{At: noon, Dwelling: "b", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
	}
	s := open(t, path)
	for _, time := range []string{"moved", "appended again"} {
		if got := all(t, s, "a", earliest, latest); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", a) {
			t.Errorf("%s: a has\n%+v\nwant\n%+v", time, got, a)
		}
		if got := all(t, s, "b", earliest, latest); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", b) {
			t.Errorf("%s: b has\n%+v\nwant\n%+v", time, got, b)
		}
		appendTo(t, s, append(a, b...)...)
	}
	if got := dirty(t, s, "a"); len(got) != 1 || !got[0].Equal(noon.Truncate(time.Hour)) {
		t.Errorf("of a these hours have to be summed up: %v", got)
	}
	if got := dirty(t, s, "b"); len(got) != 2 || got[0].Unix() != -3600 {
		t.Errorf("of b these hours have to be summed up: %v", got)
	}
	if since, err := s.Complete(t.Context()); err != nil || since.UnixNano() != -1 {
		t.Errorf("complete since %v, %v", since, err)
	}
	s.Close()
	s = openQueue(t, path)
	if waiting := waiting(t, s); len(waiting) != len(a)+len(b) {
		t.Errorf("%d readings wait for an InfluxDB that came later, want %d", len(waiting), len(a)+len(b))
	}
}

func TestAFileOfTheFirstVersionWithNothingInIt(t *testing.T) {
	s := openQueue(t, earlier(t))
	if got := waiting(t, s); len(got) != 0 {
		t.Errorf("%v", got)
	}
	appendTo(t, s, oneOfEach()...)
	if got := waiting(t, s); len(got) != len(oneOfEach()) {
		t.Errorf("%d wait", len(got))
	}
}

func TestAFileOfTheFirstVersionCanGiveRoomBack(t *testing.T) {
	s := open(t, earlier(t, []any{"a", 1, "pir", "motion", "hall", 2, nil, "", 0.0, nil, 0, 0}))
	if mode := pragma(t, s, "auto_vacuum"); mode != 2 {
		t.Errorf("auto_vacuum is %d, want 2", mode)
	}
}
