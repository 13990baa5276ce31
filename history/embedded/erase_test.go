package embedded

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

func traces(t *testing.T, path, text string) (found []string) {
	t.Helper()
	for _, c := range []string{"", "-wal", "-shm", "-journal"} {
		content, err := os.ReadFile(path + c)
		if err == nil && bytes.Contains(content, []byte(text)) {
			found = append(found, filepath.Base(path+c))
		}
	}
	return found
}

// Everything that is ever stored of a dwelling has a name in it that is looked for.
func TestNoByteOfAnErasedDwellingIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s := openQueue(t, path)
	const gone, stays = "Halmeoni-Kim", "Mr-Lee"
	for i := range 1500 {
		for _, d := range []string{gone, stays} {
			r := ucare.Reading{
				At: noon.Add(time.Duration(i) * time.Minute), Dwelling: d, Sensor: fmt.Sprint(d, "-sensor-", i%200), Room: fmt.Sprint(d, "-room-", i%7),
				Kind: ucare.Temperature, Unit: d + "-unit", Value: float64(i),
			}
			appendTo(t, s, r)
			if i%60 != 0 {
				continue
			}
			h := activity.Hour{Dwelling: d, From: r.At.Truncate(time.Hour), Sensors: []activity.SensorHour{{Sensor: r.Sensor, Room: r.Room, Kind: r.Kind}}}
			if err := s.PutHour(t.Context(), h, 0, true); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.StaleDays(t.Context(), d, time.UTC); err != nil {
				t.Fatal(err)
			}
			if err := s.PutDays(t.Context(), []activity.Day{{Dwelling: d, Date: fmt.Sprintf("2026-%02d-%02d", 1+i/720, 1+i%720/60)}}, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, q := range waiting(t, s) {
		if i%3 == 0 {
			if err := s.SetAside(t.Context(), q, "refused: "+q.Reading.Dwelling); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, others := counted(t, s, gone), counted(t, s, stays)
	if len(traces(t, path, gone)) == 0 || before.Aside == 0 || before.Days == 0 {
		t.Fatalf("there was nothing to erase: %+v", before)
	}
	erased, err := s.Erase(t.Context(), gone)
	if err != nil || erased != before {
		t.Errorf("erased %+v, %v; want %+v", erased, err, before)
	}
	for _, closed := range []bool{false, true} {
		if closed {
			s.Close()
		}
		if found := traces(t, path, gone); found != nil {
			t.Errorf("closed %t: the name stands in %v", closed, found)
		}
		if found := traces(t, path, stays); !closed && found == nil {
			t.Error("the names of the other dwelling are gone")
		}
	}
	s = openQueue(t, path)
	if got := counted(t, s, gone); got != (Counts{}) {
		t.Errorf("left are %+v", got)
	}
	if got := counted(t, s, stays); got != others {
		t.Errorf("the other dwelling has %+v, want %+v", got, others)
	}
	if names, err := s.Dwellings(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("dwellings %v, %v", names, err)
	}
	if state, err := s.QueueState(t.Context()); err != nil || state.Readings != others.Waiting {
		t.Errorf("%+v waits, %v; want %d", state, err, others.Waiting)
	}
	if again, err := s.Erase(t.Context(), gone); err != nil || again != (Counts{}) {
		t.Errorf("erased again: %+v, %v", again, err)
	}
	appendTo(t, s, ucare.Reading{At: noon, Dwelling: gone, Sensor: "new", Kind: ucare.Motion}) // of numbers that are not known any more
	if got := all(t, s, gone, earliest, latest); len(got) != 1 || got[0].Sensor != "new" {
		t.Errorf("after it moved in again it has %v", got)
	}
}
