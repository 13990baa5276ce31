// Package zwavejs decodes what a Z-Wave JS UI publishes under its prefix.
//
// Z-Wave devices speak in numbers that a registry explains: value 2 of the
// variable "Sensor status" of the notification type "Smoke Alarm" is smoke. Z-Wave
// JS UI publishes each such value on a topic of its own, in one of three forms
// (topics.go) and with one of three payloads (payload.go); what the numbers mean is
// in notifications.go and classes.go. A fall and a call for help are no values but
// events: they are published once, never retained, and the topic says it all
// (events.go).
//
// What is old news here: what a broker delivers from its store (nearly everything is
// retained), and the cached values that the program publishes again when it starts.
// The time in the payload tells them from what has just happened.
//
// The forms are those of github.com/zwave-js/zwave-js-ui, api/lib/Gateway.ts,
// MqttClient.ts and Constants.ts.
package zwavejs

import (
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A Bridge is one Z-Wave JS UI under one prefix. It implements
// sensors.Ecosystem, sensors.Listener and sensors.Rememberer.
type Bridge struct {
	base string
	home sensors.DwellingTopics
	memory
}

// New returns the decoder of the Z-Wave JS UI with the prefix in the dwelling.
func New(base string, home sensors.DwellingTopics) *Bridge {
	return &Bridge{base: strings.TrimSuffix(base, "/"), home: home, memory: newMemory()}
}

// All returns a decoder for each prefix of the configuration, the longer ones
// first so that a prefix inside another one is asked before it.
func All(c sensors.Config) []sensors.Ecosystem {
	return sensors.ByBase(c, func(home sensors.DwellingTopics) []string { return home.ZWaveJS }, New)
}

// Name tells the bridge's memory from that of others.
func (b *Bridge) Name() string { return "zwavejs:" + b.base }

// Filters implements sensors.Listener.
func (b *Bridge) Filters() []string { return []string{b.base + "/#"} }

// Hear implements sensors.Ecosystem. A topic of no known form is not ours: with
// topics that were configured by hand, a mapping of the household may know it.
func (b *Bridge) Hear(m sensors.Message) (sensors.Heard, bool) {
	rest, below := strings.CutPrefix(m.Topic, b.base+"/")
	if !below || rest == "" {
		return sensors.Heard{}, false
	}
	switch {
	case strings.HasSuffix(rest, "/set"):
		return sensors.Heard{}, true // a command to a device
	case strings.HasPrefix(rest, "_CLIENTS/"), rest == "driver/status":
		return b.hearGateway(m, rest), true
	case strings.HasPrefix(rest, "_EVENTS/"), strings.HasPrefix(rest, "_EVENTS_/"):
		return b.hearEmitted(m, rest), true
	case rest == "null":
		return b.hearNameless(m), true
	}
	if path, id, is := valueTopic(rest); is {
		return b.hearValue(m, path, id), true
	}
	cut := strings.LastIndexByte(rest, '/')
	if cut < 0 {
		return sensors.Heard{}, false
	}
	switch path := rest[:cut]; rest[cut+1:] {
	case "status":
		return b.hearStatus(m, path), true
	case "nodeinfo":
		return b.hearNodeInfo(m, path), true
	case "lastActive":
		return b.hearLastActive(m, path), true
	default:
		return b.hearByHand(m, path)
	}
}

// hearByHand decodes a value on a topic that somebody made up: only a payload
// that says itself what it is about can be read.
func (b *Bridge) hearByHand(m sensors.Message, path string) (sensors.Heard, bool) {
	v, err := readPayload(m.Payload)
	if err != nil || !v.id.known() {
		return sensors.Heard{}, false
	}
	if known, is := b.byID(v.nodeID); is && v.nodeID != 0 {
		path = known // the topic may have any number of levels
	}
	return b.hearValue(m, path, v.id), true
}

// fault is a fault of the whole bridge.
func (b *Bridge) fault(m sensors.Message, code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: b.base, Dwelling: b.home.Dwelling, Since: m.At, Detail: detail}
}

// told puts a fault of the whole bridge among those that hold when there is something
// to say, else among those that ended.
func (b *Bridge) told(h *sensors.Heard, m sensors.Message, code ucare.FaultCode, detail string) {
	if f := b.fault(m, code, detail); detail == "" {
		h.Cleared = append(h.Cleared, f)
	} else {
		h.Faults = append(h.Faults, f)
	}
}
