package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var worn = time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)

// heardInWindows is what a wearer tells of a stream that is cut into windows of n samples; between them
// the wearer is what between makes of it.
func heardInWindows(samples [][3]float64, hz float64, n func(i int) int, between func(*Wearer)) []sign {
	w := &Wearer{}
	var all []sign
	for i, from := 0, 0; from < len(samples); i++ {
		to := min(len(samples), from+n(i))
		start := worn.Add(time.Duration(float64(from) / hz * float64(time.Second)))
		w.hear(samples[from:to], 1, hz, start, func(s sign) { all = append(all, s) })
		if between != nil {
			between(w)
		}
		from = to
	}
	return all
}

func heard(samples [][3]float64, hz float64) []sign {
	return heardInWindows(samples, hz, func(int) int { return len(samples) }, nil)
}

func falls(all []sign) (n int) {
	for _, s := range all {
		if !s.up {
			n++
		}
	}
	return n
}

// daily are moves of every day, each of which is no fall.
func daily() map[string]*body {
	b := func() *body { return newBody(3).rests(4) }
	return map[string]*body{
		"walks":                    b().walks(20).rests(5),
		"runs and stops":           b().runs(12).rests(5),
		"jumps":                    b().jumps().rests(5),
		"drops on a chair":         b().sits().rests(5),
		"lies down":                b().liesDown().rests(10),
		"stoops":                   b().stoops().rests(5),
		"walks, sits, lies down":   b().walks(8).sits().rests(5).liesDown().rests(5),
		"lies on a table for long": newBody(4).rests(300),
	}
}

func fallen() *body { return newBody(2).rests(2).walks(5).falls().rests(8) }

func TestAFallIsNoticedAndDailyMovesAreNot(t *testing.T) {
	got := heard(fallen().at(50), 50)
	if len(got) != 1 || got[0].up {
		t.Fatalf("a fall tells %+v; want one fall", got)
	}
	f := got[0]
	if late := f.at.Sub(worn.Add(7700 * time.Millisecond)); late < -200*time.Millisecond || late > 200*time.Millisecond {
		t.Errorf("the impact is %v from when it was", late)
	}
	if f.impact < 2 || f.impact > 5 || f.turned < 60 || !f.still {
		t.Errorf("it is described as %+v", f)
	}
	for name, b := range daily() {
		if got := heard(b.at(50), 50); len(got) != 0 {
			t.Errorf("somebody %s: %+v", name, got)
		}
	}
}

// However a stream is cut, and whatever becomes of the state between the windows, it tells the same.
func TestTheCutOfTheStreamDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, hz := range []int{20, 25, 50, 100, 200} {
		stream := append(fallen().at(hz), newBody(9).walks(12).falls().rests(6).at(hz)...)
		want := heard(stream, float64(hz))
		if falls(want) != 2 {
			t.Fatalf("at %d Hz there are %d falls, want 2", hz, falls(want))
		}
		for _, seconds := range []float64{0.5, 1, 2, 5, 10} {
			n := int(seconds * float64(hz))
			got := heardInWindows(stream, float64(hz), func(int) int { return n }, throughJSON(t))
			sameSigns(t, fmt.Sprintf("%d Hz in windows of %v s", hz, seconds), got, want)
		}
		got := heardInWindows(stream, float64(hz), func(int) int { return 1 + r.IntN(4*hz) }, throughJSON(t))
		sameSigns(t, fmt.Sprintf("%d Hz in windows of any length", hz), got, want)
	}
}

func throughJSON(t *testing.T) func(*Wearer) {
	return func(w *Wearer) {
		data, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		var back Wearer
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(*w, back) {
			t.Fatalf("after JSON\n%+v\nis\n%+v", *w, back)
		}
		if len(data) > 1536 {
			t.Fatalf("a wearer takes %d bytes", len(data))
		}
		*w = back
	}
}

func sameSigns(t *testing.T, name string, got, want []sign) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d signs %+v, want %d", name, len(got), got, len(want))
		return
	}
	for i := range got {
		g, w := got[i], want[i]
		if off := g.at.Sub(w.at).Abs(); off > time.Millisecond {
			t.Errorf("%s: sign %d is %v from where it was in one window", name, i, off)
		}
		g.at = w.at
		if g != w {
			t.Errorf("%s: sign %d is %+v, want %+v", name, i, g, w)
		}
	}
}

// score is the greatest sum for a fall in a stream.
func score(samples [][3]float64, hz float64) float64 {
	w := &Wearer{}
	best := math.Inf(-1)
	for _, s := range samples {
		w.take(sampled(s, 1), hz, func() {
			if p, ok := w.peak(); ok {
				t := w.look(p)
				m := t.measure()
				best = max(best, m.fall())
			}
		})
	}
	return best
}

func TestHowADeviceIsTurnedDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for name, b := range map[string]*body{"falls": fallen(), "jumps": daily()["jumps"], "runs": daily()["runs and stops"]} {
		want := score(b.at(50), 50)
		for range 20 {
			if got := score(turnedBy(b.at(50), r), 50); math.Abs(got-want) > 0.1 {
				t.Errorf("somebody %s: %.2f for a fall, turned %.2f", name, want, got)
			}
		}
	}
}

func TestRateAndRangeHardlyMatter(t *testing.T) {
	fall, jump := fallen(), daily()["jumps"]
	for _, hz := range []int{20, 25, 40, 50, 100, 200} {
		for _, limit := range []float64{2, 4, 8, 16} {
			f, j := score(clipped(fall.at(hz), limit), float64(hz)), score(clipped(jump.at(hz), limit), float64(hz))
			if f < fallFrom+1 || j > fallFrom-1 {
				t.Errorf("%d Hz, ±%v g: a fall has %.2f and a jump %.2f; from %.2f on it is a fall", hz, limit, f, j, fallFrom)
			}
		}
	}
}

func TestUnitsAreUnderstoodOrNotJudged(t *testing.T) {
	samples := fallen().at(50)
	for _, u := range []struct {
		unit string
		per  float64
		want int
	}{{"g", 1, 1}, {"", 1, 1}, {"m/s²", 9.80665, 1}, {"mg", 1000, 1}, {"mg", 1, 0}, {"ft", 1, 0}} {
		r := ucare.Reading{Unit: u.unit, RateHz: 50}
		for _, s := range samples {
			r.Samples = append(r.Samples, vector(s).times(u.per))
		}
		n := 0
		if scale, ok := gravities(&r); ok {
			(&Wearer{}).hear(r.Samples, scale, 50, worn, func(sign) { n++ })
		}
		if n != u.want {
			t.Errorf("in %q: %d falls, want %d", u.unit, n, u.want)
		}
	}
	for _, hz := range []float64{0, -50, 5, 1e9, math.NaN(), math.Inf(1)} {
		if _, ok := gravities(&ucare.Reading{Unit: "g", RateHz: hz, Samples: samples}); ok {
			t.Errorf("%v samples a second are judged", hz)
		}
	}
}

// Windows that come twice, late or in another order never make two falls of one.
func TestAWindowThatComesAgainIsNotHeardAgain(t *testing.T) {
	samples := fallen().at(50)
	const n = 50
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := &Wearer{}
		count := 0
		say := func(k int) {
			start := worn.Add(time.Duration(k) * time.Second)
			w.hear(samples[k*n:min(len(samples), (k+1)*n)], 1, 50, start, func(sign) { count++ })
		}
		inOrder := seed%2 == 0
		for k := range len(samples) / n {
			say(k)
			for r.IntN(2) == 0 {
				say(max(0, k-r.IntN(4)))
			}
			if !inOrder && r.IntN(8) == 0 {
				say(min(len(samples)/n-1, k+1))
			}
		}
		if count != 1 {
			t.Fatalf("seed %d: %d falls, want 1", seed, count)
		}
	}
}

func TestWindowsThatOverlapAreHeardOnce(t *testing.T) {
	samples := fallen().at(50)
	for _, every := range []int{10, 25, 40, 60} {
		w := &Wearer{}
		n := 0
		for from := 0; from < len(samples); from += every {
			start := worn.Add(time.Duration(from) * time.Second / 50)
			w.hear(samples[from:min(len(samples), from+100)], 1, 50, start, func(s sign) { n++ })
		}
		if n != 1 {
			t.Errorf("windows of 2 s every %d ms: %d falls, want 1", every*20, n)
		}
	}
}

// A wearable whose own clock is set back is heard all the same.
func TestAWearablesClockMayBeSetBack(t *testing.T) {
	w := &Wearer{}
	n := 0
	tell := func(sign) { n++ }
	w.hear(newBody(1).walks(10).at(50), 1, 50, worn, tell)
	w.hear(fallen().at(50), 1, 50, worn.Add(-time.Hour), tell)
	if n != 1 {
		t.Errorf("%d falls, want 1", n)
	}
}

// Where a window is missing nothing is concluded from two halves; the next fall counts.
func TestAMissingWindowBeginsAnew(t *testing.T) {
	standing, lying := newBody(1).rests(6).at(50), newBody(1).moves(1, 1.5, func(t float64) float64 { return 1 + half(t, 0.6, 0.2, 3) }).rests(5)
	w := &Wearer{}
	var all []sign
	tell := func(s sign) { all = append(all, s) }
	w.hear(standing, 1, 50, worn, tell)
	w.hear(lying.at(50)[40:], 1, 50, worn.Add(30*time.Second), tell)
	if w.steps() > (len(lying.at(50))-40)*stepsASecond/50 {
		t.Errorf("the track holds %d steps from before and after the gap", w.steps())
	}
	w.hear(fallen().at(50), 1, 50, worn.Add(time.Hour), tell)
	if n := falls(all); n != 1 {
		t.Errorf("%d falls, want the one after the gap", n)
	}
}

func TestWhoeverWalksAgainHasGotUp(t *testing.T) {
	up := func(b *body) (n int) {
		for _, s := range heard(b.at(50), 50) {
			if s.up {
				n++
			}
		}
		return n
	}
	if n := up(fallen().moves(3, -1.5, steady).walks(10)); n != 1 {
		t.Errorf("somebody who walks 10 s after a fall has got up %d times, want once", n)
	}
	// Where up is was learned before the first of two falls.
	if n := up(fallen().rests(10).falls().rests(6).moves(3, -3, steady).walks(12)); n != 1 {
		t.Errorf("somebody who walks after a second fall has got up %d times, want once", n)
	}
	for name, b := range map[string]*body{
		"lies still":         fallen().rests(60),
		"crawls":             fallen().walks(60),
		"sits up":            fallen().moves(3, -1.5, steady).rests(60),
		"walks three steps":  fallen().moves(3, -1.5, steady).walks(2).rests(30),
		"walks, never fell":  newBody(1).walks(60),
		"turns and turns":    fallen().moves(3, -1.5, steady).moves(3, 1.5, steady).moves(3, -1.5, steady),
		"rises and falls on": fallen().moves(3, -1.5, steady).falls().rests(20),
	} {
		if n := up(b); n != 0 {
			t.Errorf("somebody who %s has got up %d times", name, n)
		}
	}
}

func TestASecondFallIsOneOnlyAfterAWhile(t *testing.T) {
	again := fallen().moves(1.5, -1.5, steady).falls().rests(6) // ten seconds after the first impact
	soon := newBody(2).rests(2).walks(5).falls().rests(2.5).moves(1, -1.5, steady).falls().rests(6)
	if n := falls(heard(again.at(50), 50)); n != 2 {
		t.Errorf("%d falls, want 2", n)
	}
	if n := falls(heard(soon.at(50), 50)); n != 1 {
		t.Errorf("%d falls within seconds, want 1", n)
	}
}

func TestOldNewsAndDrillsAreNotJudged(t *testing.T) {
	p := Default()
	r := ucare.Reading{At: worn, Dwelling: "home", Sensor: "pendant", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: fallen().at(50)}
	for _, change := range []func(*ucare.Reading){
		func(r *ucare.Reading) { r.UnknownAge = true }, func(r *ucare.Reading) { r.Drill = true },
		func(r *ucare.Reading) { r.Samples = nil }, func(r *ucare.Reading) { r.RateHz = 0 },
	} {
		s, other := NewState("home"), r
		change(&other)
		if got := p.Observe(s, other, worn, nil); len(got) != 0 || len(s.Fall.Wearers) != 0 {
			t.Errorf("%+v and %+v", got, s.Fall.Wearers)
		}
	}
}

// A sample that is no number, or endless, does not poison what comes later.
func TestWhatIsNoNumberIsPassedOver(t *testing.T) {
	samples := append([][3]float64{{math.NaN(), 0, 0}, {0, math.Inf(1), 0}}, fallen().at(50)...)
	samples = append(samples, [3]float64{0, 0, math.NaN()})
	w := &Wearer{}
	n := 0
	w.hear(samples, 1, 50, worn, func(sign) { n++ })
	if n != 1 {
		t.Errorf("%d falls, want 1", n)
	}
	throughJSON(t)(w)
}

func TestFewWearersAreKept(t *testing.T) {
	var f FallState
	for i := range 50 {
		f.wearer(fmt.Sprintf("w%d", i%7)).Until = worn.Add(time.Duration(i) * time.Second)
	}
	if len(f.Wearers) != wearersKept {
		t.Errorf("%d wearables are kept", len(f.Wearers))
	}
	for _, name := range []string{"w4", "w5", "w6", "w0"}[1:] {
		if f.wearer(name).Until.IsZero() {
			t.Errorf("%s was heard lately and is forgotten", name)
		}
	}
}

func BenchmarkTenSecondsAt200Hz(b *testing.B) {
	samples := newBody(1).runs(10).at(200)
	w := &Wearer{Beat: fallsApart}
	for i := 0; b.Loop(); i++ {
		w.hear(samples, 1, 200, worn.Add(time.Duration(i)*10*time.Second), func(sign) {})
	}
}
