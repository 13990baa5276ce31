// Package tasmota decodes what devices with the Tasmota firmware publish, and
// what speaks through them: Zigbee, LoRaWAN and Bluetooth devices.
//
// A device says on tele/<topic>/SENSOR, every few minutes, everything that is
// wired to it, and on stat/<topic>/RESULT what has just happened. File topics.go
// finds the device in a topic, discovery.go hears what a device announces of
// itself, presence.go whether it is there; report.go, switches.go, radar.go and
// temperature.go read its own sensors, names.go what people call them; nodes.go
// finds what speaks through it, and zigbee.go, zone.go, lorawan.go and bluetooth.go
// read that.
//
// The firmware does not know what is wired to an input: a "Switch1" is a motion
// sensor, a door contact or a light switch, and its mode may turn ON and OFF
// round. So a switch has a meaning only when its name plainly says it; all others
// are told as a fault, once a device, until the household has written a mapping.
//
// What is heard and passed over on purpose: relays (POWER1 may be switched by a
// rule or a timer as well as by a person), meters, boilers (OPENTHERM), tags and
// beacons (RC522, IBEACON: a thing, no person), gestures, infra-red and serial
// data, raw inputs of port expanders (PCF8574, MCP230XX) and counters. The
// payloads of RESULT and STATUS carry passwords; no fault ever quotes them.
//
// Facts are from tasmota/docs (the page is named where it is used) and from the
// firmware's source, arendst/Tasmota.
package tasmota

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Devices are the Tasmota devices of a dwelling. They implement sensors.Ecosystem,
// sensors.Listener and sensors.Rememberer.
type Devices struct {
	base string // what stands before their topics, "" for nothing
	home sensors.DwellingTopics
	memory
}

// New returns the decoder of the dwelling's devices whose topics begin with base.
func New(base string, home sensors.DwellingTopics) *Devices {
	return &Devices{base: strings.TrimSuffix(base, "/"), home: home, memory: newMemory()}
}

// All returns a decoder for each base of the configuration, the longer ones
// first so that the devices of a dwelling with a base are not taken for those of
// one without.
func All(c sensors.Config) []sensors.Ecosystem {
	return sensors.ByBase(c, func(home sensors.DwellingTopics) []string { return home.Tasmota }, New)
}

// Name tells the memory of these devices from that of others.
func (d *Devices) Name() string { return "tasmota:" + d.base }

// Hear implements sensors.Ecosystem.
func (d *Devices) Hear(m sensors.Message) (sensors.Heard, bool) {
	if mac, about, is := d.discovery(m.Topic); is {
		return d.hearDiscovery(m, mac, about)
	}
	a, mine := d.addressOf(m.Topic)
	switch {
	case !mine:
		return sensors.Heard{}, false
	case a.command, a.device == "", len(m.Payload) == 0:
		return sensors.Heard{}, true // said to a device; by none; or a retained message was removed
	}
	return d.hear(m, a), true
}

// hear decodes what a device says about something.
func (d *Devices) hear(m sensors.Message, a address) sensors.Heard {
	switch {
	case a.about == "LWT":
		return d.hearWill(m, a.device)
	case isHeartbeat(a.about):
		return d.hearHeartbeat(m, a.device)
	case isObject(m.Payload):
		return d.hearObject(m, a)
	case isReport(a.about):
		return d.notUnderstood(m, a)
	default:
		return d.hearWord(m, a)
	}
}

// sensor gives the ID and room of what calls itself id. The household may have
// written any topic of the device, or its name, which are the paths.
func (d *Devices) sensor(id string, paths ...string) ucare.Sensor {
	for _, s := range d.home.Sensors {
		a, mine := d.addressOf(s.Topic)
		if mine && slices.Contains(paths, a.device) || s.Topic != "" && slices.Contains(paths, s.Topic) {
			return d.home.Sensor(s.Topic, id)
		}
	}
	return d.home.Sensor("", id)
}

// sensorOf is the sensor that a device itself is. It goes by its topic, which
// stays when its announcement comes or goes; the names in that tell the room.
func (d *Devices) sensorOf(name string, dev *device) ucare.Sensor {
	s := d.sensor(name, name)
	for _, other := range dev.Announced.names() {
		if s.Room == "" {
			s.Room = d.home.Sensor("", other).Room
		}
	}
	return s
}
