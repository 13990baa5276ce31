package homeassistant

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// hearState takes a message on a topic that was announced.
func (d *Discovery) hearState(m sensors.Message) (h sensors.Heard, announced bool) {
	listeners, available := d.listeners(m.Topic), d.available[m.Topic]
	if len(listeners)+len(available) == 0 {
		return sensors.Heard{}, false
	}
	if len(m.Payload) == 0 {
		return sensors.Heard{}, true // somebody removed a retained message
	}
	message := say(m.Payload)
	touched := map[*sensor]bool{}
	for _, e := range available {
		e.hearAvailability(m.Topic, message)
		touched[e.sensor] = true
	}
	d.tellBridge(m.Topic, m, &h)
	spoke := map[*sensor]bool{}
	var kinds changes
	for _, e := range listeners {
		if e.hear(m, message, len(listeners) > 1, &kinds) {
			touched[e.sensor], spoke[e.sensor] = true, true
		}
	}
	for _, s := range inOrder(touched) {
		if spoke[s] {
			seen := d.seen(s)
			seen.Battery = s.battery()
			if !m.Retained {
				seen.Heard = m.At
			}
			h.Seen = append(h.Seen, seen)
		}
		d.tellStates(m.At, m.Retained, s, kinds, &h)
		d.tellLink(m.At, m.Retained, s, &h)
		d.tellFaults(m.At, s, &h)
	}
	return h, true
}

// A change is what a message did to an entity.
type change struct {
	e      *entity
	before ucare.State
}

type changes []change

// hear takes a message that may be about the entity, and reports whether it was. shared: others are on
// the same topic.
func (e *entity) hear(m sensors.Message, message *said, shared bool, all *changes) bool {
	if e.broken != "" || e.meaning.how == nothing {
		return e.meaning.how != nothing || !shared // it speaks, whatever it says
	}
	text := strings.TrimSpace(message.text)
	if e.compiled != nil {
		rendered, err := e.compiled.run(message)
		switch {
		case errors.Is(err, errNotSaid):
			return false
		case isUnknown(err) && e.Component == "device_automation":
			return false // something else's message
		case isUnknown(err):
			e.doubt(m, err.Error())
			return true
		case err != nil:
			e.doubt(m, "")
			e.Fails = e.templateFails(err)
			return true
		}
		text = rendered
	}
	before := e.State
	if e.Old && !m.Retained {
		before = ucare.Unknown // what a store tells is not what is said now
	}
	state, understood := e.read(text)
	if !understood {
		if e.OffDelay > 0 && (shared || text == "" && e.compiled != nil) || e.meaning.how == press && e.Component == "device_automation" {
			return false // something else's event, which has no end either
		}
		e.doubt(m, sensors.Excerpt([]byte(text)))
		return true
	}
	e.Old = m.Retained && state == ucare.Active && (e.Old || before != ucare.Active)
	e.State, e.Bad, e.Fails, e.Heard = state, "", "", true
	e.startTimers(m.At)
	*all = append(*all, change{e, before})
	return true
}

// doubt notes that a message says nothing that is understood: the state is
// unknown from now on, and certainly not off.
func (e *entity) doubt(m sensors.Message, value string) {
	e.State, e.Old, e.Value, e.Bad, e.Fails, e.Heard = ucare.Unknown, false, nil, value, "", true
	e.startTimers(m.At)
}

// startTimers starts what time alone will change: off_delay and expire_after.
func (e *entity) startTimers(now time.Time) {
	e.Expired, e.OffAt, e.ExpiresAt = false, time.Time{}, time.Time{}
	if e.OffDelay > 0 && e.State == ucare.Active && e.meaning.how == contact {
		e.OffAt = now.Add(time.Duration(e.OffDelay * float64(time.Second)))
	}
	if e.Expire > 0 {
		e.ExpiresAt = now.Add(time.Duration(e.Expire * float64(time.Second)))
	}
}

// read gives the state that a text stands for; of a number it keeps the value.
func (e *entity) read(text string) (state ucare.State, understood bool) {
	switch e.meaning.how {
	case contact, trouble, reachable:
		switch fold(text) {
		case fold(e.On):
			return ucare.Active, true
		case fold(e.Off):
			return ucare.Inactive, true
		}
		return ucare.Unknown, false
	case enum:
		state, known := e.meaning.words[text]
		return state, known
	case measured, percent:
		return ucare.Unknown, e.readNumber(text)
	case press:
		return e.readPress(text)
	default:
		return ucare.Unknown, false
	}
}

// readNumber reads a number in the entity's unit.
func (e *entity) readNumber(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || e.meaning.how == percent && (v < 0 || v > 100) {
		return false
	}
	if e.meaning.kind == ucare.Temperature && fahrenheit(e.Unit) {
		v = (v - 32) / 1.8
	}
	e.Value = &v
	return true
}

// readPress reads an event, {"event_type":"press"}, or the payload of a trigger.
func (e *entity) readPress(text string) (state ucare.State, understood bool) {
	if e.Component == "device_automation" {
		return ucare.StateOf(true), text != "" && (e.On == "" || fold(text) == fold(e.On))
	}
	var event struct {
		Type string `json:"event_type"`
	}
	if json.Unmarshal([]byte(text), &event) != nil {
		return ucare.Unknown, false
	}
	state, known := e.meaning.words[event.Type]
	return state, known
}

// fold makes one of true and True, which differ by who writes them. All other
// words have to be as announced.
func fold(text string) string {
	if lower := strings.ToLower(text); lower == "true" || lower == "false" {
		return lower
	}
	return text
}

// tellStates tells what a message said about the kinds of a sensor.
func (d *Discovery) tellStates(at time.Time, retained bool, s *sensor, all changes, h *sensors.Heard) {
	var done []ucare.Kind
	for _, c := range all {
		kind := c.e.meaning.kind
		if c.e.sensor != s || kind == "" || kind == ucare.Link || slices.Contains(done, kind) && c.e.meaning.how != press {
			continue
		}
		r := ucare.Reading{At: at, Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: kind, UnknownAge: retained}
		switch c.e.meaning.how {
		case press:
			if c.e.State == ucare.Active {
				r.State = ucare.Active
				h.Readings = append(h.Readings, r)
			}
			c.e.State = ucare.Unknown // an event has no state
			continue
		case measured, percent:
			s.tellNumber(r, h)
		default:
			s.tellContact(r, all, h)
		}
		done = append(done, kind)
	}
}

// tellContact tells the state of a kind, of which the sensor may have several entities.
func (s *sensor) tellContact(r ucare.Reading, all changes, h *sensors.Heard) {
	r.State = s.stateOf(r.Kind)
	if r.State == ucare.Unknown {
		return
	}
	if s.isEvent(r, all) {
		h.Readings = append(h.Readings, r)
	} else if r.Kind != ucare.HelpButton || r.State == ucare.Inactive {
		h.Repeated = append(h.Repeated, r)
	}
}

// isEvent reports whether an "on" is something that happened now: of an entity that goes off by itself
// each one is, and of a call button the change.
func (s *sensor) isEvent(r ucare.Reading, all changes) bool {
	return r.State == ucare.Active && slices.ContainsFunc(all, func(c change) bool {
		return c.e.sensor == s && c.e.meaning.kind == r.Kind && c.e.State == ucare.Active &&
			(c.e.OffDelay > 0 || r.Kind == ucare.HelpButton && c.before != ucare.Active)
	})
}

// stateOf is what the sensor says about a kind: active when one of its entities
// is, inactive when all that were heard are, else unknown.
func (s *sensor) stateOf(kind ucare.Kind) ucare.State {
	heard, doubt := false, false
	for _, e := range s.entities {
		if e.meaning.kind != kind || e.meaning.how != contact && e.meaning.how != enum {
			continue
		}
		if e.State == ucare.Active {
			return ucare.Active
		}
		heard = heard || e.Heard
		doubt = doubt || e.Heard && e.State == ucare.Unknown
	}
	if heard && !doubt {
		return ucare.Inactive
	}
	return ucare.Unknown
}

// tellNumber tells a measurement. Of several of one kind it is the one to worry about: the highest, and
// of batteries the lowest. A battery with a contact for "low" is told by that.
func (s *sensor) tellNumber(r ucare.Reading, h *sensors.Heard) {
	if r.Kind == ucare.Battery {
		lowest := s.battery()
		byContact := slices.ContainsFunc(s.entities, func(e *entity) bool { return e.meaning.kind == ucare.Battery && e.meaning.how == contact })
		if lowest == nil || byContact {
			return
		}
		r.Value, r.Unit = *lowest, "%"
	} else {
		r.Value, r.Unit = s.highest(r.Kind), r.Kind.Unit()
	}
	h.Repeated = append(h.Repeated, r)
}

func (s *sensor) highest(kind ucare.Kind) float64 {
	most := math.Inf(-1)
	for _, e := range s.entities {
		if e.meaning.kind == kind && e.meaning.how == measured && e.Value != nil {
			most = max(most, *e.Value)
		}
	}
	return most
}

// battery is what is left in the emptiest of the sensor's batteries, nil when none ever said.
func (s *sensor) battery() *float64 {
	var lowest *float64
	for _, e := range s.entities {
		if e.meaning.how == percent && e.Value != nil && (lowest == nil || *e.Value < *lowest) {
			lowest = e.Value
		}
	}
	return lowest
}
