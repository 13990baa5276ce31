package zwavejs

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A telling is what one message makes known of one node, while it is decoded.
type telling struct {
	m      sensors.Message
	home   string
	n      *node
	sensor ucare.Sensor
	seen   sensors.Seen
	h      sensors.Heard
}

func (b *Bridge) telling(m sensors.Message, key string, n *node) *telling {
	t := &telling{m: m, home: b.home.Dwelling, n: n, sensor: b.sensor(key, n)}
	t.seen = sensors.Seen{Dwelling: t.home, Sensor: t.sensor.ID, Room: t.sensor.Room, Bridge: b.base}
	return t
}

// hearValue decodes a value of a node. What has no meaning for us is still the
// node's own word.
func (b *Bridge) hearValue(m sensors.Message, path string, id valueID) sensors.Heard {
	p, err := readPayload(m.Payload)
	if kind, is := id.event(); is {
		return b.hearEvent(m, path, id, kind, p, err)
	}
	if p.removed {
		return sensors.Heard{}
	}
	key, n := b.node(path, p)
	t := b.telling(m, key, n)
	stale := b.isStale(m, p.at)
	variable, isVariable := id.variable()
	if isVariable && !isTime(m, p.at) && !m.Retained {
		first := b.isFirst(m, n, id.String())
		stale = stale && first
	}
	switch {
	case err != nil:
		if isVariable || id.isUnknown() {
			t.fault(ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))
		}
		return t.h
	case isVariable:
		t.variable(id, variable, p.value, stale)
	case id.isUnknown():
		t.unknown(id, p.value)
	case id.class == battery && id.property == "level":
		t.level(p.value, stale)
	case id.class == multilevelSensor:
		t.measured(id.property, p, stale)
	case id.class == centralScene && id.property == "scene":
		t.scene(id, p.value, stale)
	}
	t.cleared(ucare.FaultNotUnderstood)
	if !stale {
		t.seen.Heard = m.At
	}
	b.tellClock(m, p.at, false, &t.h)
	b.tellUnreadable(m, path, p, &t.h)
	return t.finish()
}

// variable takes over the new value of a variable.
func (t *telling) variable(id valueID, v variable, value string, stale bool) {
	key := id.String()
	s, understood := v.saying(id, value)
	if !understood {
		t.bad(key, value)
		delete(t.n.Values, key)
		return
	}
	t.good(key)
	before, _ := v.saying(id, t.n.Values[key])
	state := t.n.stateOf(v.kind)
	remember(&t.n.Values, key, value)
	switch {
	case s.effect == drill && !stale:
		t.drill(v.kind, ucare.Active)
		if v.momentary {
			t.drill(v.kind, ucare.Inactive)
		}
	case before.effect == drill && !v.momentary:
		t.drill(v.kind, ucare.Inactive)
	}
	if s.effect == mapping {
		remember(&t.n.Unmapped, key, s.words)
	}
	if s.effect == active || s.effect == inactive {
		t.state(v.kind, state, stale)
	}
}

// drill tells of the beginning or the end of a test press.
func (t *telling) drill(kind ucare.Kind, state ucare.State) {
	r := t.reading(kind)
	r.State, r.Drill = state, true
	t.seen.Tested = t.seen.Tested || state == ucare.Active
	t.h.Readings = append(t.h.Readings, r)
}

// state tells what the node now says about a kind, of which it said before what is
// given. Motion that has just been reported is news each time; all else is news when
// it has changed.
func (t *telling) state(kind ucare.Kind, before ucare.State, stale bool) {
	r := t.reading(kind)
	r.State, r.UnknownAge = t.n.stateOf(kind), stale
	changed := r.State != before || kind == ucare.Motion && r.State == ucare.Active
	switch {
	case r.State == ucare.Unknown:
	case kind == ucare.Battery && r.State == ucare.Inactive && t.n.Battery != nil:
		t.percent(*t.n.Battery, stale) // no warning from the device: the level decides
	case !stale && (changed || t.isOver(r)):
		t.h.Readings = append(t.h.Readings, r)
	default:
		t.h.Repeated = append(t.h.Repeated, r)
	}
	if stale {
		put(&t.n.Doubted, kind, true)
	} else {
		delete(t.n.Doubted, kind)
	}
}

// isOver reports whether the reading is the end of a danger of which the last word was old.
// The rules have not believed that, and behind a test the decoder would take this for the
// repetition of the test's end.
func (t *telling) isOver(r ucare.Reading) bool {
	return r.State == ucare.Inactive && sensors.IsDetector(r.Kind) && t.n.Doubted[r.Kind]
}

// stateOf is what the node says about a kind: active when one of its variables is,
// inactive when all that it has reported are, else unknown.
func (n *node) stateOf(kind ucare.Kind) ucare.State {
	state := ucare.Unknown
	for key, value := range n.Values {
		id := parseID(key)
		v, is := id.variable()
		if !is || v.kind != kind {
			continue
		}
		switch s, _ := v.saying(id, value); s.effect {
		case active:
			return ucare.Active
		case inactive:
			state = ucare.Inactive
		}
	}
	if state == ucare.Inactive && n.doubts(kind) {
		return ucare.Unknown
	}
	return state
}

// doubts reports whether the last value of a variable of the kind was not understood.
func (n *node) doubts(kind ucare.Kind) bool {
	for key := range n.Bad {
		if v, is := parseID(key).variable(); is && v.kind == kind {
			return true
		}
	}
	return false
}

// unknown tells of a value of a notification type that the bridge's registry does not have.
func (t *telling) unknown(id valueID, value string) {
	if value == "0" { // idle
		t.good(id.String())
		return
	}
	t.bad(id.String(), value)
}

// level decodes the battery's level in percent; 255 is the device's word for low.
func (t *telling) level(value string, stale bool) {
	percent, ok := number(value)
	switch {
	case ok && percent == 255:
		percent = 0
	case !ok || percent < 0 || percent > 100:
		t.bad("128/0/level", value)
		return
	}
	t.good("128/0/level")
	t.n.Battery = &percent
	if state := t.n.stateOf(ucare.Battery); state == ucare.Active {
		t.state(ucare.Battery, state, stale)
		return
	}
	t.percent(percent, stale)
}

func (t *telling) percent(percent float64, stale bool) {
	r := t.reading(ucare.Battery)
	r.Value, r.Unit, r.UnknownAge = percent, "%", stale
	t.h.Repeated = append(t.h.Repeated, r)
}

// measured decodes a temperature or a level of carbon monoxide. Only the entire
// value object says the unit; without it nobody can tell 30 °C from 30 °F.
func (t *telling) measured(property string, p payload, stale bool) {
	r := t.reading("")
	value, ok := number(p.value)
	switch {
	case property == "Air_temperature" && p.unit == "°C":
		r.Kind, r.Unit = ucare.Temperature, "°C"
	case property == "Air_temperature" && p.unit == "°F":
		r.Kind, r.Unit, value = ucare.Temperature, "°C", math.Round((value-32)/1.8*100)/100
	case strings.HasPrefix(property, "Carbon_monoxide") && p.unit == "ppm":
		r.Kind, r.Unit = ucare.CarbonMonoxideLevel, "ppm"
	default:
		return
	}
	if !ok {
		t.bad(property, p.value)
		return
	}
	t.good(property)
	r.Value, r.UnknownAge = value, stale
	t.h.Repeated = append(t.h.Repeated, r)
}

// scene decodes the press of a button. That is a sign of life, and no call for
// help: only the household knows what the button is for.
func (t *telling) scene(id valueID, value string, stale bool) {
	_, ok := number(value)
	if !ok || stale || t.m.Retained {
		return
	}
	r := t.reading(ucare.Use)
	r.State = ucare.Active
	t.h.Readings = append(t.h.Readings, r)
	if t.n.Calls {
		remember(&t.n.Unmapped, id.String(), "a press of a button that is sold to call for help")
	}
}

func number(value string) (float64, bool) {
	v, err := strconv.ParseFloat(value, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func (t *telling) reading(kind ucare.Kind) ucare.Reading {
	return ucare.Reading{At: t.m.At, Dwelling: t.home, Sensor: t.sensor.ID, Room: t.sensor.Room, Kind: kind}
}

func (t *telling) good(what string) { delete(t.n.Bad, what) }
func (t *telling) bad(what, value string) {
	remember(&t.n.Bad, what, sensors.Excerpt([]byte(value)))
}

func (t *telling) faultOf(code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: t.sensor.ID, Dwelling: t.home, Since: t.m.At, Detail: detail}
}

func (t *telling) fault(code ucare.FaultCode, detail string) {
	t.h.Faults = append(t.h.Faults, t.faultOf(code, detail))
}

func (t *telling) cleared(code ucare.FaultCode) {
	t.h.Cleared = append(t.h.Cleared, t.faultOf(code, ""))
}

// finish adds what is to be said of the node as a whole.
func (t *telling) finish() sensors.Heard {
	t.seen.Model, t.seen.Battery, t.seen.Kinds = t.n.Model, t.n.Battery, t.n.kinds()
	if len(t.seen.Kinds) > 0 || len(t.h.Readings)+len(t.h.Repeated) > 0 || len(t.n.Unmapped) > 0 {
		t.h.Seen = append(t.h.Seen, t.seen)
	}
	t.tell(ucare.FaultUnknownValue, described(t.n.Bad, " is "))
	t.tell(ucare.FaultTrouble, strings.Join(t.n.troubles(), ", "))
	t.tell(ucare.FaultNeedsMapping, described(t.n.unmapped(), ": "))
	return t.h
}

func (t *telling) tell(code ucare.FaultCode, detail string) {
	if detail == "" {
		t.cleared(code)
	} else {
		t.fault(code, detail)
	}
}

// troubles are what the node says of itself, sorted.
func (n *node) troubles() []string {
	var all []string
	for key, value := range n.Values {
		id := parseID(key)
		if v, is := id.variable(); is {
			if s, _ := v.saying(id, value); s.effect == trouble {
				all = append(all, s.words)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unmapped are what only the household can explain, without what the node has said
// more clearly elsewhere.
func (n *node) unmapped() map[string]string {
	all, isClear := map[string]string{}, n.isClear()
	for key, words := range n.Unmapped {
		if v, is := parseID(key).variable(); !is || !v.vague || !isClear {
			all[key] = words
		}
	}
	return all
}

// described writes a map in the order of its keys.
func described(what map[string]string, between string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(what)) {
		all = append(all, key+between+what[key])
	}
	return strings.Join(all, ", ")
}

// remember writes into a node's memory, as long as it is not too large, nor the key.
func remember(m *map[string]string, key, value string) {
	if _, known := (*m)[key]; known || len(*m) < maxValues && len(key) <= maxName {
		put(m, key, value)
	}
}

// put writes into a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
