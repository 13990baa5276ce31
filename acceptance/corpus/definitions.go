package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// A definition describes a Zigbee device as Zigbee2MQTT does in bridge/devices.
type definition struct {
	Vendor  string   `json:"vendor"`
	Model   string   `json:"model"`
	Exposes []expose `json:"exposes"`
}

// An expose is a property of a device.
type expose struct {
	Property string            `json:"property"`
	Type     string            `json:"type"`
	Unit     string            `json:"unit,omitempty"`
	On       json.RawMessage   `json:"value_on,omitempty"`
	Off      json.RawMessage   `json:"value_off,omitempty"`
	Values   []json.RawMessage `json:"values,omitempty"`
}

func readDefinitions(file string) ([]definition, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []definition
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return all, nil
}

// shortestModel is the length from which a model's name in a text is that model
// and no accident.
const shortestModel = 6

// named finds the definition whose model a text names, the longest name first.
func named(text string, all []definition) (best definition, found bool) {
	for _, d := range all {
		for name := range strings.SplitSeq(d.Model, "/") {
			if len(name) >= shortestModel && len(name) > len(best.Model) && strings.Contains(text, name) {
				best, found = d, true
			}
		}
	}
	return best, found
}

// spoken finds the definition that explains most of the words which the device
// has said, and of those the one with the fewest other properties. A click of a
// button tells no model from another.
func spoken(said map[string]json.RawMessage, all []definition) (best definition, found bool) {
	most := 0
	for _, d := range all {
		n := d.explains(said)
		if n > most || n == most && found && len(d.Exposes) < len(best.Exposes) {
			best, found, most = d, true, n
		}
	}
	return best, found && most > 0
}

// explains counts the words that are among the values of their property.
func (d definition) explains(said map[string]json.RawMessage) (n int) {
	for property, value := range said {
		isWord := func(e expose) bool { return e.Property == property && e.has(string(value)) }
		if property != "action" && strings.HasPrefix(string(value), `"`) && slices.ContainsFunc(d.Exposes, isWord) {
			n++
		}
	}
	return n
}

func (e expose) has(word string) bool {
	return string(e.On) == word || string(e.Off) == word ||
		slices.ContainsFunc(e.Values, func(v json.RawMessage) bool { return string(v) == word })
}

// ordinary is the definition of a device of which nothing is known but what it
// says: each property is what its name and its value make it on nearly all devices.
func ordinary(said map[string]json.RawMessage) definition {
	d := definition{Vendor: "unknown", Model: "unknown"}
	if len(said) == 0 {
		said = map[string]json.RawMessage{"occupancy": json.RawMessage("false")} // a sensor, whichever
	}
	for _, property := range slices.Sorted(maps.Keys(said)) {
		if e, is := ordinaryExpose(property, said[property]); is {
			d.Exposes = append(d.Exposes, e)
		}
	}
	return d
}

func ordinaryExpose(property string, value json.RawMessage) (expose, bool) {
	e := expose{Property: property}
	text := string(value)
	switch {
	case property == "action":
		e.Type = "enum"
		for _, word := range []string{"single", "double", "hold", "emergency"} {
			e.Values = append(e.Values, json.RawMessage(`"`+word+`"`))
		}
	case property == "contact" && (text == "true" || text == "false"):
		e.Type, e.On, e.Off = "binary", json.RawMessage("false"), json.RawMessage("true")
	case text == "true" || text == "false" || text == "null":
		e.Type, e.On, e.Off = "binary", json.RawMessage("true"), json.RawMessage("false")
	case text == `"ON"` || text == `"OFF"`:
		e.Type, e.On, e.Off = "binary", json.RawMessage(`"ON"`), json.RawMessage(`"OFF"`)
	case strings.HasPrefix(text, `"`) && property != "battery":
		e.Type, e.Values = "enum", []json.RawMessage{value}
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		return e, false
	default:
		e.Type, e.Unit = "numeric", map[string]string{"temperature": "°C", "battery": "%"}[property]
	}
	return e, true
}
