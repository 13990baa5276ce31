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
}
