package zigbee2mqtt

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// A meaning is what a property says about one kind.
type meaning struct {
	kind ucare.Kind
	// states gives the state for each value, as canonical JSON. A value that is
	// there with Unknown is one that says nothing about the kind ("fall_warning"
	// is not a fall yet, and does not end one). A value that is not there is not
	// understood.
	states map[string]ucare.State
	how    how
}

// how a property's values are read.
type how uint8

const (
	contact  how = iota // by the table of states
	measured            // a number in the kind's unit
	percent             // a number, of a battery
	press               // momentary: a value is a press, and null or "" is none
)

// The tables of values. True means active, except for door contacts, where it
// means that the contact is closed: always, whatever value_on says. So value_on
// decides nothing here but whether a property is written true or "ON".
func activeTrue() map[string]ucare.State {
	return map[string]ucare.State{"true": ucare.Active, "false": ucare.Inactive}
}

func closedTrue() map[string]ucare.State {
	return map[string]ucare.State{"true": ucare.Inactive, "false": ucare.Active}
}

func activeON() map[string]ucare.State {
	return map[string]ucare.State{`"ON"`: ucare.Active, `"OFF"`: ucare.Inactive}
}

// words builds a table for an enum; a word may be given as "".
func words(active, inactive string, saysNothing ...string) map[string]ucare.State {
	t := map[string]ucare.State{}
	for w := range strings.FieldsSeq(active) {
		t[`"`+w+`"`] = ucare.Active
	}
	for w := range strings.FieldsSeq(inactive) {
		t[`"`+w+`"`] = ucare.Inactive
	}
	for _, w := range saysNothing {
		t[`"`+w+`"`] = ucare.Unknown
	}
	return t
}

// binaries are the properties of type binary whose name says what they mean,
// with true as active.
var binaries = map[string]ucare.Kind{
	"smoke": ucare.Smoke, "smoke_alarm_1": ucare.Smoke, "smoke_alarm_2": ucare.Smoke,
	"carbon_monoxide": ucare.CarbonMonoxide, "carbon_monoxide_alarm_1": ucare.CarbonMonoxide, "carbon_monoxide_alarm_2": ucare.CarbonMonoxide,
	"gas": ucare.Gas, "gas_alarm_1": ucare.Gas, "gas_alarm_2": ucare.Gas,
	"water_leak": ucare.WaterLeak, "water_leak_alarm_1": ucare.WaterLeak, "water_leak_alarm_2": ucare.WaterLeak,
	"occupancy": ucare.Motion, "presence": ucare.Presence,
	"sos": ucare.HelpButton, "sos_alarm": ucare.HelpButton,
	"tamper": ucare.Tamper, "battery_low": ucare.Battery,
}

// closings are the properties of type binary in which true means closed.
var closings = map[string]bool{
	"contact": true, "contact_alarm_1": true, "contact_alarm_2": true, "garage_door_contact": true,
}

// fobs are carried about: their presence says that the key is at home, not
// that somebody is in a room.
var fobs = map[string]bool{"STS-PRS-251": true, "3450-L": true, "KMPCIL-tag-001": true}

// callButtons are sold as emergency buttons but report ordinary clicks.
var callButtons = map[string]bool{
	"HS1EB": true, "HS1EB-E": true, "HS1EB/HS1EB-E": true, "SE20-O": true, "SE21": true, "MIR-SO100": true,
}

// presenceWords are what radars call a room with somebody in it.
const presenceWords = "presence PRESENCE motion stationary static peaceful active small medium large small_movement large_movement near far"

// meaningsOf gives the meanings of a property of a model, none when it has none
// for us. Properties that look like an alarm but are a setting of one (fall_detection,
// tumble_switch) or somebody else's (the alarm of a siren) are not in here.
func meaningsOf(model string, p property, all []property) []meaning {
	if ms, special := specialMeanings(model, p); special {
		return ms
	}
	switch p.Type {
	case "binary":
		return binaryMeaning(p)
	case "numeric":
		return numericMeaning(p, all)
	case "enum":
		return enumMeanings(p, all)
	default:
		return nil
	}
}

// specialMeanings are those that only the model gives away.
func specialMeanings(model string, p property) (ms []meaning, special bool) {
	switch {
	case model == "SPM915" && p.Name == "contact":
		return nil, true // a pad in the bed; which value means "in bed" is not documented
	case fobs[model] && (p.Name == "presence" || p.Name == "occupancy"):
		return nil, true
	case model == "HS2FD-EF1-3.0" && p.Name == "occupancy":
		return []meaning{{kind: ucare.Presence, states: activeTrue()}}, true // a radar
	case model == "HM-5HA-E" && p.Name == "alarm" && p.isBool():
		return []meaning{{kind: ucare.Heat, states: activeTrue()}}, true
	case model == "MIR-SM100-E" && (p.Name == "alarm_1" || p.Name == "alarm_2") && p.isBool():
		return []meaning{{kind: ucare.Smoke, states: activeTrue()}}, true
	case callButtons[model] && p.Name == "action":
		return []meaning{{kind: ucare.HelpButton, how: press, states: words("single double hold", "", "off")}}, true
	default:
		return nil, false
	}
}

func binaryMeaning(p property) []meaning {
	if closings[p.Name] {
		if !p.isBool() {
			return nil // "ON" and "OFF" is a float switch in a tank
		}
		return []meaning{{kind: ucare.Door, states: closedTrue()}}
	}
	kind, known := binaries[p.Name]
	switch {
	case !known:
		return nil
	case p.isBool():
		return []meaning{{kind: kind, states: activeTrue()}}
	case p.On == `"ON"` && p.Off == `"OFF"`:
		return []meaning{{kind: kind, states: activeON()}}
	default:
		return nil
	}
}

func numericMeaning(p property, all []property) []meaning {
	switch {
	case p.Name == "battery" && !has(all, "battery_low"):
		return []meaning{{kind: ucare.Battery, how: percent}}
	case p.Name == "temperature" && p.Unit == "°C":
		return []meaning{{kind: ucare.Temperature, how: measured}}
	case (p.Name == "co" || p.Name == "co_ppm") && p.Unit == "ppm":
		return []meaning{{kind: ucare.CarbonMonoxideLevel, how: measured}}
	default:
		return nil
	}
}

func enumMeanings(p property, all []property) []meaning {
	one := func(kind ucare.Kind, states map[string]ucare.State) []meaning {
		for _, v := range p.Values {
			if _, in := states[v]; !in && v != `"unknown"` {
				return nil // another device's property of the same name
			}
		}
		return []meaning{{kind: kind, states: states}}
	}
	switch p.Name {
	case "action":
		if m := (meaning{kind: ucare.HelpButton, how: press, states: calls()}); slices.ContainsFunc(p.Values, func(v string) bool { return m.states[v] == ucare.Active }) {
			return []meaning{m}
		}
	case "smoke_state":
		if !has(all, "smoke") {
			return one(ucare.Smoke, words("alarm", "normal none", "detecting"))
		}
	case "gas_sensor_state":
		return one(ucare.Gas, words("alarm", "normal"))
	case "co_state":
		return one(ucare.CarbonMonoxide, words("alarm", "normal"))
	case "water_warning":
		return one(ucare.WaterLeak, words("alarm", "none"))
	case "presence_state", "motion_state", "human_motion_state":
		if !has(all, "presence") {
			return one(ucare.Presence, words(presenceWords, "none NONE"))
		}
	case "fall_status": // Heiman's radar; fall_warning is a suspicion
		return one(ucare.FallSensor, words("fall_alarm", "normal", "fall_warning"))
	case "fall_down_status": // Tuya's radar
		return one(ucare.FallSensor, words("fall", "none", "maybe_fall"))
	case "status": // OWON's radar says everything in one word
		if slices.Contains(p.Values, `"falling"`) {
			return owonStatus()
		}
	}
	return nil
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

// calls are the actions that are a call for help on every device that has them.
func calls() map[string]ucare.State { return words("emergency panic sos", "") }

// strangersMeanings are what can be told from a device that nobody describes:
// names and values that can mean nothing else.
func strangersMeanings() map[string][]meaning {
	ms := map[string][]meaning{
		"action":           {{kind: ucare.HelpButton, how: press, states: calls()}},
		"fall_status":      {{kind: ucare.FallSensor, states: words("fall_alarm", "normal", "fall_warning")}},
		"fall_down_status": {{kind: ucare.FallSensor, states: words("fall", "none", "maybe_fall")}},
	}
	for name, kind := range binaries {
		switch kind {
		case ucare.Smoke, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.HelpButton:
			ms[name] = []meaning{{kind: kind, states: activeTrue()}}
		}
	}
	return ms
}

// unambiguous reports whether a property means the same on every device that has it.
func unambiguous(property string) bool { return len(strangersMeanings()[property]) > 0 }

// isBool reports whether the property is written true and false.
func (p property) isBool() bool {
	return p.On == "true" && p.Off == "false" || p.On == "false" && p.Off == "true"
}

// matters reports whether the property is worth remembering.
func (p property) matters() bool {
	switch p.Type {
	case "binary", "enum":
		return true
	case "numeric":
		return p.Name == "battery" || p.Name == "temperature" || p.Name == "co" || p.Name == "co_ppm"
	default:
		return false
	}
}

func has(all []property, name string) bool {
	return slices.ContainsFunc(all, func(p property) bool { return p.Name == name })
}
