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

// The simulated home of the tests: a person who sleeps, gets up at night, cooks
// and goes out, and sensors that speak when they see it and by themselves.
// A month of it takes milliseconds.

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const (
	day  = 24 * time.Hour
	base = "zigbee2mqtt"
)

// A device is one simulated sensor.
type device struct {
	id      string
	room    string
	kind    ucare.Kind
	every   time.Duration // a check-in by itself; 0: none
	bridge  string
	from    time.Time // installed then
	dead    time.Time // says nothing from then on; zero: lives
	back    time.Time // speaks again
	blind   time.Time // covered from then on
	next    time.Time
	on      bool
	untried bool // the installer has not tried it
}

func (d *device) speaksAt(t time.Time) bool {
	return !t.Before(d.from) && (d.dead.IsZero() || t.Before(d.dead) || !d.back.IsZero() && !t.Before(d.back))
}

// A told is a fault that began or ended in the simulation.
type told struct {
	at    time.Time
	fault ucare.Fault
	began bool
}

// A world runs the simulation.
type world struct {
	t       *testing.T
	s       *Supervisor
	now     time.Time
	rand    *rand.Rand
	devices []*device
	room    string
	away    [][2]time.Time
	down    func(t time.Time) bool // messages are lost
	radio   func(t time.Time) bool // the bridge's radio is dead, and the bridge talks on
	told    []told
}

// theHome are twenty sensors of a flat, as one buys them: those behind a bridge
// check in by themselves.
func theHome() []*device {
	var all []*device
	add := func(room string, kind ucare.Kind, every time.Duration) {
		all = append(all, &device{id: room + "-" + string(kind), room: room, kind: kind, every: every, bridge: base})
	}
	for _, room := range []string{"kitchen", "living", "bedroom", "bath", "hall", "guest"} {
		add(room, ucare.Motion, 50*time.Minute)
	}
	for _, room := range []string{"hall", "kitchen", "balcony", "guest"} {
		add(room, ucare.Door, time.Hour)
	}
	for _, room := range []string{"kitchen", "bedroom", "hall"} {
		add(room, ucare.Smoke, 4*time.Hour)
	}
	add("bath", ucare.WaterLeak, 12*time.Hour)
	add("kitchen", ucare.Gas, time.Minute)
	add("living", ucare.Temperature, 30*time.Minute)
	add("bath", ucare.Temperature, 30*time.Minute)
	add("bedroom", ucare.HelpButton, 24*time.Hour+20*time.Minute)
	add("kitchen", ucare.Use, 10*time.Second)
	add("living", ucare.Presence, time.Hour)
	return all
}

func newWorld(t *testing.T, seed uint64, devices ...*device) *world {
	t.Helper()
	w := &world{
		t: t, now: monday, rand: rand.New(rand.NewPCG(seed, 1)), devices: devices, room: "bedroom",
		s: New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}}),
	}
	for _, d := range devices {
		d.next = monday.Add(time.Duration(w.rand.Int64N(int64(max(d.every, time.Minute)))))
		if !d.untried && (sensors.MustBeTested(d.kind) || d.kind == ucare.Motion) {
			w.hear(d, reading(d, ucare.Active), monday)
			w.hear(d, reading(d, ucare.Inactive), monday)
		}
	}
	return w
}

func reading(d *device, state ucare.State) []ucare.Reading {
	return []ucare.Reading{{Dwelling: "kim", Sensor: d.id, Room: d.room, Kind: d.kind, State: state}}
}

// run lets time pass, a minute at a time.
func (w *world) run(long time.Duration) {
	for until := w.now.Add(long); w.now.Before(until); w.now = w.now.Add(time.Minute) {
		w.walk()
		for _, d := range w.devices {
			w.live(d)
		}
		if w.radio != nil && w.radio(w.now) && w.now.Minute()%10 == 0 {
			w.note(w.s.Hear(base+"/bridge/health", sensors.Heard{}, w.now))
		}
		if at, due := w.s.Next(); due && !w.now.Before(at) {
			w.note(w.s.Tick(w.now))
		}
	}
}

// walk moves the person through the day.
func (w *world) walk() {
	hour, asleep := w.now.Hour(), false
	for _, a := range w.away {
		if !w.now.Before(a[0]) && w.now.Before(a[1]) {
			w.room = ""
			return
		}
	}
	asleep = hour >= 23 || hour < 7
	switch chance := w.rand.Float64(); {
	case asleep && chance < 0.003:
		w.room = "bath"
	case asleep:
		w.room = "bedroom"
	case hour == 10 && w.now.YearDay()%2 == 0:
		w.room = "" // out for shopping
	case chance < 0.02 || w.room == "":
		w.room = []string{"kitchen", "living", "bath", "hall", "bedroom"}[w.rand.IntN(5)]
	}
}

// live lets a device see what it sees, and check in.
func (w *world) live(d *device) {
	if !d.speaksAt(w.now) {
		d.next, d.on = w.now.Add(d.every), false
		return
	}
	sees := w.room != "" && d.room == w.room && (d.blind.IsZero() || w.now.Before(d.blind))
	asleep := w.now.Hour() >= 23 || w.now.Hour() < 7
	switch d.kind {
	case ucare.Motion, ucare.Use: // it clears after a minute or two, whoever is there
		moves := sees && !d.on && w.rand.Float64() < 0.3 && (!asleep || w.rand.Float64() < 0.05)
		if moves || d.on && w.rand.Float64() < 0.5 {
			d.on = moves
			w.hear(d, reading(d, ucare.StateOf(d.on)), w.now)
		}
	case ucare.Presence:
		if sees != d.on {
			d.on = sees
			w.hear(d, reading(d, ucare.StateOf(d.on)), w.now)
		}
	case ucare.Door:
		if sees && w.rand.Float64() < 0.02 {
			d.on = !d.on
			w.hear(d, reading(d, ucare.StateOf(d.on)), w.now)
		}
	}
	if d.every > 0 && !w.now.Before(d.next) {
		w.hear(d, nil, w.now)
		d.next = w.now.Add(d.every + time.Duration(w.rand.Int64N(int64(d.every/50+1))))
	}
}

// hear is a message of the device.
func (w *world) hear(d *device, readings []ucare.Reading, now time.Time) {
	if w.down != nil && w.down(now) || w.radio != nil && w.radio(now) && d.bridge != "" {
		return
	}
	for i := range readings {
		readings[i].At = now
	}
	topic := "ucare/kim/" + d.id
	if d.bridge != "" {
		topic = d.bridge + "/" + d.id
	}
	w.note(w.s.Hear(topic, sensors.Heard{
		Readings: readings,
		Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: d.id, Kinds: []ucare.Kind{d.kind}, Heard: now, Bridge: d.bridge}},
	}, now))
}

// says is a message that is no word of a device: the decoder tells faults.
func (w *world) says(h sensors.Heard) { w.note(w.s.Hear("", h, w.now)) }

func (w *world) note(c Change) {
	for _, f := range c.Began {
		w.told = append(w.told, told{w.now, f, true})
	}
	for _, f := range c.Ended {
		w.told = append(w.told, told{w.now, f, false})
	}
}

// restart brings the memory through JSON, as a checkpoint does.
func (w *world) restart() {
	w.t.Helper()
	text, err := json.Marshal(w.s)
	if err != nil {
		w.t.Fatal(err)
	}
	fresh := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
	if err := json.Unmarshal(text, fresh); err != nil {
		w.t.Fatal(err)
	}
	again, err := json.Marshal(fresh)
	if err != nil || string(again) != string(text) {
		w.t.Fatalf("the memory changed on its way through JSON (%v):\n%s\n%s", err, text, again)
	}
	if a, b := w.s.Standing(), fresh.Standing(); len(a) != len(b) || len(a) > 0 && !reflect.DeepEqual(a, b) {
		w.t.Fatalf("standing before %v, after %v", a, b)
	}
	w.s = fresh
}

// standing are the codes and subjects of the faults that stand.
func (w *world) standing() []string {
	var all []string
	for _, f := range w.s.Standing() {
		all = append(all, string(f.Code)+" "+f.Subject)
	}
	return all
}

// began are the faults that began, as "code subject".
func (w *world) began() []string {
	var all []string
	for _, x := range w.told {
		if x.began {
			all = append(all, string(x.fault.Code)+" "+x.fault.Subject)
		}
	}
	return all
}

// when is when a fault first began after an instant.
func (w *world) when(code ucare.FaultCode, subject string, after time.Time) (time.Time, bool) {
	for _, x := range w.told {
		if x.began && x.fault.Code == code && x.fault.Subject == subject && !x.at.Before(after) {
			return x.at, true
		}
	}
	return time.Time{}, false
}

func (w *world) device(id string) *device {
	for _, d := range w.devices {
		if d.id == id {
			return d
		}
	}
	w.t.Fatalf("there is no device %q", id)
	return nil
}

// wants compares what stands.
func (w *world) wants(want ...string) {
	w.t.Helper()
	if got := w.standing(); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("on %s there stands %v, want %v", w.now.Format("2 Jan 15:04"), got, want)
	}
}
