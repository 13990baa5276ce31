package zigbee2mqtt

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// What a property means: by its name, its values and, where these leave it
// open, the device's model and description. What they leave open all the same is
// never guessed; file unclear.go names it as something only the household can tell.

// A meaning is what a property says about one kind.
type meaning struct {
	kind ucare.Kind // "" for what the device says about itself: trouble, selfTest
	// states gives the state for each value, as canonical JSON. A value that is
	// there with Unknown is one that says nothing about the kind ("fall_warning"
	// is not a fall yet, and does not end one). A value that is not there is not
	// understood.
	states map[string]ucare.State
	how    how
	// guess marks a conclusion of the device: a thermostat takes a sudden cold for
	// an open window. Nobody knows since when it holds, and it proves no life.
	guess bool
	// clicks: each click is a call for help, of a button that is there for that.
	clicks bool
}

// how a property's values are read.
type how uint8

const (
	contact  how = iota // by the table of states
	measured            // a number in the kind's unit
	percent             // a number, of a battery
	press               // momentary: a value is a press, and null or "" is none
	trouble             // what is wrong with the device itself
	selfTest            // how the device's test of itself ended
)

// meaningOf gives the meanings of one property of a device. unclear says why
// only the household can tell, when that is so.
func meaningOf(d *device, p property) (ms []meaning, unclear string) {
	if ms, unclear, special := byModel(d, p); special {
		return ms, unclear
	}
	switch {
	case p.Name == "action" && p.Type == "enum":
		return actionMeaning(d, p)
	case p.isTrouble():
		return []meaning{{how: trouble}}, ""
	case p.isSelfTest():
		return []meaning{{how: selfTest}}, ""
	case p.isSetting():
		return nil, ""
	case p.Type == "numeric":
		return numericMeaning(p, d.Properties), ""
	case p.Type == "enum":
		if ms := enumByMembers(p); ms != nil {
			return ms, ""
		}
	}
	if f, rest, is := familyOf(p.Name); is && (p.Type == "binary" || p.Type == "enum") {
		return f.meaning(p, rest, d.Properties)
	}
	return nil, ""
}

// numericMeaning is for what is measured.
func numericMeaning(p property, all []property) []meaning {
	switch {
	case p.isBatteryLevel() && !has(all, "battery_low"):
		return []meaning{{kind: ucare.Battery, how: percent}}
	case p.Unit == "°C" && (p.Name == "temperature" || isOnly(p.Name, "temperature", all)):
		return []meaning{{kind: ucare.Temperature, how: measured}}
	case (p.Name == "co" || p.Name == "co_ppm") && p.Unit == "ppm":
		return []meaning{{kind: ucare.CarbonMonoxideLevel, how: measured}}
	default:
		return nil
	}
}

// isOnly reports whether name is the only property of the device that is called
// so, with an endpoint behind it: "temperature_38".
func isOnly(name, what string, all []property) bool {
	n := 0
	for _, p := range all {
		if p.Name == what {
			return false
		}
		if endpoint, is := strings.CutPrefix(p.Name, what+"_"); is && isNumber(endpoint) {
			n++
		}
	}
	endpoint, is := strings.CutPrefix(name, what+"_")
	return is && isNumber(endpoint) && n == 1
}

// enumByMembers is for enums whose name says nothing, but their values do.
func enumByMembers(p property) []meaning {
	member := func(word string) bool { return slices.Contains(p.Values, strconv.Quote(word)) }
	switch {
	case p.Name == "status" && member("falling"): // OWON's radar says everything in one word
		return owonStatus()
	case p.Name == "sensor_status" && member("activity"): // Heiman's radar, beside its occupancy
		return []meaning{{kind: ucare.Motion, states: words("activity", "none")}}
	case p.Name == "state" && member("presence") && member("absence"): // Tuya's MSA201Z
		return []meaning{{kind: ucare.Presence, states: words("presence", "absence", "disabled")}}
	default:
		return nil
	}
}

// owonStatus: low_posture may be somebody who fell and lies there, so it ends
// no fall, and it is no sign of life either.
func owonStatus() []meaning {
	return []meaning{
		{kind: ucare.FallSensor, states: words("falling", "unoccupied occupied sitting on_the_bed", "low_posture")},
		{kind: ucare.Presence, states: words("occupied sitting on_the_bed falling", "unoccupied", "low_posture")},
		{kind: ucare.Bed, states: words("on_the_bed", "unoccupied occupied sitting", "low_posture", "falling")},
	}
}

// The tables of values. True means active, except for door contacts, where it
// means that the contact is closed: always, whatever value_on says
// (zigbee-herdsman-converters publishes the inverted alarm bit). So value_on decides
// nothing here but whether a property is written true, "ON" or in other words.
func activeTrue() map[string]ucare.State {
	return map[string]ucare.State{"true": ucare.Active, "false": ucare.Inactive}
}

func closedTrue() map[string]ucare.State {
	return map[string]ucare.State{"true": ucare.Inactive, "false": ucare.Active}
}

// words builds a table for an enum; a word may be given as "".
func words(active, inactive string, saysNothing ...string) map[string]ucare.State {
	t := map[string]ucare.State{}
	for w := range strings.FieldsSeq(active) {
		t[strconv.Quote(w)] = ucare.Active
	}
	for w := range strings.FieldsSeq(inactive) {
		t[strconv.Quote(w)] = ucare.Inactive
	}
	for _, w := range saysNothing {
		t[strconv.Quote(w)] = ucare.Unknown
	}
	return t
}

// calls are the actions that are a call for help on every device that has them.
func calls() map[string]ucare.State { return words("emergency panic sos", "", "") }

// dangers are the properties that mean the same on every device that has them.
var dangers = map[string]ucare.Kind{
	"smoke": ucare.Smoke, "smoke_alarm_1": ucare.Smoke, "smoke_alarm_2": ucare.Smoke,
	"carbon_monoxide": ucare.CarbonMonoxide, "carbon_monoxide_alarm_1": ucare.CarbonMonoxide, "carbon_monoxide_alarm_2": ucare.CarbonMonoxide,
	"gas": ucare.Gas, "gas_alarm_1": ucare.Gas, "gas_alarm_2": ucare.Gas,
	"water_leak": ucare.WaterLeak, "water_leak_alarm_1": ucare.WaterLeak, "water_leak_alarm_2": ucare.WaterLeak,
	"sos": ucare.HelpButton, "sos_alarm": ucare.HelpButton,
}

// strangersMeanings are what can be told from a device that nobody describes:
// names and values that can mean nothing else.
func strangersMeanings() map[string][]meaning {
	ms := map[string][]meaning{
		"action":           {{kind: ucare.HelpButton, how: press, states: calls()}},
		"fall_status":      {{kind: ucare.FallSensor, states: words("fall_alarm", "normal", "fall_warning")}},
		"fall_down_status": {{kind: ucare.FallSensor, states: words("fall", "none", "maybe_fall")}},
	}
	for name, kind := range dangers {
		ms[name] = []meaning{{kind: kind, states: activeTrue()}}
	}
	return ms
}

// unambiguous reports whether a property means the same on every device that has it.
func unambiguous(property string) bool { return len(strangersMeanings()[property]) > 0 }

func has(all []property, name string) bool {
	return slices.ContainsFunc(all, func(p property) bool { return p.Name == name })
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
