// Package shelly decodes what Shelly devices say on MQTT. They speak for
// themselves: there is no bridge between them and the broker.
//
// The first generation publishes each value as text below shellies/<id>/
// (gen1.go). The later ones publish JSON on <prefix>/events/rpc, whole at first and
// then what has changed (gen2.go, components.go), where the prefix is the device's
// ID unless somebody changed it; they also pass on what Bluetooth devices say
// (bluetooth.go).
//
// A device on batteries sleeps and is then not connected: that is no fault of it
// (device.go). No device's clock is used: it may never have been set.
//
// The forms are those of shelly-api-docs.shelly.cloud, read beside ioBroker.shelly
// (github.com/iobroker-community-adapters/ioBroker.shelly) for the topics of the first
// generation, and Home Assistant's integration for the later ones.
package shelly

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare/sensors"
)

// Devices are the Shelly devices of a dwelling whose topics begin behind one
// base, which may be "". It implements sensors.Ecosystem, sensors.Listener and
// sensors.Rememberer.
type Devices struct {
	base string
	home sensors.DwellingTopics
	memory
}

// New returns the decoder of the devices behind the base in the dwelling.
func New(base string, home sensors.DwellingTopics) *Devices {
	return &Devices{base: strings.TrimSuffix(base, "/"), home: home, memory: newMemory()}
}

// All returns a decoder for each base of the configuration, the longer ones
// first so that a base inside another one is asked before it.
func All(c sensors.Config) []sensors.Ecosystem {
	return sensors.ByBase(c, func(home sensors.DwellingTopics) []string { return home.Shelly }, New)
}

// Name tells the memory of these devices from that of others.
func (d *Devices) Name() string { return "shelly:" + d.base }

// Filters implements sensors.Listener. A device of a later generation is found by
// its events; only then is its prefix known and the rest of it listened to, for
// "+/online" would be everybody's.
func (d *Devices) Filters() []string {
	filters := []string{sensors.Below(d.base, "shellies/#"), sensors.Below(d.base, "+/events/rpc")}
	for _, prefix := range slices.Sorted(maps.Keys(d.Devices)) {
		if d.Devices[prefix].RPC && !strings.ContainsAny(prefix, "+#") {
			filters = append(filters, sensors.Below(d.base, prefix+"/online"), sensors.Below(d.base, prefix+"/status/+"))
		}
	}
	return filters
}

// Hear implements sensors.Ecosystem.
func (d *Devices) Hear(m sensors.Message) (sensors.Heard, bool) {
	rest, below := strings.CutPrefix(m.Topic, sensors.Below(d.base, ""))
	if !below || rest == "" {
		return sensors.Heard{}, false
	}
	if prefix, is := strings.CutSuffix(rest, "/events/rpc"); is && prefix != "" {
		return d.hearRPC(m, prefix)
	}
	if prefix, what, is := d.rpcTopic(rest); is {
		return d.hearRPCTopic(m, prefix, what), true
	}
	if first, is := strings.CutPrefix(rest, "shellies/"); is {
		return d.hearGen1(m, first), true
	}
	return d.hearReply(m, rest)
}

// rpcTopic splits the topic of a device of a later generation, other than its
// events, into its prefix and what follows. A prefix is one when the device was
// heard before, or when it is called like one: another program's "online" is not ours.
func (d *Devices) rpcTopic(rest string) (prefix, what string, is bool) {
	level := strings.Split(rest, "/")
	for n := 1; n < len(level); n++ {
		prefix, what = strings.Join(level[:n], "/"), strings.Join(level[n:], "/")
		known := d.Devices[prefix] != nil && d.Devices[prefix].RPC
		named := strings.HasPrefix(level[n-1], "shelly") && (level[0] != "shellies" || isComponentTopic(what))
		if (known || named) && isRPCTopic(what) {
			return prefix, what, true
		}
	}
	return "", "", false
}

// isComponentTopic reports whether what follows a prefix is the status of a
// component as only the later generations have it.
func isComponentTopic(what string) bool {
	component, is := strings.CutPrefix(what, "status/")
	return is && strings.Contains(component, ":")
}

// isRPCTopic reports whether what follows a prefix is one of the topics of the later generations.
func isRPCTopic(what string) bool {
	first, rest, more := strings.Cut(what, "/")
	switch first {
	case "online", "rpc":
		return !more
	case "status":
		return more && !strings.Contains(rest, "/")
	case "command", "debug", "events":
		return true
	default:
		return false
	}
}

// hearReply learns from a device's answer to somebody's Shelly.GetComponents which
// Bluetooth sensor is which; it may be on any topic that ends with rpc.
func (d *Devices) hearReply(m sensors.Message, rest string) (sensors.Heard, bool) {
	if !strings.HasSuffix(rest, "/rpc") {
		return sensors.Heard{}, false
	}
	var w struct {
		Source string `json:"src"`
		Result struct {
			Components []described `json:"components"`
		} `json:"result"`
	}
	if json.Unmarshal(m.Payload, &w) != nil || !strings.HasPrefix(w.Source, "shelly") {
		return sensors.Heard{}, false
	}
	for prefix, device := range d.Devices {
		if device.Source == w.Source {
			d.learn(prefix, w.Result.Components)
		}
	}
	return sensors.Heard{}, true
}
