package shelly

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A telling is what one message makes known of one device, while it is decoded.
type telling struct {
	m      sensors.Message
	home   string
	dev    *device
	sensor ucare.Sensor
	seen   sensors.Seen
	h      sensors.Heard

	outcomes map[ucare.Kind]outcome
	broken   error // what of the message cannot be read
}

func (d *Devices) telling(m sensors.Message, id string) *telling {
	t := &telling{m: m, home: d.home.Dwelling, dev: d.device(id), sensor: d.sensor(id)}
	t.seen = sensors.Seen{Dwelling: t.home, Sensor: t.sensor.ID, Room: t.sensor.Room}
	return t
}

// spoke notes that the device itself spoke just now, unless a broker's store did.
func (t *telling) spoke() {
	if !t.m.Retained {
		t.seen.Heard = t.m.At
	}
}

// say takes over the value of a property and tells what it means. again: it is
// told with everything else and need not have changed.
func (t *telling) say(property string, what meaning, value string, again bool) {
	e, understood := what.values[value]
	if !understood {
		t.doubt(property, what.kind, value)
		return
	}
	t.good(property)
	if t.dev.Contacts[property].Drill && e != drill {
		t.drill(what.kind, ucare.Inactive)
	}
	delete(t.dev.Troubles, property)
	switch e {
	case trouble:
		put(&t.dev.Troubles, property, what.words)
	case drill:
		if !t.m.Retained {
			put(&t.dev.Contacts, property, contact{Kind: what.kind, State: t.dev.Contacts[property].State, Drill: true})
			t.drill(what.kind, ucare.Active)
		}
	case active, inactive:
		t.state(property, what.kind, ucare.StateOf(e == active), again)
	}
}

// doubt notes a value that its table does not have: the state is unknown until a
// good one comes.
func (t *telling) doubt(property string, kind ucare.Kind, value string) {
	t.bad(property, value)
	if kind != "" {
		put(&t.dev.Contacts, property, contact{Kind: kind})
		t.can(kind)
	}
}

// An outcome is what a message says about a kind, in however many properties.
type outcome struct {
	before ucare.State
	again  bool // all of it is told again and need not have changed
	active bool // there was no place to remember one that is active
}

// state takes over the state of a property. What follows for its kind is told once
// the whole message is taken over.
func (t *telling) state(property string, kind ucare.Kind, state ucare.State, again bool) {
	c, touched := t.outcomes[kind]
	if !touched {
		c = outcome{before: t.dev.stateOf(kind), again: true}
	}
	put(&t.dev.Contacts, property, contact{Kind: kind, State: state})
	t.can(kind)
	c.again = c.again && again
	c.active = c.active || state == ucare.Active && t.dev.Contacts[property].State != state
	if t.outcomes == nil {
		t.outcomes = map[ucare.Kind]outcome{}
	}
	t.outcomes[kind] = c
}

// tellOutcomes tells what the device now says about the kinds that the message is
// about. A change that is told live is news; what is repeated is for the decoder to
// judge.
func (t *telling) tellOutcomes() {
	for _, kind := range slices.Sorted(maps.Keys(t.outcomes)) {
		c := t.outcomes[kind]
		r := t.reading(kind)
		r.State, r.UnknownAge = t.dev.stateOf(kind), t.m.Retained
		if c.active {
			r.State = ucare.Active
		}
		changed := r.State != c.before || kind == ucare.Motion && r.State == ucare.Active
		switch {
		case r.State == ucare.Unknown:
		case changed && !t.m.Retained && !c.again, t.isOver(r, c.before):
			t.h.Readings = append(t.h.Readings, r)
		default:
			t.h.Repeated = append(t.h.Repeated, r)
		}
		if t.m.Retained {
			put(&t.dev.Doubted, kind, true)
		} else {
			delete(t.dev.Doubted, kind)
		}
	}
}

// isOver reports whether the reading is the live end of a danger, which is news however
// it is told. The rules believe no "clear" from a store, nor the end of a test, and hold
// on to the alarm; the decoder would take this one for the repetition of the latter.
func (t *telling) isOver(r ucare.Reading, before ucare.State) bool {
	return r.State == ucare.Inactive && sensors.IsDetector(r.Kind) && !t.m.Retained && (before == ucare.Active || t.dev.Doubted[r.Kind])
}

// drill tells of the beginning or the end of a test.
func (t *telling) drill(kind ucare.Kind, state ucare.State) {
	r := t.reading(kind)
	r.State, r.Drill = state, true
	t.can(kind)
	t.seen.Tested = t.seen.Tested || state == ucare.Active
	t.h.Readings = append(t.h.Readings, r)
}

// used tells that somebody pressed something. That is a sign of life and no call for
// help: what a button is for only the household knows.
func (t *telling) used() {
	if t.m.Retained {
		return
	}
	r := t.reading(ucare.Use)
	r.State = ucare.Active
	t.can(ucare.Use)
	t.h.Readings = append(t.h.Readings, r)
}

// battery tells what is left, in percent. A device on a cable needs no battery.
func (t *telling) battery(value string) {
	percent, ok := number(value)
	if !ok || percent < 0 || percent > 100 {
		t.bad("battery", value)
		return
	}
	t.good("battery")
	if t.dev.External {
		t.dev.Battery = nil
		return
	}
	t.dev.Battery = &percent
	r := t.reading(ucare.Battery)
	r.Value, r.Unit, r.UnknownAge = percent, "%", t.m.Retained
	t.can(ucare.Battery)
	t.h.Repeated = append(t.h.Repeated, r)
}

// temperature tells a measured temperature in °C. A broken sensor says 999.
func (t *telling) temperature(property, value string) {
	celsius, ok := number(value)
	if ok && t.dev.Fahrenheit {
		celsius = math.Round((celsius-32)/1.8*100) / 100
	}
	if !ok || celsius < -100 || celsius > 200 {
		t.bad(property, value)
		return
	}
	t.good(property)
	r := t.reading(ucare.Temperature)
	r.Value, r.Unit, r.UnknownAge = celsius, "°C", t.m.Retained
	t.can(ucare.Temperature)
	t.h.Repeated = append(t.h.Repeated, r)
}

// online tells whether the device is connected. One that sleeps is not, and
// that is no news.
func (t *telling) online(value string) {
	switch value {
	case "true":
		t.spoke()
	case "false":
	default:
		t.bad("online", value)
		return
	}
	t.good("online")
	if t.dev.Sleeper {
		return
	}
	r := t.reading(ucare.Link)
	r.State, r.UnknownAge = ucare.StateOf(value == "true"), t.m.Retained
	t.h.Repeated = append(t.h.Repeated, r)
}

// can notes that the device reports the kind.
func (t *telling) can(kind ucare.Kind) {
	if t.dev.Kinds == nil {
		t.dev.Kinds = map[ucare.Kind]bool{}
	}
	t.dev.Kinds[kind] = true
}

func (t *telling) reading(kind ucare.Kind) ucare.Reading {
	return ucare.Reading{At: t.m.At, Dwelling: t.home, Sensor: t.sensor.ID, Room: t.sensor.Room, Kind: kind}
}

func (t *telling) good(property string) { delete(t.dev.Bad, property) }
func (t *telling) bad(property, value string) {
	put(&t.dev.Bad, property, sensors.Excerpt([]byte(value)))
}

func (t *telling) fault(code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: t.sensor.ID, Dwelling: t.home, Since: t.m.At, Detail: detail}
}

// notUnderstood is what is told of a message that nobody can read, or not all of it.
func (t *telling) notUnderstood(err error) sensors.Heard {
	t.broken = err
	return t.finish()
}

// finish adds what is to be said of the device as a whole. What only switches
// lamps is no sensor.
func (t *telling) finish() sensors.Heard {
	t.tellOutcomes()
	t.seen.Model, t.seen.Battery, t.seen.Kinds = t.dev.Model, t.dev.Battery, t.dev.kinds()
	if t.dev.Sleeper { // it may have been taken for one that is always connected
		t.h.Cleared = append(t.h.Cleared, t.fault(ucare.FaultUnreachable, ""))
	}
	ofIts := func(r ucare.Reading) bool { return r.Sensor == t.sensor.ID }
	if len(t.seen.Kinds) > 0 || slices.ContainsFunc(t.h.Repeated, ofIts) || len(t.dev.Unmapped) > 0 {
		t.h.Seen = append(t.h.Seen, t.seen)
	}
	broken := ""
	if t.broken != nil {
		broken = sensors.NotUnderstood(t.broken, t.m.Payload)
	}
	t.tell(ucare.FaultNotUnderstood, broken)
	t.tell(ucare.FaultUnknownValue, list(t.dev.Bad, " is "))
	t.tell(ucare.FaultTrouble, list(t.dev.Troubles, ": "))
	t.tell(ucare.FaultNeedsMapping, list(t.dev.Unmapped, ": "))
	return t.h
}

func (t *telling) tell(code ucare.FaultCode, detail string) {
	if f := t.fault(code, detail); detail == "" {
		t.h.Cleared = append(t.h.Cleared, f)
	} else {
		t.h.Faults = append(t.h.Faults, f)
	}
}

// list writes a map in the order of its keys.
func list(what map[string]string, between string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(what)) {
		all = append(all, key+between+what[key])
	}
	return strings.Join(all, ", ")
}
