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

// decode turns the attributes of one message into readings, in the order of
// the property names, and takes them into the device's memory. whole: they are
// all there are, as JSON output has it, and not one attribute of many.
func (b *Bridge) decode(m sensors.Message, name string, d *device, said map[string]json.RawMessage, n news, whole bool) sensors.Heard {
	h := sensors.Heard{Cleared: []ucare.Fault{b.fault(m, name, ucare.FaultNotUnderstood, "")}}
	seen := b.seen(name)
	seen.Heard = d.heardIn(m, n, whole)
	seen.Tested = d.testing(canonical(said["test"]), n)
	others := d.othersHash(said)
	repeat := whole && others == d.Others

	var touched []ucare.Kind
	for _, property := range slices.Sorted(maps.Keys(said)) {
		value := canonical(said[property])
		if !d.says(property) {
			h.Readings = append(h.Readings, b.unlisted(m, name, d, property, value, whole)...)
		}
		for _, what := range d.meanings[property] {
			switch what.how {
			case press:
				h.Readings = append(h.Readings, b.press(m, name, d, what, property, value, whole)...)
			case measured, percent:
				h.Readings = append(h.Readings, b.number(name, d, what, property, value, n)...)
			case trouble:
				d.troubled(property, value)
			case selfTest:
				seen.Tested = d.selfTested(property, value) && !n.stale || seen.Tested
			default:
				d.note(property, value, what)
				touched = append(touched, what.kind)
			}
		}
		if property == "battery" {
			if p, ok := number(value, true); ok && p >= 0 && p <= 100 {
				seen.Battery = &p
			}
		}
	}
	slices.Sort(touched)
	for _, kind := range slices.Compact(touched) {
		h.Readings = append(h.Readings, b.state(m, name, d, kind, n, repeat, whole)...)
	}
	h.Readings = oncePressed(h.Readings)

	if whole {
		d.Others = others
	}
	d.LastSeen, d.ToldAt = d.lastSeenAfter(m, n, whole), n.at
	h.Seen = append(h.Seen, seen)
	b.tellFaults(m, name, d, n, &h)
	return h
}

// unlisted decides about a property that a listed device says and its definition
// does not give a meaning. A call for help is one all the same: Tuya's TS0218 lists
// "click" and says "emergency". A danger may be none: the keypad ZS130000078 and the
// siren LH-09521 publish the alarm bit of their zone as "smoke", so it is shown as a
// value that is not understood.
func (b *Bridge) unlisted(m sensors.Message, name string, d *device, property, value string, whole bool) []ucare.Reading {
	_, danger := dangers[property]
	switch {
	case !d.Listed:
	case property == "action" && isCall(word(value)):
		return b.press(m, name, d, meaning{kind: ucare.HelpButton, how: press}, property, value, whole)
	case danger && value == "true" && !has(d.Properties, property):
		d.bad(property, "true, and its definition does not have it")
	case danger:
		d.good(property)
	}
	return nil
}

// tellFaults reports the values that were not understood, what the device says
// to be wrong with itself, and a clock that is ahead.
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
		tell(ucare.FaultTrouble, d.troubles())
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
// properties is, inactive when all it has reported are, else unknown. guess: all
// of them only conclude it.
func (d *device) stateOf(kind ucare.Kind) (state ucare.State, guess bool) {
	heard, doubt, active := false, false, false
	guess = true
	for property, ms := range d.meanings {
		for _, m := range ms {
			if m.kind != kind || m.how != contact {
				continue
			}
			value, known := d.Values[property]
			_, isBad := d.Bad[property]
			said := m.states[value]
			active = active || said == ucare.Active
			guess = guess && m.guess
			heard = heard || known
			doubt = doubt || isBad || known && said == ucare.Unknown
		}
	}
	switch {
	case active:
		return ucare.Active, guess
	case heard && !doubt:
		return ucare.Inactive, guess
	default:
		return ucare.Unknown, guess
	}
}

// state gives the reading of a kind, if the message says something about it
// that was not said before. repeat: the message differs in nothing but what it says
// about motion and help.
func (b *Bridge) state(m sensors.Message, name string, d *device, kind ucare.Kind, n news, repeat, whole bool) []ucare.Reading {
	now, guess := d.stateOf(kind)
	before := d.Last[kind]
	if now == ucare.Unknown {
		return nil
	}
	changed, active := now != before, now == ucare.Active
	oldPress := active && kind == ucare.HelpButton && (n.retained || n.stale && before != ucare.Inactive)
	if oldClear := !active && isDanger(kind) && n.stale; !oldClear && !oldPress {
		put(&d.Last, kind, now) // nobody acts on either of the two, so the new one behind it is to be told
	}
	if !d.Listed && !active && before != ucare.Active {
		return nil // a stranger's word is taken for an alarm and for the end of it, no more
	}
	r := b.reading(name, kind)
	r.At, r.State, r.UnknownAge = n.at, now, n.stale || guess
	switch kind {
	case ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.FallSensor:
		// The rules fold repeats; to miss one is worse.
		if !changed && !active {
			return nil
		}
		if kind != ucare.WaterLeak && kind != ucare.FallSensor && (active || !n.stale) {
			r.Drill = d.isDrill(kind, active, changed, n)
		}
	case ucare.HelpButton:
		if !active || !d.isNewPress(changed, repeat, n) {
			return nil
		}
		r.UnknownAge = oldPress
		if !r.UnknownAge && d.isDoubled(m.At, "a state", whole) {
			return nil
		}
	case ucare.Motion:
		if !changed && !(active && n.fresh && repeat) {
			return nil
		}
	default: // presence, door, bed, seat, tamper, battery
		if !changed {
			return nil
		}
	}
	return []ucare.Reading{r}
}

// isDanger reports whether the rules hold on to an alarm of the kind until they hear a
// "clear" that is new: with one that is lost, the next alarm is taken for this one.
func isDanger(kind ucare.Kind) bool { return sensors.IsDetector(kind) && kind != ucare.HelpButton }

// isNewPress reports whether a press that a bridge remembers as a state is one
// that was not told yet. It is known to be new when we heard it unpressed before;
// it is doubted only when another attribute was what this message is about.
// The first that is heard live counts even when a store told of a press
// before: a missed call is worse than a second one.
func (d *device) isNewPress(changed, repeat bool, n news) bool {
	return changed || repeat || n.fresh || n.first
}

// number gives the reading of a measured value when it is new.
func (b *Bridge) number(name string, d *device, what meaning, property, value string, n news) []ucare.Reading {
	v, ok := number(value, what.how == percent)
	if !ok || what.how == percent && (v < 0 || v > 100) {
		d.bad(property, value)
		return nil
	}
	d.good(property)
	before := d.Values[property]
	value = strconv.FormatFloat(v, 'g', -1, 64)
	put(&d.Values, property, value)
	r := b.reading(name, what.kind)
	r.At, r.UnknownAge = n.at, n.stale
	if what.how == percent {
		last := d.Last[ucare.Battery]
		r.State = sensors.BatteryState(d.lowest(), last)
		put(&d.Last, ucare.Battery, r.State)
		if r.State == last {
			return nil
		}
		return []ucare.Reading{r}
	}
	r.Value, r.Unit = v, what.kind.Unit()
	if value == before && !n.fresh {
		return nil
	}
	return []ucare.Reading{r}
}

// lowest is the level of the emptiest of the device's batteries, in percent.
func (d *device) lowest() float64 {
	lowest := math.Inf(1)
	for property, ms := range d.meanings {
		if len(ms) == 0 || ms[0].how != percent {
			continue
		}
		if v, known := number(d.Values[property], false); known {
			lowest = min(lowest, v)
		}
	}
	return lowest
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
