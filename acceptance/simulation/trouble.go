package simulation

import (
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A Lying is a time in which the resident could not get up.
type Lying struct {
	Since, Until time.Time // in truth; Until is zero before somebody came
	Room         string
	// Raised is when an alarm called somebody, zero when none did.
	Raised time.Time
	// Sensed is when a fall was heard of, by a device that notices falls.
	Sensed time.Time

	unheard time.Duration // before
}

// lying is the time in which the resident lies, if they do.
func (y *Year) lying() *Lying {
	if n := len(y.Lain); n > 0 && y.Lain[n-1].Until.IsZero() {
		return &y.Lain[n-1]
	}
	return nil
}

// Unheard is how much of the time since then nothing was heard.
func (y *Year) Unheard(l Lying) time.Duration {
	sum := y.air.lost - l.unheard
	for _, from := range []time.Time{y.air.off, y.air.deaf} {
		if !from.IsZero() {
			sum += y.air.clock().Sub(from)
		}
	}
	return sum
}

// trouble draws what goes wrong in the home, and how often.
func (y *Year) trouble() {
	a := &y.air
	a.often(1.5, func() { y.burns(ucare.Smoke, ucare.Heat) })
	a.often(0.5, func() { y.burns(ucare.CarbonMonoxide) })
	a.often(0.5, func() { y.burns(ucare.Gas) })
	a.often(3, y.toast)
	a.often(8, y.testPress)
	a.often(3, y.press)
	a.often(2.5, y.collapse)
	if len(y.of("", ucare.FallSensor)) > 0 {
		a.often(4, y.falls)
	}
	if len(y.of("", ucare.Acceleration)) > 0 {
		a.often(600, func() { y.swings(false) })
	}
}

// burns is a danger that one or several detectors notice, and thermometers in the room.
func (y *Year) burns(kinds ...ucare.Kind) {
	able := y.of("", kinds...)
	if len(able) == 0 {
		return
	}
	first := able[y.random.IntN(len(able))]
	lasts := y.between(3*time.Minute, 70*time.Minute)
	first.sounds(lasts, false)
	for _, d := range able {
		if d != first && y.chance(0.5) {
			y.in(y.between(time.Second, 5*time.Minute), func() { d.sounds(lasts, false) })
		}
	}
	if !slices.Contains(kinds, ucare.Heat) {
		return
	}
	for _, d := range y.of(first.room, ucare.Temperature) {
		for minute := range 10 {
			y.in(time.Duration(minute)*time.Minute+y.between(0, time.Second), func() {
				d.value = 22 + 12*float64(minute)
				d.sends(ucare.Reading{Kind: ucare.Temperature, Unit: "°C", Value: d.value})
			})
		}
	}
}

// toast is a detector that is right about the smoke and wrong about the danger. It
// wavers.
func (y *Year) toast() {
	able := y.of("", ucare.Smoke)
	if len(able) == 0 {
		return
	}
	d := able[y.random.IntN(len(able))]
	d.sounds(y.between(20*time.Second, 3*time.Minute), false)
	if y.chance(0.5) {
		y.in(y.between(3*time.Minute, 9*time.Minute), func() { d.sounds(y.between(20*time.Second, time.Minute), false) })
	}
}

// testPress is the button of a detector, or the one for help.
func (y *Year) testPress() {
	able := y.of("", ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas)
	if len(able) > 0 {
		able[y.random.IntN(len(able))].sounds(y.between(2*time.Second, 30*time.Second), true)
	}
}

// press is a call for help: once, or again and again; doubled by some bridges.
func (y *Year) press() {
	able := y.of("", ucare.HelpButton)
	if len(able) == 0 || y.resident.place == "" || y.lying() != nil {
		return
	}
	d := able[y.random.IntN(len(able))]
	for i := range 1 + y.random.IntN(3) {
		y.in(time.Duration(i)*y.between(time.Second, 30*time.Second), func() {
			d.says(ucare.Active)
			if y.chance(0.3) {
				d.says(ucare.Active)
			}
			if y.chance(0.5) {
				d.says(ucare.Inactive)
			}
		})
	}
}

// collapse is that somebody lies where they are, in bed even, and cannot call; and nobody
// else is there.
func (y *Year) collapse() {
	if y.resident.place == "" || y.lying() != nil || y.now < y.resident.company {
		return
	}
	y.resident.plan++
	y.Lain = append(y.Lain, Lying{Since: y.at(y.now), Room: y.resident.place, unheard: y.unheardSoFar()})
	l := len(y.Lain) - 1
	for _, d := range y.of(y.resident.place, ucare.Presence) {
		if d.state == ucare.Active && y.chance(0.5) {
			d.until = y.now + int64(60*time.Hour) // it sees one who breathes
		}
	}
	y.in(y.between(30*time.Hour, 60*time.Hour), func() { y.found(&y.Lain[l]) })
}

func (y *Year) unheardSoFar() time.Duration { return y.Unheard(Lying{}) }

// falls is a fall that a device notices: a radar that looks at the room, or what is
// worn. Some get up by themselves.
func (y *Year) falls() {
	r := &y.resident
	able := slices.DeleteFunc(y.of("", ucare.FallSensor), func(d *device) bool { return d.room != "" && d.room != r.place })
	if r.place == "" || y.lying() != nil || len(able) == 0 || y.now < r.company {
		return
	}
	d := able[0]
	getsUp := y.chance(0.4)
	if !getsUp {
		y.collapse()
	}
	y.swings(true)
	y.in(y.between(15*time.Second, time.Minute), func() { d.says(ucare.Active) })
	if getsUp && d.clears > 0 {
		y.in(y.between(70*time.Second, 4*time.Minute), func() { d.says(ucare.Inactive) })
	}
}

// swings is a window of what is worn: some steps, or a fall.
func (y *Year) swings(fall bool) {
	for _, d := range y.of("", ucare.Acceleration) {
		if y.resident.place == "" || y.lying() != nil && !fall {
			return
		}
		samples := make([][3]float64, 100)
		for i := range samples {
			t := float64(i) / 25
			up := 1 + 0.3*math.Sin(2*math.Pi*1.8*t)
			side := 0.1 * math.Sin(2*math.Pi*0.9*t)
			switch {
			case fall && i >= 50 && i < 53:
				up, side = 3.5, 2
			case fall && i >= 53:
				up, side = 0.05, 1
			}
			samples[i] = [3]float64{side, y.near(0, 0.02), up}
		}
		d.sends(ucare.Reading{Kind: ucare.Acceleration, Unit: "g", RateHz: 25, Samples: samples})
	}
}

// found is somebody at the door for one who lies.
func (y *Year) found(l *Lying) {
	if !l.Until.IsZero() {
		return
	}
	r := &y.resident
	l.Until = y.at(y.now)
	r.plan++
	y.doorOpens()
	r.leaves()
	for _, d := range y.of(l.Room, ucare.Presence) {
		d.until = y.now
	}
	for _, d := range y.of("", ucare.FallSensor) {
		if d.state == ucare.Active && d.clears > 0 {
			d.says(ucare.Inactive)
		}
	}
	stay := y.between(20*time.Minute, 90*time.Minute)
	r.walkAbout(y.now+int64(stay), []string{l.Room, "hall"})
	if !y.chance(0.6) {
		r.planned(stay, r.returns)
		return
	}
	r.place = "" // to hospital
	if y.Home.Switch && y.chance(0.5) {
		y.in(stay, func() { y.says("away", ucare.Away, ucare.Active) })
	}
	r.planned(stay+y.between(24*time.Hour, 9*24*time.Hour), r.returns)
}
