package sensors

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// SensorState is what is known of one sensor.
type SensorState struct {
	ID       string       `json:"id"`
	Dwelling string       `json:"dwelling"`
	Room     string       `json:"room,omitempty"`
	Model    string       `json:"model,omitempty"`
	Kinds    []ucare.Kind `json:"kinds,omitempty"` // sorted
	// LastHeard is when the sensor itself last spoke; zero when it is only known
	// from its bridge's list or the configuration. Of a sensor that was heard
	// only with readings of unknown age it is when the first of those came.
	LastHeard time.Time `json:"last_heard,omitzero"`
	// Last is the newest reading of each kind, without its samples.
	Last map[ucare.Kind]ucare.Reading `json:"last,omitempty"`
	// Battery is what is left, in percent; nil when the sensor never said.
	Battery *float64 `json:"battery,omitempty"`
	// Bridge is what the sensor speaks through and shares with others.
	Bridge string `json:"bridge,omitempty"`
	// Tested is when an alarm of it was last seen live, a test press or the real
	// thing (enrolment.go); TestedKinds says which of its kinds that was, where known.
	Tested      time.Time                `json:"tested,omitzero"`
	TestedKinds map[ucare.Kind]time.Time `json:"tested_kinds,omitempty"`
}

// register holds the sensors by dwelling and ID.
type register map[string]map[string]*SensorState

// take remembers what a message told about sensors.
func (r register) take(h Heard) {
	for _, s := range h.Seen {
		if s.Gone {
			delete(r[s.Dwelling], s.Sensor)
			continue
		}
		if state := r.of(s.Dwelling, s.Sensor); state != nil {
			state.see(s)
		}
	}
	for _, reading := range h.Readings {
		if state := r.of(reading.Dwelling, reading.Sensor); state != nil {
			state.hear(reading)
		}
	}
}

// of gives the state to change, or nil when the dwelling has more sensors than
// any home has: then somebody makes up names, and the readings still count.
func (r register) of(dwelling, id string) *SensorState {
	home := r[dwelling]
	if s, known := home[id]; known {
		return s
	}
	if len(home) >= maxSensors {
		return nil
	}
	if name := strings.TrimSpace(id); name != id && home[name] != nil && home[name].silent() {
		delete(home, name) // a configured sensor, whose name has spaces around it on the bridge
	}
	s := &SensorState{ID: id, Dwelling: dwelling}
	r.put(s)
	return s
}

// expect gives each configured sensor its place: before it is heard, since one
// that never speaks must not stay unseen, and whoever else fills the register.
func (r register) expect(configured []SensorState) {
	for _, s := range configured {
		if !r.knows(s) {
			r.put(new(s))
		}
	}
}

// knows reports whether the sensor is there, perhaps with spaces around its name.
func (r register) knows(s SensorState) bool {
	home := r[s.Dwelling]
	if home[s.ID] != nil {
		return true
	}
	for id := range home {
		if strings.TrimSpace(id) == s.ID {
			return true
		}
	}
	return false
}

// silent reports whether nothing is known of the sensor but its place.
func (s SensorState) silent() bool {
	return s.LastHeard.IsZero() && s.Model == "" && len(s.Kinds) == 0 && s.Battery == nil
}

func (r register) put(s *SensorState) {
	if r[s.Dwelling] == nil {
		r[s.Dwelling] = map[string]*SensorState{}
	}
	r[s.Dwelling][s.ID] = s
}

func (s *SensorState) see(seen Seen) {
	s.Room = cmp.Or(seen.Room, s.Room)
	s.Model = cmp.Or(seen.Model, s.Model)
	s.Bridge = cmp.Or(seen.Bridge, s.Bridge)
	if seen.Tested {
		s.tested(seen.Heard)
	}
	if seen.Heard.After(s.LastHeard) {
		s.LastHeard = seen.Heard
	}
	if seen.Battery != nil {
		s.Battery = seen.Battery
	}
	for _, k := range seen.Kinds {
		s.can(k)
	}
}

func (s *SensorState) hear(r ucare.Reading) {
	s.Room = cmp.Or(r.Room, s.Room)
	s.can(r.Kind)
	if s.LastHeard.IsZero() && r.Kind != ucare.Link { // the link is the bridge's word, not the sensor's
		s.LastHeard = r.At
	}
	s.prove(r)
	r.Samples = nil
	if s.Last == nil {
		s.Last = map[ucare.Kind]ucare.Reading{}
	}
	last, known := s.Last[r.Kind]
	switch {
	case known && r.Drill && !last.Drill: // the end of a test is not the end of a fire
	case !known, !r.At.Before(last.At):
		s.Last[r.Kind] = r
	}
}

func (s *SensorState) can(k ucare.Kind) {
	if at, known := slices.BinarySearch(s.Kinds, k); !known {
		s.Kinds = slices.Insert(s.Kinds, at, k)
	}
}

func (r register) list() []SensorState {
	var all []SensorState
	for _, home := range r {
		for _, s := range home {
			c := *s
			c.Kinds, c.Last, c.TestedKinds = slices.Clone(s.Kinds), maps.Clone(s.Last), maps.Clone(s.TestedKinds)
			if s.Battery != nil {
				c.Battery = new(*s.Battery)
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b SensorState) int {
		return cmp.Or(cmp.Compare(a.Dwelling, b.Dwelling), cmp.Compare(a.ID, b.ID))
	})
	return all
}
