package gateway

import (
	"encoding/json"
	"maps"

	"github.com/ucare-project/ucare/sensors"
)

// Home Assistant finds a device by one retained message on
// <prefix>/device/<id>/config: what it is (dev), who says so (o), and its entities
// (cmps), each with its platform (p) and a unique_id. See "device discovery payload"
// on https://www.home-assistant.io/integrations/mqtt/. Nothing in it tells who
// lives there: it is kept by a broker, and by Home Assistant in its backups.

const (
	online, offline = "online", "offline"
	homePage        = "https://github.com/ucare-project/ucare"
)

// discoveryTopic is where a dwelling's gateway is announced. An id there may have
// letters, digits, _ and -, as a dwelling's has.
func discoveryTopic(prefix, dwelling string) string {
	return prefix + "/device/" + deviceID(dwelling) + "/config"
}

func deviceID(dwelling string) string { return "ucare_" + dwelling }

// settings are what Home Assistant is told about a thing, by its own names.
type settings map[string]any

// discovery is the announcement of the gateway with its entities.
func (t teller) discovery() string {
	name := t.text("device")
	if t.several {
		name = t.language.Text("entity.device_of", "dwelling", t.dwelling)
	}
	payload, _ := json.Marshal(settings{ // texts always marshal
		"dev": settings{
			"ids": []string{deviceID(t.dwelling)}, "name": name, "mf": "u-Care", "mdl": "gateway", "sw": t.version,
		},
		"o":                  settings{"name": "u-Care", "sw": t.version, "url": homePage},
		"availability_topic": gatewayTopic(t.dwelling, "status"),
		"qos":                1,
		"cmps": settings{
			"alarm":     t.shows("alarm", "alarm", settings{"p": "binary_sensor", "device_class": "safety"}),
			"prealarm":  t.shows("prealarm", "prealarm", settings{"p": "binary_sensor", "icon": "mdi:timer-alert-outline"}),
			"last_sign": t.shows("last_sign", "last_sign", settings{"p": "sensor", "device_class": "timestamp"}),
			"problem": t.shows("problem", "faults", settings{
				"p": "binary_sensor", "device_class": "problem", "entity_category": "diagnostic",
			}),
			"faults": t.shows("faults", "faults", settings{
				"p": "sensor", "icon": "mdi:alert-circle-outline", "entity_category": "diagnostic",
				"value_template": "{{ value_json.attributes.count }}",
			}),
			"away": t.shows("away", "away", settings{
				"p": "switch", "icon": "mdi:home-export-outline", "command_topic": sensors.CommandTopic(t.dwelling, "away"),
			}),
			"cancel": t.button("cancel", "mdi:hand-heart-outline", settings{}),
			"test":   t.button("test", "mdi:bell-check-outline", settings{"entity_category": "diagnostic"}),
		},
	})
	return string(payload)
}

// shows is an entity that shows the state of a topic.
func (t teller) shows(name, topic string, more settings) settings {
	about := gatewayTopic(t.dwelling, topic)
	e := t.named(name, settings{
		"state_topic": about, "value_template": "{{ value_json.state }}",
		"json_attributes_topic": about, "json_attributes_template": "{{ value_json.attributes | tojson }}",
	})
	maps.Copy(e, more)
	return e
}

// button is an entity that can be pressed.
func (t teller) button(command, icon string, more settings) settings {
	more["p"], more["icon"], more["command_topic"] = "button", icon, sensors.CommandTopic(t.dwelling, command)
	return t.named(command, more)
}

func (t teller) named(name string, e settings) settings {
	e["name"], e["unique_id"] = t.text(name), deviceID(t.dwelling)+"_"+name
	return e
}

func (t teller) text(name string) string { return t.language.Text("entity." + name) }
