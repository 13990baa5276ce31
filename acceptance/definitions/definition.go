package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A definition is what Zigbee2MQTT knows about a model.
type definition struct {
	Vendor      string   `json:"vendor"`
	Model       string   `json:"model"`
	Description string   `json:"description"`
	Exposes     []expose `json:"exposes"`
}

// An expose is one property of a model. Its form is that of bridge/devices, with
// the categories that the file adds.
type expose struct {
	Property    string            `json:"property"`
	Type        string            `json:"type"`
	Description string            `json:"description,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Access      int               `json:"access,omitempty"`
	On          json.RawMessage   `json:"value_on,omitempty"`
	Off         json.RawMessage   `json:"value_off,omitempty"`
	Values      []json.RawMessage `json:"values,omitempty"`
	Categories  []string          `json:"cats,omitempty"`
	Features    []expose          `json:"features,omitempty"`
}

func readDefinitions(file string) ([]definition, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []definition
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("%s is no list of device definitions: %w", file, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no device definitions", file)
	}
	return all, nil
}

// properties are those that the device publishes at the top level of its state:
// a switch or a lock is only a bracket around its features.
func (d definition) properties() []expose {
	var all []expose
	for _, e := range d.Exposes {
		if e.Property == "" {
			all = append(all, e.Features...)
			continue
		}
		all = append(all, e)
	}
	return all
}

// listing is the definition as one device in bridge/devices, whose name is name.
func (d definition) listing(name string) map[string]any {
	return map[string]any{
		"ieee_address": "0x00124b0000000001", "friendly_name": name, "type": "EndDevice", "supported": true, "disabled": false,
		"interview_completed": true, "interviewing": false, "network_address": 1, "model_id": d.Model,
		"definition": map[string]any{
			"vendor": d.Vendor, "model": d.Model, "description": d.Description, "exposes": d.Exposes,
		},
	}
}

// values are those that a device may publish for the property, as JSON.
func (e expose) values() []string {
	switch e.Type {
	case "binary":
		return []string{string(e.On), string(e.Off)}
	case "enum":
		var all []string
		for _, v := range e.Values {
			all = append(all, string(v))
		}
		if e.is("fault") {
			all = append(all, `"sensor_fault"`) // some list only what they say when they are well
		}
		return all
	case "numeric":
		return []string{"1", "5", "50"}
	case "list":
		return []string{`[]`, `["short_circuit"]`}
	default:
		return []string{`"normal"`, `"open_circuit_fault"`}
	}
}

// settable reports whether the property can be written.
func (e expose) settable() bool { return e.Access&2 != 0 }

// word is a JSON value as people would say it: "Check success" is check_success.
func word(value string) string {
	var s string
	if json.Unmarshal([]byte(value), &s) == nil {
		value = s
	}
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(value)), " ", "_")
}

func (e expose) is(category string) bool { return slices.Contains(e.Categories, category) }
