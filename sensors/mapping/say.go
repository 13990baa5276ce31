package mapping

import (
	"math"
	"slices"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A verdict is what a value means by the lists of its entry.
type verdict uint8

const (
	unknown verdict = iota
	active
	inactive
	drill
	nothing
)

// verdict looks the value up. A list that has it goes before one that has "*".
func (e *entry) verdict(v any) verdict {
	text, is := textOf(v)
	if !is {
		return unknown
	}
	lists := []struct {
		values
		means verdict
	}{{e.drill, drill}, {e.on, active}, {e.off, inactive}, {e.nothing, nothing}}
	for _, l := range lists {
		if l.has(text) {
			return l.means
		}
	}
	if text == "" {
		return unknown
	}
	for _, l := range lists {
		if l.any {
			return l.means
		}
	}
	if e.Event && e.on.empty() {
		return active
	}
	return unknown
}

// contact tells what a value with a table means.
func (in *hearing) contact(e *entry, s ucare.Sensor, v spoken, old bool) {
	means := e.verdict(v.value)
	in.judge(s.ID, e, means != unknown, v.value)
	r := ucare.Reading{At: in.m.At, Dwelling: in.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: e.Kind, UnknownAge: old}
	switch means {
	case active:
		r.State = ucare.Active
	case inactive:
		r.State = ucare.Inactive
	case drill:
		r.State, r.Drill = ucare.Active, true
		in.tested(s.ID, old)
	default:
		return
	}
	switch {
	case e.Bridge:
		in.bridge(v, r.State)
	case e.Kind == ucare.HelpButton:
		in.press(e, r)
	case e.Event || r.Drill:
		in.happened(e, r)
	case e.Repeats || e.isState:
		in.heard.Repeated = append(in.heard.Repeated, r)
	default:
		in.heard.Readings = append(in.heard.Readings, r)
	}
}

// tested notes a live test press.
func (in *hearing) tested(sensor string, old bool) {
	for i := range in.seen {
		if in.seen[i].Sensor == sensor && !old {
			in.seen[i].Tested = true
		}
	}
}

// bridge tells whether a whole bridge is there.
func (in *hearing) bridge(v spoken, state ucare.State) {
	subject := v.base
	if subject == "" {
		subject = in.m.Topic
	}
	fault := in.fault(ucare.FaultBridge, subject, "")
	if state == ucare.Active {
		in.heard.Cleared = append(in.heard.Cleared, fault)
		return
	}
	fault.Detail = in.m.Topic + " " + sensors.Excerpt(in.m.Payload)
	in.heard.Faults = append(in.heard.Faults, fault)
}

// happened passes on what happened once. From a store it is no news, and
// nobody can say since when a detector's word holds that has no end: it is
// dropped.
func (in *hearing) happened(e *entry, r ucare.Reading) {
	if r.UnknownAge {
		return
	}
	if r.State == ucare.Active && e.ClearAfter > 0 {
		in.endLater(r, in.m.At.Add(e.ClearAfter))
	} else if r.State == ucare.Inactive {
		delete(in.Pending, pendingKey(r))
	}
	in.heard.Readings = append(in.heard.Readings, r)
}

// press passes on a call for help. One from a store is marked, and shown to
// people as a fault. A button that reports its state again and again has been
// pressed anew only when it was heard unpressed since.
func (in *hearing) press(e *entry, r ucare.Reading) {
	if (e.isState || e.Repeats) && !in.isPressed(clip(r.Sensor)+"\x00"+in.placeOf(e), r) {
		return
	}
	in.heard.Readings = append(in.heard.Readings, r)
}

// measure tells a measured value.
func (in *hearing) measure(e *entry, s ucare.Sensor, v spoken, old bool) {
	text, _ := textOf(v.value)
	value, is := number(text)
	if e.Scale != 0 {
		value *= e.Scale
		is = is && !math.IsInf(value, 0)
	}
	unit := e.Unit
	switch {
	case e.Kind == ucare.Battery:
		is = is && value >= 0 && value <= 100
	case unit == "°F":
		value, unit = (value-32)/1.8, "°C"
	}
	if !is && e.nothing.has(text) {
		in.judge(s.ID, e, true, v.value)
		return
	}
	in.judge(s.ID, e, is, v.value)
	if !is || old && e.Kind != ucare.Battery {
		return // what was measured some time ago tells nothing about now
	}
	if e.Kind == ucare.Battery {
		i := slices.IndexFunc(in.seen, func(seen sensors.Seen) bool { return seen.Sensor == s.ID })
		in.seen[i].Battery = &value
	}
	in.heard.Repeated = append(in.heard.Repeated, ucare.Reading{
		At: in.m.At, Dwelling: in.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: e.Kind, Value: value, Unit: unit, UnknownAge: old,
	})
}
