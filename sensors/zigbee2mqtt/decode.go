package zigbee2mqtt

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// testHolds is how long after a test began a detector's alarm may be that
// test's. A detector whose test flag stuck an hour ago is burning.
const testHolds = 2 * time.Minute

// A battery is low from lowFrom percent down and good again from goodFrom up.
const lowFrom, goodFrom = 10, 15

// decode turns the attributes of one message into readings, in the order of
// the property names, and takes them into the device's memory. whole: they are
// all there are, as JSON output has it, and not one attribute of many.
func (b *Bridge) decode(m sensors.Message, name string, d *device, said map[string]json.RawMessage, n news, whole bool) sensors.Heard {
	s := b.sensor(name)
	h := sensors.Heard{Cleared: []ucare.Fault{b.fault(m, name, ucare.FaultNotUnderstood, "")}}
	seen := sensors.Seen{Dwelling: b.home.Dwelling, Sensor: s.ID, Room: s.Room}
	if !n.stale {
		seen.Heard = n.at
	} else {
		seen.Heard = n.seen
	}
	others := d.othersHash(said)
	repeat := whole && others == d.Others
	d.testing(said, n)

	var touched []ucare.Kind
	for _, property := range slices.Sorted(maps.Keys(said)) {
		for _, what := range d.meanings[property] {
			value := canonical(said[property])
			switch what.how {
			case press:
				h.Readings = append(h.Readings, b.press(m, name, d, what, property, value)...)
			case measured, percent:
				h.Readings = append(h.Readings, b.number(name, d, what, property, value, n)...)
			default:
				d.note(property, value, what)
				touched = append(touched, what.kind)
			}
		}
		if property == "battery" {
			if p, ok := number(canonical(said[property]), true); ok {
				seen.Battery = &p
			}
		}
	}
	slices.Sort(touched)
	for _, kind := range slices.Compact(touched) {
		h.Readings = append(h.Readings, b.state(name, d, kind, n, repeat)...)
	}

	if whole {
		d.Others = others
	}
	if n.seen.After(d.LastSeen) {
		d.LastSeen = n.seen
	}
	h.Seen = append(h.Seen, seen)
	b.tellFaults(m, name, d, n, &h)
	return h
}

// tellFaults reports the values that were not understood, and a clock that is ahead.
func (b *Bridge) tellFaults(m sensors.Message, name string, d *device, n news, h *sensors.Heard) {
	tell := func(code ucare.FaultCode, detail string) {
		f := b.fault(m, name, code, detail)
		if detail == "" {
			h.Cleared = append(h.Cleared, f)
		} else {
			h.Faults = append(h.Faults, f)
		}
	}
	var bad []string
	for _, property := range slices.Sorted(maps.Keys(d.Bad)) {
		bad = append(bad, property+" is "+d.Bad[property])
	}
	if d.Listed {
		tell(ucare.FaultUnknownValue, strings.Join(bad, ", "))
	}
	if n.ahead != "" {
		tell(ucare.FaultSensorClock, "last_seen is "+n.ahead)
	} else if !n.seen.IsZero() {
		tell(ucare.FaultSensorClock, "")
	}
}

// note remembers the value of a property with a table, and whether it is in it.
func (d *device) note(property, value string, what meaning) {
	if _, understood := what.states[value]; !understood {
		d.bad(property, value)
		delete(d.Values, property)
		return
	}
	d.good(property)
	put(&d.Values, property, value)
}

func (d *device) good(property string)       { delete(d.Bad, property) }
func (d *device) bad(property, value string) { put(&d.Bad, property, clip(value)) }

// stateOf is what the device says about a kind: active when one of its
// properties is, inactive when all it has reported are, else unknown.
func (d *device) stateOf(kind ucare.Kind) ucare.State {
	heard, doubt := false, false
	for property, ms := range d.meanings {
		for _, m := range ms {
			if m.kind != kind || m.how != contact {
				continue
			}
			value, known := d.Values[property]
			_, isBad := d.Bad[property]
			state := m.states[value]
			if state == ucare.Active {
				return ucare.Active
			}
			heard = heard || known
			doubt = doubt || isBad || known && state == ucare.Unknown
		}
	}
	if heard && !doubt {
		return ucare.Inactive
	}
	return ucare.Unknown
}

// state gives the reading of a kind, if the message says something about it
// that was not said before. repeat: the message differs in nothing but what it says
// about motion and help.
func (b *Bridge) state(name string, d *device, kind ucare.Kind, n news, repeat bool) []ucare.Reading {
	now := d.stateOf(kind)
	before := d.Last[kind]
	if now == ucare.Unknown {
		return nil
	}
	put(&d.Last, kind, now)
	changed, active := now != before, now == ucare.Active
	if !d.Listed && !active && before != ucare.Active {
		return nil // a stranger's word is taken for an alarm and for the end of it, no more
	}
	r := b.reading(name, kind)
	r.At, r.State, r.UnknownAge = n.at, now, n.stale
	switch kind {
	case ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas:
		if !changed && !active {
			return nil
		}
		r.Drill = d.isDrill(active, changed, n)
	case ucare.WaterLeak, ucare.FallSensor: // the rules fold repeats; missing one is worse
		if !changed && !active {
			return nil
		}
	case ucare.HelpButton:
		// A press that a bridge remembers as a state. Known to be new when we
		// heard it unpressed before; doubted only when another attribute was
		// what this message is about. The first that is heard live counts even when a
		// store told of a press before: a missed call is worse than a second one.
		if !active || !changed && !repeat && !n.fresh && !n.first {
			return nil
		}
		r.UnknownAge = n.retained || n.stale && before != ucare.Inactive
	case ucare.Motion:
		if !changed && !(active && n.fresh && repeat) {
			return nil
		}
	default: // presence, door, bed, tamper, battery
		if !changed {
			return nil
		}
	}
	return []ucare.Reading{r}
}

// testing notes since when the device says that it tests itself.
func (d *device) testing(said map[string]json.RawMessage, n news) {
	switch canonical(said["test"]) {
	case "true":
		if d.TestSince.IsZero() {
			d.TestSince = n.at
		}
	case "false":
		d.TestSince, d.Drill = time.Time{}, false
	}
}

// isDrill reports whether a detector's alarm belongs to a test that has just begun.
func (d *device) isDrill(active, changed bool, n news) bool {
	if !active {
		d.Drill = false
	} else if changed {
		d.Drill = !d.TestSince.IsZero() && n.at.Sub(d.TestSince) <= testHolds
	}
	return d.Drill
}

// press gives the reading of a press. A bridge never caches these, so only one
// from the broker's store is old.
func (b *Bridge) press(m sensors.Message, name string, d *device, what meaning, property, value string) []ucare.Reading {
	if value != "null" && !strings.HasPrefix(value, `"`) {
		d.bad(property, value)
		return nil
	}
	d.good(property)
	if what.states[value] != ucare.Active {
		return nil
	}
	r := b.reading(name, what.kind)
	r.At, r.State, r.UnknownAge = m.At, ucare.Active, m.Retained
	return []ucare.Reading{r}
}

// number gives the reading of a measured value when it is new.
func (b *Bridge) number(name string, d *device, what meaning, property, value string, n news) []ucare.Reading {
	v, ok := number(value, what.how == percent)
	if !ok {
		d.bad(property, value)
		return nil
	}
	d.good(property)
	before := d.Values[property]
	put(&d.Values, property, value)
	r := b.reading(name, what.kind)
	r.At, r.UnknownAge = n.at, n.stale
	if what.how == percent {
		last := d.Last[ucare.Battery]
		now := batteryState(v, last)
		put(&d.Last, ucare.Battery, now)
		r.State = now
		if now == last {
			return nil
		}
		return []ucare.Reading{r}
	}
	r.Value, r.Unit = v, map[ucare.Kind]string{ucare.Temperature: "°C", ucare.CarbonMonoxideLevel: "ppm"}[what.kind]
	if value == before && !n.fresh {
		return nil
	}
	return []ucare.Reading{r}
}

// batteryState is whether a battery is low (active), with a gap between low
// and good so that it does not waver.
func batteryState(percent float64, before ucare.State) ucare.State {
	switch {
	case percent <= lowFrom:
		return ucare.Active
	case percent >= goodFrom || before == ucare.Unknown:
		return ucare.Inactive
	default:
		return before
	}
}

// number reads a JSON number; of a battery also one in a string, as older
// bridges wrote it.
func number(value string, inString bool) (float64, bool) {
	if inString {
		if s, err := strconv.Unquote(value); err == nil {
			value = s
		}
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// canonical is a value as JSON without what varies: strings are quoted in one
// way, the rest is compact. Nothing and null are both "null".
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	var s string
	if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
		return strconv.Quote(s)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return strconv.Quote(string(raw))
	}
	return out.String()
}

func clip(value string) string {
	if len(value) > 60 {
		return sensors.Excerpt([]byte(value[:60]))
	}
	return value
}

// put writes into a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
