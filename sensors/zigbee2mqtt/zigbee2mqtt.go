// Package zigbee2mqtt decodes what a Zigbee2MQTT bridge publishes under its
// base topic.
//
// What a property of a device means comes from the bridge's own retained list
// of devices (bridge/devices): by the property's name, the device's model and
// the values it can have. A device that is not in the list is a visible fault,
// and only what can mean nothing else ("smoke":true) is taken from it.
//
// Three things make old news out of a message here, and all three matter more
// than they seem to. The bridge repeats a device's whole cached state whenever
// one attribute changes, so "occupancy":true may be hours old; it publishes all
// cached states again when it starts; and a broker delivers retained messages
// from its store. File news.go says what follows from that.
package zigbee2mqtt

import (
	"encoding/json"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what a client that makes up names can make us remember.
const (
	maxStrange = 200 // unlisted devices
	maxName    = 256 // bytes of an unlisted device's name
)

// A Bridge is one Zigbee2MQTT under one base topic. It implements
// sensors.Ecosystem, sensors.Listener and sensors.Rememberer.
type Bridge struct {
	base string
	home sensors.DwellingTopics
	memory
}

// New returns the decoder of the bridge with the base topic in the dwelling.
func New(base string, home sensors.DwellingTopics) *Bridge {
	return &Bridge{base: strings.TrimSuffix(base, "/"), home: home, memory: newMemory()}
}

// All returns a decoder for each base topic of the configuration, the longer
// ones first so that a base topic inside another one is asked before it.
func All(c sensors.Config) []sensors.Ecosystem {
	return sensors.ByBase(c, func(home sensors.DwellingTopics) []string { return home.Zigbee2MQTT }, New)
}

// Filters are the topics to hear: all below the base topic, since a device may be
// called anything.
func (b *Bridge) Filters() []string { return []string{b.base + "/#"} }

// Name tells the bridge's memory from that of others.
func (b *Bridge) Name() string { return "zigbee2mqtt:" + b.base }

// Hear implements sensors.Ecosystem.
func (b *Bridge) Hear(m sensors.Message) (sensors.Heard, bool) {
	rest, mine := strings.CutPrefix(m.Topic, b.base+"/")
	if !mine || rest == "" {
		return sensors.Heard{}, false
	}
	if about, isBridge := strings.CutPrefix(rest, "bridge/"); isBridge {
		return b.hearBridge(m, about), true
	}
	return b.hearDevice(m, rest), true
}

// hearDevice finds out which device rest, the topic below the base, is about.
// A friendly name may itself contain slashes, end in "/set", begin like a group's or
// be called like an attribute of another device, so listed names go first.
func (b *Bridge) hearDevice(m sensors.Message, rest string) sensors.Heard {
	if d, listed := b.Devices[rest]; listed && d.Listed && !b.isAttribute(m, rest) {
		return b.hearState(m, rest, d)
	}
	if name, is := strings.CutSuffix(rest, "/availability"); is {
		return b.hearAvailability(m, name)
	}
	name, attribute := b.attributeOf(rest)
	switch {
	case attribute != "" && b.Devices[name].Listed:
		return b.hearAttribute(m, name, attribute)
	case b.isGroup(rest), isCommand(rest):
		return sensors.Heard{}
	case attribute != "":
		return b.hearAttribute(m, name, attribute)
	default:
		return b.hearStranger(m, rest)
	}
}

// isCommand reports whether the topic is one that others tell the bridge to do
// something on.
func isCommand(rest string) bool {
	for _, verb := range []string{"/set", "/get"} {
		if strings.HasSuffix(rest, verb) || strings.Contains(rest, verb+"/") {
			return true
		}
	}
	return false
}

// isGroup reports whether rest belongs to a group of lamps, which is no sensor.
func (b *Bridge) isGroup(rest string) bool {
	for _, g := range b.Groups {
		if rest == g || strings.HasPrefix(rest, g+"/") {
			return true
		}
	}
	return false
}

// hearState decodes a device's state in JSON.
func (b *Bridge) hearState(m sensors.Message, name string, d *device) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{} // somebody removed a retained message
	}
	var said map[string]json.RawMessage
	err := json.Unmarshal(m.Payload, &said)
	if err != nil || said == nil {
		return sensors.Heard{Faults: []ucare.Fault{b.fault(m, name, ucare.FaultNotUnderstood, notObject(err, m.Payload))}}
	}
	h := b.decode(m, name, d, said, b.newsOf(m, d.HeardAt, d, said), true)
	d.heard(m)
	return h
}

// hearStranger decodes a message of a device that is not in the list: a fault,
// and whatever can mean nothing but an alarm.
func (b *Bridge) hearStranger(m sensors.Message, name string) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	var said map[string]json.RawMessage
	if err := json.Unmarshal(m.Payload, &said); err != nil || said == nil {
		said = nil
		if cut := strings.LastIndexByte(name, '/'); cut > 0 && unambiguous(name[cut+1:]) {
			said = map[string]json.RawMessage{name[cut+1:]: plainToJSON(m.Payload)}
			name = name[:cut]
		}
	}
	d := b.stranger(name)
	h := b.decode(m, name, d, said, b.newsOf(m, d.HeardAt, d, said), true)
	d.heard(m)
	h.Faults = append(h.Faults, b.fault(m, name, ucare.FaultUnknownDevice, sensors.Excerpt(m.Payload)))
	return h
}

// stranger gives the memory of an unlisted device. When somebody makes up
// names it is not kept.
func (b *Bridge) stranger(name string) *device {
	if d, known := b.Devices[name]; known {
		return d
	}
	d := &device{}
	d.learn()
	strangers := 0
	for _, other := range b.Devices {
		if !other.Listed {
			strangers++
		}
	}
	if strangers < maxStrange && len(name) <= maxName {
		b.Devices[name] = d
	}
	return d
}

// hearAvailability decodes the bridge's opinion whether it reaches a device.
func (b *Bridge) hearAvailability(m sensors.Message, name string) sensors.Heard {
	d := b.Devices[name]
	listed := d != nil && d.Listed
	if len(m.Payload) == 0 || listed && !d.matters() || !listed && b.isGroup(name) {
		return sensors.Heard{} // renamed, or a lamp, or a group
	}
	online, err := onlineOrOffline(m.Payload)
	if err != nil {
		return sensors.Heard{Faults: []ucare.Fault{b.fault(m, name, ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))}}
	}
	r := b.reading(name, ucare.Link)
	r.At, r.State, r.UnknownAge = m.At, ucare.StateOf(online), m.Retained
	return sensors.Heard{Readings: []ucare.Reading{r}}
}

// sensor gives the ID and room of the device with the friendly name.
func (b *Bridge) sensor(name string) ucare.Sensor { return b.home.Sensor(b.base+"/"+name, name) }

// seen begins what is told about a device besides its readings.
func (b *Bridge) seen(name string) sensors.Seen {
	s := b.sensor(name)
	return sensors.Seen{Dwelling: b.home.Dwelling, Sensor: s.ID, Room: s.Room, Bridge: b.base}
}

func (b *Bridge) reading(name string, kind ucare.Kind) ucare.Reading {
	s := b.sensor(name)
	return ucare.Reading{Dwelling: b.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: kind}
}

func (b *Bridge) fault(m sensors.Message, name string, code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: b.sensor(name).ID, Dwelling: b.home.Dwelling, Since: m.At, Detail: detail}
}
