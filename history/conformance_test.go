package history_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/influx"
	"github.com/ucare-project/ucare/rules"
)

// shared is one real InfluxDB; each test has a database of its own there.
var shared struct {
	influxd.Shared
	places atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// place is a fresh database on the real InfluxDB.
func place(t testing.TB) *influx.Config {
	t.Helper()
	url, name := shared.URL(t), fmt.Sprintf("ucare%d", shared.places.Add(1))
	return &influx.Config{URL: url, Bucket: name + "/readings", Hours: name + "/hours", Key: []byte("0123456789abcdef0123456789abcdef")}
}

// A store is a Memory under test. What was appended is in it once it is settled.
type store struct {
	*history.Memory
	settle func(t *testing.T)
}

func open(t *testing.T, o history.Options) *history.Memory {
	t.Helper()
	o.Fault = func(f ucare.Fault, holds bool) {
		if holds {
			t.Errorf("fault %s of %s: %s", f.Code, f.Subject, f.Detail)
		}
	}
	m := history.New(o)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// embeddedOnly is the history in its file.
func embeddedOnly(t *testing.T) store {
	m := open(t, history.Options{Path: filepath.Join(t.TempDir(), "history.db"), Location: seoul})
	return store{m, func(t *testing.T) {
		if err := m.SumUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}}
}

// throughFlux is the history with an InfluxDB. Once it is settled the file has let all
// readings go, so whoever reads them gets what the server says.
func throughFlux(t *testing.T) store {
	m := open(t, history.Options{Path: filepath.Join(t.TempDir(), "history.db"), Location: seoul, Influx: place(t)})
	return store{m, func(t *testing.T) {
		send(t, m)
		if _, err := m.Trim(t.Context(), time.Now().AddDate(0, 0, 30)); err != nil {
			t.Fatal(err)
		}
		dwellings, err := m.Dwellings(t.Context())
		for _, d := range dwellings {
			var left history.Amounts
			if left, err = m.Count(t.Context(), d); err == nil && (left.Readings > 0 || left.Server == 0) {
				t.Fatalf("%+v of %q after all was sent and trimmed", left, d)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}}
}

func send(t *testing.T, m *history.Memory) {
	t.Helper()
	if err := m.Copy(t.Context(), func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	if s, err := m.Standing(t.Context()); err != nil || s.Waiting > 0 || len(s.Aside) > 0 {
		t.Fatalf("after all was sent: %+v, %v", s, err)
	}
}

func (s store) append(t *testing.T, readings ...ucare.Reading) {
	t.Helper()
	if err := s.Append(t.Context(), readings, 0); err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, readings iter.Seq2[ucare.Reading, error]) []ucare.Reading {
	t.Helper()
	var got []ucare.Reading
	for r, err := range readings {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got
}

// alike: two lists of readings say the same.
func alike(t *testing.T, got, want []ucare.Reading) {
	t.Helper()
	if text(got) != text(want) {
		t.Errorf("got  %s\nwant %s", text(got), text(want))
	}
}

var (
	seoul    = must(time.LoadLocation("Asia/Seoul"))
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)
	everTo   = noon.AddDate(1, 0, 0)
	everFrom = noon.AddDate(-20, 0, 0)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func moved(d time.Duration, dwelling, sensor string) ucare.Reading {
	return ucare.Reading{At: noon.Add(d), Dwelling: dwelling, Sensor: sensor, Room: "kitchen", Kind: ucare.Motion, State: ucare.Active}
}

// A behaviour holds for every store. What it returns must be the same from all of them.
type behaviour func(t *testing.T, s store) any

var behaviours = map[string]behaviour{
	"readings of every form come back as they were": func(t *testing.T, s store) any {
		want := forms()
		s.append(t, want...)
		s.settle(t)
		got := all(t, s.Between(t.Context(), "mrs-a", everFrom, everTo))
		alike(t, got, want)
		return got
	},
	"readings are ordered by time, sensor and kind": func(t *testing.T, s store) any {
		want := []ucare.Reading{moved(0, "a", "b"), moved(1, "a", "A"), moved(1, "a", "가"), moved(2, "a", "s")}
		door := moved(1, "a", "A")
		door.Kind = ucare.Door
		want = slices.Insert(want, 1, door)
		s.append(t, want[4], want[2], want[0])
		s.append(t, want[3], want[1])
		s.settle(t)
		got := all(t, s.Between(t.Context(), "a", everFrom, everTo))
		alike(t, got, want)
		return got
	},
	"a range is half open, to the nanosecond": func(t *testing.T, s store) any {
		for i := range 10 {
			s.append(t, moved(time.Duration(i), "a", "s"))
		}
		s.settle(t)
		got := all(t, s.Between(t.Context(), "a", noon.Add(2), noon.Add(5)))
		alike(t, got, []ucare.Reading{moved(2, "a", "s"), moved(3, "a", "s"), moved(4, "a", "s")})
		if got := all(t, s.Between(t.Context(), "a", noon, noon)); len(got) > 0 {
			t.Errorf("a range of nothing has %s", text(got))
		}
		return got
	},
	"a reading that comes again changes nothing": func(t *testing.T, s store) any {
		for range 3 {
			s.append(t, forms()...)
			s.settle(t)
		}
		got := all(t, s.Between(t.Context(), "mrs-a", everFrom, everTo))
		alike(t, got, forms())
		return got
	},
	"readings of one instant are kept beside each other, late ones too": func(t *testing.T, s store) any {
		var want []ucare.Reading
		for i := range 12 {
			r := moved(0, "a", "thermometer")
			r.Kind, r.State, r.Unit, r.Value = ucare.Temperature, ucare.Unknown, "°C", 20-float64(i)
			want = append(want, r)
		}
		s.append(t, want[:5]...)
		s.settle(t)
		s.append(t, want[3:9]...)
		s.append(t, want[8:]...)
		s.settle(t)
		got := all(t, s.Between(t.Context(), "a", everFrom, everTo))
		alike(t, got, want)
		return got
	},
	"names may be anything, and dwellings are apart": func(t *testing.T, s store) any {
		names := []string{
			`a "quoted" name`, `back\slash`, "comma, space = equals", "two\nlines\r\ttab", "😀 emoji", "김 할머니댁", `") |> drop() //`, "${x}", "d-0123456789abcdef", "'",
		}
		var got [][]ucare.Reading
		for i, name := range names {
			for _, sensor := range names[:i+1] {
				r := moved(time.Duration(i), name, sensor)
				r.Room = sensor
				s.append(t, r)
			}
		}
		s.settle(t)
		for i, name := range names {
			one := all(t, s.Between(t.Context(), name, everFrom, everTo))
			if got = append(got, one); len(one) != i+1 {
				t.Errorf("%q has %d readings, want %d: %s", name, len(one), i+1, text(one))
			}
			for _, r := range one {
				if r.Dwelling != name || r.Sensor != r.Room || !slices.Contains(names[:i+1], r.Sensor) {
					t.Errorf("%q has the reading %s", name, text([]ucare.Reading{r}))
				}
			}
		}
		return got
	},
	"who has read enough disturbs nobody": func(t *testing.T, s store) any {
		s.append(t, forms()...)
		s.settle(t)
		for range 20 {
			for range s.Between(t.Context(), "mrs-a", everFrom, everTo) {
				break
			}
		}
		return len(all(t, s.Between(t.Context(), "mrs-a", everFrom, everTo)))
	},
	"of an unknown dwelling there is nothing": func(t *testing.T, s store) any {
		s.append(t, moved(0, "a", "s"))
		s.settle(t)
		hours, err := s.Hours(t.Context(), "b", everFrom, everTo)
		days, err2 := s.Days(t.Context(), "b", "2026-01-01", "2026-12-31")
		if err := errors.Join(err, err2); err != nil || len(hours)+len(days) > 0 {
			t.Errorf("%d hours, %d days, %v", len(hours), len(days), err)
		}
		return all(t, s.Between(t.Context(), "b", everFrom, everTo))
	},
	"hours and days are the same, and late readings are in them": func(t *testing.T, s store) any {
		s.append(t, week("a")[:300]...)
		s.append(t, week("b")...)
		s.settle(t)
		s.append(t, week("a")...)
		s.settle(t)
		return map[string]any{"a": summed(t, s, "a"), "b": summed(t, s, "b")}
	},
	"counting says how much there is": func(t *testing.T, s store) any {
		s.append(t, week("a")...)
		s.append(t, moved(0, "b", "s"))
		s.settle(t)
		return [2]int64{held(t, s, "a"), held(t, s, "b")}
	},
	"erasing leaves nothing of a dwelling, and the others alone": func(t *testing.T, s store) any {
		s.append(t, week("a")...)
		s.append(t, week("b")...)
		s.settle(t)
		s.append(t, week("a")[:50]...) // these wait
		there, err := s.Erase(t.Context(), "a")
		if n := int64(len(week("a"))); err != nil || max(there.Readings, there.Server) != n || there.Hours == 0 || there.Days == 0 {
			t.Errorf("erased %+v, %v; want %d readings, and hours and days", there, err, n)
		}
		left, err := s.Count(t.Context(), "a")
		if err != nil || left != (history.Amounts{}) {
			t.Errorf("left are %+v, %v", left, err)
		}
		if got := all(t, s.Between(t.Context(), "a", everFrom, everTo)); len(got) > 0 {
			t.Errorf("still there: %d readings", len(got))
		}
		if gone := summed(t, s, "a"); gone != "null null" {
			t.Errorf("still there: %.300s", gone)
		}
		if again, err := s.Erase(t.Context(), "a"); err != nil || again != (history.Amounts{}) {
			t.Errorf("erased again: %+v, %v", again, err)
		}
		return map[string]any{"b": all(t, s.Between(t.Context(), "b", everFrom, everTo)), "hours of b": summed(t, s, "b")}
	},
}

// The two stores behave alike, and say the same.
func TestBothStoresBehaveAlike(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(behaviours)) {
		t.Run(name, func(t *testing.T) {
			said := map[string]string{}
			for which, make := range map[string]func(*testing.T) store{"embedded": embeddedOnly, "InfluxDB": throughFlux} {
				t.Run(which, func(t *testing.T) {
					said[which] = encoded(t, behaviours[name](t, make(t)))
				})
			}
			if b, ran := said["InfluxDB"]; ran && said["embedded"] != b {
				t.Errorf("the stores do not say the same:\n%.2000s\n%.2000s", said["embedded"], b)
			}
		})
	}
}

// forms is a reading of each form, ordered.
func forms() []ucare.Reading {
	base := ucare.Reading{Dwelling: "mrs-a", Sensor: "s", Room: "living room"}
	var all []ucare.Reading
	add := func(change func(*ucare.Reading)) {
		r := base
		r.At = noon.Add(time.Duration(len(all)) * 1001 * time.Millisecond)
		change(&r)
		all = append(all, r)
	}
	for _, kind := range []ucare.Kind{ucare.Motion, ucare.Door, ucare.HelpButton, ucare.Mains, ucare.Away} {
		for _, state := range []ucare.State{ucare.Unknown, ucare.Inactive, ucare.Active} {
			add(func(r *ucare.Reading) { r.Kind, r.State = kind, state })
		}
	}
	for _, v := range []float64{0, -2.5, 21.125, 1e300, 5e-324, math.MaxFloat64, 1 << 60} {
		add(func(r *ucare.Reading) { r.Kind, r.Value, r.Unit = ucare.Temperature, v, "°C" })
	}
	add(func(r *ucare.Reading) { r.Kind, r.Value, r.Unit = ucare.Temperature, 70, "°F, or \"so\"" })
	add(func(r *ucare.Reading) { r.Kind, r.Value, r.Unit = ucare.Gas, 12, "% LEL" })
	add(func(r *ucare.Reading) {
		r.Kind, r.Unit, r.RateHz, r.Samples = ucare.Acceleration, "g", 31.25, [][3]float64{{0, 0, 1}, {0.25, -0.5, 1e-9}}
	})
	add(func(r *ucare.Reading) {
		r.Kind, r.Unit, r.RateHz, r.Samples = ucare.Acceleration, "g", 50, [][3]float64{}
	})
	add(func(r *ucare.Reading) { r.Kind, r.State, r.UnknownAge = ucare.Smoke, ucare.Active, true })
	add(func(r *ucare.Reading) { r.Kind, r.State, r.Drill = ucare.HelpButton, ucare.Active, true })
	add(func(r *ucare.Reading) { r.Kind, r.UnknownAge, r.Drill = ucare.WaterLeak, true, true })
	add(func(r *ucare.Reading) { r.Room, r.Kind, r.State = "", ucare.Bed, ucare.Active })
	return all
}

// week is a week of a home.
func week(dwelling string) (readings []ucare.Reading) {
	at := noon.AddDate(0, 0, -7)
	for i := range 600 {
		at = at.Add(time.Duration(2*(i*i%997)) * time.Second)
		r := ucare.Reading{At: at, Dwelling: dwelling, Sensor: fmt.Sprint("m", i%4), Room: []string{"kitchen", "bedroom", "bathroom", "hall"}[i%4], Kind: ucare.Motion, State: ucare.StateOf(i%2 == 0)}
		switch i % 9 {
		case 3:
			r.Sensor, r.Kind, r.State, r.Unit, r.Value = "t", ucare.Temperature, ucare.Unknown, "°C", 20+float64(i%7)/8
		case 5:
			r.Sensor, r.Kind, r.Room, r.State = "bed", ucare.Bed, "bedroom", ucare.StateOf(i%18 < 9)
		case 7:
			r.Sensor, r.Kind, r.Room = "front door", ucare.Door, "entrance"
		}
		readings = append(readings, r)
	}
	return readings
}

// summed is the hours and days of a dwelling, as JSON: not those of today, which go on.
func summed(t *testing.T, s store, dwelling string) string {
	t.Helper()
	hours, err := s.Hours(t.Context(), dwelling, everFrom, noon.Add(12*time.Hour))
	days, err2 := s.Days(t.Context(), dwelling, "2026-01-01", "2026-11-23")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	return encoded(t, hours) + " " + encoded(t, days)
}

// held is how many readings there are, wherever they are.
func held(t *testing.T, s store, dwelling string) int64 {
	t.Helper()
	a, err := s.Count(t.Context(), dwelling)
	if err != nil {
		t.Fatal(err)
	}
	return max(a.Readings, a.Server)
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// text is everything that readings say, exactly.
func text(readings []ucare.Reading) string { return fmt.Sprintf("%+v", readings) }

// recordings are days of people who live alone. They are not part of this repository.
const recordings = "../../shared/recordings/activity"

// What the nightly learning makes of a recorded home does not depend on where its readings are.
func TestTheProfileIsTheSameFromEveryStore(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recordings, "*.jsonl.gz"))
	if len(files) == 0 {
		t.Skipf("SKIPPED: there are no recordings of homes in %s", recordings)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			readings := recorded(t, file)
			now := readings[len(readings)-1].At
			plain := profile(t, now, func(yield func(ucare.Reading, error) bool) {
				for _, r := range readings {
					if !yield(r, nil) {
						return
					}
				}
			})
			for which, make := range map[string]func(*testing.T) store{"embedded": embeddedOnly, "InfluxDB": throughFlux} {
				t.Run(which, func(t *testing.T) {
					s := make(t)
					s.append(t, readings...)
					s.settle(t)
					if got := profile(t, now, s.Between(t.Context(), readings[0].Dwelling, now.AddDate(0, 0, -rules.LearnFrom), now)); got != plain {
						t.Errorf("learned %.1000s\nfrom the plain file it is %.1000s", got, plain)
					}
				})
			}
			if len(plain) < 200 {
				t.Errorf("the profile is %s: nothing was learned", plain)
			}
		})
	}
}

func profile(t *testing.T, now time.Time, readings iter.Seq2[ucare.Reading, error]) string {
	t.Helper()
	policy := rules.Default()
	learned, err := policy.LearnProfile(readings, now)
	if err != nil {
		t.Fatal(err)
	}
	return encoded(t, learned)
}

func recorded(t *testing.T, file string) (readings []ucare.Reading) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(z); lines.Scan(); {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		readings = append(readings, r)
	}
	if len(readings) == 0 {
		t.Fatalf("%s has no readings", file)
	}
	// What a home said at one instant has no order of its own; this is that of the history.
	slices.SortStableFunc(readings, func(a, b ucare.Reading) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Kind, b.Kind))
	})
	return readings
}
