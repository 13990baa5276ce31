package supervision

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A silence is not told while its cause is, is told again when the cause has
// ended and the sensor has still not spoken, and ends when it speaks.
func TestASilenceIsHiddenByItsCause(t *testing.T) {
	fault := func(code ucare.FaultCode, subject string) []ucare.Fault {
		return []ucare.Fault{{Code: code, Subject: subject, Dwelling: "kim"}}
	}
	const lost = "kitchen-gas"
	for name, cause := range map[string]struct {
		begin, end func(w *world)
		stands     []string // what is told of the cause here; the decoder tells of the others
		after      time.Duration
	}{
		"its bridge is offline": {
			begin: func(w *world) { w.says(sensors.Heard{Faults: fault(ucare.FaultBridge, base)}) },
			end:   func(w *world) { w.says(sensors.Heard{Cleared: fault(ucare.FaultBridge, base)}) },
		},
		"the sensor cannot be reached": {
			begin: func(w *world) { w.says(sensors.Heard{Faults: fault(ucare.FaultUnreachable, lost)}) },
			end:   func(w *world) { w.says(sensors.Heard{Cleared: fault(ucare.FaultUnreachable, lost)}) },
		},
		"the radio of its bridge is dead": {
			begin:  func(w *world) { w.radio = func(time.Time) bool { return true }; w.run(2 * time.Hour) },
			end:    func(w *world) { w.radio = nil; w.run(10 * time.Minute) },
			stands: []string{"radio_dead " + base},
		},
		"the whole home is quiet": {
			begin:  func(w *world) { w.down = func(time.Time) bool { return true }; w.run(2 * time.Hour) },
			end:    func(w *world) { w.down = nil; w.run(10 * time.Minute) },
			stands: []string{"home_quiet "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var home []*device
			for _, d := range theHome() {
				if d.room != "guest" {
					home = append(home, d)
				}
			}
			home = append(home, &device{id: "plug", kind: ucare.Use, every: time.Minute}) // not behind the bridge
			w := newWorld(t, 1, home...)
			w.run(12 * day)
			d := w.device(lost)
			d.dead = w.now
			w.run(3 * time.Hour)
			w.wants("sensor_silent " + lost)
			cause.begin(w)
			w.wants(cause.stands...)
			w.restart()
			w.wants(cause.stands...)
			cause.end(w)
			w.wants("sensor_silent " + lost)
			w.restart()
			d.back = w.now
			w.run(5 * time.Minute)
			w.wants()
		})
	}
}

// A sensor that has died under the cause is told when it was quiet for too long
// without it.
func TestTheTimeUnderACauseDoesNotCount(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(12 * day)
	w.told = nil
	d := w.device("kitchen-gas")
	d.dead = w.now
	bridge := []ucare.Fault{{Code: ucare.FaultBridge, Subject: base, Dwelling: "kim"}}
	from := w.now
	w.down = func(t time.Time) bool { return t.Sub(from) < 5*time.Hour }
	w.says(sensors.Heard{Faults: bridge})
	w.run(5 * time.Hour)
	w.wants()
	w.says(sensors.Heard{Cleared: bridge})
	came := w.now
	w.run(3 * time.Hour)
	at, noticed := w.when(ucare.FaultSilent, d.id, from)
	if !noticed || at.Sub(came) < 50*time.Minute || at.Sub(came) > 70*time.Minute {
		t.Errorf("noticed %v, %v after the bridge came back", noticed, at.Sub(came))
	}
	w.wants("sensor_silent " + d.id)
}

// A whole home behind one bridge that is told to be offline is not told to be
// quiet as well, and neither is its radio told to be dead.
func TestABridgeThatIsOfflineExplainsAll(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(12 * day)
	w.told = nil
	w.says(sensors.Heard{Faults: []ucare.Fault{{Code: ucare.FaultBridge, Subject: base, Dwelling: "kim"}}})
	w.radio = func(time.Time) bool { return true }
	w.run(3 * day)
	if len(w.told) > 0 {
		t.Errorf("%v", w.told)
	}
}

func TestASensorThatIsReachedAgainIsGivenTime(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(12 * day)
	d := w.device("kitchen-motion")
	unreachable := []ucare.Fault{{Code: ucare.FaultUnreachable, Subject: d.id, Dwelling: "kim"}}
	d.dead, d.back = w.now, w.now.Add(10*time.Hour+30*time.Minute)
	w.told = nil
	w.says(sensors.Heard{Faults: unreachable})
	w.run(10 * time.Hour)
	w.says(sensors.Heard{
		Readings: []ucare.Reading{{Dwelling: "kim", Sensor: d.id, Kind: ucare.Link, State: ucare.Active, At: w.now}},
		Cleared:  unreachable,
	})
	w.run(2 * time.Hour)
	if len(w.told) > 0 {
		t.Errorf("%v", w.told)
	}
}

// After the clock was set back by a month life in the home counts from the next hour on,
// not from when the month has passed again: else no silence that needs it would be told.
func TestLifeCountsAfterTheClockWasSetBack(t *testing.T) {
	s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
	moves := func(now time.Time) {
		s.Hear("x/pir", sensors.Heard{
			Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: "pir", Heard: now}},
			Readings: []ucare.Reading{{Dwelling: "kim", Sensor: "pir", Kind: ucare.Motion, State: ucare.Active}},
		}, now)
	}
	moves(monday)
	const back = -30 * day
	s.Shift(back)
	moves(monday.Add(back + time.Hour))
	if h := s.homes["kim"]; h.active.Hours != 2 || h.sensors["pir"].Moved != instantOf(monday.Add(back+time.Hour)) {
		t.Errorf("%d hours of life; it moved at %v", h.active.Hours, h.sensors["pir"].Moved.time())
	}
}
