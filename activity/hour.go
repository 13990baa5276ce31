// Package activity says what the hours and days of a resident were like: in which
// room, when up, out, in bed, how long silent, and whether that is as usual. It
// folds readings into hours and hours into days, purely: the same readings give the
// same days, wherever they are stored.
//
//	HourOf   readings of an hour and the hour before  → Hour
//	DayOf    hours of a day and those around it       → Day
//	Trends   days                                     → what has changed
//
// What counts as a sign of life, what a room is for and which door leads out are the
// rules' own definitions, which stand in package ucare. What is not known is said to be
// unknown, and a home without a sensor for something has no figure for it: absent is
// not zero.
package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// An Hour is one hour of a dwelling, by the clock of UTC. It is what is kept when its
// readings are forgotten.
type Hour struct {
	Dwelling string       `json:"dwelling"`
	From     time.Time    `json:"from"`              // its beginning, in UTC
	Sensors  []SensorHour `json:"sensors,omitempty"` // ordered by Sensor and Kind
	Course   Course       `json:"course"`            // what happened in it
}

// A SensorHour sums up what one sensor said of one kind in an hour. One whose state only
// went on through the hour is here too, with no readings.
type SensorHour struct {
	Sensor      string     `json:"sensor"`
	Room        string     `json:"room"`
	Kind        ucare.Kind `json:"kind"`
	Unit        string     `json:"unit,omitempty"`        // "": on or off
	Readings    int        `json:"readings"`              // how many there were
	Activations int        `json:"activations,omitempty"` // how often it became active
	// ActiveFor is how long it was active in this hour, also since before it. It is 0 for
	// what cannot say that it is over (most buttons, simple motion sensors), and for
	// mains and link, which are active unless something is wrong: of those the course
	// has the times in which they were not.
	ActiveFor time.Duration `json:"active_for_ns,omitempty"`
	Min       float64       `json:"min,omitempty"`  // of what was measured, in Unit
	Max       float64       `json:"max,omitempty"`  // of what was measured, in Unit
	Sum       float64       `json:"sum,omitempty"`  // of what was measured: the mean is Sum/Readings
	First     time.Time     `json:"first,omitzero"` // of its readings, in UTC; zero: there were none
	Last      time.Time     `json:"last,omitzero"`
}

// Length is how long an Hour is.
const Length = time.Hour

// End is when the hour is over.
func (h *Hour) End() time.Time { return h.From.Add(Length) }

// Heard reports whether any sensor was heard in the hour.
func (h *Hour) Heard() bool {
	for i := range h.Sensors {
		if h.Sensors[i].Readings > 0 {
			return true
		}
	}
	return false
}
