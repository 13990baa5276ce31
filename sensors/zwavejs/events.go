package zwavejs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Events: a fall, a call for help. The topic says which it is; the payload has
// parameters at most, and nothing at all where only values are published. They
// are published once and lost when nobody listens.

const (
	// sameWithin is how far apart the two ways of telling one event may be: on
	// the value's topic, and as an event of the program where that is switched on.
	sameWithin = 2 * time.Second
	maxRecent  = 50
)

// An emitted is an event that was heard a moment ago.
type emitted struct {
	At     time.Time `json:"at"`
	Sensor string    `json:"sensor"`
	What   string    `json:"what"`
}

// hearEvent decodes an event on the topic of its own. The bridge never retains
// one: from a broker's store it is somebody's mistake, and nobody can say how old it is.
func (b *Bridge) hearEvent(m sensors.Message, path string, id valueID, kind ucare.Kind, p payload, err error) sensors.Heard {
	if p.removed && (m.Retained || len(m.Payload) > 0) {
		return sensors.Heard{}
	}
	key, n := b.node(path, p)
	t := b.telling(m, key, n)
	if err != nil { // of the parameters only: what happened is in the topic
		t.fault(ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))
	} else {
		t.cleared(ucare.FaultNotUnderstood)
	}
	put(&n.Events, kind, true)
	b.happened(t, id.property+"/"+id.key, kind)
	b.tellUnreadable(m, path, p, &t.h)
	return t.finish()
}

// happened tells of an event, once.
func (b *Bridge) happened(t *telling, what string, kind ucare.Kind) {
	at := t.m.At
	b.Recent = slices.DeleteFunc(b.Recent, func(e emitted) bool { return at.Sub(e.At).Abs() > sameWithin })
	if slices.ContainsFunc(b.Recent, func(e emitted) bool { return e.Sensor == t.sensor.ID && e.What == what }) {
		return
	}
	r := t.reading(kind)
	r.State = ucare.Active
	switch {
	case !t.m.Retained:
		t.seen.Heard = at
		if len(b.Recent) < maxRecent && len(t.sensor.ID) <= maxName {
			b.Recent = append(b.Recent, emitted{At: at, Sensor: t.sensor.ID, What: what})
		}
	case kind == ucare.HelpButton:
		r.UnknownAge = true
	case kind == ucare.FallSensor:
		t.fault(ucare.FaultOldHelp, "the broker's store has "+what)
		return
	default:
		return
	}
	if kind == ucare.FallSensor {
		t.cleared(ucare.FaultOldHelp)
	}
	t.h.Readings = append(t.h.Readings, r)
}

// hearEmitted decodes an event of the program, {"data":[node, value id, parameters]}
// on <prefix>/_EVENTS/ZWAVE_GATEWAY-<name>/node/node_notification. The others repeat
// what the topics of the values say.
func (b *Bridge) hearEmitted(m sensors.Message, rest string) sensors.Heard {
	if !strings.HasSuffix(rest, "/node/node_notification") || len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	var w struct {
		Data []json.RawMessage `json:"data"`
	}
	notUnderstood := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At}
	var info nodeInfo
	err := json.Unmarshal(m.Payload, &w)
	if err == nil && len(w.Data) >= 2 {
		err = readFields(w.Data[0], &info)
	}
	if err != nil || len(w.Data) < 2 || info.ID == 0 {
		notUnderstood.Detail = "no node and value in it: " + sensors.Excerpt(m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{notUnderstood}}
	}
	key, n := b.node(b.pathOf(info), payload{nodeID: info.ID, name: info.Name, location: info.Location})
	t := b.telling(m, key, n)
	t.h.Cleared = append(t.h.Cleared, notUnderstood)
	id := emittedID(w.Data)
	if kind, is := id.event(); is {
		put(&n.Events, kind, true)
		b.happened(t, id.property+"/"+id.key, kind)
	}
	return t.finish()
}

// emittedID is what an event is about: the second argument is a value id, or the
// number of the command class with labels in the third.
func emittedID(data []json.RawMessage) valueID {
	if p, err := readPayload(data[1]); err == nil && p.id.known() {
		return p.id
	}
	class, err := strconv.Atoi(string(data[1]))
	if err != nil || len(data) < 3 {
		return valueID{}
	}
	var labels struct {
		Label string `json:"label"`
		Event string `json:"eventLabel"`
	}
	if json.Unmarshal(data[2], &labels) != nil {
		return valueID{}
	}
	return valueID{class: class, property: property(labels.Label), key: property(labels.Event)}
}

// pathOf finds under which path a node publishes, of which only its own name is
// told: that depends on the bridge's settings.
func (b *Bridge) pathOf(info nodeInfo) string {
	id := strconv.Itoa(info.ID)
	name := sanitized(info.Name)
	if info.Name == "" {
		name = "nodeID_" + id
	}
	likely := sanitized(join(info.Location, name))
	if path, known := b.byID(info.ID); known {
		return path
	}
	for _, path := range []string{likely, name, sanitized(join(info.Location, id)), id} {
		if b.Nodes[path] != nil {
			return path
		}
	}
	return likely
}

// hearNameless tells that the bridge publishes events without saying whose: it
// does so when its topics are configured by hand.
func (b *Bridge) hearNameless(m sensors.Message) sensors.Heard {
	if m.Retained || len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	return sensors.Heard{Faults: []ucare.Fault{b.fault(m, ucare.FaultBridgeSettings,
		`with the gateway type "manual" falls and calls for help are published without the name of their sensor: choose "ValueId" or "Named topics", or switch on "Send Z-Wave Events"`)}}
}
