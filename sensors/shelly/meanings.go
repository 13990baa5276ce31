package shelly

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/ucare-project/ucare"
)

// An effect is what a value means to us.
type effect uint8

const (
	nothing  effect = iota // known, and neither one nor the other
	inactive               // of the property's kind
	active
	drill   // a test
	trouble // the device says that it does not work as it should
)

// A meaning is what a property is about, and what each of its values means. A value
// that is not there is not understood.
type meaning struct {
	kind   ucare.Kind
	values map[string]effect // by value, as text or canonical JSON
	words  string            // for a person, where the value is a trouble
}

// truth is a property that is true when active.
func truth(kind ucare.Kind) meaning {
	return meaning{kind: kind, values: map[string]effect{"true": active, "false": inactive}}
}

// gen1Sensors are the values below shellies/<id>/sensor/. The others there
// (lux, tilt, vibration, concentration …) say nothing about safety or life.
var gen1Sensors = map[string]meaning{
	"smoke":  truth(ucare.Smoke),
	"flood":  truth(ucare.WaterLeak),
	"motion": truth(ucare.Motion),
	"state":  {kind: ucare.Door, values: map[string]effect{"open": active, "close": inactive}},
	"gas": {kind: ucare.Gas, values: map[string]effect{
		"none": inactive, "mild": active, "heavy": active, "test": drill,
	}},
	"operation": {values: map[string]effect{"normal": nothing, "warmup": nothing, "fault": trouble}, words: "its gas sensor has a fault"},
	"error":     {values: map[string]effect{"0": nothing, "false": nothing, "1": trouble, "true": trouble}, words: "it says that its sensor has an error"},
}

// components are the properties of the components of the later generations, by
// "component.property".
var components = map[string]meaning{
	"smoke.alarm":        truth(ucare.Smoke),
	"flood.alarm":        truth(ucare.WaterLeak),
	"presencezone.value": truth(ucare.Presence),
	"presencezone.state": truth(ucare.Presence),
}

// bluetoothObjects are the objects of the BTHome format that matter, by their
// number (bthome.io/format). True is open, wet, burning, low.
var bluetoothObjects = map[int]ucare.Kind{
	0x11: ucare.Door, 0x1a: ucare.Door, 0x1b: ucare.Door, 0x2d: ucare.Door, // opening, door, garage door, window
	0x15: ucare.Battery, 0x17: ucare.CarbonMonoxide, 0x1c: ucare.Gas, 0x1d: ucare.Heat, 0x20: ucare.WaterLeak,
	0x21: ucare.Motion, 0x23: ucare.Presence, 0x29: ucare.Smoke, 0x2b: ucare.Tamper,
}

// The numbers of BTHome: battery in percent, and the temperatures in °C.
const bluetoothBattery = 0x01

var bluetoothTemperatures = map[int]bool{0x02: true, 0x45: true, 0x57: true, 0x58: true}

// canonical is a value as compact JSON. Nothing and null are both "null".
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null"
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return strconv.Quote(string(raw))
	}
	return out.String()
}

// word is a JSON string as plain text, so that the tables of the text topics hold
// for it. What is no word keeps its quotes: "true" is not true.
func word(raw json.RawMessage) string {
	var s string
	value := canonical(raw)
	if json.Unmarshal(raw, &s) != nil || s == "" || s == "true" || s == "false" {
		return value
	}
	if _, isNumber := number(s); isNumber {
		return value
	}
	return s
}

func number(value string) (float64, bool) {
	v, err := strconv.ParseFloat(value, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
