package shelly

import (
	"encoding/json"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bluetooth devices behind a Shelly. A bthomesensor:N has a value and no word on
// what it is a value of; that is in its configuration, which is told when somebody
// asks for it (Shelly.GetComponents). Until then a true or false needs a mapping.

// An object is the configuration of a Bluetooth device, or of one of its sensors.
type object struct {
	ID      int    `json:"obj_id,omitempty"` // of the BTHome format
	Address string `json:"addr,omitempty"`
	Name    string `json:"name,omitempty"`
}

// described is one component in the answer to Shelly.GetComponents.
type described struct {
	Key    string `json:"key"`
	Config object `json:"config"`
}

// learn takes over which Bluetooth sensor is which.
func (d *Devices) learn(prefix string, all []described) {
	dev := d.Devices[prefix]
	for _, c := range all {
		if strings.HasPrefix(c.Key, "bthome") && len(c.Config.Address) < 50 && len(c.Config.Name) < 100 {
			put(&dev.Objects, c.Key, c.Config)
			delete(dev.Unmapped, c.Key)
		}
	}
}

// behind is a telling of the Bluetooth device that a component belongs to, by its
// address where that is known.
func (d *Devices) behind(t *telling, prefix, component string) *telling {
	id := prefix + "/" + component
	if o := t.dev.Objects[component]; o.Address != "" {
		id = prefix + "/" + strings.ToLower(o.Address)
	}
	behind := d.telling(t.m, id)
	behind.seen.Bridge = t.sensor.ID
	return behind
}

// join takes over what was told of a device behind this one.
func (t *telling) join(behind *telling) {
	h := behind.finish()
	t.h.Readings = append(t.h.Readings, h.Readings...)
	t.h.Repeated = append(t.h.Repeated, h.Repeated...)
	t.h.Faults = append(t.h.Faults, h.Faults...)
	t.h.Cleared = append(t.h.Cleared, h.Cleared...)
	t.h.Seen = append(t.h.Seen, h.Seen...)
}

// bluetooth tells what a component of a Bluetooth device says. In a whole status
// the value may be old; the device spoke when its packet is a new one.
func (d *Devices) bluetooth(t *telling, prefix, component string, of map[string]json.RawMessage, again bool) {
	value, hasValue := of["value"]
	o, known := t.dev.Objects[component]
	isTruth := canonical(value) == "true" || canonical(value) == "false"
	if strings.HasPrefix(component, "bthomesensor") && !known {
		if hasValue && isTruth {
			put(&t.dev.Unmapped, component, "a Bluetooth sensor whose kind is not known, with the value "+canonical(value))
		}
		return
	}
	b := d.behind(t, prefix, component)
	packet := sensors.Excerpt([]byte(canonical(of["last_updated_ts"])))
	if packet != `"null"` && packet != b.dev.Values["last_updated_ts"] {
		put(&b.dev.Values, "last_updated_ts", packet)
		b.spoke()
	}
	if level, has := of["battery"]; has && canonical(level) != "null" {
		b.battery(canonical(level))
	}
	if hasValue {
		b.object(o.ID, canonical(value), again)
	}
	t.join(b)
}

// object tells the value of an object of the BTHome format.
func (t *telling) object(id int, value string, again bool) {
	kind, isKind := bluetoothObjects[id]
	switch {
	case isKind:
		t.say(string(kind), truth(kind), value, again)
	case id == bluetoothBattery:
		t.battery(value)
	case bluetoothTemperatures[id]:
		t.temperature("temperature", value)
	}
}

// pressed tells of the press of a button of a Bluetooth device.
func (d *Devices) pressed(t *telling, prefix, component string) {
	b := d.behind(t, prefix, component)
	b.spoke()
	b.used()
	t.join(b)
}

// scriptData is what the maker's script for Bluetooth devices passes on of one packet.
// (github.com/ALLTERCO/shelly-script-examples, ble-shelly-blu.js)
type scriptData struct {
	Address string          `json:"address"`
	Battery json.RawMessage `json:"battery"`
	Window  json.RawMessage `json:"window"` // 1 open, 0 closed
	Motion  json.RawMessage `json:"motion"`
	Button  json.RawMessage `json:"button"` // a list where there are several
	Celsius json.RawMessage `json:"temperature"`
}

// heardByScript tells what a Bluetooth device said to a script. Each packet repeats
// the device's whole state.
func (d *Devices) heardByScript(t *telling, prefix string, raw json.RawMessage) {
	var w scriptData
	if json.Unmarshal(raw, &w) != nil || w.Address == "" || len(w.Address) > 50 {
		t.bad("shelly-blu", canonical(raw))
		return
	}
	t.good("shelly-blu")
	b := d.telling(t.m, prefix+"/"+strings.ToLower(w.Address))
	b.seen.Bridge = t.sensor.ID
	b.spoke()
	bit := func(kind ucare.Kind) meaning {
		return meaning{kind: kind, values: map[string]effect{"1": active, "0": inactive, "true": active, "false": inactive}}
	}
	if w.Window != nil {
		b.say(string(ucare.Door), bit(ucare.Door), canonical(w.Window), true)
	}
	if w.Motion != nil {
		b.say(string(ucare.Motion), bit(ucare.Motion), canonical(w.Motion), true)
	}
	if w.Battery != nil {
		b.battery(canonical(w.Battery))
	}
	if n, is := number(canonical(w.Celsius)); is && w.Celsius != nil && n < 200 {
		b.temperature("temperature", canonical(w.Celsius))
	}
	if hasPress(w.Button) {
		b.used()
	}
	t.join(b)
}

// hasPress reports whether one of the buttons was pressed: 0 is none, and so is
// 254, which older devices send while one is held.
func hasPress(raw json.RawMessage) bool {
	var one int
	if json.Unmarshal(raw, &one) == nil {
		return one > 0 && one < 254
	}
	var several []int
	if json.Unmarshal(raw, &several) != nil {
		return false
	}
	for _, b := range several {
		if b > 0 && b < 254 {
			return true
		}
	}
	return false
}
