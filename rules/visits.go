package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// visits are the stays in each room while the days of a profile pass again.
type visits struct {
	room  string
	since time.Time
	long  map[string][]time.Duration
}

// noticed notes a sign of life, and the visit to another room that it ends.
func (v *visits) noticed(c *Contact, s *State, at time.Time) {
	if c.Room == v.room && s.Silence.Out.Since.IsZero() {
		return
	}
	if stay := at.Sub(v.since); v.room != "" && !v.since.IsZero() && stay < noVisit {
		if v.long == nil {
			v.long = make(map[string][]time.Duration)
		}
		v.long[v.room] = append(v.long[v.room], stay)
	}
	v.room, v.since = c.Room, at
	if !s.Silence.Out.Since.IsZero() {
		v.room = "" // Who goes out stays nowhere.
	}
}

// noVisit is a stay in which nobody was there. Shorter ones count, a night's sleep
// included: from such a room people go to bed without being noticed.
const noVisit = 16 * time.Hour

// oneIn is how many visits there are to one that is too long to be usual.
const oneIn = 50

// habits are the rooms with the most visits.
func (v *visits) habits() []RoomHabit {
	var all []RoomHabit
	for room, stays := range v.long {
		slices.Sort(stays)
		n := len(stays)
		all = append(all, RoomHabit{Room: room, Visits: n, Longest: stays[n-1-n/oneIn], Most: stays[max(n-2, 0)]})
	}
	slices.SortFunc(all, func(a, b RoomHabit) int {
		return cmp.Or(cmp.Compare(b.Visits, a.Visits), strings.Compare(a.Room, b.Room))
	})
	all = all[:min(len(all), roomsKept)]
	slices.SortFunc(all, func(a, b RoomHabit) int { return strings.Compare(a.Room, b.Room) })
	return all
}
