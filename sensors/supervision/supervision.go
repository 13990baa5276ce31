// Package supervision notices when a sensor has gone deaf. A sensor that is
// dead says nothing, and a home in which nobody moves says nothing either: the
// difference is known only to who remembers how long each sensor is usually
// quiet.
//
// A [Supervisor] is told what each message said (the settled [sensors.Heard] of
// the decoder) and when time has passed, and answers which faults began and
// which ended. It is pure like the decoder and the rules: no clock, no I/O, so
// that folding the journal again gives the same faults. The conditions, each in
// its file:
//
//	silence.go  a sensor is silent; a bridge's radio is dead; a whole home is quiet
//	blind.go    a motion sensor lives and sees nobody while the others do
//	stuck.go    a contact stays on for longer than can be true
//	untested.go no live alarm of a detector or help button was ever seen
//
// How long is too long is learned, in voice.go. A silence is not told while its
// cause is: the sensor cannot be reached, its bridge is offline, the radio of
// its bridge is dead, the whole home is quiet. The time under such a cause does
// not count as the sensor's own silence.
//
// What a sensor says of itself (low battery, tamper, lost mains, unreachable)
// needs no time to be noticed; the decoder tells of it.
package supervision

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what somebody who makes up names can make us remember of a dwelling.
const (
	maxSensors = 500
	maxBridges = 50
)

// A Supervisor remembers when each sensor was heard. One goroutine uses it; its
// memory survives JSON.
type Supervisor struct {
	homes map[string]*home // by dwelling
	bases map[string][]baseOf
	due   instant // no condition begins before it by time alone; 0: none will
}

// baseOf says which bridge of which dwelling speaks below a base topic.
type baseOf struct {
	home   *home
	bridge *bridge
}

// A Change is what began and what ended.
type Change struct{ Began, Ended []ucare.Fault }

// New returns a Supervisor of the dwellings of a configuration. Their
// configured sensors are expected to be heard.
func New(c sensors.Config) *Supervisor {
	s := &Supervisor{homes: map[string]*home{}, bases: map[string][]baseOf{}}
	for _, d := range c.Dwellings {
		h := newHome(d.Dwelling)
		for _, configured := range d.Sensors {
			if configured.ID != "" {
				h.configured = append(h.configured, configured.ID)
			}
		}
		h.learn = func(b *bridge) { s.learnBase(h, b) }
		s.homes[d.Dwelling] = h
		h.expect()
	}
	return s
}

// Hear takes in what a message on a topic said. now is when it came in.
func (s *Supervisor) Hear(topic string, heard sensors.Heard, now time.Time) Change {
	var c Change
	at := instantOf(now)
	touched := map[*home]bool{}
	for i := range heard.Seen {
		if h := s.homes[heard.Seen[i].Dwelling]; h != nil {
			h.begin(at)
			h.see(&heard.Seen[i], at, &c)
			touched[h] = true
		}
	}
	for i := range heard.Readings {
		if h := s.homes[heard.Readings[i].Dwelling]; h != nil {
			h.begin(at)
			h.read(&heard.Readings[i], at)
			touched[h] = true
		}
	}
	for _, h := range s.causes(heard, at) {
		touched[h] = true
	}
	s.speaks(topic, heard, at)
	for _, h := range slices.SortedFunc(maps.Keys(touched), byDwelling) {
		h.judge(at, h.takeTouched(), &c)
		s.wait(h.soonest)
	}
	return c
}

func byDwelling(a, b *home) int { return cmp.Compare(a.dwelling, b.dwelling) }

// Tick lets time pass. It is called at Next or later.
func (s *Supervisor) Tick(now time.Time) Change {
	var c Change
	at := instantOf(now)
	if s.due == 0 || at < s.due {
		return c
	}
	s.judgeAll(at, &c)
	return c
}

// judgeAll judges every sensor anew and finds out what is due next.
func (s *Supervisor) judgeAll(at instant, c *Change) {
	s.due = 0
	for _, id := range slices.Sorted(maps.Keys(s.homes)) {
		h := s.homes[id]
		h.begin(at)
		clear(h.touched)
		h.judge(at, slices.Collect(maps.Keys(h.sensors)), c)
		s.wait(h.soonest)
	}
}

// Next is when Tick must be called, and whether it must be at all.
func (s *Supervisor) Next() (time.Time, bool) { return s.due.time(), s.due != 0 }

// wait sees to it that Tick is called at that instant. Whole minutes do, and let
// many sensors share one tick.
func (s *Supervisor) wait(at instant) {
	if at == 0 {
		return
	}
	if at = (at + 59) / 60 * 60; s.due == 0 || at < s.due {
		s.due = at
	}
}

// Gap tells that nothing could be heard from one time to another: the gateway
// was off, or its broker deaf. now is when that is known. Silence of that time
// does not count.
func (s *Supervisor) Gap(from, to, now time.Time) Change {
	var c Change
	for _, h := range s.homes {
		h.begin(instantOf(now))
		h.voice.deaf(instantOf(from), instantOf(to))
		for _, b := range h.bridges {
			b.voice.deaf(instantOf(from), instantOf(to))
		}
		for _, sensor := range h.sensors {
			sensor.deaf(instantOf(from), instantOf(to))
		}
	}
	s.judgeAll(instantOf(now), &c)
	return c
}

// Shift tells that the wall clock was set, forward by a positive duration. All
// that is being measured moves with it.
func (s *Supervisor) Shift(by time.Duration) {
	d := seconds(by)
	s.due.shift(d)
	for _, h := range s.homes {
		h.voice.shift(d)
		for _, b := range h.bridges {
			b.voice.shift(d)
			b.Spoke.shift(d)
			b.Offline.shift(d)
		}
		for _, sensor := range h.sensors {
			sensor.shift(d)
		}
		h.active.shift(d)
		for key, f := range h.standing {
			f.Since = f.Since.Add(by)
			h.standing[key] = f
		}
	}
}

// Standing are the faults that hold now.
func (s *Supervisor) Standing() []ucare.Fault {
	var all []ucare.Fault
	for _, id := range slices.Sorted(maps.Keys(s.homes)) {
		all = append(all, s.homes[id].told()...)
	}
	return all
}

// justNow is how old the word of a sensor may be for the message to be its own.
const justNow = instant(2 * 60)

// causes takes note of what the decoder tells about bridges and links, which
// explain a silence.
func (s *Supervisor) causes(heard sensors.Heard, at instant) (changed []*home) {
	for _, list := range []struct {
		faults []ucare.Fault
		holds  bool
	}{{heard.Cleared, false}, {heard.Faults, true}} {
		for _, f := range list.faults {
			h := s.homes[f.Dwelling]
			if h != nil && h.cause(f, list.holds, at) {
				changed = append(changed, h)
			}
		}
	}
	return changed
}

// speaks notes that a bridge has said something that is not the word of one of
// its sensors: what it says of itself, or a timer of its own.
func (s *Supervisor) speaks(topic string, heard sensors.Heard, at instant) {
	spoken := map[string]bool{} // bridges of which a sensor has spoken
	for _, seen := range heard.Seen {
		h := s.homes[seen.Dwelling]
		if h == nil || h.bridges[seen.Bridge] == nil {
			continue
		}
		if age := at - instantOf(seen.Heard); age <= justNow {
			spoken[seen.Bridge] = true
		} else {
			h.bridges[seen.Bridge].Spoke = at
		}
	}
	for end := range len(topic) {
		if topic[end] != '/' {
			continue
		}
		for _, base := range s.bases[topic[:end]] {
			if !spoken[base.bridge.Base] {
				base.bridge.Spoke = at
			}
		}
	}
}

// learnBase makes a bridge known by its base topic.
func (s *Supervisor) learnBase(h *home, b *bridge) {
	base := strings.TrimSuffix(b.Base, "/")
	s.bases[base] = append(s.bases[base], baseOf{h, b})
}
