package activity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func sequence(readings []ucare.Reading) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for _, r := range readings {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// hoursOf sums up all hours of a dwelling in which something was heard, one after another.
func hoursOf(t testing.TB, dwelling string, readings []ucare.Reading) []Hour {
	t.Helper()
	byHour := make(map[time.Time][]ucare.Reading)
	var froms []time.Time
	for _, r := range readings {
		from := r.At.UTC().Truncate(Length)
		if byHour[from] == nil {
			froms = append(froms, from)
		}
		byHour[from] = append(byHour[from], r)
	}
	slices.SortFunc(froms, time.Time.Compare)
	var hours []Hour
	var before Hour
	for _, from := range froms {
		h, err := HourOf(dwelling, from, before, sequence(byHour[from]))
		if err != nil {
			t.Fatal(err)
		}
		hours = append(hours, h)
		before = h
	}
	return hours
}

// dayOf is a day as a store would ask for it.
func dayOf(t testing.TB, date string, location *time.Location, now time.Time, hours []Hour) Day {
	t.Helper()
	from, to, err := Hours(date, location)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := slices.BinarySearchFunc(hours, from, func(h Hour, at time.Time) int { return h.From.Compare(at) })
	last, _ := slices.BinarySearchFunc(hours, to, func(h Hour, at time.Time) int { return h.From.Compare(at) })
	d, err := DayOf("home", date, location, now, hours[max(0, first-1):last])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A randomHome has sensors of all kinds that say things at random, some of it twice, some of
// it old news, some while out of reach.
func randomHome(r *rand.Rand, from time.Time, n int) []ucare.Reading {
	sensors := []ucare.Reading{
		{Sensor: "pir", Room: "kitchen", Kind: ucare.Motion},
		{Sensor: "pir", Room: "kitchen", Kind: ucare.Temperature, Unit: "°C"},
		{Sensor: "hall", Room: "hall", Kind: ucare.Motion},
		{Sensor: "door", Room: "entrance", Kind: ucare.Door},
		{Sensor: "bed", Room: "bedroom", Kind: ucare.Bed},
		{Sensor: "bed", Room: "bedroom", Kind: ucare.Link},
		{Sensor: "sofa", Room: "living", Kind: ucare.Seat},
		{Sensor: "radar", Room: "living", Kind: ucare.Presence},
		{Sensor: "tap", Room: "bathroom", Kind: ucare.Use},
		{Sensor: "button", Room: "", Kind: ucare.HelpButton},
		{Sensor: "smoke", Room: "kitchen", Kind: ucare.Smoke},
		{Sensor: "away", Kind: ucare.Away},
		{Sensor: "gateway", Kind: ucare.Mains},
		{Sensor: "gas", Room: "kitchen", Kind: ucare.Gas, Unit: "% LEL"},
	}
	var all []ucare.Reading
	at := from
	for range n {
		at = at.Add(time.Duration(r.ExpFloat64() * float64(12*time.Minute)))
		said := sensors[r.IntN(len(sensors))]
		said.Dwelling, said.At = "home", at.Add(time.Duration(r.IntN(1000))*time.Millisecond)
		if said.Unit != "" {
			said.Value = float64(r.IntN(300)) / 10
		} else {
			said.State = ucare.StateOf(r.IntN(2) == 0)
			said.UnknownAge = r.IntN(20) == 0
			said.Drill = r.IntN(30) == 0
		}
		if r.IntN(50) == 0 {
			said.Room = "attic" // It was moved.
		}
		all = append(all, said)
		if r.IntN(10) == 0 {
			all = append(all, said)
		}
	}
	slices.SortStableFunc(all, func(a, b ucare.Reading) int { return a.At.Compare(b.At) })
	return all
}

// totals are the sums of one sensor and kind over all hours.
type totals struct {
	Readings, Activations int
	ActiveFor             time.Duration
	Min, Max, Sum         float64
}

func totalsOf(hours []Hour) map[measure]totals {
	all := make(map[measure]totals)
	for _, h := range hours {
		for _, s := range h.Sensors {
			key := measure{contact{s.Sensor, s.Kind}, s.Unit}
			sum, known := all[key]
			if s.Readings > 0 && (!known || sum.Readings == 0) {
				sum.Min, sum.Max = s.Min, s.Max
			} else if s.Readings > 0 {
				sum.Min, sum.Max = min(sum.Min, s.Min), max(sum.Max, s.Max)
			}
			sum.Readings += s.Readings
			sum.Activations += s.Activations
			sum.ActiveFor += s.ActiveFor
			sum.Sum += s.Sum
			all[key] = sum
		}
	}
	for key, sum := range all {
		sum.Sum = math.Round(sum.Sum*10) / 10
		all[key] = sum
	}
	return all
}

// onePass is what all readings come to up to the end, told without hours.
func onePass(readings []ucare.Reading, end time.Time) map[measure]totals {
	all := make(map[measure]totals)
	said := make(map[contact]*ucare.Said)
	active := make(map[contact]time.Time) // since when that is to be counted
	stop := func(c contact, at time.Time) {
		since, ok := active[c]
		if !ok {
			return
		}
		delete(active, c)
		if c.kind == ucare.Motion || c.kind == ucare.Use {
			if !said[c].Clears {
				return
			}
			at = ucare.Earlier(at, said[c].Since.Add(2*time.Hour))
		}
		sum := all[measure{c, ""}]
		sum.ActiveFor += max(0, at.Sub(since))
		all[measure{c, ""}] = sum
	}
	for i, r := range readings {
		if i > 0 && reflect.DeepEqual(r, readings[i-1]) {
			continue
		}
		key := contact{r.Sensor, r.Kind}
		sum := all[measure{key, r.Unit}]
		if sum.Readings++; r.Unit != "" {
			if sum.Readings == 1 {
				sum.Min, sum.Max = r.Value, r.Value
			}
			sum.Min, sum.Max, sum.Sum = min(sum.Min, r.Value), max(sum.Max, r.Value), sum.Sum+r.Value
			all[measure{key, r.Unit}] = sum
			continue
		}
		all[measure{key, r.Unit}] = sum
		if r.Kind == ucare.Away && r.Drill {
			continue
		}
		if said[key] == nil {
			said[key] = new(ucare.Said)
		}
		if r.Kind == ucare.Link && !r.UnknownAge && r.State == ucare.Inactive || r.Kind == ucare.Link && r.UnknownAge && said[key].State == ucare.Inactive && r.State == ucare.Inactive {
			for c := range said {
				if c.sensor == r.Sensor && c.kind != ucare.Link {
					stop(c, r.At)
				}
			}
		}
		before := *said[key]
		wasCounted := false
		if _, wasCounted = active[key]; wasCounted && r.Kind != ucare.Link && r.Kind != ucare.Mains {
			stop(key, r.At)
		}
		said[key].Sign(r)
		if now := said[key].State; now == ucare.Active && r.Kind != ucare.Link && r.Kind != ucare.Mains && (!r.UnknownAge || wasCounted) {
			active[key] = r.At
		}
		sum = all[measure{key, ""}]
		if r.State == ucare.Active && !r.UnknownAge {
			switch r.Kind {
			case ucare.HelpButton:
				sum.Activations++
			case ucare.Motion, ucare.Use:
				if before.State != ucare.Active || !before.Clears {
					sum.Activations++
				}
			case ucare.Smoke, ucare.Away:
				if before.State != ucare.Active {
					sum.Activations++
				}
			default:
				if before.State == ucare.Inactive {
					sum.Activations++
				}
			}
		}
		all[measure{key, ""}] = sum
	}
	for c := range said {
		stop(c, end)
	}
	for key, sum := range all {
		sum.Sum = math.Round(sum.Sum*10) / 10
		all[key] = sum
	}
	return all
}

// cut sums up hours that begin at an odd minute, those in which nothing was heard too if
// empty is true.
func cut(t *testing.T, readings []ucare.Reading, phase time.Duration, empty bool) []Hour {
	t.Helper()
	var hours []Hour
	var before Hour
	end := readings[len(readings)-1].At
	for from := readings[0].At.Truncate(Length).Add(phase - Length); !from.After(end); from = from.Add(Length) {
		h, err := HourOf("home", from, before, sequence(readings))
		if err != nil {
			t.Fatal(err)
		}
		if !h.Heard() && !empty {
			continue
		}
		var back Hour
		text, err := json.Marshal(h)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || !reflect.DeepEqual(h, back) {
			t.Fatalf("an hour came back from JSON as another one: %v\n%+v\n%+v\n%s", err, h, back, text)
		}
		hours = append(hours, back)
		before = back
	}
	return hours
}

func TestHoursCutAnywhereComeToTheSame(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		readings := randomHome(r, day, 400)
		phase := time.Duration(r.IntN(60)) * time.Minute
		hours := cut(t, readings, phase, true)
		want := onePass(readings, hours[len(hours)-1].End())
		if got := totalsOf(hours); !maps.Equal(got, want) {
			for key, sum := range want {
				if got[key] != sum {
					t.Errorf("home %d, cut at minute %v: %v comes to %+v, want %+v", seed, phase.Minutes(), key, got[key], sum)
				}
			}
			t.FailNow()
		}
	}
}

func TestAnHourDoesNotDependOnTheOrder(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 6))
		readings := randomHome(r, day, 60)
		for i := range readings { // Two rooms for one reading are the store's to settle.
			if readings[i].Room == "attic" {
				readings[i].Room = "kitchen"
			}
		}
		hours := cut(t, readings, 0, true)
		late := slices.Concat(readings, readings[:20])
		r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		if again := cut(t, sortedByHour(late), 0, true); !reflect.DeepEqual(hours, again) {
			t.Fatalf("home %d: the same readings late and repeated give other hours", seed)
		}
	}
}

// sortedByHour leaves the order within each hour as it is, so that cut finds the ends.
func sortedByHour(readings []ucare.Reading) []ucare.Reading {
	first := slices.MinFunc(readings, func(a, b ucare.Reading) int { return a.At.Compare(b.At) })
	last := slices.MaxFunc(readings, func(a, b ucare.Reading) int { return a.At.Compare(b.At) })
	return slices.Concat([]ucare.Reading{first}, readings, []ucare.Reading{last})
}

func TestSignsOfLifeGoOnFromHourToHour(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		readings := randomHome(r, day, 400)
		var signs ucare.Signs
		want, last := 0, ucare.Reading{}
		for i, reading := range readings {
			if i > 0 && reflect.DeepEqual(reading, readings[i-1]) {
				continue
			}
			if signs.Of(reading) {
				want++
				last = reading
			}
		}
		hours := cut(t, readings, time.Duration(r.IntN(60))*time.Minute, r.IntN(2) == 0)
		got := 0
		for _, h := range hours {
			for _, run := range h.Course.Runs {
				got += run.Signs
			}
		}
		end := hours[len(hours)-1]
		if m := end.Course.Last; got != want || m == nil || !end.From.Add(time.Duration(m.At)).Equal(last.At) {
			t.Errorf("home %d: %d signs of life, the last %v; want %d, %v", seed, got, m, want, last.At)
		}
	}
}

func TestOnlyAnotherCarryConcernsTheNextHour(t *testing.T) {
	said := func(minute int, r ucare.Reading) ucare.Reading {
		r.Dwelling, r.At = "home", day.Add(time.Duration(minute)*time.Minute)
		return r
	}
	bed := ucare.Reading{Sensor: "bed", Room: "bedroom", Kind: ucare.Bed}
	inBed, up := bed, bed
	inBed.State, up.State = ucare.Active, ucare.Inactive
	hour := func(readings ...ucare.Reading) Hour {
		h, err := HourOf("home", day, Hour{}, sequence(readings))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	before := hour(said(0, up), said(10, inBed), said(20, up))
	warm := said(30, ucare.Reading{Sensor: "bed", Room: "bedroom", Kind: ucare.Temperature, Unit: "°C", Value: 20})
	if after := hour(said(0, up), said(10, inBed), said(20, up), warm); !SameCarry(before, after) || reflect.DeepEqual(before, after) {
		t.Error("a temperature concerns the next hour")
	}
	if after := hour(said(0, up), said(10, inBed)); SameCarry(before, after) {
		t.Error("whether somebody is in bed does not concern the next hour")
	}
	if after := hour(said(0, up), said(10, inBed), said(21, up)); SameCarry(before, after) {
		t.Error("when the last sign of life was does not concern the next hour")
	}
}

func TestAnHourPassesOverWhatIsNotItsOwn(t *testing.T) {
	motion := ucare.Reading{Dwelling: "home", Sensor: "pir", Kind: ucare.Motion, State: ucare.Active, At: day}
	other, early, late := motion, motion, motion
	other.Dwelling, early.At, late.At = "next-door", day.Add(-1), day.Add(Length)
	h, err := HourOf("home", day, Hour{}, sequence([]ucare.Reading{other, early, late}))
	if err != nil || h.Heard() {
		t.Errorf("heard %+v, %v", h, err)
	}
	broken := func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, io.ErrUnexpectedEOF) }
	if _, err := HourOf("home", day, Hour{}, broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an hour that could not be read gives %v", err)
	}
}

// A flickering mat would fill the disk: its times in an hour are bounded, and its sum is exact.
func TestAMatThatFlickersStaysSmall(t *testing.T) {
	var readings []ucare.Reading
	for i := range 1800 {
		readings = append(readings, ucare.Reading{
			Dwelling: "home", Sensor: "mat", Room: "bedroom", Kind: ucare.Bed, State: ucare.StateOf(i%2 == 0), At: day.Add(time.Duration(2*i) * time.Second),
		})
	}
	h, err := HourOf("home", day, Hour{}, sequence(readings))
	if err != nil || len(h.Course.Held) > flickers || h.Sensors[0].ActiveFor != 30*time.Minute {
		t.Errorf("%d times, active for %v, %v", len(h.Course.Held), h.Sensors[0].ActiveFor, err)
	}
}

func FuzzCourse(f *testing.F) {
	f.Add([]byte(`{"contacts":[["a","motion","hall",6,-3.5,2]],"runs":[[0,1],[0,2,3.000000001,4,1]],"held":[[0,0,3600]],"last":["a","bed","b",1],"left":{"at":2,"seen":["a","bed","b",-1]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c, back Course
		if json.Unmarshal(data, &c) != nil {
			return
		}
		text, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		again, _ := json.Marshal(back)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s came back as %s: %v", text, again, err)
		}
	})
}

var day = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
