package simulation

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// air is what is between a device and the gateway, and the gateway's own mishaps.
type air struct {
	y        *Year
	loses    float64 // the share of messages
	doubles  float64
	off      time.Time // since when the gateway is off, by its clock
	deaf     time.Time // since when its broker is
	held     []ucare.Reading
	holding  bool
	skew     time.Duration // of the gateway's clock
	lost     time.Duration // unheard so far
	saidAway bool          // the switch was last heard to say so
}

// begin draws how good the air is, and on which days something happens in it.
func (a *air) begin(y *Year) {
	*a = air{y: y, loses: 0.03 * y.random.Float64(), doubles: 0.02 * y.random.Float64()}
	a.often(6, func() { a.hold(y.between(time.Minute, 12*time.Minute)) })
	a.often(5, a.republish)
	a.often(3, func() { a.goOff(y.about(2 * time.Hour)) })
	a.often(0.7, func() { a.goOff(y.between(10*time.Hour, 60*time.Hour)) })
	a.often(2, func() { a.goDeaf(y.about(time.Hour)) })
	a.often(4, a.flap)
	a.often(2, a.sensorDies)
	a.often(0.7, a.sensorSticks)
	if y.Home.ClockIsSet {
		a.often(2, func() {
			steps := []time.Duration{-49 * time.Hour, -time.Hour, -2 * time.Minute, 90 * time.Second, time.Hour, 30 * 24 * time.Hour}
			a.set(steps[y.random.IntN(len(steps))])
		})
	}
}

// often lets something happen about that often a year, at any time, in a home with no
// more troubles than most.
func (a *air) often(times float64, do func()) {
	mean := time.Duration(float64(Days*24*time.Hour) / times / a.y.troubled)
	var next func()
	next = func() {
		do()
		a.y.in(a.y.about(mean), next)
	}
	a.y.in(a.y.about(mean), next)
}

// hears reports whether the gateway hears anything.
func (a *air) hears() bool { return a.off.IsZero() && a.deaf.IsZero() }

// clock is what the gateway's clock shows.
func (a *air) clock() time.Time { return a.y.at(a.y.now).Add(a.skew) }

// carry brings a message to the gateway, or does not.
func (a *air) carry(d *device, r ucare.Reading) {
	if !a.hears() || a.y.chance(a.loses) {
		return
	}
	if d.stamped {
		r.At = a.clock()
	}
	if a.holding {
		a.held = append(a.held, r)
		return
	}
	a.arrive(r)
	if a.y.chance(a.doubles) {
		r.At = a.clock()
		if d.stamped || a.y.chance(0.5) {
			a.y.in(a.y.between(0, 2*time.Second), func() { a.arrive(r) })
		} else {
			a.arrive(r)
		}
	}
}

// arrive is when the gateway hears it.
func (a *air) arrive(r ucare.Reading) {
	if !a.hears() {
		return
	}
	now := a.clock()
	if r.At.IsZero() {
		r.At = now
	}
	if r.Kind == ucare.Away {
		a.saidAway = r.State == ucare.Active
	}
	a.y.out = append(a.y.out, Thing{At: now, Reading: &r})
}

// hold keeps everything back for a while and then brings it all at once, in part in
// another order.
func (a *air) hold(d time.Duration) {
	if a.holding {
		return
	}
	a.holding = true
	a.y.in(d, func() {
		a.holding = false
		held := a.held
		a.held = nil
		if a.y.chance(0.5) {
			for range len(held) / 3 {
				i, j := a.y.random.IntN(len(held)), a.y.random.IntN(len(held))
				held[i], held[j] = held[j], held[i]
			}
		}
		for _, r := range held {
			a.arrive(r)
		}
	})
}

// republish is a bridge that was started again: what it had kept is old news.
func (a *air) republish() {
	for _, d := range a.y.devices {
		if d.retained && d.state != ucare.Unknown && a.y.chance(0.9) {
			r := ucare.Reading{Sensor: d.id, Room: d.room, Dwelling: Dwelling, Kind: d.kind, State: d.state, UnknownAge: true}
			if !d.dead || a.y.chance(0.5) {
				a.arrive(r)
			}
		}
	}
}

func (a *air) goOff(d time.Duration) {
	if !a.hears() {
		return
	}
	a.off = a.clock().Add(-a.y.between(0, time.Minute)) // as it was last written down
	began := a.clock()
	a.held = nil
	a.y.out = append(a.y.out, Thing{At: began, Off: true})
	a.y.in(d, func() {
		from := a.off
		a.off = time.Time{}
		a.unheard(Unheard{From: from, To: a.clock(), Off: true})
	})
}

func (a *air) goDeaf(d time.Duration) {
	if !a.hears() {
		return
	}
	a.deaf = a.clock()
	a.held = nil
	a.y.in(d, func() {
		from := a.deaf
		a.deaf = time.Time{}
		a.unheard(Unheard{From: from, To: a.clock()})
	})
}

func (a *air) unheard(u Unheard) {
	a.lost += u.To.Sub(u.From)
	a.y.out = append(a.y.out, Thing{At: a.clock(), Unheard: &u})
	if a.y.chance(0.7) {
		a.republish()
	}
}

// set sets the gateway's clock, and sets it right a while later.
func (a *air) set(by time.Duration) {
	if a.skew != 0 || !a.hears() || a.holding {
		return
	}
	a.skew = by
	a.y.out = append(a.y.out, Thing{At: a.clock(), ClockBy: by})
	var right func()
	right = func() {
		if !a.hears() || a.holding {
			a.y.in(time.Hour, right)
			return
		}
		a.skew = 0
		a.y.out = append(a.y.out, Thing{At: a.clock(), ClockBy: -by})
	}
	a.y.in(a.y.about(12*time.Hour), right)
}

// flap is a device that comes and goes for some hours.
func (a *air) flap() {
	y := a.y
	d := y.devices[y.random.IntN(len(y.devices))]
	for range 2 + y.random.IntN(6) {
		from := y.between(0, 6*time.Hour)
		y.in(from, func() { d.sends(ucare.Reading{Kind: ucare.Link, State: ucare.Inactive}) })
		y.in(from+y.between(time.Second, 20*time.Minute), func() { d.sends(ucare.Reading{Kind: ucare.Link, State: ucare.Active}) })
	}
	y.in(7*time.Hour, func() { d.sends(ucare.Reading{Kind: ucare.Link, State: ucare.Active}) })
}

// sensorDies kills a device, often after it said that its battery is low, until
// somebody puts a new one in.
func (a *air) sensorDies() {
	y := a.y
	d := y.devices[y.random.IntN(len(y.devices))]
	if y.chance(0.6) {
		d.sends(ucare.Reading{Kind: ucare.Battery, State: ucare.Active})
	}
	y.in(y.about(10*24*time.Hour), func() {
		d.dead = true
		y.in(y.between(3*24*time.Hour, 40*24*time.Hour), func() {
			d.dead, d.state, d.until = false, ucare.Unknown, 0
			d.sends(ucare.Reading{Kind: ucare.Battery, State: ucare.Inactive})
		})
	})
}

// sensorSticks makes a contact stay on for some days, and say so again and again.
func (a *air) sensorSticks() {
	y := a.y
	able := slices.DeleteFunc(y.of("", ucare.Motion, ucare.Smoke, ucare.Door), func(d *device) bool { return d.stuck || d.clears == 0 && d.kind != ucare.Door })
	if len(able) == 0 {
		return
	}
	d := able[y.random.IntN(len(able))]
	d.stuck = true
	d.turn++
	end := y.now + int64(y.between(6*time.Hour, 6*24*time.Hour))
	every := y.between(2*time.Minute, 2*time.Hour)
	var again func()
	again = func() {
		if y.now < end {
			d.says(ucare.Active)
			y.in(every, again)
			return
		}
		d.stuck, d.unstuck = false, y.now
		d.says(ucare.Inactive)
	}
	again()
}
