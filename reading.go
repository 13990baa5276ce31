package ucare

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Kind is what a sensor reports on.
type Kind string

// The kinds. The comment says what an active reading of the kind means.
const (
	Motion              Kind = "motion"                // somebody moved
	Presence            Kind = "presence"              // somebody is in the room
	Door                Kind = "door"                  // open
	Bed                 Kind = "bed"                   // somebody lies in it
	Seat                Kind = "seat"                  // somebody sits on it
	Use                 Kind = "use"                   // an appliance, tap or button of daily life is used
	Smoke               Kind = "smoke"                 // a certified detector says smoke
	Heat                Kind = "heat"                  // a certified detector says heat
	CarbonMonoxide      Kind = "carbon_monoxide"       // a certified detector says CO
	Gas                 Kind = "gas"                   // a certified detector says combustible gas; with a unit measured, % LEL
	WaterLeak           Kind = "water_leak"            // water where none should be
	Temperature         Kind = "temperature"           // measured, °C
	SmokeDensity        Kind = "smoke_density"         // measured, %/m
	CarbonMonoxideLevel Kind = "carbon_monoxide_level" // measured, ppm
	HelpButton          Kind = "help"                  // the resident called for help
	FallSensor          Kind = "fall"                  // a device says somebody fell
	Acceleration        Kind = "acceleration"          // samples of a wearable, g
	Battery             Kind = "battery"               // low
	Tamper              Kind = "tamper"                // opened or torn off
	Mains               Kind = "mains"                 // power is there
	Link                Kind = "link"                  // reachable
	Away                Kind = "away"                  // the resident has gone out
)

var kinds = map[Kind]bool{
	Motion: true, Presence: true, Door: true, Bed: true, Seat: true, Use: true, Smoke: true, Heat: true,
	CarbonMonoxide: true, Gas: true, WaterLeak: true, Temperature: true, SmokeDensity: true,
	CarbonMonoxideLevel: true, HelpButton: true, FallSensor: true, Acceleration: true, Battery: true,
	Tamper: true, Mains: true, Link: true, Away: true,
}

// Known reports whether k is one of the kinds above.
func (k Kind) Known() bool { return kinds[k] }

// Unit is what a kind is measured in, "" for one that is only on or off.
func (k Kind) Unit() string {
	switch k {
	case Temperature:
		return "°C"
	case SmokeDensity:
		return "%/m"
	case CarbonMonoxideLevel:
		return "ppm"
	case Gas:
		return "% LEL"
	default:
		return ""
	}
}

// A State is what a contact says. The zero value is unknown, and unknown is
// never safe.
type State uint8

// The states of a contact.
const (
	Unknown State = iota
	Inactive
	Active
)

// StateOf turns a device's boolean into a State.
func StateOf(active bool) State {
	if active {
		return Active
	}
	return Inactive
}

// String returns "unknown", "inactive" or "active".
func (s State) String() string {
	switch s {
	case Inactive:
		return "inactive"
	case Active:
		return "active"
	default:
		return "unknown"
	}
}

// TestAlarm is the sensor under whose name a drill comes in that somebody asked the
// gateway for. It hangs on no wall and is no sign of life.
const TestAlarm = "test-alarm"

// A Reading is one report of one sensor at one time. It is a contact (State is
// known), a measurement (Unit is set) or a window of samples.
type Reading struct {
	At       time.Time
	Dwelling string
	Sensor   string
	Room     string
	Kind     Kind
	State    State
	Value    float64
	Unit     string
	RateHz   float64      // samples per second, with Samples
	Samples  [][3]float64 // x, y, z in Unit (g)

	// UnknownAge marks old news: a retained or re-published state of which
	// nobody can say since when it holds.
	UnknownAge bool
	// Drill marks a test press: handled like the real thing up to the centre,
	// and named a drill there.
	Drill bool
}

// readingJSON is the form of a Reading in topics, exports and recordings.
type readingJSON struct {
	At         time.Time    `json:"at"`
	Dwelling   string       `json:"dwelling"`
	Sensor     string       `json:"sensor"`
	Room       string       `json:"room"`
	Kind       Kind         `json:"kind"`
	Active     *bool        `json:"active,omitempty"`
	Value      *float64     `json:"value,omitempty"`
	Unit       string       `json:"unit,omitempty"`
	RateHz     float64      `json:"rate_hz,omitempty"`
	Samples    [][3]float64 `json:"samples,omitempty"`
	UnknownAge bool         `json:"unknown_age,omitempty"`
	Drill      bool         `json:"drill,omitempty"`
}

// MarshalJSON writes the reading as one JSON object.
func (r Reading) MarshalJSON() ([]byte, error) {
	w := readingJSON{
		At: r.At, Dwelling: r.Dwelling, Sensor: r.Sensor, Room: r.Room, Kind: r.Kind, Unit: r.Unit,
		RateHz: r.RateHz, Samples: r.Samples, UnknownAge: r.UnknownAge, Drill: r.Drill,
	}
	switch {
	case r.State != Unknown:
		active := r.State == Active
		w.Active = &active
	case r.Unit != "" && r.Samples == nil:
		w.Value = &r.Value
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads the form that MarshalJSON writes. Fields it does not
// know are passed over; a kind it does not know is an error, and so is an
// "active" that is not a JSON boolean.
func (r *Reading) UnmarshalJSON(data []byte) error {
	var w readingJSON
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if !w.Kind.Known() {
		return fmt.Errorf("kind %q is not one of the kinds of a reading", w.Kind)
	}
	*r = Reading{
		At: w.At, Dwelling: w.Dwelling, Sensor: w.Sensor, Room: w.Room, Kind: w.Kind, Unit: w.Unit,
		RateHz: w.RateHz, Samples: w.Samples, UnknownAge: w.UnknownAge, Drill: w.Drill,
	}
	if w.Active != nil {
		r.State = StateOf(*w.Active)
	}
	if w.Value != nil {
		r.Value = *w.Value
	}
	return nil
}
