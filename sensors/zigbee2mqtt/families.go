package zigbee2mqtt

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// A family is what the first words of a property's name say that it is about.
// The names follow the conventions of zigbee-herdsman-converters: a property is
// called after what it detects, with what does not matter to us behind it
// ("smoke_alarm_2", "water_leak_zone_1", "occupancy_3").
type family struct {
	name string
	kind ucare.Kind
	// closed: true is the harmless state, as with all door contacts.
	closed bool
	// byWord: true and false, ON and OFF do not say which is which.
	byWord bool
	guess  bool // see meaning

	active, inactive, silent string // the words of its values, in lower case
}

// The words of the values. Silent ones are known and say nothing about the state.
const (
	dangerActive   = "alarm alarmed detected warning_alarm critical_alarm fire leak leaking wet flood on yes"
	dangerInactive = "normal none clear cleared ok idle no_alarm not_detected dry off no safe"
	dangerSilent   = "detecting prealarm pre_alarm test testing silenced mute muted"

	personActive   = "presence present motion moving move stationary static still peaceful active activity small medium large small_movement large_movement near far occupied detected on yes human sit sitting sedentary"
	personInactive = "none absence absent unoccupied vacant nobody no_motion no_presence clear not_detected inactive off no"

	movingActive   = "motion moving move active activity small medium large small_movement large_movement detected on yes"
	movingInactive = "none static stationary still peaceful absence no_motion clear not_detected inactive off no"
	movingSilent   = "near far presence"

	openActive   = "open opened tilted ajar yes"
	openInactive = "close closed no"

	fallActive   = "fall falling fallen fall_alarm fall_detected alarm detected real yes on"
	fallInactive = "normal none no no_fall not_detected off"
	fallSilent   = "maybe_fall fall_warning suspected warning"
)

// families are all of them, a longer name before one that it begins with.
var families = allFamilies()

func allFamilies() []family {
	danger := func(kind ucare.Kind, names ...string) (fs []family) {
		for _, name := range names {
			fs = append(fs, family{name: name, kind: kind, active: dangerActive, inactive: dangerInactive, silent: dangerSilent})
		}
		return fs
	}
	return slices.Concat(
		danger(ucare.Smoke, "smoke", "fire"),
		danger(ucare.CarbonMonoxide, "carbon_monoxide", "co"),
		danger(ucare.Gas, "gas"),
		danger(ucare.WaterLeak, "active_water_leak", "water_leakage", "water_leak", "water_warning", "water_alarm", "leakage", "leak", "flood"),
		danger(ucare.Heat, "heat_alarm", "heat_detected", "heat", "overheat_alarm"),
		danger(ucare.HelpButton, "sos", "panic", "emergency"),
		danger(ucare.Tamper, "tamper"),
		[]family{
			{name: "fall_down", kind: ucare.FallSensor, active: fallActive, inactive: fallInactive, silent: fallSilent},
			{name: "fall", kind: ucare.FallSensor, active: fallActive, inactive: fallInactive, silent: fallSilent},
			{name: "occupancy", kind: ucare.Motion, active: personActive, inactive: personInactive},
			{name: "human_motion", kind: ucare.Motion, active: movingActive, inactive: movingInactive, silent: movingSilent},
			{name: "motion", kind: ucare.Motion, active: movingActive, inactive: movingInactive, silent: movingSilent},
			{name: "human_presence", kind: ucare.Presence, active: personActive, inactive: personInactive},
			{name: "presence", kind: ucare.Presence, active: personActive, inactive: personInactive},
			{name: "pressure", kind: ucare.Seat, byWord: true, active: "sit sitting sedentary lying occupied", inactive: "none vacant"},
			{name: "garage_door_contact", kind: ucare.Door, closed: true, active: openActive, inactive: openInactive},
			{name: "contact", kind: ucare.Door, closed: true, active: openActive, inactive: openInactive},
			{name: "door_open", kind: ucare.Door, active: openActive + " on", inactive: openInactive + " off"},
			{name: "door", kind: ucare.Door, byWord: true, active: openActive, inactive: openInactive},
			{name: "opening", kind: ucare.Door, byWord: true, active: openActive, inactive: openInactive},
			// A window on Zigbee is the conclusion of a thermostat.
			{name: "window_open", kind: ucare.Door, guess: true, active: openActive + " on", inactive: openInactive + " off"},
			{name: "window", kind: ucare.Door, guess: true, byWord: true, active: openActive, inactive: openInactive},
			{name: "battery_low", kind: ucare.Battery, active: "on yes low", inactive: "off no normal"},
			{name: "battery_state", kind: ucare.Battery, byWord: true, active: "low critical", inactive: "medium middle high normal full usb"},
			{name: "battery_level", kind: ucare.Battery, byWord: true, active: "low critical", inactive: "medium middle high normal full usb"},
		},
	)
}

// familyOf finds the family of a property's name, and the rest of the name.
func familyOf(name string) (f family, rest string, is bool) {
	for _, f := range families {
		if rest, is := strings.CutPrefix(name, f.name); is && (rest == "" || rest[0] == '_') && isNeutral(strings.TrimPrefix(rest, "_")) {
			return f, rest, true
		}
	}
	return family{}, "", false
}

// isNeutral reports whether the rest of a name leaves the beginning what it is:
// "smoke_alarm_1" is smoke, "smoke_sensitivity" is a setting.
func isNeutral(rest string) bool {
	neutral := []string{
		"alarm", "state", "status", "detected", "detect", "sensor", "active", "zone", "zones", "wire", "both",
		"in", "out", "or", "and", "left", "right", "top", "bottom", "inside", "outside",
	}
	for word := range strings.SplitSeq(rest, "_") {
		if word != "" && !slices.Contains(neutral, word) && !isNumber(strings.TrimPrefix(word, "l")) {
			return false
		}
	}
	return true
}

// meaning gives what a property of the family means. Its values decide whether
// it means anything: another device may have another property of the same name.
func (f family) meaning(p property, rest string, all []property) (ms []meaning, unclear string) {
	switch {
	case f.kind == ucare.Motion && p.Type == "enum" && !has(all, "presence") && f.name != "occupancy":
		f.kind, f.active, f.inactive, f.silent = ucare.Presence, personActive, personInactive, "" // it is all the radar has to say
	case f.kind == ucare.Motion && p.Type == "enum" && f.name == "occupancy":
		f.kind = ucare.Presence
	case f.kind == ucare.Battery && f.name != "battery_low" && (p.Type != "enum" || has(all, "battery_low") || has(all, "battery")):
		return nil, "" // told better by the other
	}
	states := f.table(p)
	if states == nil {
		return nil, "its values are not among those we know"
	}
	return []meaning{{kind: f.kind, states: states, guess: f.guess}}, ""
}

// table gives the states of the property's values, nil when they do not say
// which is the active and which the inactive one.
func (f family) table(p property) map[string]ucare.State {
	if p.Type == "binary" && p.isBool() {
		switch {
		case f.byWord:
			return nil
		case f.closed:
			return closedTrue()
		default:
			return activeTrue()
		}
	}
	t := map[string]ucare.State{}
	var active, inactive bool
	for _, v := range p.values() {
		switch w := strings.TrimPrefix(word(v), f.name+"_"); {
		case !strings.HasPrefix(v, `"`):
		case isAmong(w, f.active):
			t[v], active = ucare.Active, true
		case isAmong(w, f.inactive):
			t[v], inactive = ucare.Inactive, true
		case isAmong(w, f.silent):
			t[v] = ucare.Unknown
		}
	}
	if !active || !inactive {
		return nil
	}
	return t
}

// isAmong reports whether w is one of the words.
func isAmong(w, words string) bool {
	for one := range strings.FieldsSeq(words) {
		if one == w {
			return true
		}
	}
	return false
}

// mentioned is the kind of the family that one of the words of the name belongs to:
// "dry_contact" speaks of a contact, whatever it says of it.
func mentioned(name string) (ucare.Kind, bool) {
	for _, f := range families {
		if f.kind != ucare.Battery && f.name != "pressure" && f.name != "heat" && strings.Contains("_"+name+"_", "_"+f.name+"_") {
			return f.kind, true
		}
	}
	return "", false
}
