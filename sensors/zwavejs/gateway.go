package zwavejs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// hearGateway decodes what the program says of itself: whether its driver has the
// controller (driver/status), and whether it is connected to the broker, its last
// will (_CLIENTS/ZWAVE_GATEWAY-<name>/status).
func (b *Bridge) hearGateway(m sensors.Message, rest string) sensors.Heard {
	who, isStatus := strings.CutSuffix(rest, "/status")
	name := strings.TrimPrefix(who, "_CLIENTS/")
	if !isStatus || strings.Contains(name, "/") {
		return sensors.Heard{} // its version, and answers to commands
	}
	p, err := readPayload(m.Payload)
	if p.removed {
		return sensors.Heard{}
	}
	var h sensors.Heard
	notUnderstood := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At}
	down := p.value == "false" || p.value == "null" && name == "driver"
	if err != nil || !down && p.value != "true" {
		notUnderstood.Detail = "neither true nor false: " + sensors.Excerpt(m.Payload)
		h.Faults = append(h.Faults, notUnderstood)
		return h
	}
	h.Cleared = append(h.Cleared, notUnderstood)
	if _, known := b.Down[name]; known || len(b.Down) < maxGates && len(name) <= maxName {
		put(&b.Down, name, down)
	}
	if !down && !m.Retained {
		b.StartedAt = m.At
		b.told(&h, m, ucare.FaultBridgeSettings, "")
	}
	b.told(&h, m, ucare.FaultBridge, b.isDown())
	return h
}

// isDown says in words what of the bridge is not there, "" when all is.
func (b *Bridge) isDown() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(b.Down)) {
		switch {
		case !b.Down[name]:
		case name == "driver":
			all = append(all, "its driver is closed: the Z-Wave controller is not there")
		default:
			all = append(all, name+" is not connected to the broker")
		}
	}
	return strings.Join(all, ", ")
}

// tellClock tells of a bridge whose clock is wrong. Ahead, its times are of no use;
// behind, all that it says looks old. published: the time is that of the message and
// not of a value in it.
func (b *Bridge) tellClock(m sensors.Message, at time.Time, published bool, h *sensors.Heard) {
	if late := max(0, m.At.Sub(at)); !at.IsZero() && !m.Retained && (published || late < b.Behind) {
		b.Behind = late // what is later than this waited for something else
	}
	switch {
	case at.After(m.At.Add(lag)):
		b.told(h, m, ucare.FaultSensorClock, "the time in its messages is "+at.Format(time.RFC3339))
	case at.IsZero() || m.Retained:
	case published && m.At.Sub(at) > lag:
		b.told(h, m, ucare.FaultSensorClock, "its clock is behind, or its messages come late: the time in a message is "+at.Format(time.RFC3339))
	case published || m.At.Sub(at) <= lag:
		b.told(h, m, ucare.FaultSensorClock, "")
	}
}

// tellUnreadable tells of a node of whose name nothing is left in its topic, so
// that two of them look like one.
func (b *Bridge) tellUnreadable(m sensors.Message, path string, p payload, h *sensors.Heard) {
	if isReadable(path) || p.name != "" || p.nodeID != 0 {
		return
	}
	b.told(h, m, ucare.FaultBridgeSettings, fmt.Sprintf(
		`nothing is left of the name of a node in the topic %q, because only Latin letters are kept in topics: switch on "Include Node Info", or name the nodes in Latin letters`, m.Topic))
}
