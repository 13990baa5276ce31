package configs

import (
	"slices"
	"strings"
)

// Warnings of what is written down and will never be heard.

// sensorTopics warns of sensors whose topic nobody listens to.
func (w *warnings) sensorTopics(dwellings []Dwelling) {
	for i, d := range dwellings {
		base, own := zigbee2mqttBase(dwellings, i), "ucare/"+d.ID+"/+"
		for j, s := range d.Sensors {
			if s.Topic == "" || overlap(own, s.Topic) || base != "" && strings.HasPrefix(s.Topic, base+"/") {
				continue
			}
			at := at(at("dwellings", i)+".sensors", j) + ".topic"
			if base == "" {
				w.say("%s: %q is not listened to; what %s sends there is never heard; without zigbee2mqtt.base_topic only ucare/%s/<sensor> is", at, s.Topic, s.ID, d.ID)
			} else {
				w.say("%s: %q is not listened to; what %s sends there is never heard; write %s/<friendly name>, or ucare/%s/<sensor> for our own form", at, s.Topic, s.ID, base, d.ID)
			}
		}
	}
}

// devices warns of accounts that may publish too much, or only what nobody
// listens to.
func (w *warnings) devices(devices []Device, dwellings []Dwelling) {
	heard := heardTopics(dwellings)
	for i, device := range devices {
		path := at("sensors.broker.devices", i)
		if slices.Contains(device.Publish, "#") {
			w.say("%s: %s may publish anything, also in the name of other sensors; give it the topics it needs", path, device.ID)
			continue
		}
		for j, filter := range device.Publish {
			if !slices.ContainsFunc(heard, func(h string) bool { return overlap(h, filter) }) {
				w.say("%s: %q is not listened to; what %s sends there is never heard; listened to is %s",
					at(path+".publish", j), filter, device.ID, strings.Join(heard, ", "))
			}
		}
	}
}

// heardTopics are the filters of everything that is listened to.
func heardTopics(dwellings []Dwelling) []string {
	var heard []string
	for i, d := range dwellings {
		if base := zigbee2mqttBase(dwellings, i); base != "" {
			heard = append(heard, base+"/#")
		}
		heard = append(heard, "ucare/"+d.ID+"/+")
	}
	return heard
}

// bridges warns of a Zigbee2MQTT that no account lets speak.
func (w *warnings) bridges(devices []Device, dwellings []Dwelling) {
	for i, d := range dwellings {
		if d.Zigbee2MQTT == nil {
			continue // nobody says that there is one
		}
		base := zigbee2mqttBase(dwellings, i)
		if base == "" {
			continue
		}
		for _, topic := range []string{base + "/bridge/state", base + "/bridge/devices", base + "/sensor", base + "/sensor/availability"} {
			may := func(device Device) bool {
				return slices.ContainsFunc(device.Publish, func(filter string) bool { return overlap(filter, topic) })
			}
			if !slices.ContainsFunc(devices, may) {
				w.say("%s.zigbee2mqtt.base_topic: nobody in sensors.broker.devices may publish %s; give Zigbee2MQTT's entry publish: [%q]", at("dwellings", i), topic, base+"/#")
				break
			}
		}
	}
}

// overlap reports whether some topic matches both filters.
func overlap(a, b string) bool { return levelsOverlap(strings.Split(a, "/"), strings.Split(b, "/")) }

func levelsOverlap(a, b []string) bool {
	switch {
	case len(a) > 0 && a[0] == "#", len(b) > 0 && b[0] == "#":
		return true
	case len(a) == 0 || len(b) == 0:
		return len(a) == len(b)
	}
	return (a[0] == b[0] || a[0] == "+" || b[0] == "+") && levelsOverlap(a[1:], b[1:])
}

// zigbee2mqttBase is where the home's Zigbee2MQTT speaks, "" when it has none.
func zigbee2mqttBase(homes []Dwelling, home int) string {
	for _, b := range bases(homes, home) {
		if b.Ecosystem == "zigbee2mqtt" {
			return b.Topic
		}
	}
	return ""
}
