package rules

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Each night the resident's profile is learned from the readings of the
// last LearnFrom days: how long silences last by the hour in which they begin, and how
// long the visits to a room.
//
// A silence lies between one sign of life and the next and belongs to the hour of the
// wall clock in which it began. Each day contributes to an hour the longest silence
// that began in it; the usual longest silence of that hour is the length that nine in
// ten of those days did not exceed (nearest rank). The silences that the range cuts
// off at its ends are left out.

// LearnFrom is how many days of history a profile is learned from.
const LearnFrom = 28

// A Profile is what the history knows about a resident's days.
type Profile struct {
	// Days is on how many days there was a sign of life; 0: nothing is known.
	Days int `json:"days,omitempty"`
	// Longest is the usual longest silence by the local hour in which it began;
	// 0 where none was seen.
	Longest [24]time.Duration `json:"longest,omitzero"`
	// Rooms are the rooms in which the resident was noticed, sorted by name.
	Rooms []RoomHabit `json:"rooms,omitempty"`
}

// A RoomHabit is how long the resident usually stays in a room: from the first sign
// of life there to the first one elsewhere.
type RoomHabit struct {
	Room    string        `json:"room"`
	Visits  int           `json:"visits"`
	Longest time.Duration `json:"longest"` // the usual longest one
}

// usual is the share of days whose longest silence counts as usual. The other
// tenth is holidays, a flat battery, the day it mattered.
const usual = 0.9

// Learns reports whether readings of a kind can teach anything.
func Learns(k ucare.Kind) bool {
	switch k {
	case ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use, ucare.HelpButton, ucare.Away:
		return true
	default:
		return false
	}
}

// LearnProfile learns from one dwelling's readings of the LearnFrom days before now,
// in the order of time. An error is one of reading them.
func (p *Policy) LearnProfile(readings iter.Seq2[ucare.Reading, error], now time.Time) (Profile, error) {
	type hourOfDay struct{ year, day, hour int }
	var (
		loc     = p.location()
		signs   ucare.Signs
		last    time.Time
		longest = make(map[hourOfDay]time.Duration)
		days    = make(map[[2]int]bool)
	)
	for r, err := range readings {
		if err != nil {
			return Profile{}, err
		}
		if !signs.Of(r) || r.At.After(now) {
			continue
		}
		if began := last.In(loc); !last.IsZero() {
			h := hourOfDay{began.Year(), began.YearDay(), began.Hour()}
			longest[h] = max(longest[h], r.At.Sub(last))
		}
		last = r.At
		local := r.At.In(loc)
		days[[2]int{local.Year(), local.YearDay()}] = true
	}
	var byHour [24][]time.Duration
	for h, d := range longest {
		byHour[h.hour] = append(byHour[h.hour], d)
	}
	result := Profile{Days: len(days)}
	for hour, all := range byHour {
		result.Longest[hour] = nearestRank(all, usual)
	}
	return result, nil
}

// nearestRank is the smallest of the lengths that the given share of them does
// not exceed; zero without any.
func nearestRank(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	rank := int(math.Ceil(share*float64(len(all)) - 1e-9))
	return all[max(rank, 1)-1]
}
