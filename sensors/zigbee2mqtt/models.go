package zigbee2mqtt

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// What only the model or its description gives away. The facts are those of the
// definitions of zigbee-herdsman-converters 26.112.

// emergencyButtons are sold as such but report ordinary clicks.
var emergencyButtons = []string{"HS1EB", "HS1EB-E", "HS1EB/HS1EB-E", "SE20-O", "SE21", "MIR-SO100"}

// tags are carried about: their presence says that the key is at home, not
// that somebody is in a room.
var tags = []string{"STS-PRS-251", "3450-L", "KMPCIL-tag-001"}

// byModel are the meanings that the model decides; special is false when it
// decides nothing.
func byModel(d *device, p property) (ms []meaning, unclear string, special bool) {
	one := func(kind ucare.Kind, states map[string]ucare.State) ([]meaning, string, bool) {
		return []meaning{{kind: kind, states: states}}, "", true
	}
	switch {
	case d.Model == "SPM915" && p.Name == "contact":
		return nil, "a pad in the bed, and which of them means that somebody lies on it is not documented", true
	case d.isTag() && (p.Name == "presence" || p.Name == "occupancy"):
		return nil, "it is carried about, so it tells whether a key is at home and not who is in a room", true
	case p.Name == "contact" && p.On == `"ON"` && p.Off == `"OFF"`: // PushOk's POK003 and POK010
		return nil, "a float in a tank, and which level is meant depends on how it hangs", true
	case d.Model == "HS2FD-EF1-3.0" && p.Name == "occupancy": // a radar
		return one(ucare.Presence, activeTrue())
	case d.Model == "FFZB1-SM-ECO" && p.Name == "alarm" && p.isBool(): // it listens for the sound of a smoke detector
		return one(ucare.Smoke, activeTrue())
	case d.Model == "HM-5HA-E" && p.Name == "alarm" && p.isBool():
		return one(ucare.Heat, activeTrue())
	case d.Model == "MIR-SM100-E" && (p.Name == "alarm_1" || p.Name == "alarm_2") && p.isBool():
		return one(ucare.Smoke, activeTrue())
	case p.Name == "high_temperature" && p.isBool() && !p.isSetting(): // CTM Lyng's guards
		if d.describedAs("stove") {
			return one(ucare.Heat, activeTrue())
		}
		return nil, "of what the temperature is too high is not said", true
	case (p.Name == "mains_power_connected" || p.Name == "ac_connected") && p.isBool():
		return one(ucare.Mains, activeTrue())
	case p.Name == "alarm_status" && slices.Contains(p.Values, `"high_temperatur"`): // CTM Lyng's mKomfy, spelt so
		return []meaning{
			{kind: ucare.Heat, states: words("high_temperatur", "ok", "tamper", "timer", "battery_alarm", "error")},
			{kind: ucare.Tamper, states: words("tamper", "ok", "high_temperatur", "timer", "battery_alarm", "error")},
		}, "", true
	default:
		return nil, "", false
	}
}

func (d *device) isTag() bool {
	return slices.Contains(tags, d.Model) || d.describedAs("arrival", "fob", "key ring", "keyring", "keychain")
}

// describedAs reports whether the definition's description has one of the words.
func (d *device) describedAs(words ...string) bool {
	about := strings.ToLower(d.About)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(about, w) })
}

// isEmergencyButton reports whether the device is there to call for help, so
// that each of its clicks does.
func (d *device) isEmergencyButton() bool {
	return slices.Contains(emergencyButtons, d.Model) || d.describedAs("sos", "emergency button", "panic", "help button", "emergency call", "nurse")
}

// actionMeaning finds the calls for help among the actions of a button, a
// remote control or a keypad. An action that the definition does not list is not
// understood, so that a call under a new name is seen.
func actionMeaning(d *device, p property) (ms []meaning, unclear string) {
	states := map[string]ucare.State{`""`: ucare.Unknown}
	is := false
	mark := func(v string, call bool) {
		states[v] = ucare.Unknown
		if call {
			states[v], is = ucare.Active, true
		}
	}
	for _, v := range p.Values {
		mark(v, isCall(word(v)))
	}
	clicks := !is && d.isEmergencyButton()
	if clicks {
		for _, v := range p.Values {
			mark(v, isClick(word(v)))
		}
		if !is {
			return nil, "it is there to call for help, but none of them is known as a press"
		}
	}
	if !is {
		return nil, ""
	}
	return []meaning{{kind: ucare.HelpButton, how: press, states: states, clicks: clicks}}, ""
}

// isCall reports whether an action is a call for help on every device that has it.
func isCall(action string) bool {
	for w := range strings.SplitSeq(action, "_") {
		if w == "emergency" || w == "panic" || w == "sos" {
			return true
		}
	}
	return false
}

// isClick reports whether an action is a press of a button, and not its end.
func isClick(action string) bool {
	for w := range strings.SplitSeq(action, "_") {
		switch w {
		case "single", "double", "triple", "quadruple", "hold", "long", "press", "pressed", "click", "push":
			return !strings.Contains(action, "release")
		}
	}
	return false
}

// dangerIn gives the one kind of danger that a text speaks of.
func dangerIn(text string) (ucare.Kind, bool) {
	text = strings.ToLower(text)
	var found []ucare.Kind
	speaks := func(kind ucare.Kind, of ...string) {
		if slices.ContainsFunc(of, func(w string) bool { return strings.Contains(text, w) }) {
			found = append(found, kind)
		}
	}
	speaks(ucare.Smoke, "smoke")
	speaks(ucare.Heat, "heat alarm", "heat detector", "heat sensor")
	speaks(ucare.CarbonMonoxide, "carbon monoxide", "co alarm", "&co ", "co sensor", "co detector")
	speaks(ucare.Gas, "gas sensor", "gas detector", "gas alarm", "combustible gas")
	speaks(ucare.WaterLeak, "water leak", "leakage")
	for _, doubt := range []string{"siren", "lack", "shortage", "meter", "valve"} {
		if strings.Contains(text, doubt) {
			return "", false
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}
