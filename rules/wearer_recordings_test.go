package rules

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
)

// recordedFalls are falls and moves of daily life that people performed with an
// accelerometer at the waist, 50 Hz, a trial a dwelling. They are not part of this repository.
const recordedFalls = "../../shared/recordings/falls/sisfall"

// A trial is one of them.
type trial struct {
	fall, elder bool
	person      string
	samples     [][3]float64
}

func trials(t *testing.T) (all []trial) {
	f, err := os.Open(recordedFalls + ".jsonl.gz")
	if err != nil {
		t.Skipf("there are no recordings of falls at %s", recordedFalls)
	}
	defer f.Close()
	var truth map[string]struct{ Label, Group string }
	data, err := os.ReadFile(recordedFalls + ".truth.json")
	if err == nil {
		err = json.Unmarshal(data, &truth)
	}
	z, zerr := gzip.NewReader(f)
	if err != nil || zerr != nil {
		t.Fatal(err, zerr)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		said := truth[r.Dwelling]
		all = append(all, trial{
			fall: said.Label == "fall", elder: said.Group == "elder",
			person: strings.Split(r.Dwelling, "-")[1], samples: r.Samples,
		})
	}
	if lines.Err() != nil || len(all) != len(truth) {
		t.Fatalf("%d trials of %d: %v", len(all), len(truth), lines.Err())
	}
	return all
}

// rated is how many falls were noticed, and how often there was none and none was, in percent.
type rated struct{ falls, daily, elders float64 }

func rate(all []trial, hz float64, as func([][3]float64) [][3]float64) rated {
	var n, hit [3]float64
	for _, x := range all {
		samples := x.samples
		if as != nil {
			samples = as(samples)
		}
		noticed := falls(heard(samples, hz)) > 0
		group := 0
		if !x.fall {
			group, noticed = 1, !noticed
		}
		n[group]++
		if noticed {
			hit[group]++
		}
		if x.elder && !x.fall {
			n[2]++
			if noticed {
				hit[2]++
			}
		}
	}
	percent := func(i int) float64 { return 100 * hit[i] / max(1, n[i]) }
	return rated{percent(0), percent(1), percent(2)}
}

func (r rated) String() string {
	return fmt.Sprintf("falls noticed %6.2f %%   daily life left alone %6.2f %%   of the elders %6.2f %%", r.falls, r.daily, r.elders)
}

// every is each n-th sample, as of a device that does not average.
func every(n float64) func([][3]float64) [][3]float64 {
	return func(samples [][3]float64) (out [][3]float64) {
		for i := 0; int(math.Round(float64(i)*n)) < len(samples); i++ {
			out = append(out, samples[int(math.Round(float64(i)*n))])
		}
		return out
	}
}

// interpolated puts n-1 samples between each two, on a line.
func interpolated(n int) func([][3]float64) [][3]float64 {
	return func(samples [][3]float64) (out [][3]float64) {
		for i := range samples {
			a, b := vector(samples[i]), vector(samples[min(i+1, len(samples)-1)])
			for k := range n {
				f := float64(k) / float64(n)
				out = append(out, a.times(1-f).plus(b, f))
			}
		}
		return out
	}
}

// The bounds stand a little below what is reached: they say when it has become worse.
func TestTableOfRecordedFalls(t *testing.T) {
	all := trials(t)
	noise := rand.New(rand.NewPCG(1, 1))
	for _, row := range []struct {
		name  string
		hz    float64
		as    func([][3]float64) [][3]float64
		least rated
	}{
		{"50 Hz as recorded", 50, nil, rated{98, 99.5, 99.5}},
		{"25 Hz, every second sample", 25, every(2), rated{97.5, 99.5, 99.5}},
		{"20 Hz, samples left out", 20, every(2.5), rated{97.5, 99, 99}},
		{"100 Hz, interpolated", 100, interpolated(2), rated{98, 99.5, 99.5}},
		{"200 Hz, interpolated", 200, interpolated(4), rated{98, 99.5, 99.5}},
		{"±8 g", 50, func(s [][3]float64) [][3]float64 { return clipped(s, 8) }, rated{98, 99.5, 99.5}},
		{"±4 g", 50, func(s [][3]float64) [][3]float64 { return clipped(s, 4) }, rated{98, 99.5, 99.5}},
		{"±2 g", 50, func(s [][3]float64) [][3]float64 { return clipped(s, 2) }, rated{95, 99.5, 99.5}},
		{"turned at random", 50, func(s [][3]float64) [][3]float64 { return turnedBy(s, noise) }, rated{98, 99.5, 99.5}},
		{"with 0.05 g of noise", 50, func(s [][3]float64) [][3]float64 { return noisy(s, noise, 0.05) }, rated{97, 99.5, 99.5}},
		{"begins half a second later", 50, func(s [][3]float64) [][3]float64 { return s[25:] }, rated{98, 99.5, 99.5}},
	} {
		got := rate(all, row.hz, row.as)
		t.Logf("%-28s %v", row.name, got)
		if got.falls < row.least.falls || got.daily < row.least.daily || got.elders < row.least.elders {
			t.Errorf("%s: %v, which is less than %v", row.name, got, row.least)
		}
	}
}

func noisy(samples [][3]float64, r *rand.Rand, deviation float64) [][3]float64 {
	out := make([][3]float64, len(samples))
	for i, s := range samples {
		for k := range s {
			out[i][k] = s[k] + deviation*r.NormFloat64()
		}
	}
	return out
}

// Windows of any length tell the same of each recorded trial.
func TestTheCutOfRecordedTrialsDoesNotMatter(t *testing.T) {
	for i, x := range trials(t) {
		if i%20 != 0 {
			continue
		}
		want := heard(x.samples, 50)
		for _, n := range []int{25, 50, 100, 250, 500} {
			sameSigns(t, fmt.Sprintf("trial %d of %s in windows of %d", i, x.person, n),
				heardInWindows(x.samples, 50, func(int) int { return n }, nil), want)
		}
	}
}
