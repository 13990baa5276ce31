package main

import (
	"maps"
	"slices"
	"strings"
)

// By which rule a property of a category is no safety property. The categories
// go by names, so they also hold settings of detectors, sirens that make noise, levels
// beside a detector's own verdict. The rules look at nothing but the definition,
// and at which of its other properties were decoded.

// A verdict on one property.
type verdict string

// The verdicts. Every other one is the rule by which it is no safety property.
const (
	decoded      verdict = "decoded"
	needsMapping verdict = "needs mapping"
	ignored      verdict = "ignored"
)

// rule gives the rule by which the property is no safety property, or ignored.
func rule(d definition, e expose, others map[string]verdict) verdict {
	told := func(category string) bool {
		return slices.ContainsFunc(d.properties(), func(o expose) bool {
			return o.Property != e.Property && o.is(category) && others[o.Property] == decoded
		})
	}
	switch {
	case e.settable():
		return "a setting or a command: it can be written"
	case e.Unit == "m³", e.Unit == "m3":
		return "a meter: it counts what was used"
	case e.is("smoke_level"), e.is("gas_level"):
		if told("smoke") || told("gas") {
			return "a level beside the detector's own verdict"
		}
	case e.is("temperature"):
		return "one of several temperatures of a device"
	case e.Type == "numeric" && !e.is("battery") && !e.is("co_ppm") && !e.is("fault"):
		return "a number, not a state"
	case e.is("battery_state") && (told("battery") || told("battery_low")):
		return "told by the battery's level"
	case e.is("vibration"):
		if told("contact") || told("occupancy") || told("presence") || strings.Contains(e.Property, "moving") {
			return "an object shakes or moves: no sign of a person, beside what is one"
		}
	case e.is("test") && e.Type == "binary":
		return "a test that the device makes by itself"
	case e.is("fault"), strings.HasPrefix(e.Property, "overheat"):
		if !slices.Contains(slices.Collect(maps.Values(others)), decoded) {
			return "its own trouble, of a device that is no sensor of ours"
		}
	case e.is("siren_or_generic_alarm"):
		return alarmRule(d, e, others)
	default:
		if slices.ContainsFunc(e.Categories, told) || e.is("presence") && told("occupancy") || e.is("occupancy") && told("presence") {
			return "beside a decoded property of its category"
		}
	}
	return ignored
}

// alarmRule is for what is only called an alarm.
func alarmRule(d definition, e expose, others map[string]verdict) verdict {
	about := strings.ToLower(d.Description)
	if strings.Contains(about, "siren") || strings.Contains(about, "sound and") {
		return "the noise of a siren"
	}
	if e.Type == "text" || e.Type == "list" {
		return "a text for people"
	}
	if e.Type == "enum" && !slices.ContainsFunc(e.values(), func(v string) bool { return slices.Contains(activeWords[""], word(v)) }) {
		return "an alarm of something else, by its values"
	}
	for _, o := range d.properties() {
		plain := o.is("battery") || o.is("battery_low") || o.is("tamper") || o.is("temperature") || o.is("test") || o.is("fault")
		if o.Property != e.Property && others[o.Property] == decoded && !plain {
			return "beside what the device says by name"
		}
	}
	return ignored
}
