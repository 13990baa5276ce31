package zigbee2mqtt

import (
	"encoding/json"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Devices that leave. One that its household removes is gone. One that leaves the
// network by itself (its button was held down, its battery was taken out for too
// long) vanishes from the bridge's list as quietly, and nobody would notice that the
// smoke detector on the ceiling talks to nobody. So its leave is a fault until it
// is back or removed, and for leftFor at most.

// leftFor is for how long a device that left is missed.
const leftFor = 30 * 24 * time.Hour

// hearEvent decodes what the bridge says happened to a device.
func (b *Bridge) hearEvent(m sensors.Message) sensors.Heard {
	var w struct {
		Type string `json:"type"`
		Data struct {
			Name    string `json:"friendly_name"`
			Address string `json:"ieee_address"`
		} `json:"data"`
	}
	if err := json.Unmarshal(m.Payload, &w); err != nil || m.Retained {
		return sensors.Heard{} // nothing about a sensor, or long ago
	}
	name, d := b.find(w.Data.Name, w.Data.Address)
	if d == nil {
		return sensors.Heard{}
	}
	switch w.Type {
	case "device_leave":
		d.LeftAt = m.At
		return sensors.Heard{Faults: []ucare.Fault{b.left(m, name)}}
	case "device_announce", "device_joined": // it spoke, if only to say that it is there
		seen := b.seen(name)
		seen.Heard = m.At
		h := sensors.Heard{Seen: []sensors.Seen{seen}}
		b.returned(m, name, d, &h)
		return h
	default:
		return sensors.Heard{}
	}
}

// hearRemoved decodes that somebody told the bridge to remove a device.
func (b *Bridge) hearRemoved(m sensors.Message) sensors.Heard {
	var w struct {
		Status string `json:"status"`
		Data   struct {
			ID json.RawMessage `json:"id"`
		} `json:"data"`
	}
	var id string
	if json.Unmarshal(m.Payload, &w) != nil || json.Unmarshal(w.Data.ID, &id) != nil || w.Status != "ok" || m.Retained {
		return sensors.Heard{}
	}
	name, d := b.find(id, id)
	if d == nil {
		return sensors.Heard{}
	}
	delete(b.Devices, name)
	return sensors.Heard{Seen: []sensors.Seen{b.gone(name)}}
}

// find finds a listed device by its name or its address.
func (b *Bridge) find(name, address string) (string, *device) {
	if d := b.Devices[name]; d != nil && d.Listed {
		return name, d
	}
	for name, d := range b.Devices {
		if d.Listed && address != "" && d.Address == address {
			return name, d
		}
	}
	return "", nil
}

// dropped decides about a device that is no longer in the list.
func (b *Bridge) dropped(m sensors.Message, name string, d *device, h *sensors.Heard) {
	renamed := b.isListed(d)
	switch {
	case !d.Listed && d.Address == "":
		b.Devices[name] = d // a stranger stays one
	case !renamed && !d.LeftAt.IsZero() && m.At.Sub(d.LeftAt) < leftFor && d.matters():
		b.Devices[name] = d
		h.Faults = append(h.Faults, b.left(m, name))
	default:
		h.Seen = append(h.Seen, b.gone(name))
	}
}

// isListed reports whether the device is in the list, under whatever name.
func (b *Bridge) isListed(d *device) bool {
	for _, other := range b.Devices {
		if other == d {
			return true
		}
	}
	return false
}

// matters reports whether somebody would miss the device.
func (d *device) matters() bool { return len(d.kinds()) > 0 || len(d.unclear) > 0 }

// returned ends the fault about a device that left.
func (b *Bridge) returned(m sensors.Message, name string, d *device, h *sensors.Heard) {
	if !d.LeftAt.IsZero() {
		d.LeftAt = time.Time{}
		h.Cleared = append(h.Cleared, b.left(m, name))
	}
}

func (b *Bridge) left(m sensors.Message, name string) ucare.Fault {
	return b.fault(m, name, ucare.FaultUnreachable, "it left the Zigbee network; join it to the bridge again")
}
