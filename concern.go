package ucare

import "time"

// A Concern is something that caregivers should look at and for which no centre is
// called: the night is longer than usual, it is cold in the bedroom, water on the
// floor. It lasts until it is settled.
type Concern struct {
	Name     string     `json:"name"` // as an alarm's, from AlarmID
	Rule     Rule       `json:"rule"`
	Kind     Kind       `json:"kind,omitempty"`
	Room     string     `json:"room,omitempty"`
	Since    time.Time  `json:"since"` // when it began
	At       time.Time  `json:"at"`    // when it was told
	Dwelling string     `json:"dwelling"`
	Because  []Evidence `json:"because"`
	// UnknownAge and Drill are those of the reading that began it.
	UnknownAge bool `json:"unknown_age,omitempty"`
	Drill      bool `json:"drill,omitempty"`
	// Counted is set when it was not told, because so many were told that day: it
	// stands on the page, and the next that is told says how many were counted.
	Counted bool `json:"counted,omitempty"`
}
