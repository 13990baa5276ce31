package supervision

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// The figures behind the limits: how often a living home is told to be broken,
// and how long a death goes unnoticed. `go test -run Table -v` prints them.

// A row is what one kind of home came to.
type row struct {
	home         string
	sensors      int
	days         float64
	faults       map[ucare.FaultCode]int
	deaths, seen int
	delays       []time.Duration
}

func (r *row) falseFaults() int {
	n := 0
	for _, x := range r.faults {
		n += x
	}
	return n
}

func (r *row) String() string {
	slices.Sort(r.delays)
	months := float64(r.sensors) * r.days / 30
	delay := "–"
	if n := len(r.delays); n > 0 {
		delay = fmt.Sprintf("median %v, longest %v", r.delays[n/2].Round(time.Minute), r.delays[n-1].Round(time.Minute))
	}
	return fmt.Sprintf("%-44s %3d sensors %5.0f days  false %3d = %.3f per sensor-month %v  deaths noticed %d/%d: %s",
		r.home, r.sensors, r.days, r.falseFaults(), float64(r.falseFaults())/months, r.faults, r.seen, r.deaths, delay)
}

// count takes in the faults of a home in which nothing is broken.
func (r *row) count(told []told) {
	for _, x := range told {
		if x.began && x.fault.Code != ucare.FaultNotTested && x.fault.Code != ucare.FaultNoHeartbeat {
			r.faults[x.fault.Code]++
		}
	}
}

func TestTableOfSimulatedHomes(t *testing.T) {
	for _, c := range []struct {
		name     string
		home     func() []*device
		holidays bool
		most     float64       // false faults per sensor-month
		slowest  time.Duration // a death must be noticed within
	}{
		{"sensors that check in (Zigbee, Z-Wave)", theHome, false, 0.01, 55 * time.Hour},
		{"the same, with a week's holiday a month", theHome, true, 0.03, 55 * time.Hour},
		{"sensors that speak only when they see (433 MHz)", mute, false, 0.6, 100 * time.Hour},
	} {
		r := row{home: c.name, faults: map[ucare.FaultCode]int{}}
		for seed := range uint64(4) {
			home := c.home()
			w := newWorld(t, seed, home...)
			if c.holidays {
				w.away = [][2]time.Time{{monday.Add(18 * day), monday.Add(25 * day)}}
			}
			w.run(27 * day)
			r.sensors, r.days = len(home), r.days+27
			r.count(w.told)
			for _, x := range w.told {
				t.Logf("    %s %v %s %s", x.at.Format("2 Jan 15:04"), x.began, x.fault.Code, x.fault.Subject)
			}
		}
		for i := range c.home() {
			home := c.home()
			w := newWorld(t, uint64(i), home...)
			w.run(15*day + time.Duration(i)*time.Hour)
			died := w.now
			home[i].dead = died
			w.run(5 * day)
			r.deaths++
			if at, noticed := w.when(ucare.FaultSilent, home[i].id, died); noticed {
				r.seen++
				r.delays = append(r.delays, at.Sub(died))
			}
		}
		t.Log(&r)
		if rate := float64(r.falseFaults()) / (float64(r.sensors) * r.days / 30); rate > c.most {
			t.Errorf("%s: %.3f false faults per sensor-month, want at most %v", c.name, rate, c.most)
		}
		if r.seen < r.deaths || slices.Max(r.delays) > c.slowest {
			t.Errorf("%s: %d of %d deaths were noticed, the last after %v", c.name, r.seen, r.deaths, slices.Max(r.delays))
		}
	}
}

// mute are sensors that never check in.
func mute() []*device {
	var all []*device
	for _, room := range []string{"kitchen", "living", "bedroom", "bath", "hall"} {
		all = append(all, &device{id: room, room: room, kind: ucare.Motion})
	}
	return all
}

// recordings are real homes, one reading a line, from before there was any
// supervision. They are not part of this repository.
const recordings = "../../../shared/recordings/activity"

func TestTableOfRealHomes(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recordings, "*.jsonl.gz"))
	if len(files) == 0 {
		t.Skipf("there are no recordings of real homes in %s", recordings)
	}
	for _, file := range files {
		readings := recorded(t, file)
		for _, every := range []time.Duration{0, time.Hour} {
			name := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz") + ", as it was"
			if every > 0 {
				name = strings.TrimSuffix(name, "as it was") + "with an hourly check-in"
			}
			ids := sensorsOf(readings)
			last := readings[len(readings)-1].At
			r := row{home: name, sensors: len(ids), days: last.Sub(readings[0].At).Hours() / 24, faults: map[ucare.FaultCode]int{}}
			told := replay(readings, every, "", last)
			r.count(told)
			middle := readings[0].At.Add(last.Sub(readings[0].At) / 2)
			for _, id := range ids {
				r.deaths++
				for _, x := range replay(readings, every, id, middle) {
					if x.began && x.fault.Code == ucare.FaultSilent && x.fault.Subject == id && !x.at.Before(middle) {
						r.seen++
						r.delays = append(r.delays, x.at.Sub(middle))
						break
					}
				}
			}
			t.Log(&r)
			for _, x := range told {
				if x.began {
					t.Logf("    %s %s %s (%s)", x.at.Format("2 Jan 15:04"), x.fault.Code, x.fault.Subject, x.fault.Detail)
				}
			}
			if every > 0 && r.faults[ucare.FaultSilent]+r.faults[ucare.FaultHomeQuiet] > 0 {
				t.Errorf("%s: sensors that check in every hour were told to be silent: %v", name, r.faults)
			}
			if every > 0 && (r.seen < r.deaths || slices.Max(r.delays) > 3*time.Hour) {
				t.Errorf("%s: %d of %d deaths noticed, the last after %v", name, r.seen, r.deaths, slices.Max(r.delays))
			}
		}
	}
}

func recorded(t *testing.T, file string) []ucare.Reading {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []ucare.Reading
	for lines := bufio.NewScanner(unzipped); lines.Scan(); {
		var r ucare.Reading
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, r)
	}
	return all
}

func sensorsOf(readings []ucare.Reading) []string {
	seen := map[string]bool{}
	for _, r := range readings {
		seen[r.Sensor] = true
	}
	return sortedKeys(seen)
}

// replay supervises a recorded home. Each sensor also checks in every so often,
// if at all; one of them dies.
func replay(readings []ucare.Reading, every time.Duration, dies string, at time.Time) (all []told) {
	dwelling := readings[0].Dwelling
	s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: dwelling}}})
	note := func(c Change, now time.Time) {
		for _, f := range c.Began {
			all = append(all, told{now, f, true})
		}
	}
	say := func(sensor string, r []ucare.Reading, now time.Time) {
		if sensor == dies && !now.Before(at) {
			return
		}
		note(s.Hear("", sensors.Heard{Readings: r, Seen: []sensors.Seen{{Dwelling: dwelling, Sensor: sensor, Heard: now}}}, now), now)
	}
	ids := sensorsOf(readings)
	now := readings[0].At
	for _, r := range readings {
		for now.Before(r.At) {
			now = now.Add(time.Minute)
			for i, id := range ids {
				if every > 0 && int(now.Unix()/60)%int(every/time.Minute) == i {
					say(id, nil, now)
				}
			}
			if next, due := s.Next(); due && !now.Before(next) {
				note(s.Tick(now), now)
			}
		}
		say(r.Sensor, []ucare.Reading{r}, r.At)
	}
	return all
}
