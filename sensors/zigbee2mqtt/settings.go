package zigbee2mqtt

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What the bridge tells of its settings (bridge/info) and of its health. Two settings
// are off where nobody changed them, and without them a dead sensor looks like a
// quiet home: last_seen, the time of the last radio contact, and availability.

// hearInfo decodes the bridge's settings. It reads nothing else of them: they hold
// the network's key.
func (b *Bridge) hearInfo(m sensors.Message) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	var w struct {
		Config *struct {
			Advanced struct {
				LastSeen string  `json:"last_seen"`
				Timeout  float64 `json:"availability_timeout"` // 1.x, before availability had a section of its own
			} `json:"advanced"`
			Availability json.RawMessage `json:"availability"`
		} `json:"config"`
	}
	if err := json.Unmarshal(m.Payload, &w); err != nil {
		return sensors.Heard{Faults: []ucare.Fault{b.notUnderstood(m, err.Error())}} // never the payload
	}
	h := sensors.Heard{Cleared: []ucare.Fault{b.notUnderstood(m, "")}}
	if w.Config == nil {
		return h // an old bridge that does not tell
	}
	var wanted []string
	if w.Config.Advanced.LastSeen == "disable" || w.Config.Advanced.LastSeen == "" {
		wanted = append(wanted, "advanced: last_seen: ISO_8601")
		for _, d := range b.Devices {
			d.LastSeen = time.Time{} // it will not move any more
		}
	}
	if !isEnabled(w.Config.Availability) && w.Config.Advanced.Timeout <= 0 {
		wanted = append(wanted, "availability: enabled: true")
	}
	fault := ucare.Fault{Code: ucare.FaultBridgeSettings, Subject: b.base, Dwelling: b.home.Dwelling, Since: m.At}
	if len(wanted) == 0 {
		h.Cleared = append(h.Cleared, fault)
		return h
	}
	fault.Detail = "write into Zigbee2MQTT's configuration.yaml and start it again: " + strings.Join(wanted, "; ")
	h.Faults = append(h.Faults, fault)
	return h
}

// isEnabled reads the availability setting: {"enabled":true,…} in 2.x; true, or an
// object of timeouts that enables it by being there, in 1.x.
func isEnabled(raw json.RawMessage) bool {
	var section struct {
		Enabled *bool `json:"enabled"`
	}
	var on bool
	if json.Unmarshal(raw, &on) == nil {
		return on
	}
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) || json.Unmarshal(raw, &section) != nil {
		return false
	}
	return section.Enabled == nil || *section.Enabled
}

// hearHealth decodes the bridge's count of each device's messages, every ten
// minutes. One whose count went on has spoken since the count before: that is known
// without last_seen too, and of devices that say nothing new.
func (b *Bridge) hearHealth(m sensors.Message) sensors.Heard {
	var w struct {
		Devices map[string]struct {
			Messages int64 `json:"messages"`
		} `json:"devices"` // by name or, in later versions, by address
	}
	if err := json.Unmarshal(m.Payload, &w); err != nil || m.Retained {
		return sensors.Heard{}
	}
	var h sensors.Heard
	for name, d := range b.Devices {
		count, counted := w.Devices[name]
		if !counted {
			count, counted = w.Devices[d.Address]
		}
		if counted && d.Listed && d.matters() && count.Messages != d.Messages && count.Messages > 0 && !b.CountedAt.IsZero() {
			seen := b.seen(name)
			seen.Heard = b.CountedAt // or later
			h.Seen = append(h.Seen, seen)
		}
		d.Messages = count.Messages
	}
	b.CountedAt = m.At
	return h
}
