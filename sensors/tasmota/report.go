package tasmota

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// object is a JSON object, of which only what is looked at is decoded.
type object = map[string]json.RawMessage

func isObject(payload []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(payload), []byte("{")) }

// isReport reports whether the device says such things in JSON only.
func isReport(about string) bool {
	return about == "SENSOR" || about == "RESULT" || strings.HasPrefix(about, "STATUS") || isWrapper(about)
}

// hearObject decodes what a device says in JSON: its own sensors, and those of
// what speaks through it.
func (d *Devices) hearObject(m sensors.Message, a address) sensors.Heard {
	var said object
	if err := json.Unmarshal(m.Payload, &said); err != nil {
		return d.notUnderstood(m, a)
	}
	if inner := asObject(said["StatusSNS"]); inner != nil { // the answer to Status 8 or 10
		said = inner
	}
	behind := nodesIn(a.about, said)
	name := bridgeOf(a.device, behind)
	dev := d.device(name)
	var h sensors.Heard
	d.spoke(m, name, dev, &h)
	for _, r := range behind {
		d.hearNode(m, name, dev, r, &h)
	}
	d.learnNodes(dev, said)

	r := d.newReport(m, d.sensorOf(name, dev), &dev.ledger, &h)
	h.Cleared = append(h.Cleared, r.fault(ucare.FaultNotUnderstood, ""))
	if !isWrapper(a.about) {
		own := statement{report: r, devices: d, name: name, device: dev, about: a.about}
		own.hear(said)
	}
	r.close()
	return h
}

// notUnderstood tells of a payload that is not what the firmware says in this
// place. Only telemetry is quoted: an answer may hold a password.
func (d *Devices) notUnderstood(m sensors.Message, a address) sensors.Heard {
	name := d.owner(a.device)
	dev := d.device(name)
	var h sensors.Heard
	d.spoke(m, name, dev, &h)
	var said object
	err := json.Unmarshal(m.Payload, &said)
	if err == nil {
		err = errors.New("no JSON object")
	}
	detail := a.about + ": " + err.Error()
	if a.about == "SENSOR" {
		detail = a.about + ": " + sensors.NotUnderstood(err, m.Payload)
	}
	r := d.newReport(m, d.sensorOf(name, dev), &dev.ledger, &h)
	h.Faults = append(h.Faults, r.fault(ucare.FaultNotUnderstood, detail))
	return h
}

// A report collects what one message says of one sensor.
type report struct {
	m        sensors.Message
	dwelling string
	sensor   ucare.Sensor
	ledger   *ledger
	heard    *sensors.Heard
	drill    bool     // the sensor says that it is being tested
	percent  *float64 // what its battery has left

	values, meanings bool // the message had fields whose value, whose meaning was judged
}

func (d *Devices) newReport(m sensors.Message, s ucare.Sensor, l *ledger, h *sensors.Heard) *report {
	return &report{m: m, dwelling: d.home.Dwelling, sensor: s, ledger: l, heard: h}
}

func (r *report) reading(kind ucare.Kind, state ucare.State) ucare.Reading {
	reading := ucare.Reading{
		At: r.m.At, Dwelling: r.dwelling, Sensor: r.sensor.ID, Room: r.sensor.Room, Kind: kind, State: state, UnknownAge: r.m.Retained,
	}
	reading.Drill = r.drill && state == ucare.Active && sensors.IsDetector(kind) && kind != ucare.HelpButton // a call is a call
	return reading
}

// event is what happened just now.
func (r *report) event(kind ucare.Kind, state ucare.State) {
	r.heard.Readings = append(r.heard.Readings, r.reading(kind, state))
}

// repeat is a state that may have been said before.
func (r *report) repeat(kind ucare.Kind, state ucare.State) {
	r.heard.Repeated = append(r.heard.Repeated, r.reading(kind, state))
}

// state is an event when the message tells of one.
func (r *report) state(kind ucare.Kind, state ucare.State, isEvent bool) {
	if isEvent {
		r.event(kind, state)
	} else {
		r.repeat(kind, state)
	}
}

// measured is a number in the unit of its kind.
func (r *report) measured(kind ucare.Kind, value float64, unit string) {
	reading := r.reading(kind, ucare.Unknown)
	reading.Value, reading.Unit = value, unit
	r.heard.Repeated = append(r.heard.Repeated, reading)
}

func (r *report) fault(code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: r.sensor.ID, Dwelling: r.dwelling, Since: r.m.At, Detail: detail}
}

// condition tells a fault that holds, or that it holds no longer.
func (r *report) condition(code ucare.FaultCode, holds bool, detail string) {
	if holds {
		r.heard.Faults = append(r.heard.Faults, r.fault(code, detail))
	} else {
		r.heard.Cleared = append(r.heard.Cleared, r.fault(code, ""))
	}
}

// bad notes a value that its table does not have, good one that it has.
func (r *report) bad(field string, value json.RawMessage) {
	r.values = true
	note(&r.ledger.Bad, field, shorten(field)+" is "+sensors.Excerpt(value))
}

func (r *report) good(field string) {
	r.values = true
	drop(r.ledger.Bad, field)
}

// unmapped notes a field of which only the household knows the meaning, mapped one
// that has a meaning (now).
func (r *report) unmapped(field, why string) {
	r.meanings = true
	note(&r.ledger.Unmapped, field, shorten(field)+": "+why)
}

func (r *report) mapped(field string) {
	if len(r.ledger.Unmapped) > 0 {
		r.meanings = true
		drop(r.ledger.Unmapped, field)
	}
}

// close tells what is not understood of the sensor, if the message was about that.
func (r *report) close() {
	if r.values {
		r.condition(ucare.FaultUnknownValue, len(r.ledger.Bad) > 0, list(r.ledger.Bad))
	}
	if r.meanings {
		r.condition(ucare.FaultNeedsMapping, len(r.ledger.Unmapped) > 0, list(r.ledger.Unmapped))
	}
}

// others stands for all fields beyond those that are remembered.
const others = "…"

func note(notes *map[string]string, field, detail string) {
	if _, known := (*notes)[field]; !known && len(*notes) >= maxFields {
		field, detail = others, "and others"
	}
	put(notes, shorten(field), detail)
}

func drop(notes map[string]string, field string) {
	delete(notes, shorten(field))
	if _, more := notes[others]; more && len(notes) == 1 {
		delete(notes, others)
	}
}

func list(notes map[string]string) string {
	var all []string
	for _, field := range slices.Sorted(maps.Keys(notes)) {
		all = append(all, notes[field])
	}
	return strings.Join(all, "; ")
}

// shorten keeps the beginning of a field's name, which may be as long as somebody likes.
func shorten(name string) string {
	const most = 100 // bytes
	for i := range name {
		if i > most {
			return name[:i] + others
		}
	}
	return name
}

// asObject gives an object, nil for anything else.
func asObject(raw json.RawMessage) object {
	var o object
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// asText gives a text, "" for anything else.
func asText(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// asNumber gives a JSON number; null, a text and a nan are none.
func asNumber(raw json.RawMessage) (value float64, ok bool) {
	if len(raw) == 0 || !strings.ContainsRune("-0123456789", rune(raw[0])) || json.Unmarshal(raw, &value) != nil {
		return 0, false
	}
	return value, true
}

// zeroOrOne is how the firmware writes a state of a Zigbee or LoRaWAN device;
// its decoders in Berry write false and true.
func zeroOrOne(raw json.RawMessage) (ucare.State, bool) {
	switch string(raw) {
	case "0", "false":
		return ucare.Inactive, true
	case "1", "true":
		return ucare.Active, true
	default:
		return ucare.Unknown, false
	}
}
