package rules

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A wearable sends windows of acceleration; from them a fall is suspected by what is
// before, in and after an impact. Published detectors agree on the order of events
// (Kangas 2008, Bourke 2007: a fall phase, an impact, another posture, little movement), and that a threshold
// on the impact alone is worth little on real falls (Bagalà 2012: 13 detectors
// found 57 % of 29 real falls, with 3 to 85 false alarms a day).
//
// All rates become 20 steps a second, each the mean of its samples (wearer.go), and a
// resultant counts at most 2.5 g (impact.go). So a device of ±4 g at 25 Hz and one of ±16 g at 200 Hz are
// judged alike, and one of ±2 g nearly so. The direction of gravity is compared only with itself a
// little earlier: how the device is turned, and where it is worn, need not be known.
//
// An impact is the greatest tenth of a second of at least 1.5 g within the second before and
// after. Two seconds after it 13 figures are taken (impact.go): how strong and
// sharp it was, how far gravity turned, how restless the person was before and
// is after, how many like peaks there were. Their weights (fallfigures.go) were found by
// logistic regression; decision 0017 says on what, and how well it does on people who
// were left out.
//
// Each look is at a fixed distance from its impact, so how the stream is cut into windows,
// and windows that come twice, change nothing. A window that is missing
// begins everything anew: half a fall is not judged.
//
// What follows is for the rule of falls: a suspicion begins a pre-alarm at once,
// for impact, posture and the first stillness have confirmed each other. The
// resident can cancel it, and so does walking upright (walking.go).
//
// What cannot be told apart: a wearable that is thrown on a table, from a person who falls and lies
// still. It is a pre-alarm. One that lies there for hours without an impact is nothing.
// Somebody who slides to the floor without an impact of 1.5 g is not noticed here.

// wearersKept is how many wearables of a dwelling are followed; the one that was heard
// the longest ago makes room.
const wearersKept = 3

// fallsApart is how long after a suspected fall the impacts of the same wearable are
// part of it: whoever falls against a table reaches the floor within two seconds, and is
// moved, or tries to rise, soon after.
const fallsApart = 10 * stepsASecond

// observeAcceleration folds a window of a wearable's acceleration. A drill or a window of
// unknown age says nothing about the person now.
func (p *Policy) observeAcceleration(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	scale, ok := gravities(r)
	if !ok || r.UnknownAge || r.Drill {
		return to
	}
	w := s.Fall.wearer(r.Sensor)
	w.hear(r.Samples, scale, r.RateHz, observedAt(r, now), func(x sign) {
		at := ucare.Earlier(x.at, now) // A window may be dated by its end.
		if x.up {
			to = p.gotUp(s, r.Sensor, r.Room, at, now, to)
			return
		}
		to = p.suspectFall(s, suspicion{Sensor: r.Sensor, Room: r.Room, Onset: at, Because: x.because(r, at)}, now, to)
	})
	return to
}

// because is what speaks for a fall.
func (x sign) because(r *ucare.Reading, at time.Time) []ucare.Evidence {
	fact := func(f ucare.Fact) ucare.Evidence {
		return ucare.Evidence{Fact: f, At: at, Sensor: kept(r.Sensor), Room: kept(r.Room), Kind: ucare.Acceleration}
	}
	impact, turned := fact(ucare.FactImpact), fact(ucare.FactTurned)
	impact.Value, impact.Unit = math.Round(x.impact*10)/10, "g"
	turned.Value, turned.Unit = math.Round(x.turned), "°"
	all := []ucare.Evidence{impact, turned}
	if x.still {
		still := fact(ucare.FactStill)
		still.Seconds = 1
		all = append(all, still)
	}
	return all
}

// gravities is what one unit of the samples is in g, and whether they can be judged.
func gravities(r *ucare.Reading) (float64, bool) {
	if len(r.Samples) == 0 || !(r.RateHz >= slowest && r.RateHz <= fastest) {
		return 0, false
	}
	switch r.Unit {
	case "g", "":
		return 1, true
	case "m/s²", "m/s2", "m/s^2":
		return 1 / 9.80665, true
	case "mg":
		return 0.001, true
	default:
		return 0, false
	}
}

// wearer finds what is remembered of a wearable, or begins to.
func (f *FallState) wearer(sensor string) *Wearer {
	if w := f.Wearers[sensor]; w != nil {
		return w
	}
	if len(f.Wearers) == wearersKept {
		delete(f.Wearers, slices.MinFunc(slices.Sorted(maps.Keys(f.Wearers)), func(a, b string) int {
			return f.Wearers[a].Until.Compare(f.Wearers[b].Until)
		}))
	}
	if f.Wearers == nil {
		f.Wearers = make(map[string]*Wearer)
	}
	w := new(Wearer)
	f.Wearers[kept(sensor)] = w
	return w
}

// sign is what a wearable tells: a person probably fell, or walks again after that.
type sign struct {
	up     bool
	at     time.Time // of the impact; of the walking
	impact float64   // g, mean of a tenth of a second
	turned float64   // degrees between gravity before and after
	still  bool      // from one to two seconds after it
}

// hear takes a window that started at start, and tells what it says in the order in
// which it happened.
func (w *Wearer) hear(samples [][3]float64, scale, rate float64, start time.Time, tell func(sign)) {
	from := w.begins(start, len(samples), rate)
	if from == len(samples) {
		return
	}
	for i, sample := range samples[from:] {
		w.take(sampled(sample, scale), rate, func() {
			at := start.Add(time.Duration(float64(from+i+1) / rate * float64(time.Second)))
			if w.gotUp() {
				tell(sign{up: true, at: at})
			}
			if f, ok := w.fall(at); ok {
				tell(f)
			}
		})
	}
}

// fall looks at the impact whose time has come at the end of the track, if there is one.
func (w *Wearer) fall(end time.Time) (sign, bool) {
	peak, ok := w.peak()
	if !ok {
		return sign{}, false
	}
	t := w.look(peak)
	m := t.measure()
	at := end.Add(-trackAfter * time.Second / stepsASecond)
	if m.fall() < fallFrom || w.Beat > 0 && w.Beat < fallsApart {
		return sign{}, false
	}
	if w.Beat == 0 {
		w.Before = t.standing()
	}
	w.Beat, w.Walked = 1, 0
	return sign{at: at, impact: w.pair(peak), turned: m[turned], still: m[restless] < math.Log(stillness)}, true
}

// stillness is the deviation of the resultant, in g, below which people are told that there was
// no movement. Somebody who lies on the floor and breathes stays below a fifth of it.
const stillness = 0.1
