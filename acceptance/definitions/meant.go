package main

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// What a value means, by the property's categories and the words of the value
// alone. This is what the decoder's states are held against, so it shares nothing
// with the decoder.

// kindsOf are the kinds of a category's readings.
func kindsOf(category string) []ucare.Kind {
	switch category {
	case "smoke":
		return []ucare.Kind{ucare.Smoke}
	case "gas":
		return []ucare.Kind{ucare.Gas}
	case "carbon_monoxide":
		return []ucare.Kind{ucare.CarbonMonoxide}
	case "heat_alarm":
		return []ucare.Kind{ucare.Heat}
	case "water_leak":
		return []ucare.Kind{ucare.WaterLeak}
	case "contact":
		return []ucare.Kind{ucare.Door}
	case "occupancy", "presence":
		return []ucare.Kind{ucare.Motion, ucare.Presence, ucare.Seat}
	case "fall":
		return []ucare.Kind{ucare.FallSensor}
	case "bed_or_posture":
		return []ucare.Kind{ucare.Bed, ucare.Seat}
	case "sos":
		return []ucare.Kind{ucare.HelpButton}
	case "tamper":
		return []ucare.Kind{ucare.Tamper}
	case "battery_low", "battery_state", "battery":
		return []ucare.Kind{ucare.Battery}
	case "temperature":
		return []ucare.Kind{ucare.Temperature}
	case "co_ppm":
		return []ucare.Kind{ucare.CarbonMonoxideLevel}
	case "siren_or_generic_alarm": // whichever the device is
		return []ucare.Kind{ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak}
	default:
		return nil
	}
}

// The words that mean the same wherever they are a value.
var (
	activeWords = map[string][]string{
		"":         {"true", "on", "alarm", "alarmed", "detected", "warning_alarm", "critical_alarm", "low", "yes", "high_temperatur"},
		"contact":  {"open", "opened", "tilted", "yes", "on"},
		"presence": {"presence", "motion", "large", "small", "medium", "active", "activity", "large_movement", "small_movement", "occupied", "sitting", "on_the_bed"},
		"fall":     {"fall", "falling", "fall_alarm"},
		"bed":      {"on_the_bed", "sit", "sedentary"},
	}
	inactiveWords = []string{
		"false", "off", "none", "normal", "not_detected", "close", "closed", "no", "medium", "middle", "high", "usb", "unoccupied", "absence", "ok", "idle",
	}
	clickWords = []string{"single", "double", "triple", "hold", "long_press", "single_press", "double_press", "pressed", "single_click", "double_click"}
)

// meant is the state that the value of a property has to be heard as in one of its
// categories. sure is false where the words say nothing for certain.
func meant(e expose, category, value string) (state ucare.State, sure bool) {
	w := strings.TrimPrefix(word(value), strings.TrimSuffix(e.Property, "_state")+"_") // water_leakage_yes
	if category == "sos" && e.Property == "action" {
		return ucare.Active, isCall(w) || slices.Contains(clickWords, w) && !hasCall(e)
	}
	if category == "contact" && e.Type == "binary" && (w == "true" || w == "false") {
		// The contact is closed, whatever value_on says; a window or a door "open" is open.
		return ucare.StateOf((w == "false") == strings.Contains(e.Property, "contact")), true
	}
	class := map[string]string{
		"contact": "contact", "occupancy": "presence", "presence": "presence", "fall": "fall", "bed_or_posture": "bed",
	}[category]
	switch {
	case slices.Contains(activeWords[class], w):
		return ucare.Active, true
	case category == "presence" && w == "medium" || category == "fall" && slices.Contains([]string{"occupied", "sitting", "on_the_bed"}, w):
		return ucare.Inactive, category == "fall"
	case slices.Contains(activeWords[""], w):
		return ucare.Active, true
	case slices.Contains(inactiveWords, w):
		return ucare.Inactive, category != "sos" // the end of a press is no reading
	default:
		return ucare.Unknown, false
	}
}

func isCall(action string) bool {
	return slices.ContainsFunc(strings.Split(action, "_"), func(w string) bool { return w == "sos" || w == "panic" || w == "emergency" })
}

func hasCall(e expose) bool {
	return slices.ContainsFunc(e.values(), func(v string) bool { return isCall(word(v)) })
}
