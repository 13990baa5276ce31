package zigbee2mqtt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// The bridge's list of its devices, bridge/devices: who is there, and what each
// of them can say.

// Bounds on what a list can make us remember: a Zigbee network has at most a few
// hundred devices, and no description is longer than a few sentences.
const (
	maxDevices = 2_000
	maxAbout   = 200 // bytes
)

// hearDevices takes over the bridge's list of its devices.
func (b *Bridge) hearDevices(m sensors.Message) sensors.Heard {
	if len(m.Payload) == 0 {
		return sensors.Heard{}
	}
	fault := b.notUnderstood(m, "")
	var list []json.RawMessage
	if err := json.Unmarshal(m.Payload, &list); err != nil {
		fault.Detail = sensors.NotUnderstood(err, m.Payload)
		return sensors.Heard{Faults: []ucare.Fault{fault}}
	}
	h := sensors.Heard{}
	before := b.Devices
	b.Devices = map[string]*device{}
	if err := b.takeList(m, list, before, &h); err != nil {
		fault.Detail = err.Error()
		h.Faults = append(h.Faults, fault)
	} else {
		h.Cleared = append(h.Cleared, fault)
	}
	names := slices.Sorted(maps.Keys(b.Devices))
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, listed := b.Devices[name]; !listed {
			b.dropped(m, name, before[name], &h)
		}
	}
	b.tellMissing(m, names, &h)
	b.tellEmptied(m, before, &h)
	return h
}

// takeList puts the devices of the list into the memory.
func (b *Bridge) takeList(m sensors.Message, list []json.RawMessage, before map[string]*device, h *sensors.Heard) error {
	var errs []error
	if len(list) > maxDevices {
		errs = append(errs, fmt.Errorf("the list has %d devices; only the first %d are taken", len(list), maxDevices))
		list = list[:maxDevices]
	}
	byAddress := map[string]*device{}
	for _, d := range before {
		byAddress[d.Address] = d
	}
	for i, raw := range list {
		var l listing
		if err := json.Unmarshal(raw, &l); err != nil {
			if len(errs) < 10 {
				errs = append(errs, fmt.Errorf("device %d of the list: %w: %s", i+1, err, sensors.Excerpt(raw)))
			}
			b.keep(before, raw)
			continue
		}
		if l.Name == "" || l.Type == "Coordinator" || l.Disabled {
			continue
		}
		d := remembered(before, byAddress, l)
		delete(byAddress, l.Address) // two devices of one address are two all the same
		if before[l.Name] != d {
			d.renamed()
		}
		b.list(m, l, d, h)
	}
	return errors.Join(errs...)
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
func remembered(before, byAddress map[string]*device, l listing) *device {
	if d := byAddress[l.Address]; d != nil && l.Address != "" {
		return d
	}
	if d := before[l.Name]; d != nil && (d.Address == "" || l.Address == "") {
		return d
	}
	return &device{}
}

// renamed forgets what the device was told to be, for its new name to be told the same: a
// battery that is low, and that a danger is over. What would be taken for a sign of life
// or for a call, if it were told again, stays.
func (d *device) renamed() {
	for _, kind := range []ucare.Kind{ucare.Battery, ucare.Tamper, ucare.Mains} {
		delete(d.Last, kind)
	}
	maps.DeleteFunc(d.Last, func(kind ucare.Kind, _ ucare.State) bool { return isDanger(kind) })
}

// list puts one device of the bridge's list into the memory.
func (b *Bridge) list(m sensors.Message, l listing, d *device, h *sensors.Heard) {
	d.Listed, d.Address = true, l.Address
	d.Model, d.About, d.Properties = "", "", nil
	b.Devices[l.Name] = d
	b.returned(m, l.Name, d, h)
	unknown := b.fault(m, l.Name, ucare.FaultUnknownDevice, "")
	if l.Definition == nil {
		d.Listed = false // nobody says what its properties mean
		d.learn()
		if !l.Interviewing {
			unknown.Detail = fmt.Sprintf("Zigbee2MQTT does not support this device (model id %q)", l.ModelID)
			h.Faults = append(h.Faults, unknown)
		}
		return
	}
	d.Model, d.About = l.Definition.Model, cut(l.Definition.About)
	d.Properties = l.Definition.properties()
	d.learn()
	d.forgetUnsaid()
	h.Cleared = append(h.Cleared, unknown)
	b.tellUnclear(m, l.Name, d, h)
	if kinds := d.kinds(); len(kinds) > 0 || len(d.unclear) > 0 {
		seen := b.seen(l.Name)
		seen.Kinds, seen.Model = kinds, strings.TrimSpace(l.Definition.Vendor+" "+l.Definition.Model)
		h.Seen = append(h.Seen, seen)
	}
}

// forgetUnsaid forgets what was said in properties that the device no longer has.
func (d *device) forgetUnsaid() {
	unsaid := func(property string) bool { return !d.says(property) }
	for _, said := range []map[string]string{d.Values, d.Bad, d.Trouble} {
		maps.DeleteFunc(said, func(property, _ string) bool { return unsaid(property) })
	}
	maps.DeleteFunc(d.AttributeAt, func(property string, _ time.Time) bool { return unsaid(property) })
}

func (b *Bridge) gone(name string) sensors.Seen {
	return sensors.Seen{Dwelling: b.home.Dwelling, Sensor: b.sensor(name).ID, Bridge: b.base, Gone: true}
}

// A listing is one device in bridge/devices.
type listing struct {
	Address      string      `json:"ieee_address"`
	Name         string      `json:"friendly_name"`
	Type         string      `json:"type"`
	ModelID      string      `json:"model_id"`
	Disabled     bool        `json:"disabled"`
	Interviewing bool        `json:"interviewing"`
	Definition   *definition `json:"definition"` // null or absent: not supported
}

// A definition is what Zigbee2MQTT knows about a model.
type definition struct {
	Model   string   `json:"model"`
	Vendor  string   `json:"vendor"`
	About   string   `json:"description"`
	Exposes []expose `json:"exposes"`
}

// An expose describes a property, or a composite with properties below it.
type expose struct {
	Type     string            `json:"type"`
	Property string            `json:"property"`
	About    string            `json:"description"`
	Unit     string            `json:"unit"`
	Access   int               `json:"access"`
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
			if p := e.asProperty(); p.matters() {
				ps = append(ps, p)
			}
		}
	}
	return ps
}

// asProperty is what of the expose is worth remembering.
func (e expose) asProperty() property {
	p := property{Name: e.Property, Type: e.Type, Unit: e.Unit, Access: e.Access, On: canonical(e.On), Off: canonical(e.Off)}
	for _, v := range e.Values {
		p.Values = append(p.Values, canonical(v))
	}
	if p.isAlarm() {
		p.About = cut(e.About)
	}
	return p
}

// cut is the beginning of a description.
func cut(about string) string {
	if len(about) <= maxAbout {
		return about
	}
	return strings.ToValidUTF8(about[:maxAbout], "")
}
