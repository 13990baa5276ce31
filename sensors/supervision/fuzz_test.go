package supervision

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Whatever is heard in whatever order: a fault begins and ends by turns, nothing waits
// for the past, and a program that is started again after each entry, with the memory
// back from JSON, tells the same.
func FuzzSupervisor(f *testing.F) {
	f.Add([]byte("sensors that speak, bridges that go and a clock that is set"))
	for seed := range 20 {
		script := make([]byte, 900)
		_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(script) // never fails
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		config := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim", Sensors: []ucare.Sensor{{ID: "s1"}}}}}
		s, restarted, now, standing := New(config), New(config), monday, map[string]bool{}
		for i := 0; i+2 < len(script); i += 3 {
			now = now.Add(time.Duration(script[i+2]) * 7 * time.Minute)
			do := step(script[i], script[i+1], script[i+2], &now)
			c := do(s)
			alternate(t, standing, c)
			if other := do(restarted); !reflect.DeepEqual(c, other) {
				t.Fatalf("step %d: after a restart %v, without %v", i/3, other, c)
			}
			restarted = again(t, restarted, config)
			if at, due := s.Next(); due && script[i]%8 == 7 && !at.After(now) {
				t.Fatalf("after a tick at %v it waits for %v", now, at)
			}
		}
		if len(s.Standing()) != len(standing) {
			t.Fatalf("%d faults stand, %d were told", len(s.Standing()), len(standing))
		}
	})
}

// step is what three bytes of a script stand for. It may set the clock.
func step(what, who, long byte, now *time.Time) func(*Supervisor) Change {
	kinds := []ucare.Kind{ucare.Motion, ucare.Presence, ucare.Smoke, ucare.HelpButton, ucare.Battery, ucare.Link, ucare.Door}
	id, kind, at := fmt.Sprint("s", who%5), kinds[int(what>>3)%len(kinds)], *now
	fault := []ucare.Fault{{Code: ucare.FaultBridge, Subject: "z", Dwelling: "kim"}, {Code: ucare.FaultUnreachable, Subject: id, Dwelling: "kim"}}
	seen := sensors.Seen{Dwelling: "kim", Sensor: id, Kinds: kinds[:who%7]}
	reading := ucare.Reading{Dwelling: "kim", Sensor: id, Kind: kind, State: ucare.State(who % 3), UnknownAge: long%2 == 0}
	topic, h := "z/"+id, sensors.Heard{}
	switch what % 8 {
	case 0:
		seen.Bridge, seen.Heard = "z", at
		h.Seen, h.Readings = []sensors.Seen{seen}, []ucare.Reading{reading}
	case 1: // announced, and perhaps heard as well
		if long%4 == 0 {
			seen.Heard = at
		}
		topic, h.Seen = "announced/"+id, []sensors.Seen{seen}
	case 2:
		h.Faults = fault[:1+who%2]
	case 3:
		h.Cleared = fault
	case 4:
		seen.Gone = true
		h.Seen = []sensors.Seen{seen}
	case 5:
		return func(s *Supervisor) Change { return s.Gap(at.Add(-time.Duration(who)*time.Hour), at, at) }
	case 6:
		by := time.Duration(int(who)-128) * time.Hour
		*now = at.Add(by)
		return func(s *Supervisor) Change { s.Shift(by); return Change{} }
	case 7:
		return func(s *Supervisor) Change { return s.Tick(at) }
	}
	return func(s *Supervisor) Change { return s.Hear(topic, h, at) }
}

// alternate checks that each fault begins and ends by turns.
func alternate(t *testing.T, standing map[string]bool, c Change) {
	t.Helper()
	for _, x := range c.Ended {
		if !standing[x.Key()] {
			t.Fatalf("it ended and never began: %v", x)
		}
		delete(standing, x.Key())
	}
	for _, x := range c.Began {
		if standing[x.Key()] {
			t.Fatalf("it began twice: %v", x)
		}
		standing[x.Key()] = true
	}
}

// again is a supervisor with the memory of another one, from JSON.
func again(t *testing.T, s *Supervisor, config sensors.Config) *Supervisor {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	next := New(config)
	if err := json.Unmarshal(text, next); err != nil {
		t.Fatal(err)
	}
	return next
}

func TestTheMemoryIsBounded(t *testing.T) {
	s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
	now := monday
	for i := range 5 * maxSensors {
		now = now.Add(time.Minute)
		id := fmt.Sprint("made-up-", i)
		s.Hear("z/"+id, sensors.Heard{
			Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: id, Bridge: id, Heard: now}, {Dwelling: "lee", Sensor: id, Heard: now}},
			Readings: []ucare.Reading{{Dwelling: "kim", Sensor: id, Kind: ucare.Smoke, State: ucare.Inactive}},
		}, now)
	}
	if h := s.homes["kim"]; len(h.sensors) != maxSensors || len(h.bridges) != maxBridges || len(s.homes) != 1 {
		t.Errorf("%d sensors, %d bridges, %d homes", len(h.sensors), len(h.bridges), len(s.homes))
	}
}

// The promise of the package comment: a few hundred bytes a sensor, in memory and on disk.
func TestASensorCostsLittle(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(20 * day)
	text, err := json.Marshal(w.s)
	if err != nil {
		t.Fatal(err)
	}
	each := len(text) / len(w.devices)
	t.Logf("%d bytes of JSON a sensor", each)
	if each > 400 {
		t.Errorf("%d bytes of JSON a sensor", each)
	}
}

func BenchmarkHear(b *testing.B) {
	w := newWorld(new(testing.T), 1, theHome()...)
	w.run(20 * day)
	now := w.now
	h := sensors.Heard{
		Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: "kitchen-gas", Bridge: base, Heard: now}},
		Readings: []ucare.Reading{{Dwelling: "kim", Sensor: "kitchen-gas", Kind: ucare.Gas, State: ucare.Inactive}},
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		h.Seen[0].Heard = now
		w.s.Hear(base+"/kitchen-gas", h, now)
	}
}
