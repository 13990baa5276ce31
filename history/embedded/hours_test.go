package embedded

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// filled sets every field of v, whatever it is, to something of its own: a field that
// is added and not stored makes the test below fail.
func filled(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(noon.Truncate(time.Hour).Add(time.Duration(*n))))
			return
		}
		for _, field := range v.Fields() {
			filled(field, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			filled(v.Index(i), n)
		}
	case reflect.String:
		v.SetString("name " + time.Duration(*n).String())
	case reflect.Bool:
		v.SetBool(*n%2 == 0)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 3))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) * -1001)
	case reflect.Float64:
		v.SetFloat(float64(*n) / 3)
	default:
		panic("no value for " + v.Type().String())
	}
}

func TestHoursComeBackAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s := openQueue(t, path)
	var want []activity.Hour
	for i := range 4 {
		var h activity.Hour
		n := i
		filled(reflect.ValueOf(&h).Elem(), &n)
		h.Dwelling, h.From = "a", noon.Truncate(time.Hour).Add(time.Duration(i)*time.Hour)
		if i == 3 {
			h.Course, h.Sensors = activity.Course{}, nil
		}
		want = append(want, h)
		if err := s.PutHour(t.Context(), h, 0, false); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = openQueue(t, path)
	got, err := s.Hours(t.Context(), "a", noon.Truncate(time.Hour), noon.AddDate(0, 0, 1))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
	if got, err := s.Hours(t.Context(), "a", noon, noon.Add(time.Hour)); err != nil || len(got) != 1 || !got[0].From.After(noon) {
		t.Errorf("the hours that begin in an hour from %v on are %v, %v", noon, got, err)
	}
	if first, some, err := s.FirstHour(t.Context(), "a"); err != nil || !some || !first.Equal(want[0].From) {
		t.Errorf("the first hour is %v, %t, %v", first, some, err)
	}
}

func TestAnHourThatIsDamagedIsAnError(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	var h activity.Hour
	n := 0
	filled(reflect.ValueOf(&h).Elem(), &n)
	h.Dwelling, h.From = "a", noon.Truncate(time.Hour)
	if err := s.PutHour(t.Context(), h, 0, false); err != nil {
		t.Fatal(err)
	}
	for _, harm := range []string{`substr(sensors, 1, 20)`, `x''`, `x'07'`, `x'0102'`, `x'01FFFFFFFFFFFFFFFFFF7F'`, `x'0102FEFF7F00000000'`} {
		err := s.write(t.Context(), func(w *writing) error {
			_, err := w.Exec(`UPDATE hour SET sensors = ` + harm)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Hours(t.Context(), "a", earliest, latest); err == nil {
			t.Errorf("%s was read as %+v", harm, got)
		}
	}
}

func dirtyOnes(t *testing.T, s *Store) []Dirty {
	t.Helper()
	all, err := s.DirtyHours(t.Context(), "a", 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func at(d time.Duration) ucare.Reading {
	return ucare.Reading{At: noon.Truncate(time.Hour).Add(d), Dwelling: "a", Sensor: "s", Room: "hall", Kind: ucare.Motion, State: ucare.Active}
}

func TestAReadingThatComesDuringASummingUpKeepsItsHourDirty(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	appendTo(t, s, at(time.Minute))
	taken := dirtyOnes(t, s)
	appendTo(t, s, at(2*time.Minute)) // while the hour is being summed up
	hour := activity.Hour{Dwelling: "a", From: taken[0].From}
	if err := s.PutHour(t.Context(), hour, taken[0].Mark, false); err != nil {
		t.Fatal(err)
	}
	again := dirtyOnes(t, s)
	if len(again) != 1 {
		t.Fatalf("dirty are %v, want the hour whose sums lack a reading", again)
	}
	appendTo(t, s, at(2*time.Minute)) // nothing new
	if err := s.PutHour(t.Context(), hour, again[0].Mark, true); err != nil {
		t.Fatal(err)
	}
	if got := dirtyOnes(t, s); len(got) != 1 || !got[0].From.Equal(hour.From.Add(time.Hour)) {
		t.Errorf("dirty are %v, want the next hour, to which the carry changed", got)
	}
}

func TestAnHourOfAnotherClockIsRefused(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	for _, from := range []time.Time{noon, noon.AddDate(5000, 0, 0), {}} {
		if err := s.PutHour(t.Context(), activity.Hour{Dwelling: "a", From: from}, 0, false); err == nil {
			t.Errorf("an hour that begins at %v was stored", from)
		}
	}
}

// put stores an hour with so many readings.
func put(t *testing.T, s *Store, from time.Time, readings int) {
	t.Helper()
	h := activity.Hour{Dwelling: "a", From: from, Sensors: []activity.SensorHour{{Sensor: "s", Kind: ucare.Motion, Readings: readings}}}
	if err := s.PutHour(t.Context(), h, 0, false); err != nil {
		t.Fatal(err)
	}
}

func stale(t *testing.T, s *Store, location *time.Location) ([]string, int64) {
	t.Helper()
	dates, mark, err := s.StaleDays(t.Context(), "a", location)
	if err != nil {
		t.Fatal(err)
	}
	return dates, mark
}

func putDay(t *testing.T, s *Store, date string, readings int, mark int64) {
	t.Helper()
	if err := s.PutDays(t.Context(), []activity.Day{{Dwelling: "a", Date: date, Readings: readings}}, mark); err != nil {
		t.Fatal(err)
	}
}

func TestDaysAreStaleUntilTheyKnowTheirHours(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	midday := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	if dates, _ := stale(t, s, time.UTC); dates != nil {
		t.Errorf("of a dwelling that nobody knows these days are stale: %v", dates)
	}
	put(t, s, midday, 1)
	dates, mark := stale(t, s, time.UTC)
	if want := activity.Days(midday, time.UTC, time.Now()); !slices.Equal(dates, want) || len(want) < 2 {
		t.Fatalf("stale are %v, want the days that are made of the hour: %v", dates, want)
	}
	put(t, s, midday, 2) // while the days are being made
	for _, date := range dates {
		putDay(t, s, date, 1, mark)
	}
	if got, _ := stale(t, s, time.UTC); !slices.Equal(got, dates) {
		t.Errorf("stale are %v, want the days that lack what came meanwhile: %v", got, dates)
	}
	_, mark = stale(t, s, time.UTC)
	putDay(t, s, dates[0], 2, mark)
	if got, _ := stale(t, s, time.UTC); !slices.Equal(got, dates[1:]) {
		t.Errorf("stale are %v, want %v", got, dates[1:])
	}
	for _, date := range dates {
		putDay(t, s, date, 2, mark)
	}
	put(t, s, midday, 2)
	if got, _ := stale(t, s, time.UTC); got != nil {
		t.Errorf("an hour that is as it was makes %v stale", got)
	}
	days, err := s.Days(t.Context(), "a", dates[0], dates[1])
	if err != nil || len(days) != 2 || days[0].Date != dates[0] || days[0].Readings != 2 {
		t.Errorf("days %+v, %v", days, err)
	}
}

func TestAllDaysAreMadeAgainByAnotherClock(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	put(t, s, time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC), 1)
	dates, mark := stale(t, s, time.UTC)
	for _, date := range dates {
		putDay(t, s, date, 1, mark)
	}
	elsewhere := time.FixedZone("UTC+14", 14*3600)
	if got, _ := stale(t, s, elsewhere); len(got) == 0 {
		t.Error("no day is stale by the clock of another zone")
	}
	if days, err := s.Days(t.Context(), "a", "0000", "9999"); err != nil || len(days) != 0 {
		t.Errorf("days of the clock before are left: %v, %v", days, err)
	}
}

func TestHoursAndDaysWaitUntilTheyAreSentAsTheyAre(t *testing.T) {
	s := openQueue(t, filepath.Join(t.TempDir(), "history.db"))
	hour := noon.Truncate(time.Hour)
	put(t, s, hour, 1)
	putDay(t, s, "2026-11-22", 1, 0)
	hours, err := s.WaitingHours(t.Context(), 10)
	if err != nil || len(hours) != 1 || hours[0].Sensors[0].Readings != 1 {
		t.Fatalf("%+v, %v", hours, err)
	}
	days, err := s.WaitingDays(t.Context(), 10)
	if err != nil || len(days) != 1 || days[0].Readings != 1 {
		t.Fatalf("%+v, %v", days, err)
	}
	put(t, s, hour, 2) // while they are being sent
	putDay(t, s, "2026-11-22", 2, 0)
	for _, left := range []int{1, 0} {
		if err := s.SentHours(t.Context(), hours); err != nil {
			t.Fatal(err)
		}
		if err := s.SentDays(t.Context(), days); err != nil {
			t.Fatal(err)
		}
		if hours, err = s.WaitingHours(t.Context(), 10); err != nil || len(hours) != left {
			t.Errorf("%d hours wait, want %d (%v)", len(hours), left, err)
		}
		if days, err = s.WaitingDays(t.Context(), 10); err != nil || len(days) != left {
			t.Errorf("%d days wait, want %d (%v)", len(days), left, err)
		}
	}
	put(t, s, hour, 2)
	putDay(t, s, "2026-11-22", 2, 0)
	if hours, err = s.WaitingHours(t.Context(), 10); err != nil || len(hours) != 0 {
		t.Errorf("an hour that is as it was waits again: %v, %v", hours, err)
	}
}
