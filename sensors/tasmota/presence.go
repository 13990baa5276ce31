package tasmota

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Whether a device is there: its will (LWT) and its heartbeats.
//
// A device in deep sleep says Offline each time before it sleeps (docs
// DeepSleep). Once a device is known to sleep, being offline is no fault of it;
// that it never wakes again is found by its silence.

// hearWill decodes the retained tele/<topic>/LWT. The device itself says
// Online; Offline is mostly the broker's word.
func (d *Devices) hearWill(m sensors.Message, name string) sensors.Heard {
	dev := d.device(name)
	s := d.sensorOf(name, dev)
	bad := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: s.ID, Dwelling: d.home.Dwelling, Since: m.At}
	online, err := dev.Announced.online(string(m.Payload))
	if err != nil {
		bad.Detail = "LWT: " + sensors.NotUnderstood(err, m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{bad}}
	}
	h := sensors.Heard{Cleared: []ucare.Fault{bad}}
	if online && !m.Retained {
		h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Model: dev.Model, Heard: m.At})
	}
	if !online && dev.Sleeps {
		return h
	}
	h.Readings = append(h.Readings, ucare.Reading{
		At: m.At, Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: ucare.Link,
		State: ucare.StateOf(online), UnknownAge: m.Retained,
	})
	if bridge := d.bridgeFault(m, name); online {
		h.Cleared = append(h.Cleared, bridge)
	} else if len(dev.Nodes) > 0 {
		h.Faults = append(h.Faults, bridge)
	}
	return h
}

func (d *Devices) bridgeFault(m sensors.Message, name string) ucare.Fault {
	return ucare.Fault{Code: ucare.FaultBridge, Subject: name, Dwelling: d.home.Dwelling, Since: m.At}
}

// online decodes the text of a will: the announced words, else the firmware's.
func (a *announcement) online(text string) (online bool, err error) {
	text = strings.TrimSpace(text)
	switch {
	case a != nil && a.Online != "" && text == a.Online:
		return true, nil
	case a != nil && a.Offline != "" && text == a.Offline:
		return false, nil
	case strings.EqualFold(text, "Online"):
		return true, nil
	case strings.EqualFold(text, "Offline"):
		return false, nil
	default:
		return false, errors.New("neither Online nor Offline")
	}
}

// isHeartbeat reports whether the device only says that it lives. LOGGING is
// its log, which may hold anything: it is not read.
func isHeartbeat(about string) bool {
	switch about {
	case "STATE", "UPTIME", "INFO1", "INFO2", "INFO3", "HEARTBEAT", "DEEPSLEEP", "LOGGING", "ERROR":
		return true
	default:
		return false
	}
}

// heartbeat is what is read of one. INFO1 to INFO3 have a bracket around them
// in newer firmware. A number that is no number makes the rest unread, not wrong.
type heartbeat struct {
	Module  string `json:"Module"`
	Restart string `json:"RestartReason"`
	Wifi    struct {
		DeepSleep float64 `json:"DeepSleep"`
	} `json:"Wifi"`
	DeepSleep json.RawMessage `json:"DeepSleep"` // seconds, or in DEEPSLEEP an object with the time of waking
	Info1     *heartbeat      `json:"Info1"`
	Info3     *heartbeat      `json:"Info3"`
}

// asleep reports whether the message shows that the device sleeps.
func (b heartbeat) asleep() bool {
	deep := string(b.DeepSleep)
	return b.Restart == "Deep-Sleep Wake" || b.Wifi.DeepSleep > 0 || deep != "" && deep != "0" && deep != "null"
}

func (d *Devices) hearHeartbeat(m sensors.Message, name string) sensors.Heard {
	dev := d.device(name)
	h := sensors.Heard{}
	var b heartbeat
	_ = json.Unmarshal(m.Payload, &b) // a log, or damaged: still a sign that the device lives
	for _, inner := range []*heartbeat{b.Info1, b.Info3} {
		if inner != nil {
			b.Module, b.Restart = inner.Module+b.Module, inner.Restart+b.Restart
		}
	}
	if b.Module != "" {
		dev.Model = shorten(b.Module)
	}
	if b.asleep() {
		d.sleeps(m, name, dev, true, &h)
	}
	d.spoke(m, name, dev, &h)
	return h
}

// sleeps takes note that the device sleeps, or not any more. That it was
// unreachable until now is then no fault any more.
func (d *Devices) sleeps(m sensors.Message, name string, dev *device, does bool, h *sensors.Heard) {
	if does && !dev.Sleeps {
		h.Cleared = append(h.Cleared, ucare.Fault{
			Code: ucare.FaultUnreachable, Subject: d.sensorOf(name, dev).ID, Dwelling: d.home.Dwelling, Since: m.At,
		})
	}
	dev.Sleeps = does
}

// spoke says that a device was heard, unless the message is from a store.
func (d *Devices) spoke(m sensors.Message, name string, dev *device, h *sensors.Heard) {
	s := d.sensorOf(name, dev)
	seen := sensors.Seen{Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Model: dev.Model}
	if !m.Retained {
		seen.Heard = m.At
	}
	h.Seen = append(h.Seen, seen)
}
