package rules_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// raisedAfter plays a value over time, reported every interval, and returns how long after the start an
// alarm was raised; 0: never.
func raisedAfter(kind ucare.Kind, unit string, interval, lasts time.Duration, value func(time.Duration) float64) time.Duration {
	p, s := rules.Default(), rules.NewState("home")
	begin := time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	for since := -20 * time.Minute; since <= lasts; since += interval {
		now := begin.Add(since)
		r := ucare.Reading{At: now, Sensor: "s", Room: "room", Kind: kind, Value: value(max(since, 0)), Unit: unit}
		got := p.Observe(s, r, now, nil)
		got = p.Tick(s, now.Add(interval-time.Millisecond), got)
		for _, d := range got {
			if d.Verb == ucare.Raise {
				return d.At.Sub(begin)
			}
		}
	}
	return 0
}

// TestHeatRespondsAsAClassA1Detector holds the response times of EN 54-5 from 25 °C, for a
// sensor that reports often enough for the rate.
func TestHeatRespondsAsAClassA1Detector(t *testing.T) {
	for _, c := range []struct {
		perMinute     float64
		least, most   time.Duration
		slowestReport time.Duration
	}{
		{1, 29 * time.Minute, 40*time.Minute + 20*time.Second, 5 * time.Minute},
		{3, 7*time.Minute + 13*time.Second, 13*time.Minute + 40*time.Second, 5 * time.Minute},
		{5, 4*time.Minute + 9*time.Second, 8*time.Minute + 20*time.Second, 5 * time.Minute},
		{10, time.Minute, 4*time.Minute + 20*time.Second, 2 * time.Minute},
		{20, 30 * time.Second, 2*time.Minute + 20*time.Second, time.Minute},
		{30, 20 * time.Second, time.Minute + 40*time.Second, 40 * time.Second},
	} {
		for _, every := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, 40 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute} {
			if every > c.slowestReport {
				continue
			}
			got := raisedAfter(ucare.Temperature, "°C", every, time.Hour, func(since time.Duration) float64 {
				return 25 + c.perMinute*since.Minutes()
			})
			if got < c.least || got > c.most {
				t.Errorf("%v °C/min, reported every %v: raised after %v, want %v to %v", c.perMinute, every, got, c.least, c.most)
			}
		}
	}
}

// TestCarbonMonoxideKeepsTheTable holds EN 50291, for any interval of the reports.
func TestCarbonMonoxideKeepsTheTable(t *testing.T) {
	const never = 1000 * time.Hour
	for _, c := range []struct {
		ppm         float64
		least, most time.Duration
	}{
		{20, never, never},
		{29, never, never},
		{30, 2 * time.Hour, never},
		{50, time.Hour, 90 * time.Minute},
		{100, 10 * time.Minute, 40 * time.Minute},
		{300, 0, 3 * time.Minute},
		{1000, 0, 3 * time.Minute},
	} {
		for _, every := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute} {
			got := raisedAfter(ucare.CarbonMonoxideLevel, "ppm", every, 5*time.Hour, func(since time.Duration) float64 {
				if since == 0 {
					return 2
				}
				return c.ppm
			})
			if got == 0 {
				got = never
			}
			if got < c.least || got > c.most+every { // A level is heard of an interval after it began.
				t.Errorf("%v ppm, reported every %v: raised after %v, want %v to %v", c.ppm, every, got, c.least, c.most)
			}
		}
	}
}

func TestMoreCarbonMonoxideIsNeverLater(t *testing.T) {
	last := time.Duration(math.MaxInt64)
	for ppm := 30.0; ppm < 1500; ppm += 7 {
		got := raisedAfter(ucare.CarbonMonoxideLevel, "ppm", time.Minute, 4*time.Hour, func(since time.Duration) float64 {
			if since == 0 {
				return 2
			}
			return ppm
		})
		if got == 0 || got > last {
			t.Errorf("%v ppm raises after %v, a lower level after %v", ppm, got, last)
		}
		last = got
	}
}

// A fire that grows as t² or faster, at a thermometer at breast height.
func TestAGrowingFireIsRaisedWellBeforeTheRoomIsHot(t *testing.T) {
	grow := map[string]func(s float64) float64{
		"doubling every 14 s": func(s float64) float64 { return 21 + 0.02*(math.Exp(s/20)-1) },
		"doubling every 28 s": func(s float64) float64 { return 21 + 0.05*(math.Exp(s/40)-1) },
		"t²":                  func(s float64) float64 { return 21 + s*s/900 },
	}
	for name, at := range grow {
		hot := 0.0
		for at(hot) < 57 {
			hot++
		}
		for _, every := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second} {
			for _, step := range []float64{0.01, 0.1, 0.2} {
				got := raisedAfter(ucare.Temperature, "°C", every, 20*time.Minute, func(since time.Duration) float64 {
					return math.Round(at(since.Seconds())/step) * step
				})
				if early := hot - got.Seconds(); got == 0 || early < 30 {
					t.Errorf("%s, reported every %v in steps of %v °C: raised %.0f s before 57 °C", name, every, step, early)
				}
			}
		}
	}
}

// What was switched on rises fastest at first, however steep it is.
func TestWhatIsSwitchedOnIsNoFire(t *testing.T) {
	for _, rises := range []float64{5, 10, 15, 20} {
		for _, lag := range []float64{20, 60, 120, 300} {
			for _, slow := range []float64{0, 5, 15, 600} {
				p := fmt.Sprintf("%v °C with %v s and %v s", rises, lag, slow)
				if got := raisedAfter(ucare.Temperature, "°C", time.Second, time.Hour, func(since time.Duration) float64 {
					s := since.Seconds()
					if slow == 0 {
						return 21 + rises*(1-math.Exp(-s/lag))
					}
					return 21 + rises*(1-(lag*math.Exp(-s/lag)-slow*math.Exp(-s/slow))/(lag-slow))
				}); got != 0 {
					t.Errorf("%s is raised after %v", p, got)
				}
			}
		}
	}
}

// The room gets warmer because somebody cooks, and then the oven is opened.
func TestADoorThatIsOpenedInAWarmingRoomIsNoFire(t *testing.T) {
	for _, rises := range []float64{5, 10, 15, 20} {
		for _, lag := range []float64{20, 45, 60, 90, 120, 180} {
			for _, warms := range []float64{0.5, 1, 1.5} {
				if got := raisedAfter(ucare.Temperature, "°C", time.Second, time.Hour, func(since time.Duration) float64 {
					s := since.Seconds()
					return 21 + warms*min(s, 120)/60 + rises*(1-math.Exp(-max(0, s-120)/lag))
				}); got != 0 {
					t.Errorf("%v °C with %v s after %v °C/min is raised after %v", rises, lag, warms, got)
				}
			}
		}
	}
}

// TestFiresThatWereRecorded plays the recordings with all sensors, and with only the
// thermometers 1.2 m below the ceiling.
func TestFiresThatWereRecorded(t *testing.T) {
	files, _ := filepath.Glob("../../shared/recordings/fire/*.jsonl.gz")
	if len(files) == 0 {
		t.Skip("there is no ../shared/recordings/fire here")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl.gz"), func(t *testing.T) {
			var truth struct {
				Ignition time.Time          `json:"ignition"`
				Real     map[string]float64 `json:"real_alarms_s"`
			}
			text, err := os.ReadFile(strings.TrimSuffix(file, ".jsonl.gz") + ".truth.json")
			if err == nil {
				err = json.Unmarshal(text, &truth)
			}
			if err != nil {
				t.Fatal(err)
			}
			photoelectric := math.Inf(1)
			for name, after := range truth.Real {
				if strings.HasPrefix(name, "Pho") {
					photoelectric = min(photoelectric, after)
				}
			}
			all, _ := playFire(t, file, truth.Ignition, func(ucare.Reading) bool { return true })
			if all < 0 || all > photoelectric {
				t.Errorf("all sensors: raised %.0f s after ignition, the first real photoelectric alarm came after %.0f s", all, photoelectric)
			}
			low, hot := playFire(t, file, truth.Ignition, func(r ucare.Reading) bool { return strings.HasSuffix(r.Sensor, "-5") })
			if low < 0 || math.IsInf(low, 1) || hot-low < 30 {
				t.Errorf("low thermometers: raised %.0f s after ignition, 57 °C were reached after %.0f s", low, hot)
			}
		})
	}
}

// playFire returns when the first alarm is raised, and when the first of the thermometers
// reaches 57 °C, in seconds after ignition.
func playFire(t *testing.T, file string, ignition time.Time, plays func(ucare.Reading) bool) (raised, hot float64) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raised, hot = math.Inf(1), math.Inf(1)
	p, s := rules.Default(), rules.NewState("home")
	for lines := bufio.NewScanner(unpacked); lines.Scan(); {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if !plays(r) {
			continue
		}
		after := r.At.Sub(ignition).Seconds()
		if r.Kind == ucare.Temperature && r.Value >= 57 {
			hot = min(hot, after)
		}
		for _, d := range p.Observe(s, r, r.At, nil) {
			if d.Rule == ucare.Fire && d.Verb == ucare.Raise {
				raised = min(raised, d.At.Sub(ignition).Seconds())
			}
		}
	}
	return raised, hot
}

func TestMeasuredValuesAreBoundedAndAllocateNothing(t *testing.T) {
	p, s := rules.Default(), rules.NewState("home")
	now := time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	kinds := map[ucare.Kind]string{ucare.Temperature: "°C", ucare.SmokeDensity: "%/m", ucare.CarbonMonoxideLevel: "ppm", ucare.Gas: "%LEL"}
	for i := range 1000 {
		now = now.Add(time.Second)
		for kind, unit := range kinds {
			p.Observe(s, ucare.Reading{At: now, Sensor: fmt.Sprint("stranger ", i), Room: "hall", Kind: kind, Value: 3, Unit: unit}, now, nil)
		}
	}
	m := &s.Fire.Measured
	if a, b, c, d := len(m.HeatMeters), len(m.SmokeMeters), len(m.Monoxides), len(m.Gases); a > 48 || b > 48 || c > 48 || d > 48 {
		t.Errorf("after 1000 strangers %d, %d, %d and %d are remembered", a, b, c, d)
	}
	for kind, unit := range kinds {
		value := 3.0
		r := ucare.Reading{Sensor: "stranger 7", Room: "hall", Kind: kind, Unit: unit}
		if n := testing.AllocsPerRun(300, func() {
			now, value = now.Add(time.Second), 6-value
			r.At, r.Value = now, value
			if got := p.Observe(s, r, now, nil); got != nil {
				t.Fatalf("it decides %+v", got)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", kind, n)
		}
	}
	if size := unsafe.Sizeof(rules.HeatMeter{}); size > 128 {
		t.Errorf("a thermometer takes %d bytes", size)
	}
}

func TestNuisancesAreCountedAndTakenBack(t *testing.T) {
	p, s := rules.Default(), rules.NewState("home")
	now := time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	alarm := ""
	smoke := func(sensor string, on bool) {
		now = now.Add(time.Minute)
		for _, d := range p.Observe(s, ucare.Reading{At: now, Sensor: sensor, Room: "kitchen", Kind: ucare.Smoke, State: ucare.StateOf(on)}, now, nil) {
			if d.Verb == ucare.Raise {
				alarm = d.Alarm
			}
		}
	}
	restore := func() { now = now.Add(2 * time.Minute); p.Tick(s, now, nil) }
	closed := func(words string) {
		p.Answer(s, alarm, ucare.Answers{ClosedAt: now, Outcome: words}, now, nil)
	}
	want := func(why string, count int) {
		t.Helper()
		got := 0
		for _, n := range s.Nuisances() {
			got += n.Count
		}
		if got != count {
			t.Errorf("%s: %d nuisances, want %d: %+v", why, got, count, s.Nuisances())
		}
	}
	smoke("k1", true)
	want("it has only begun", 0)
	smoke("k1", false)
	restore()
	want("toast", 1)
	closed("helped: small fire in the pan")
	want("it was none", 0)
	smoke("k1", true)
	closed("false alarm: steam")
	want("steam", 1)
	smoke("k1", false)
	restore()
	want("counted once", 1)
	smoke("k1", true)
	smoke("k2", true)
	smoke("k1", false)
	smoke("k2", false)
	restore()
	closed("false alarm: cooking")
	want("two detectors do not err together", 1)
}

// Twelve thermometers of a home, as this rule remembers them.
func TestTwelveThermometersAreSmall(t *testing.T) {
	p, s := rules.Default(), rules.NewState("home")
	now := time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	for k := range 200 {
		now = now.Add(7 * time.Second)
		for i := range 12 {
			r := ucare.Reading{
				At: now, Sensor: fmt.Sprintf("0x00124b0024e%02d", i), Room: "living-room", Kind: ucare.Temperature,
				Value: 21 + float64(k*7%5)/10, Unit: "°C",
			}
			p.Observe(s, r, now, nil)
		}
	}
	m := &s.Fire.Measured
	memory := int(unsafe.Sizeof(*m)) + cap(m.HeatMeters)*int(unsafe.Sizeof(rules.HeatMeter{}))
	if text := mustJSON(m); memory > 2304 || len(text) > 4096 {
		t.Errorf("they take %d bytes, and %d of JSON: %s", memory, len(text), text)
	}
}
