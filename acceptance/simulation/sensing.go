package simulation

import (
	"math"
	"time"

	"github.com/ucare-project/ucare"
)

// A device is one sensor: how its maker built it, and how it is.
type device struct {
	y         *Year
	id, room  string
	kind      ucare.Kind
	sees      float64       // the share of movements that it notices
	clears    time.Duration // after which it says that it is over; 0: it never does
	looksAway time.Duration // after a movement
	repeats   time.Duration // while it is active; 0: it says it once
	checkIn   time.Duration // it says how it is; 0: it never does
	retained  bool          // the broker keeps its last word
	stamped   bool          // its messages say when they were made
	saysDrill bool          // of a test it says that it is one

	state   ucare.State
	until   int64 // nothing moves any more then, or it looks again
	dead    bool
	stuck   bool  // it says "active" whatever happens
	unstuck int64 // when that ended
	turn    int   // counts what it was made to say, so that old repeats end
	drill   bool
	value   float64
}

// begin lets it check in as often as it does.
func (d *device) begin() {
	if d.kind == ucare.Temperature {
		d.y.in(d.y.between(0, d.checkIn), d.measures)
		return
	}
	if d.checkIn > 0 {
		d.y.in(d.y.between(0, d.checkIn), d.checksIn)
	}
	switch d.kind {
	case ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.Door, ucare.FallSensor:
		if d.clears > 0 || d.kind == ucare.Door { // the others only know one word
			d.y.in(d.y.between(0, time.Hour), func() { d.says(ucare.Inactive) })
		}
	}
}

// checksIn is a word about its battery, which most devices send together with their
// state.
func (d *device) checksIn() {
	d.y.in(d.checkIn+d.y.between(-time.Minute, time.Minute), d.checksIn)
	if d.dead {
		return
	}
	d.sends(ucare.Reading{Kind: ucare.Battery, State: ucare.Inactive})
	if d.kind == ucare.Door && d.state != ucare.Unknown {
		d.says(d.state)
	}
}

// measures sends the temperature: of the season, of the day, of the cooker.
func (d *device) measures() {
	y := d.y
	y.in(d.checkIn+y.between(-10*time.Second, 10*time.Second), d.measures)
	now := y.local()
	season := math.Cos(2 * math.Pi * (float64(now.YearDay()) - 15) / 365)
	if y.Home.South {
		season = -season
	}
	hour := float64(now.Hour()) + float64(now.Minute())/60
	aim := 22 - 2*season + 1.5*math.Sin(2*math.Pi*(hour-9)/24)
	if d.room == "kitchen" && y.resident.place == "kitchen" && y.resident.doing == busy {
		aim += 8
	}
	if d.value == 0 {
		d.value = aim
	}
	d.value += (aim - d.value) * min(1, d.checkIn.Hours()*2)
	d.sends(ucare.Reading{Kind: ucare.Temperature, Unit: "°C", Value: math.Round(10*(d.value+y.near(0, 0.1))) / 10})
}

// says sends a state, also one that it said before.
func (d *device) says(s ucare.State) {
	d.state = s
	d.sends(ucare.Reading{Kind: d.kind, State: s, Drill: d.drill})
}

func (d *device) sends(r ucare.Reading) {
	if d.dead {
		return
	}
	r.Sensor, r.Room, r.Dwelling = d.id, d.room, Dwelling
	d.y.air.carry(d, r)
}

// moves lets somebody move in front of it.
func (d *device) moves() {
	now := d.y.now
	switch {
	case d.dead || d.stuck:
	case d.clears > 0:
		d.until = now + int64(d.clears)
		if d.state != ucare.Active {
			d.says(ucare.Active)
			d.y.in(d.clears, d.looks)
		}
	case now >= d.until:
		d.until = now + int64(d.looksAway)
		d.says(ucare.Active)
	}
}

// looks ends a movement when there was none any more.
func (d *device) looks() {
	switch left := time.Duration(d.until - d.y.now); {
	case d.stuck || d.state != ucare.Active:
	case left > 0:
		d.y.in(left, d.looks)
	default:
		d.says(ucare.Inactive)
	}
}

// sounds makes a detector active until it clears, in the way of its maker.
func (d *device) sounds(lasts time.Duration, drill bool) {
	d.turn++
	turn := d.turn
	d.drill = drill && d.saysDrill
	d.says(ucare.Active)
	end := d.y.now + int64(lasts)
	var again func()
	again = func() {
		if d.turn != turn || d.y.now >= end {
			return
		}
		d.says(ucare.Active)
		d.y.in(d.repeats, again)
	}
	if d.repeats > 0 {
		d.y.in(d.repeats, again)
	}
	d.y.in(lasts, func() {
		if d.turn != turn {
			return
		}
		d.drill = false
		if d.clears > 0 {
			d.says(ucare.Inactive)
		} else {
			d.state = ucare.Unknown
		}
	})
}

// of are the devices of a kind, in a room or, where that is empty, anywhere.
func (y *Year) of(room string, kinds ...ucare.Kind) (all []*device) {
	for _, d := range y.devices {
		for _, k := range kinds {
			if d.kind == k && (room == "" || d.room == room) {
				all = append(all, d)
			}
		}
	}
	return all
}

// moved lets somebody move in a room; strength says how well that can be seen.
func (y *Year) moved(room string, strength float64) {
	for _, d := range y.devices {
		if d.room != room || d.dead {
			continue
		}
		switch d.kind {
		case ucare.Motion:
			if y.chance(d.sees * strength) {
				d.moves()
			}
		case ucare.Presence:
			d.moves()
		}
	}
}

// turns makes every contact of a kind in a room say something new.
func (y *Year) turns(room string, kind ucare.Kind, s ucare.State) {
	for _, d := range y.devices {
		if d.room == room && d.kind == kind && !d.stuck && d.state != s {
			d.says(s)
		}
	}
}

// uses lets an appliance in a room be used.
func (y *Year) uses(room string) {
	for _, d := range y.devices {
		if d.room == room && d.kind == ucare.Use {
			d.says(ucare.Active)
		}
	}
}

// doorOpens lets somebody go through the front door.
func (y *Year) doorOpens() {
	y.turns("hall", ucare.Door, ucare.Active)
	y.in(y.between(4*time.Second, 40*time.Second), func() { y.turns("hall", ucare.Door, ucare.Inactive) })
}
