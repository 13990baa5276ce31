package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A Kind is how a home is equipped.
type Kind string

// The kinds.
const (
	Sparse   Kind = "three motion sensors"
	Kit      Kind = "a service's kit"
	Ordinary Kind = "a sensor a room"
	Rich     Kind = "about 20 sensors"
	Radar    Kind = "with fall radars"
	Worn     Kind = "with a wearable"
)

// Kinds are all kinds, in the order of a table.
func Kinds() []Kind { return []Kind{Sparse, Kit, Ordinary, Rich, Radar, Worn} }

// A Home is where somebody lives.
type Home struct {
	Kind     Kind
	Location *time.Location
	South    bool // of the equator: it is cold in July
	Rooms    []string
	Speaker  bool // the resident is asked before an alarm is raised
	Switch   bool // the resident can say that nobody is at home
	Door     bool // the front door has a contact
	// ClockIsSet is whether somebody sets the gateway's clock now and then.
	ClockIsSet bool
}

// Ordinary reports whether the home has no more sensors than most.
func (h Home) Ordinary() bool { return h.Kind != Rich }

var zones = []struct {
	name  string
	south bool
}{
	{"Asia/Seoul", false},
	{"Asia/Seoul", false},
	{"Europe/Berlin", false},
	{"Europe/Berlin", false},
	{"Europe/Lisbon", false},
	{"America/New_York", false},
	{"Australia/Sydney", true},
	{"America/Santiago", true},
	{"Asia/Kolkata", false},
	{"Australia/Lord_Howe", true},
}

// furnish draws a home and its sensors.
func (y *Year) furnish() {
	h := &y.Home
	kinds := Kinds()
	h.Kind = kinds[y.random.IntN(len(kinds))]
	zone := zones[y.random.IntN(len(zones))]
	location, err := time.LoadLocation(zone.name)
	if err != nil {
		panic(err) // the tests carry the zones with them
	}
	h.Location, h.South = location, zone.south
	h.Rooms = []string{"hall", "kitchen", "living", "bedroom", "bathroom"}
	h.Speaker, h.ClockIsSet = y.chance(0.3), y.chance(0.3)
	switch h.Kind {
	case Sparse:
		y.sparse()
	case Kit:
		y.kit()
	case Rich:
		y.rich()
	case Ordinary, Radar, Worn:
		y.ordinary()
	}
	switch h.Kind {
	case Radar:
		y.add(device{room: "bathroom", kind: ucare.FallSensor, clears: time.Minute})
		y.add(device{room: "bedroom", kind: ucare.FallSensor, clears: time.Minute})
	case Worn:
		y.add(device{kind: ucare.FallSensor})
		y.add(device{kind: ucare.HelpButton})
		y.add(device{kind: ucare.Acceleration})
	case Sparse, Kit, Ordinary, Rich:
	}
	h.Door = slices.ContainsFunc(y.devices, func(d *device) bool { return d.kind == ucare.Door })
}

func (y *Year) sparse() {
	y.motion("hall")
	y.motion([]string{"kitchen", "living"}[y.random.IntN(2)])
	y.motion([]string{"bedroom", "bathroom"}[y.random.IntN(2)])
}

// kit is what a public service brings: telecare in Korea since 2010.
func (y *Year) kit() {
	y.motion("living")
	y.motion("bedroom")
	y.add(device{room: "hall", kind: ucare.Door, checkIn: time.Hour})
	y.detector("kitchen", ucare.Smoke)
	y.detector("kitchen", ucare.Gas)
	y.add(device{room: "living", kind: ucare.HelpButton})
	y.Home.Switch = true
}

func (y *Year) ordinary() {
	for _, room := range y.Home.Rooms {
		y.motion(room)
	}
	if y.chance(0.7) {
		y.add(device{room: "hall", kind: ucare.Door, checkIn: time.Hour})
	}
	for _, room := range []string{"kitchen", "bedroom", "living"} {
		if y.chance(0.7) {
			y.detector(room, ucare.Smoke)
		}
	}
	if y.chance(0.4) {
		y.detector("living", ucare.CarbonMonoxide)
	}
	if y.chance(0.5) {
		y.thermometer("living")
	}
	if y.chance(0.4) {
		y.thermometer("kitchen")
	}
	if y.chance(0.5) {
		y.add(device{room: "bathroom", kind: ucare.HelpButton})
	}
	y.Home.Switch = y.chance(0.4)
}

func (y *Year) rich() {
	y.Home.Rooms = append(y.Home.Rooms, "study")
	for _, room := range y.Home.Rooms {
		y.motion(room)
		y.thermometer(room)
	}
	y.add(device{room: "hall", kind: ucare.Door, checkIn: time.Hour})
	y.add(device{room: "bedroom", kind: ucare.Bed, checkIn: 2 * time.Hour})
	y.add(device{room: "living", kind: ucare.Seat, checkIn: 2 * time.Hour})
	y.add(device{room: "living", kind: ucare.Presence, clears: time.Minute})
	y.add(device{room: "kitchen", kind: ucare.Use})
	y.add(device{room: "bathroom", kind: ucare.Use})
	y.detector("kitchen", ucare.Heat)
	y.detector("hall", ucare.Smoke)
	y.detector("living", ucare.Smoke)
	y.detector("bedroom", ucare.CarbonMonoxide)
	y.add(device{room: "bathroom", kind: ucare.HelpButton})
	y.Home.Switch = y.chance(0.5)
}

// motion is a motion sensor of some maker: one that says "clear", after a while of its
// own, or one that only ever says "motion" and then looks away for some time.
func (y *Year) motion(room string) {
	d := device{room: room, kind: ucare.Motion, sees: 0.55 + 0.4*y.random.Float64(), retained: y.chance(0.5), stamped: y.chance(0.3)}
	if y.chance(0.7) {
		d.clears = y.between(time.Minute, 3*time.Minute)
	} else {
		d.looksAway = y.between(time.Minute, 4*time.Minute)
	}
	d.checkIn = []time.Duration{0, 50 * time.Minute, 2 * time.Hour, 4 * time.Hour}[y.random.IntN(4)]
	y.add(d)
}

// detector is one of some maker: it repeats while it sounds, or does not; it says
// "clear", or (433 MHz) never; it says of a test that it is one, or does not.
func (y *Year) detector(room string, kind ucare.Kind) {
	d := device{room: room, kind: kind, retained: y.chance(0.5), saysDrill: y.chance(0.5), checkIn: 12 * time.Hour}
	if y.chance(0.8) {
		d.clears = time.Second
	}
	if y.chance(0.5) || d.clears == 0 {
		d.repeats = y.between(10*time.Second, time.Minute)
	}
	y.add(d)
}

func (y *Year) thermometer(room string) {
	every := []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour}[y.random.IntN(4)]
	y.add(device{room: room, kind: ucare.Temperature, checkIn: every})
}

func (y *Year) add(d device) {
	d.y = y
	d.id = fmt.Sprintf("%s-%s-%d", d.room, d.kind, len(y.devices))
	if d.room == "" {
		d.id = fmt.Sprintf("worn-%s", d.kind)
	}
	y.devices = append(y.devices, &d)
}
