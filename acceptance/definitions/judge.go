package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/zigbee2mqtt"
)

// A finding is what became of one property.
type finding struct {
	definition definition
	expose     expose
	verdict    verdict
	why        string   // of needs mapping, as the decoder says it
	wrong      []string // values that were heard as what they do not mean
}

// judge hears what a device of the definition could say.
func judge(d definition) []finding {
	var all []finding
	verdicts := map[string]verdict{}
	unclear := unclearOf(d)
	for _, e := range d.properties() {
		if len(e.Categories) == 0 {
			continue
		}
		f := finding{definition: d, expose: e, verdict: ignored}
		if is, wrong := hear(d, e); is {
			f.verdict, f.wrong = decoded, wrong
		} else if why, is := unclear[e.Property]; is {
			f.verdict, f.why = needsMapping, why
		}
		verdicts[e.Property] = f.verdict
		all = append(all, f)
	}
	for i, f := range all {
		if f.verdict == ignored {
			all[i].verdict = rule(d, f.expose, verdicts)
		}
	}
	// A button that calls nobody is an ordinary one.
	return slices.DeleteFunc(all, func(f finding) bool {
		return f.verdict == ignored && slices.Equal(f.expose.Categories, []string{"action"})
	})
}

// home is a decoder that has the device in bridge/devices.
func home(d definition) (*sensors.Decoder, sensors.Heard) {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home", Zigbee2MQTT: []string{"zigbee2mqtt"}}}}
	decoder := sensors.NewDecoder(c, zigbee2mqtt.All(c)...)
	list, err := json.Marshal([]any{d.listing(device)})
	if err != nil {
		panic(err) // a definition that was read from JSON is JSON
	}
	return decoder, decoder.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: list, Retained: true})
}

const device = "거실/device 1"

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// unclearOf are the properties that need a mapping, by the decoder's own word.
func unclearOf(d definition) map[string]string {
	unclear := map[string]string{}
	_, h := home(d)
	for _, f := range h.Faults {
		if f.Code != ucare.FaultNeedsMapping {
			continue
		}
		for one := range strings.SplitSeq(f.Detail, "; ") {
			property, _, _ := strings.Cut(one, " (")
			unclear[property] = one
		}
	}
	return unclear
}

// hear says each value of the property, each to a decoder of its own, and reports
// whether anything was made of it, and of which values the wrong thing.
func hear(d definition, e expose) (is bool, wrong []string) {
	for _, value := range e.values() {
		decoder, _ := home(d)
		payload := fmt.Sprintf(`{%q:%s}`, e.Property, value)
		h := decoder.Hear(sensors.Message{At: noon.Add(time.Minute), Topic: "zigbee2mqtt/" + device, Payload: []byte(payload)})
		is = is || len(h.Readings) > 0 || says(h)
		wrong = append(wrong, misheard(e, value, h.Readings)...)
	}
	if !is {
		return false, nil
	}
	if e.settable() && !slices.Contains([]string{"contact", "occupancy", "presence"}, e.Property) {
		wrong = append(wrong, "a setting was taken for a state")
	}
	return true, wrong
}

// says reports whether the message told something about the device itself.
func says(h sensors.Heard) bool {
	trouble := slices.ContainsFunc(h.Faults, func(f ucare.Fault) bool { return f.Code == ucare.FaultTrouble })
	return trouble || slices.ContainsFunc(h.Seen, func(s sensors.Seen) bool { return s.Tested || s.Battery != nil })
}

// misheard compares what was heard of a value with what it means.
func misheard(e expose, value string, readings []ucare.Reading) (wrong []string) {
	var allowed []ucare.Kind
	active := false
	for _, category := range e.Categories {
		kinds := kindsOf(category)
		allowed = append(allowed, kinds...)
		state, sure := meant(e, category, value)
		active = active || state == ucare.Active
		if sure && e.Type != "numeric" && kinds != nil && !slices.ContainsFunc(readings, func(r ucare.Reading) bool {
			return slices.Contains(kinds, r.Kind) && r.State == state
		}) && category != "siren_or_generic_alarm" {
			wrong = append(wrong, fmt.Sprintf("%s is not heard as %s %v", value, category, state))
		}
	}
	for _, r := range readings {
		danger := sensors.IsDetector(r.Kind) && r.State == ucare.Active
		if danger && (!active || !slices.Contains(allowed, r.Kind)) {
			wrong = append(wrong, fmt.Sprintf("%s is heard as %s", value, r.Kind))
		}
	}
	return wrong
}
