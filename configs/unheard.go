package configs

import (
	"slices"
	"strings"
)

// Warnings of what is written down and will never be heard.

// sensorTopics warns of sensors whose topic nobody listens to.
func (w *warnings) sensorTopics(dwellings []Dwelling) {
	for i, d := range dwellings {
		place := listening(dwellings, i)
		for j, s := range d.Sensors {
			if why := place.deaf(s.Topic); s.Topic != "" && why != "" {
				w.say("%s: %q %s; what %s sends there is never heard; write %s", at(at("dwellings", i)+".sensors", j)+".topic", s.Topic, why, s.ID, place.instead(d.ID))
			}
		}
	}
}

// devices warns of accounts that may publish too much, or only what nobody
// listens to.
func (w *warnings) devices(devices []Device, dwellings []Dwelling) {
	var all listener
	for i := range dwellings {
		all = all.and(listening(dwellings, i))
	}
	for i, device := range devices {
		path := at("sensors.broker.devices", i)
		if slices.Contains(device.Publish, "#") {
			w.say("%s: %s may publish anything, also in the name of other sensors; give it the topics it needs", path, device.ID)
			continue
		}
		for j, filter := range device.Publish {
			if why := all.deaf(filter); why != "" {
				w.say("%s: %q %s; what %s sends there is never heard; listened to is %s",
					at(path+".publish", j), filter, why, device.ID, all.named())
			}
		}
	}
}

// A listener is what is listened to in a home.
type listener struct {
	filters []string
	bases   []string // base topics that a topic may be misspelt from
	// anywhere: Home Assistant's discovery may announce sensors on any topic.
	anywhere bool
}

// listening is what is listened to in the home with that index. Which prefixes the
// Shelly and Tasmota devices have chosen is only known once they have spoken, so
// these filters are wider than what is asked of the broker.
func listening(homes []Dwelling, home int) listener {
	own := "ucare/" + homes[home].ID
	l := listener{filters: []string{own + "/+", own + "/gateway/set/+"}}
	for _, b := range bases(homes, home) {
		switch b.Ecosystem {
		case "homeassistant":
			l.anywhere = true
			l.filters = append(l.filters, b.Topic+"/#")
		case "shelly":
			for _, filter := range []string{"shellies/#", "+/events/rpc", "+/online", "+/status/+"} {
				l.filters = append(l.filters, below(b.Topic, filter))
			}
		case "tasmota":
			l.filters = append(l.filters, "tasmota/discovery/#")
			for _, kind := range []string{"tele", "stat"} {
				for _, filter := range []string{kind + "/#", "+/" + kind + "/+", "+/+/" + kind + "/+"} {
					l.filters = append(l.filters, below(b.Topic, filter))
				}
			}
		default:
			l.filters = append(l.filters, b.Topic+"/#")
			l.bases = append(l.bases, b.Topic)
		}
	}
	for _, m := range mappingsInForce(homes[home].Mappings) {
		l.filters = append(l.filters, m.filters()...)
	}
	slices.Sort(l.filters)
	l.filters = slices.Compact(l.filters)
	return l
}

// and is what either listens to.
func (l listener) and(other listener) listener {
	filters := slices.Concat(l.filters, other.filters)
	slices.Sort(filters)
	return listener{slices.Compact(filters), slices.Concat(l.bases, other.bases), l.anywhere || other.anywhere}
}

// deaf says why surely nothing is heard on the topic or filter, "" when something may be.
func (l listener) deaf(topic string) string {
	isHeard := slices.ContainsFunc(l.filters, func(f string) bool {
		return overlap(f, topic) && (within(f, "ucare") || !within(topic, "ucare"))
	})
	if within(topic, "ucare") && !isHeard {
		return "is not listened to"
	}
	if slices.ContainsFunc(l.bases, func(base string) bool { return strings.HasPrefix(topic, base+"/") }) {
		return ""
	}
	for _, base := range l.bases {
		if topic == base {
			return "is a base topic and not a sensor's"
		}
		levels := strings.Split(topic, "/")
		if first := strings.Join(levels[:min(len(levels), 1+strings.Count(base, "/"))], "/"); alike(first, base) {
			return "looks like " + base + " misspelt"
		}
	}
	if l.anywhere || isHeard {
		return ""
	}
	return "is not listened to"
}

// named are the filters that tell a reader something: not those of devices that
// may speak anywhere.
func (l listener) named() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(l.filters), func(f string) bool { return strings.HasPrefix(f, "+") }), ", ")
}

// instead says which topics would be heard.
func (l listener) instead(home string) string {
	own := "ucare/" + home + "/<sensor> for our own form, or write a mapping"
	if len(l.bases) == 0 {
		return own
	}
	return l.bases[0] + "/<friendly name>, " + own
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
