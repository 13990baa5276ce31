package zigbee2mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	default: // info, health, event, logging, request/…, response/…: nothing about a sensor
		return sensors.Heard{}
	}
}

// hearBridgeState decodes whether the bridge is connected. A live "online" is
// the instant from which cached states are published again; the one from the
// broker's store says nothing about when.
func (b *Bridge) hearBridgeState(m sensors.Message) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	fault := ucare.Fault{Code: ucare.FaultBridge, Subject: b.base, Dwelling: b.home.Dwelling, Since: m.At}
	bad := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At}
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
	fault := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At}
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	if err := json.Unmarshal(m.Payload, &groups); err != nil {
		fault.Detail = sensors.NotUnderstood(err, m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{fault}}
	}
	h := sensors.Heard{Cleared: []ucare.Fault{fault}}
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

// hearDevices takes over the bridge's list of its devices.
func (b *Bridge) hearDevices(m sensors.Message) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	fault := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: b.home.Dwelling, Since: m.At}
	var list []json.RawMessage
	if err := json.Unmarshal(m.Payload, &list); err != nil {
		fault.Detail = sensors.NotUnderstood(err, m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{fault}}
	}
	h := sensors.Heard{}
	before := b.Devices
	b.Devices = map[string]*device{}
	var errs []error
	for i, raw := range list {
		var l listing
		if err := json.Unmarshal(raw, &l); err != nil {
			errs = append(errs, fmt.Errorf("device %d of the list: %w: %s", i+1, err, sensors.Excerpt(raw)))
			b.keep(before, raw)
			continue
		}
		if l.Name == "" || l.Type == "Coordinator" || l.Disabled {
			continue
		}
		b.list(m, l, remembered(before, l), &h)
	}
	if err := errors.Join(errs...); err != nil {
		fault.Detail = err.Error()
		h.Faults = append(h.Faults, fault)
	} else {
		h.Cleared = append(h.Cleared, fault)
	}
	names := slices.Sorted(maps.Keys(b.Devices))
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch _, listed := b.Devices[name]; {
		case listed:
		case before[name].Listed:
			h.Seen = append(h.Seen, b.gone(name))
		default:
			b.Devices[name] = before[name] // a stranger stays one
		}
	}
	b.tellMissing(m, names, &h)
	return h
}

// keep keeps what was known of a device whose new description is broken.
func (b *Bridge) keep(before map[string]*device, raw json.RawMessage) {
	var l struct {
		Name string `json:"friendly_name"`
	}
	if json.Unmarshal(raw, &l) == nil && before[l.Name] != nil {
		b.Devices[l.Name] = before[l.Name]
	}
}

// remembered finds a listed device's memory by its address, since it may have
// been renamed, or by its name.
func remembered(before map[string]*device, l listing) *device {
	for _, d := range before {
		if d.Address != "" && d.Address == l.Address {
			return d
		}
	}
	if d := before[l.Name]; d != nil && (d.Address == "" || l.Address == "") {
		return d
	}
	return &device{}
}

// list puts one device of the bridge's list into the memory.
func (b *Bridge) list(m sensors.Message, l listing, d *device, h *sensors.Heard) {
	d.Listed, d.Address = true, l.Address
	d.Model, d.Properties = "", nil
	unknown := b.fault(m, l.Name, ucare.FaultUnknownDevice, "")
	if l.Definition == nil {
		d.Listed = false // nobody says what its properties mean
		d.learn()
		b.Devices[l.Name] = d
		if !l.Interviewing {
			unknown.Detail = fmt.Sprintf("Zigbee2MQTT does not support this device (model id %q)", l.ModelID)
			h.Faults = append(h.Faults, unknown)
		}
		return
	}
	d.Model = l.Definition.Model
	d.Properties = l.Definition.properties()
	d.learn()
	b.Devices[l.Name] = d
	h.Cleared = append(h.Cleared, unknown)
	if kinds := d.kinds(); len(kinds) > 0 {
		s := b.sensor(l.Name)
		h.Seen = append(h.Seen, sensors.Seen{
			Dwelling: b.home.Dwelling, Sensor: s.ID, Room: s.Room, Kinds: kinds,
			Model: strings.TrimSpace(l.Definition.Vendor + " " + l.Definition.Model),
		})
	}
}

func (b *Bridge) gone(name string) sensors.Seen {
	return sensors.Seen{Dwelling: b.home.Dwelling, Sensor: b.sensor(name).ID, Gone: true}
}

// A listing is one device in bridge/devices.
type listing struct {
	Address      string      `json:"ieee_address"`
	Name         string      `json:"friendly_name"`
	Type         string      `json:"type"`
	ModelID      string      `json:"model_id"`
	Disabled     bool        `json:"disabled"`
	Interviewing bool        `json:"interviewing"`
	Definition   *definition `json:"definition"`
}

type definition struct {
	Model   string   `json:"model"`
	Vendor  string   `json:"vendor"`
	Exposes []expose `json:"exposes"`
}

// An expose describes a property, or a composite with properties below it.
type expose struct {
	Type     string            `json:"type"`
	Property string            `json:"property"`
	Unit     string            `json:"unit"`
	On       json.RawMessage   `json:"value_on"`
	Off      json.RawMessage   `json:"value_off"`
	Values   []json.RawMessage `json:"values"`
	Features []expose          `json:"features"`
}

// properties are those at the top level: what lies inside a composite is
// published inside an object of its own.
func (d *definition) properties() []property {
	var ps []property
	for _, e := range d.Exposes {
		all := []expose{e}
		if e.Property == "" {
			all = e.Features // "switch", "lock" and the like: only a bracket
		}
		for _, e := range all {
			if e.Property == "" {
				continue
			}
			p := property{Name: e.Property, Type: e.Type, Unit: e.Unit, On: canonical(e.On), Off: canonical(e.Off)}
			for _, v := range e.Values {
				p.Values = append(p.Values, canonical(v))
			}
			if p.matters() {
				ps = append(ps, p)
			}
		}
	}
	return ps
}

// plainToJSON turns the plain text of attribute output into the JSON it was
// before: the bridge writes null as nothing.
func plainToJSON(payload []byte) json.RawMessage {
	p := bytes.TrimSpace(payload)
	switch {
	case len(p) == 0:
		return json.RawMessage("null")
	case json.Valid(p):
		return p
	default:
		text, _ := json.Marshal(string(payload)) // a string always has a JSON form
		return text
	}
}

func notObject(err error, payload []byte) string {
	if err == nil {
		err = errors.New("null where an object with the device's state is expected")
	}
	return sensors.NotUnderstood(err, payload)
}
