package load

import (
	"math/rand/v2"
	"time"
)

const (
	// slot is how long the resident stays somewhere at least.
	slot        = 5 * time.Minute
	slotsAnHour = int(time.Hour / slot)
)

// whereabouts is where the resident is: in no room when out.
type whereabouts struct {
	room   string
	asleep bool
}

func (w whereabouts) out() bool { return w.room == "" }

// A plan is one day of the resident, in minutes since midnight.
type plan struct {
	wakes, sleeps int
	meals         [3]int
	leaves, comes int
	nightly       []int // when they get up
}

func (h Home) local(at time.Time) time.Time {
	if h.Location == nil {
		return at.UTC()
	}
	return at.In(h.Location)
}

// plan is that of the day that an instant is on.
func (h Home) plan(local time.Time) plan {
	year, month, day := local.Date()
	random := rand.New(rand.NewPCG(h.Seed+1, uint64(year*10000+int(month)*100+day)))
	around := func(minute, by int) int { return minute - by + random.IntN(2*by) }
	p := plan{wakes: around(6*60+30, 40), sleeps: around(22*60+30, 40)}
	p.meals = [3]int{p.wakes + 40, around(12*60+30, 25), around(18*60+15, 25)}
	if random.IntN(10) < 7 {
		p.leaves = around(14*60, 45)
		p.comes = p.leaves + 50 + random.IntN(100)
	}
	for range random.IntN(3) {
		p.nightly = append(p.nightly, 30+random.IntN(5*60))
	}
	return p
}

// whereabouts is where the resident is in the slot that an instant is in.
func (h Home) whereabouts(at time.Time) whereabouts {
	at = at.Truncate(slot)
	local := h.local(at)
	minute := 60*local.Hour() + local.Minute()
	p := h.plan(local)
	for _, up := range p.nightly {
		if minute/5 == up/5 {
			return whereabouts{room: "bathroom"}
		}
	}
	switch {
	case minute < p.wakes || minute >= p.sleeps:
		return whereabouts{room: "bedroom", asleep: true}
	case minute >= p.leaves && minute < p.comes:
		return whereabouts{}
	}
	for _, meal := range p.meals {
		if minute >= meal && minute < meal+35 {
			return whereabouts{room: "kitchen"}
		}
	}
	return h.passesTime(at)
}

// passesTime is where the resident is when it is time for nothing: half an hour
// somewhere, mostly in the living room, and a few minutes in the bathroom.
func (h Home) passesTime(at time.Time) whereabouts {
	if h.chance(at) < 0.04 {
		return whereabouts{room: "bathroom"}
	}
	switch chance := h.chance(at.Truncate(30 * time.Minute)); {
	case chance < 0.1:
		return whereabouts{room: "kitchen"}
	case chance < 0.2:
		return whereabouts{room: "bedroom"}
	case chance < 0.3:
		return whereabouts{room: "hall"}
	default:
		return whereabouts{room: "living"}
	}
}

// chance is a number from 0 to 1 that belongs to an instant.
func (h Home) chance(at time.Time) float64 {
	return rand.New(rand.NewPCG(h.Seed+2, uint64(at.Unix()))).Float64()
}
