package voice

import (
	"encoding/json"
	"maps"
)

// Home Assistant finds a device by one retained message on
// <prefix>/device/<id>/config: what it is (dev), who says so (o), and its entities
// (cmps), each with its platform (p) and a unique_id. See "device discovery payload"
// on https://www.home-assistant.io/integrations/mqtt/. Nothing in it tells who
// lives there: it is kept by a broker, and by Home Assistant in its backups.

const homePage = "https://github.com/ucare-project/ucare"

// discoveryTopic is where a dwelling's gateway is announced. An id there may have
// letters, digits, _ and -, as a dwelling's has.
func discoveryTopic(prefix, dwelling string) string {
	return prefix + "/device/" + deviceID(dwelling) + "/config"
}

func deviceID(dwelling string) string { return "ucare_" + dwelling }

// settings are what Home Assistant is told about a thing, by its own names.
type settings map[string]any

// discovery is the announcement of the gateway with its entities. They are
// available while all of the topics say online.
func (h Home) discovery(availability ...string) string {
	name := h.text("device")
	if h.Several {
		name = h.Language.Text("entity.device_of", "dwelling", h.Dwelling)
	}
	var available []settings
	for _, topic := range availability {
		available = append(available, settings{"topic": topic})
	}
	entities := h.entities()
	payload, _ := json.Marshal(settings{ // texts always marshal
		"dev": settings{
			"ids": []string{deviceID(h.Dwelling)}, "name": name, "mf": "u-Care", "mdl": "gateway", "sw": h.Version,
		},
		"o":                 settings{"name": "u-Care", "sw": h.Version, "url": homePage},
		"availability":      available,
		"availability_mode": "all",
		"qos":               1,
		"cmps":              entities,
	})
	return string(payload)
}

// entities are what Home Assistant shows of the gateway.
func (h Home) entities() settings {
	all := settings{
		"alarm":     h.shows("alarm", "alarm", settings{"p": "binary_sensor", "device_class": "safety"}),
		"prealarm":  h.shows("prealarm", "prealarm", settings{"p": "binary_sensor", "icon": "mdi:timer-alert-outline"}),
		"last_sign": h.shows("last_sign", "last_sign", settings{"p": "sensor", "device_class": "timestamp"}),
		"problem": h.shows("problem", "faults", settings{
			"p": "binary_sensor", "device_class": "problem", "entity_category": "diagnostic",
		}),
		"faults": h.shows("faults", "faults", settings{
			"p": "sensor", "icon": "mdi:alert-circle-outline", "entity_category": "diagnostic",
			"value_template": "{{ value_json.attributes.count }}",
		}),
		"concerns": h.shows("concerns", "concerns", settings{"p": "sensor", "icon": "mdi:account-heart-outline"}),
		"away": h.shows("away", "away", settings{
			"p": "switch", "icon": "mdi:home-export-outline", "command_topic": h.Commands.Away,
		}),
		"cancel": h.button("cancel", h.Commands.Cancel, "mdi:hand-heart-outline", settings{}),
		"test":   h.button("test", h.Commands.Test, "mdi:bell-check-outline", settings{"entity_category": "diagnostic"}),
	}
	if h.Commands.CheckIn != "" {
		all["checkin"] = h.button("checkin", h.Commands.CheckIn, "mdi:hand-wave-outline", settings{})
	}
	return all
}

// shows is an entity that shows the state of a topic.
func (h Home) shows(name, topic string, more settings) settings {
	about := gatewayTopic(h.Dwelling, topic)
	e := h.named(name, settings{
		"state_topic": about, "value_template": "{{ value_json.state }}",
		"json_attributes_topic": about, "json_attributes_template": "{{ value_json.attributes | tojson }}",
	})
	maps.Copy(e, more)
	return e
}

// button is an entity that can be pressed.
func (h Home) button(name, topic, icon string, more settings) settings {
	more["p"], more["icon"], more["command_topic"] = "button", icon, topic
	return h.named(name, more)
}

func (h Home) named(name string, e settings) settings {
	e["name"], e["unique_id"] = h.text(name), deviceID(h.Dwelling)+"_"+name
	return e
}

func (h Home) text(name string) string { return h.Language.Text("entity." + name) }
