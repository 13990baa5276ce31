package supervision

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Whatever is heard in whatever order: a fault begins and ends by turns, the
// memory is bounded and comes back from JSON as it was, and nothing waits for the past.
func FuzzSupervisor(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 100, 50})
	f.Add([]byte("sensors that speak, bridges that go and a clock that is set"))
	kinds := []ucare.Kind{ucare.Motion, ucare.Presence, ucare.Smoke, ucare.HelpButton, ucare.Battery, ucare.Link, ucare.Door}
	f.Fuzz(func(t *testing.T, script []byte) {
		config := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim", Sensors: []ucare.Sensor{{ID: "s1"}}}}}
		s, now, standing := New(config), monday, map[string]bool{}
		note := func(c Change) {
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
		for i := 0; i+2 < len(script); i += 3 {
			what, who, long := script[i], script[i+1], script[i+2]
			now = now.Add(time.Duration(long) * 7 * time.Minute)
			id, kind := fmt.Sprint("s", who%5), kinds[int(what>>3)%len(kinds)]
			fault := []ucare.Fault{{Code: ucare.FaultBridge, Subject: "z", Dwelling: "kim"}, {Code: ucare.FaultUnreachable, Subject: id, Dwelling: "kim"}}
			switch what % 8 {
			case 0, 1:
				note(s.Hear("z/"+id, sensors.Heard{
					Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: id, Bridge: "z", Heard: now, Kinds: kinds[:who%7]}},
					Readings: []ucare.Reading{{Dwelling: "kim", Sensor: id, Kind: kind, State: ucare.State(who % 3), UnknownAge: long%2 == 0}},
				}, now))
			case 2:
				note(s.Hear("z/bridge/health", sensors.Heard{Faults: fault[:1+who%2]}, now))
			case 3:
				note(s.Hear("z/bridge/health", sensors.Heard{Cleared: fault}, now))
			case 4:
				note(s.Hear("z/x", sensors.Heard{Seen: []sensors.Seen{{Dwelling: "kim", Sensor: id, Gone: true}}}, now))
			case 5:
				note(s.Gap(now.Add(-time.Duration(who)*time.Hour), now, now))
			case 6:
				by := time.Duration(int(who)-128) * time.Hour
				s.Shift(by)
				now = now.Add(by)
			case 7:
				note(s.Tick(now))
				if at, due := s.Next(); due && !at.After(now) {
					t.Fatalf("after a tick at %v it waits for %v", now, at)
				}
			}
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again := New(config)
		if err := json.Unmarshal(text, again); err != nil {
			t.Fatal(err)
		}
		if back, err := json.Marshal(again); err != nil || string(back) != string(text) {
			t.Fatalf("%v\n%s\n%s", err, text, back)
		}
		if len(s.Standing()) != len(standing) {
			t.Fatalf("%d faults stand, %d were told", len(s.Standing()), len(standing))
		}
	})
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
