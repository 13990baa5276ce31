package zigbee2mqtt

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// hearBridge decodes what the bridge says about itself, below <base>/bridge/.
func (b *Bridge) hearBridge(m sensors.Message, about string) sensors.Heard {
	switch about {
	case "state":
		return b.hearBridgeState(m)
	case "devices":
		return b.hearDevices(m)
	case "groups":
		return b.hearGroups(m)
	case "info":
		return b.hearInfo(m)
	case "health":
		return b.hearHealth(m)
	case "event":
		return b.hearEvent(m)
	case "response/device/remove":
		return b.hearRemoved(m)
	}
	if rest := "bridge/" + about; b.isListedTopic(rest) {
		return b.hearDevice(m, rest) // somebody has a device called "bridge" or "bridge/smoke"
	}
	return sensors.Heard{} // converters, definitions, logging, request/…, response/…: nothing about a sensor
}

// isListedTopic reports whether rest, the topic below the base, is one of a listed device.
func (b *Bridge) isListedTopic(rest string) bool {
	name, attribute := b.attributeOf(rest)
	for _, name := range []string{rest, name} {
		if d := b.Devices[name]; d != nil && d.Listed {
			return name == rest || attribute == "availability" || d.says(attribute)
		}
	}
	return false
}

// hearBridgeState decodes whether the bridge is connected. A live "online" is
// the instant from which cached states are published again; the one from the
// broker's store says nothing about when.
func (b *Bridge) hearBridgeState(m sensors.Message) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	fault := ucare.Fault{Code: ucare.FaultBridge, Subject: b.base, Dwelling: b.home.Dwelling, Since: m.At}
	bad := b.notUnderstood(m, "")
	online, err := onlineOrOffline(m.Payload)
	switch {
	case err != nil:
		bad.Detail = sensors.NotUnderstood(err, m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{bad}}
	case !online:
		return sensors.Heard{Faults: []ucare.Fault{fault}, Cleared: []ucare.Fault{bad}}
	}
	if !m.Retained {
		b.StartedAt = m.At
	}
	return sensors.Heard{Cleared: []ucare.Fault{fault, bad}}
}

// onlineOrOffline decodes {"state":"online"}, as newer bridges have it, and a
// plain online, as older ones do.
func onlineOrOffline(payload []byte) (online bool, err error) {
	word := strings.Trim(strings.TrimSpace(string(payload)), `"`)
	if strings.HasPrefix(word, "{") {
		var w struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal(payload, &w); err != nil {
			return false, err
		}
		word = w.State
	}
	switch word {
	case "online":
		return true, nil
	case "offline":
		return false, nil
	default:
		return false, errors.New("neither online nor offline")
	}
}

// hearGroups remembers the names of groups, which publish like devices.
func (b *Bridge) hearGroups(m sensors.Message) sensors.Heard {
	var groups []struct {
		Name string `json:"friendly_name"`
	}
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	if err := json.Unmarshal(m.Payload, &groups); err != nil {
		return sensors.Heard{Faults: []ucare.Fault{b.notUnderstood(m, sensors.NotUnderstood(err, m.Payload))}}
	}
	h := sensors.Heard{Cleared: []ucare.Fault{b.notUnderstood(m, "")}}
	b.Groups = nil
	for _, g := range groups {
		if g.Name == "" {
			continue
		}
		b.Groups = append(b.Groups, g.Name)
		if d, known := b.Devices[g.Name]; !known || !d.Listed {
			delete(b.Devices, g.Name)
			h.Seen = append(h.Seen, b.gone(g.Name)) // it may have been taken for a device before
		}
	}
	return h
}

// notUnderstood is the fault about one of the bridge's own topics.
func (b *Bridge) notUnderstood(m sensors.Message, detail string) ucare.Fault {
	return ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At, Detail: detail}
}
