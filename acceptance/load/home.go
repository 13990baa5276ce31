// Package load makes the readings of homes that do not exist, in any number: of
// somebody who sleeps, eats, goes out and gets up at night, and of sensors that say much
// more than that. The same home has the same readings, whichever part of its time is
// asked for, and says nothing twice, so that what was stored of it can be counted.
//
//	home.go   the readings of an hour, and of any time
//	day.go    where the resident is
//	line.go   a reading as one line of text, to be compared
package load

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
)

// Busy is how many readings an hour make 3 million in 90 days.
const Busy = 1389

// A Home is somebody's dwelling with about 17 sensors.
type Home struct {
	Dwelling string
	Seed     uint64
	// PerHour is about how many readings there are. The resident causes about 60; the rest
	// are thermometers and radars that speak every few seconds.
	PerHour int
	// Location is where the resident's clock is read; nil is UTC.
	Location *time.Location
}

// Rooms are the rooms of every home.
var Rooms = []string{"hall", "kitchen", "living", "bedroom", "bathroom"}

// Readings are those with from ≤ at < to, in the order of time. Some are of one sensor, kind and
// instant and differ only in what they say; some have no known age; some are samples.
func (h Home) Readings(from, to time.Time) iter.Seq[ucare.Reading] {
	return func(yield func(ucare.Reading) bool) {
		for hour := from.UTC().Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
			for _, r := range h.hour(hour) {
				if r.At.Before(from) || !r.At.Before(to) {
					continue
				}
				if !yield(r) {
					return
				}
			}
		}
	}
}

// An hour is one in the making.
type hour struct {
	Home
	from     time.Time
	random   *rand.Rand
	readings []ucare.Reading
}

func (h Home) hour(from time.Time) []ucare.Reading {
	x := &hour{Home: h, from: from, random: rand.New(rand.NewPCG(h.Seed, uint64(from.Unix())))}
	x.readings = make([]ucare.Reading, 0, h.PerHour+64)
	for i := range slotsAnHour {
		x.lives(from.Add(time.Duration(i) * slot))
	}
	x.checksIn()
	x.chatters()
	slices.SortStableFunc(x.readings, func(a, b ucare.Reading) int { return a.At.Compare(b.At) })
	return x.readings
}

func (x *hour) add(r ucare.Reading) {
	r.Dwelling = x.Dwelling
	x.readings = append(x.readings, r)
}

func (x *hour) contact(at time.Time, room string, kind ucare.Kind, active bool) {
	x.add(ucare.Reading{At: at, Sensor: room + "-" + string(kind), Room: room, Kind: kind, State: ucare.StateOf(active)})
}

// between is some time, to the nanosecond.
func (x *hour) between(least, most time.Duration) time.Duration {
	return least + time.Duration(x.random.Int64N(int64(most-least)))
}

// lives is what the resident causes in one slot.
func (x *hour) lives(at time.Time) {
	before, now := x.whereabouts(at.Add(-slot)), x.whereabouts(at)
	if before != now {
		x.changes(at, before, now)
	}
	moves := 3
	switch {
	case now.out():
		return
	case now.asleep:
		moves = 0
		if x.random.IntN(8) == 0 {
			moves = 1
		}
	case now.room == "living":
		moves = 1
	}
	for i := range moves {
		moved := at.Add(time.Duration(i)*95*time.Second + x.between(0, 20*time.Second))
		x.contact(moved, now.room, ucare.Motion, true)
		x.contact(moved.Add(x.between(30*time.Second, 70*time.Second)), now.room, ucare.Motion, false)
		if now.room == "kitchen" && i == 0 {
			x.contact(moved.Add(time.Second), now.room, ucare.Use, true)
		}
	}
}

// changes is getting up, lying or sitting down, and going through the front door.
func (x *hour) changes(at time.Time, before, now whereabouts) {
	at = at.Add(x.between(0, 5*time.Second))
	if before.out() != now.out() {
		x.contact(at, "hall", ucare.Door, true)
		x.contact(at.Add(x.between(5*time.Second, 30*time.Second)), "hall", ucare.Door, false)
	}
	if before.asleep != now.asleep {
		x.contact(at.Add(2*time.Second), "bedroom", ucare.Bed, now.asleep)
	}
	if sits := now.room == "living"; sits != (before.room == "living") {
		x.contact(at.Add(3*time.Second), "living", ucare.Seat, sits)
	}
}

// checksIn is what the devices say of themselves: one each hour in its turn, and a
// wearable every hour how it lay.
func (x *hour) checksIn() {
	n := int(x.from.Unix()/3600) % (2 * len(Rooms))
	room := Rooms[n%len(Rooms)]
	at := x.from.Add(x.between(0, time.Hour))
	x.add(ucare.Reading{
		At: at, Sensor: room + "-motion", Room: room, Kind: ucare.Battery,
		State: ucare.StateOf(room == "bathroom" && x.from.YearDay()%20 == 0),
	})
	x.add(ucare.Reading{At: at.Add(1), Sensor: room + "-motion", Room: room, Kind: ucare.Link, State: ucare.StateOf(x.random.IntN(60) > 0)})
	samples := make([][3]float64, 16)
	for i := range samples {
		samples[i] = [3]float64{0.01 * x.random.NormFloat64(), 0.01 * x.random.NormFloat64(), 1}
	}
	x.add(ucare.Reading{At: at.Add(2), Sensor: "wrist", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: samples})
}

// chatters fills the hour up with what thermometers and radars say.
func (x *hour) chatters() {
	n := x.PerHour - len(x.readings)
	if n <= 0 {
		return
	}
	pace := time.Hour / time.Duration(n)
	for i := range n {
		at := x.from.Add(time.Duration(i)*pace + x.between(0, pace))
		switch device := i % (len(Rooms) + 2); {
		case device < len(Rooms):
			x.measures(at, Rooms[device], i)
		case device == len(Rooms):
			x.contact(at, "living", ucare.Presence, x.whereabouts(at).room == "living")
		default:
			x.contact(at, "bedroom", ucare.Presence, x.whereabouts(at).room == "bedroom")
		}
		if i%50 == 7 {
			x.readings[len(x.readings)-1].UnknownAge = true
		}
	}
}

// measures is one temperature, now and then a second one of the same instant, or one
// with as many digits as there are.
func (x *hour) measures(at time.Time, room string, i int) {
	local := x.local(at)
	hours := float64(local.Hour()) + float64(local.Minute())/60
	value := 20.5 + 1.5*math.Sin(2*math.Pi*(hours-9)/24) + 0.1*x.random.NormFloat64()
	if i%31 != 0 {
		value = math.Round(10*value) / 10
	}
	r := ucare.Reading{At: at, Sensor: room + "-climate", Room: room, Kind: ucare.Temperature, Value: value, Unit: "°C"}
	x.add(r)
	if i%97 == 8 {
		r.Value = value + 0.5
		x.add(r)
	}
}

// Compare orders readings as the stores do: by time, sensor and kind.
func Compare(a, b ucare.Reading) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Kind, b.Kind))
}

// Message is a reading as its sensor publishes it in our own form.
func Message(r ucare.Reading) (acceptance.Message, error) {
	payload, err := r.MarshalJSON()
	return acceptance.Message{Topic: fmt.Sprintf("ucare/%s/%s", r.Dwelling, r.Sensor), Payload: payload}, err
}
