package influx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// oneOfEach is a reading of each form, ordered as they come back.
func oneOfEach() []Point {
	at := func(d time.Duration) time.Time { return today.Add(d) }
	return []Point{
		{ucare.Reading{At: at(0), Dwelling: home, Sensor: "s1", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active}, 0},
		{ucare.Reading{At: at(0), Dwelling: home, Sensor: "s1", Room: "kitchen", Kind: ucare.Motion, State: ucare.Inactive}, 1},
		{ucare.Reading{At: at(1), Dwelling: home, Sensor: "s1", Room: "kitchen", Kind: ucare.Temperature, Value: -2.5, Unit: "°C"}, 0},
		{ucare.Reading{At: at(1), Dwelling: home, Sensor: "s1", Room: "kitchen", Kind: ucare.Temperature, Value: 0, Unit: "°F"}, 15},
		{ucare.Reading{At: at(1), Dwelling: home, Sensor: "s2", Kind: ucare.Door, State: ucare.Inactive, UnknownAge: true}, 0},
		{ucare.Reading{
			At: at(2), Dwelling: home, Sensor: "w", Kind: ucare.Acceleration, Unit: "g", RateHz: 50,
			Samples: [][3]float64{{0, 0, 1}, {0.25, -0.5, 1.0000000000000002}},
		}, 0},
		{ucare.Reading{At: at(3), Dwelling: home, Sensor: "h", Room: "bedroom", Kind: ucare.HelpButton, State: ucare.Active, Drill: true}, 0},
		{ucare.Reading{At: at(4), Dwelling: home, Sensor: "h", Kind: ucare.Battery}, 0},
		{ucare.Reading{At: at(5), Dwelling: home, Sensor: "g", Kind: ucare.Gas, State: ucare.Active, Value: 12.5, Unit: "% LEL"}, 0},
		{ucare.Reading{At: at(6), Dwelling: home, Sensor: "w", Kind: ucare.Acceleration, State: ucare.Active, Unit: "g", Samples: [][3]float64{}}, 0},
		{ucare.Reading{At: at(7), Dwelling: home, Sensor: "t", Kind: ucare.Temperature}, 0},
		{ucare.Reading{At: at(8), Dwelling: home, Sensor: "t", Kind: ucare.Temperature, RateHz: 0.1, UnknownAge: true, Drill: true}, 0},
	}
}

func TestReadingsComeBackAsTheyWere(t *testing.T) {
	s := prepared(t, "s1", "s2", "w", "h", "g", "t")
	want := oneOfEach()
	for range 3 { // again is harmless
		store(t, s, want)
	}
	equal(t, all(t, s, home, today, today.Add(time.Hour)), want)
	if n, err := s.Count(t.Context(), home); err != nil || n != int64(len(want)) {
		t.Errorf("Count = %d, %v; want %d", n, err, len(want))
	}
	if got := all(t, s, "mrs-b", today, today.Add(time.Hour)); len(got) > 0 {
		t.Errorf("another dwelling has %v", got)
	}
	equal(t, all(t, s, home, today.Add(1), today.Add(2)), want[2:5]) // from ≤ at < to
	for range s.Points(t.Context(), home, today, today.Add(time.Hour)) {
		break // a reader that has seen enough must not disturb the next one
	}
	equal(t, all(t, s, home, time.Time{}, today.AddDate(5000, 0, 0)), want)
}

// Texts that line protocol, InfluxQL or Flux could trip over.
var odd = []string{
	"", "kitchen", "거실", "bad room", "a,b=c", `back\slash`, `ends\`, `\`, `\,x=1`, `"quoted"`, "tab\there", "line\nend", "\r", "100%", "%0A", "%",
	"nul\x00byte", "\xff\xfe", "emoji 🛏", " leads and ends ", "'; DROP DATABASE ucare; --", `x" or r.dwelling != "`, "${r}", "#", "n/a", "t", "1i", "true",
	strings.Repeat("long ", 200), "\u2028", "\ufffd", "\x7f", "a\\ b", "=", ",", " ",
}

// Whatever a sensor, a room and a unit are called, and whatever is measured, it comes back.
func TestOddReadingsComeBackAsTheyWere(t *testing.T) {
	for _, dwelling := range []string{home, odd[20], odd[21]} {
		var want []Point
		s := prepared(t, odd...)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 3000 {
			want = append(want, randomPoint(r, dwelling, today.Add(time.Duration(i)*time.Second+time.Duration(r.Int64N(1e9)))))
		}
		store(t, s, want)
		equal(t, all(t, s, dwelling, today, today.Add(time.Hour)), sorted(want))
		if n, err := s.Count(t.Context(), dwelling); err != nil || n != int64(len(want)) {
			t.Errorf("Count = %d, %v; want %d", n, err, len(want))
		}
	}
}

func randomPoint(r *rand.Rand, dwelling string, at time.Time) Point {
	of := func(texts []string) string { return texts[r.IntN(len(texts))] }
	kinds := []ucare.Kind{ucare.Motion, ucare.Temperature, ucare.Gas, ucare.Acceleration, "of the future, 1"}
	p := Point{ucare.Reading{
		At: at, Dwelling: dwelling, Sensor: of(odd[1:]), Room: of(odd), Kind: kinds[r.IntN(len(kinds))],
		State: ucare.State(r.IntN(3)), UnknownAge: r.IntN(4) == 0, Drill: r.IntN(4) == 0,
	}, r.IntN(16)}
	switch r.IntN(4) {
	case 0:
		if p.Reading.Unit = of(odd); p.Reading.Unit != "" {
			p.Reading.Value = number(r)
		}
	case 1:
		p.Reading.Unit, p.Reading.RateHz, p.Reading.Samples = of(odd), number(r), make([][3]float64, r.IntN(20))
		for i := range p.Reading.Samples {
			p.Reading.Samples[i] = [3]float64{number(r), number(r), number(r)}
		}
	}
	return p
}

func number(r *rand.Rand) float64 {
	special := []float64{0, 1, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e21, 1e-7, 0.1, 1 << 53}
	if i := r.IntN(2 * len(special)); i < len(special) {
		return special[i]
	}
	return r.NormFloat64() * 100
}

// A window of samples can be long: ten minutes of a wearable at 100 Hz.
func TestLongSamplesComeBack(t *testing.T) {
	s := prepared(t, "w")
	samples := make([][3]float64, 60_000)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range samples {
		samples[i] = [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
	}
	want := []Point{{ucare.Reading{At: today, Dwelling: home, Sensor: "w", Kind: ucare.Acceleration, Unit: "g", RateHz: 100, Samples: samples}, 0}}
	store(t, s, want)
	equal(t, all(t, s, home, today, today.Add(1)), want)
}

func FuzzPlain(f *testing.F) {
	for _, text := range odd {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := plain(text)
		if strings.ContainsFunc(got, func(c rune) bool { return c < ' ' || c == '\\' || c == 0x7f }) {
			t.Errorf("plain(%q) = %q has what line protocol cannot say", text, got)
		}
		if back := unplain(got); back != text {
			t.Errorf("%q became %q and came back as %q", text, got, back)
		}
	})
}

// A sensor that nobody knows any more keeps its pseudonym: its readings are not lost.
func TestAnUnknownSensorKeepsItsPseudonym(t *testing.T) {
	s := prepared(t, "s2")
	store(t, s, motions(1))
	got := all(t, s, home, today, today.Add(time.Hour))
	if len(got) != 1 || got[0].Reading.Sensor != s.Sensor("s1") {
		t.Errorf("got %v, want the sensor to be %s", got, s.Sensor("s1"))
	}
}

// A reading that is sent again after its sensor was moved is one, in the room it is in now.
func TestAMovedSensorsReadingsAreOne(t *testing.T) {
	s := prepared(t, "s1")
	before := motions(10)
	store(t, s, before)
	after := motions(12)
	for i := range after {
		after[i].Reading.Room = "hall"
	}
	store(t, s, after[5:])
	equal(t, all(t, s, home, today, today.Add(time.Hour)), append(before[:5:5], after[5:]...))
}

func ExampleStore_Dwelling() {
	s, _ := New(Config{URL: "http://localhost:8086", Bucket: "a/b", Hours: "a/c", Key: make([]byte, 32)}, nil)
	fmt.Println(s.Dwelling("mrs-a"), s.Sensor("mrs-a"))
	// Output: d-b72dfd545486b55b s-71b419d86164cb64
}
