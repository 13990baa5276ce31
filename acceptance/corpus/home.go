package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/sensors"
)

// A home is where a message would have been heard: a gateway that listens to
// everything it knows, and what the home's bridges had announced before.
type home struct {
	config configs.Gateway
	before []sensors.Message // what was announced, in its order
	topic  string            // of the message, without placeholders
}

// now is when every message is heard.
var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// homeOf builds the home of one message of the corpus.
func homeOf(m message, all []message, zigbee []definition) home {
	h := home{topic: concrete(m.Topic)}
	dwelling := configs.Dwelling{ID: "home"}
	first, _, _ := strings.Cut(h.topic, "/")
	switch {
	case m.Ecosystem == "zigbee2mqtt" && first != "homeassistant":
		dwelling.Zigbee2MQTT = &configs.Bridge{BaseTopic: first}
		h.announce(h.devices(m, first, all, zigbee)...)
	case m.Ecosystem == "zwave-js-ui":
		dwelling.ZWaveJS = &configs.Bridge{BaseTopic: first}
	case m.Ecosystem == "shelly-gen1-http": // the answer to a request; the device publishes the same on its topic info
		h.topic = "shellies/" + m.Ecosystem + "/info"
	case m.Ecosystem == "esphome":
		h.announce(esphomeConfig(h.topic)...)
	case m.Ecosystem == "homeassistant" && first != "homeassistant":
		h.announce(handWritten(h.topic, m.Payload)...)
	}
	dwelling.Mappings = h.mappings(m)
	if placeholder.FindString(m.Topic) == m.Topic { // the topic is whatever the household has entered in the device
		for i := range dwelling.Mappings {
			if strings.HasPrefix(m.Ecosystem, "milesight-vs") && dwelling.Mappings[i].Use == "milesight_vs373" {
				dwelling.Mappings[i].Base = h.topic
			}
		}
	}
	h.config.Dwellings = []configs.Dwelling{dwelling}
	return h
}

// hear decodes the message in its home. Only what came of the message itself is
// returned, not what came of the announcements.
func (h home) hear(m message) sensors.Heard {
	decoder := gateway.NewDecoder(&h.config)
	for _, before := range h.before {
		decoder.Hear(before)
	}
	topic, payload := h.topic, m.Payload
	if cut, member, inside := strings.Cut(topic, " → "); inside { // the corpus shows one member of the payload
		topic, payload = cut, `{"`+member+`":`+payload+`}`
	}
	return decoder.Hear(sensors.Message{
		At: now, Source: "corpus", Topic: topic, Payload: []byte(payload), QoS: 1, Retained: m.Retained,
	})
}

func (h *home) announce(before ...sensors.Message) { h.before = append(h.before, before...) }

// announcement is a message from the broker's store.
func announcement(topic string, payload any) sensors.Message {
	text, _ := json.Marshal(payload) // maps and slices of texts always have a JSON form
	return sensors.Message{At: now.Add(-time.Minute), Source: "corpus", Topic: topic, Payload: text, QoS: 1, Retained: true}
}

// placeholder is what documentation writes where an id stands: <id>, {id},
// [deviceId], %topic%.
var placeholder = regexp.MustCompile(`<[^>]*>|\{[^}]*\}|\[[^\]]*\]|%[^%]*%`)

// concrete puts an id where the topic of a documentation has a placeholder.
func concrete(topic string) string {
	return placeholder.ReplaceAllStringFunc(topic, func(p string) string {
		return "x" + strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(p, "")) + "1"
	})
}

// notDevices end the topics of a Zigbee2MQTT that are about no device, or that
// others speak on.
var notDevices = []string{"/availability", "/set", "/get"}

// devices is the bridge's list with the one device that the message is from.
func (h home) devices(m message, base string, all []message, zigbee []definition) []sensors.Message {
	name := strings.TrimPrefix(h.topic, base+"/")
	if strings.HasPrefix(name, "bridge/") {
		return nil
	}
	for _, end := range notDevices {
		name = strings.TrimSuffix(name, end)
	}
	said, notes := map[string]json.RawMessage{}, m.Notes
	if cut := strings.LastIndexByte(name, '/'); cut > 0 && h.topic == base+"/"+name && !strings.HasPrefix(strings.TrimSpace(m.Payload), "{") {
		said[name[cut+1:]], name = plain(m.Payload), name[:cut] // one attribute on a topic of its own
	}
	for _, other := range all { // all that this device says in the corpus
		if other.Ecosystem == m.Ecosystem && concrete(other.Topic) == base+"/"+name {
			_ = json.Unmarshal([]byte(other.Payload), &said) // what is no JSON says nothing
			notes += " " + other.Notes
		}
	}
	return []sensors.Message{announcement(base+"/bridge/devices", []any{map[string]any{
		"ieee_address": "0x00124b0000000001", "friendly_name": name, "type": "EndDevice",
		"definition": definitionOf(m, said, notes, zigbee),
	}})}
}

// plain is the JSON form of an attribute's plain text.
func plain(payload string) json.RawMessage {
	if json.Valid([]byte(payload)) {
		return json.RawMessage(payload)
	}
	text, _ := json.Marshal(payload) // a string always has a JSON form
	return text
}

// definitionOf finds out which device speaks: the model that the message or its
// notes name, else one whose words these are, else an ordinary one.
func definitionOf(m message, said map[string]json.RawMessage, notes string, zigbee []definition) definition {
	var own struct {
		Device struct {
			Model string `json:"model"`
		} `json:"device"`
	}
	_ = json.Unmarshal([]byte(m.Payload), &own)
	for _, text := range []string{own.Device.Model, m.Notes, m.Source, notes} {
		if d, is := named(text, zigbee); is {
			return d
		}
	}
	if d, is := spoken(said, zigbee); is {
		return d
	}
	return ordinary(said)
}

// esphomeConfig is what an ESPHome node announces of an entity that speaks on
// <node>/<component>/<object>/state, or, of a node that says on <node>/status
// whether it is there, of any entity.
func esphomeConfig(topic string) []sensors.Message {
	level := strings.Split(topic, "/")
	if len(level) == 2 && level[1] == "status" {
		topic = level[0] + "/binary_sensor/motion/state"
		level = strings.Split(topic, "/")
	}
	if len(level) != 4 || level[3] != "state" {
		return nil
	}
	node, component, object := level[0], level[1], level[2]
	config := map[string]any{
		"name": strings.ReplaceAll(object, "_", " "), "stat_t": topic, "avty_t": node + "/status", "uniq_id": "ESP" + node + object,
		"dev": map[string]any{"ids": node, "name": node, "mf": "espressif"},
	}
	if class := classIn(object); class != "" && component == "binary_sensor" {
		config["dev_cla"] = class
	}
	return []sensors.Message{announcement("homeassistant/"+component+"/"+node+"/"+object+"/config", config)}
}

// handWritten is the entity that a household has written down for a topic of its
// own: a class by the words of the topic, a value out of the object if it is one.
func handWritten(topic, payload string) []sensors.Message {
	config := map[string]any{"name": topic, "state_topic": topic, "device_class": classIn(topic), "unique_id": topic}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(payload), &object) == nil && len(object) == 1 {
		for key := range object {
			config["value_template"] = "{{ value_json." + key + " }}"
		}
	}
	return []sensors.Message{announcement("homeassistant/binary_sensor/"+strings.ReplaceAll(topic, "/", "_")+"/config", config)}
}

// classIn is the device class that a household gives an entity which it has
// called after it, "" when the name tells none.
func classIn(name string) string {
	for _, known := range []struct{ word, class string }{
		{"window", "window"},
		{"door", "door"},
		{"motion", "motion"},
		{"pir", "motion"},
		{"occupancy", "occupancy"},
		{"smoke", "smoke"},
		{"gas", "gas"},
		{"moisture", "moisture"},
		{"leak", "moisture"},
	} {
		if strings.Contains(name, known.word) {
			return known.class
		}
	}
	return ""
}
