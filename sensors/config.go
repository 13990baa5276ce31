package sensors

import (
	"strings"

	"github.com/ucare-project/ucare"
)

// Config says which topics belong to which dwelling.
type Config struct {
	Dwellings []DwellingTopics
	// Quiet are further topic filters whose messages nobody has to decode, such
	// as what the gateway itself announces.
	Quiet []string
}

// DwellingTopics are the topics and names of one dwelling. Readings in our own
// form come on ucare/<Dwelling>/<sensor>.
type DwellingTopics struct {
	Dwelling string       // its ID
	Rooms    []ucare.Room // to find a sensor's room in its name
	// Sensors says where a sensor is, by its ID; one with a Topic is found by
	// that topic and goes by the ID given here.
	Sensors []ucare.Sensor

	// Where each ecosystem speaks in this home; none: it is not listened to.
	Zigbee2MQTT   []string // base topics, "zigbee2mqtt" where nobody changed it
	HomeAssistant []string // discovery prefixes, "homeassistant" where nobody changed it
	ZWaveJS       []string // prefixes of Z-Wave JS UI, "zwave" where nobody changed it
	Shelly        []string // what stands before a Shelly device's own topics; "" is nothing
	Tasmota       []string // what stands before a Tasmota device's own topics; "" is nothing

	// Assumed are those of the above that nobody wrote down but we: that nothing
	// is heard there is no fault.
	Assumed []string
}

// Native reports whether an ecosystem of its own decodes what is said on the
// topic, so that its announcement to Home Assistant adds nothing. What we say of
// ourselves is announced there too.
func (d DwellingTopics) Native(topic string) bool {
	if strings.HasPrefix(topic, "ucare/") {
		return true
	}
	for _, bases := range [][]string{d.Zigbee2MQTT, d.ZWaveJS} {
		for _, base := range bases {
			if strings.HasPrefix(topic, strings.TrimSuffix(base, "/")+"/") {
				return true
			}
		}
	}
	for _, before := range d.Shelly {
		if strings.HasPrefix(topic, Below(before, "shellies/")) {
			return true
		}
	}
	return false
}

// Below puts a topic below a base, which may be "".
func Below(base, topic string) string {
	if base = strings.TrimSuffix(base, "/"); base == "" {
		return topic
	}
	return base + "/" + topic
}

// sensors are the configured sensors of all dwellings, as nothing but the
// configuration knows them.
func (c Config) sensors() []SensorState {
	var all []SensorState
	for _, home := range c.Dwellings {
		for _, s := range home.Sensors {
			if s.ID != "" {
				all = append(all, SensorState{ID: clip(s.ID), Dwelling: home.Dwelling, Room: clip(home.Sensor(s.Topic, s.ID).Room)})
			}
		}
	}
	return all
}

// Sensor gives the ID and room of the sensor that calls itself name on topic:
// as configured, else under its own name and in the room that is part of it.
func (d DwellingTopics) Sensor(topic, name string) ucare.Sensor {
	for _, s := range d.Sensors {
		if s.Topic != "" && s.Topic == topic || s.ID == name || s.ID == strings.TrimSpace(name) {
			if s.Room == "" {
				s.Room = d.roomIn(name)
			}
			if s.Topic == "" {
				s.ID = name
			}
			return s
		}
	}
	return ucare.Sensor{ID: name, Room: d.roomIn(name), Topic: topic}
}
