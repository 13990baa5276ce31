// Package activity says what the hours and days of a resident were like: in which
// room, when up, out, in bed, how long silent, and whether that is as usual. It
// folds readings into hours and hours into days, purely: the same readings give the
// same days, wherever they are stored.
package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// An Hour is one hour of a dwelling, by the clock of UTC. It is what is kept when its
// readings are forgotten.
type Hour struct {
	Dwelling string
	From     time.Time    // its beginning, in UTC
	Sensors  []SensorHour // ordered by Sensor and Kind
	Course   Course       // what happened in it
}

// A SensorHour sums up what one sensor said of one kind in an hour.
type SensorHour struct {
	Sensor      string
	Room        string
	Kind        ucare.Kind
	Unit        string        // "": on or off
	Readings    int           // how many there were
	Activations int           // how often it became active
	ActiveFor   time.Duration // how long it was, in this hour
	Min, Max    float64       // of what was measured, in Unit
	Sum         float64       // of what was measured: the mean is Sum/Readings
	First, Last time.Time     // of its readings, in UTC
}

// A Course is what happened in an hour, as days are made of it, and how the sensors
// stood at its end. It is stored as JSON.
type Course struct{}

// A Day is what a day of a dwelling was like, by the clock on the resident's wall. It is
// stored as JSON.
type Day struct {
	Dwelling string    `json:"dwelling"`
	Date     string    `json:"date"` // 2006-01-02
	From     time.Time `json:"from"` // midnight there
	To       time.Time `json:"to"`   // the next one
}
