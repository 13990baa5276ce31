package shelly

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// component tells what the status of a component says. again: it is told whole,
// changed or not. Power and lamps say nothing reliable about a person: a plug's
// power rises by itself as well.
func (d *Devices) component(t *telling, prefix, name string, raw json.RawMessage, again bool) error {
	kind, number, _ := strings.Cut(name, ":")
	switch kind {
	case "smoke", "flood", "presence", "presencezone", "devicepower", "temperature", "input", "bthomedevice", "bthomesensor":
	default:
		if isObject(raw) {
			t.strange(name, raw)
		}
		return nil
	}
	of, err := fields(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch kind {
	case "devicepower":
		t.power(of)
	case "temperature":
		if tC, has := of["tC"]; has {
			t.temperature(name+".tC", canonical(tC))
		}
	case "input":
		if state, has := of["state"]; has && canonical(state) != "null" { // a button has none
			t.input(name, canonical(state))
		}
	case "bthomedevice", "bthomesensor":
		d.bluetooth(t, prefix, name, of, again)
	default:
		t.detector(kind, number, of, again)
	}
	return nil
}

// detector tells what a component with a state of its own says. In a change only
// what changed is there.
func (t *telling) detector(kind, number string, of map[string]json.RawMessage, again bool) {
	name := strings.TrimSuffix(kind+":"+number, ":")
	for _, property := range []string{"alarm", "value", "state"} {
		what, is := components[kind+"."+property]
		if raw, has := of[property]; is && has {
			t.say(name+"."+property, what, canonical(raw), again)
		}
	}
	if objects, has := of["num_objects"]; has {
		t.objects(name+".num_objects", canonical(objects), again)
	}
	if raw, has := of["errors"]; has {
		t.errors(name, raw)
	}
}

// objects tells whether anybody is in front of a radar.
func (t *telling) objects(property, value string, again bool) {
	n, ok := number(value)
	if !ok || n < 0 {
		t.doubt(property, ucare.Presence, value)
		return
	}
	t.good(property)
	t.state(property, ucare.Presence, ucare.StateOf(n > 0), again)
}

// errors takes over what a component says is wrong with it, such as
// ["cable_unplugged"]; none, or null, is well.
func (t *telling) errors(name string, raw json.RawMessage) {
	var errs []string
	if json.Unmarshal(raw, &errs) != nil {
		t.bad(name+".errors", canonical(raw))
		return
	}
	t.good(name + ".errors")
	delete(t.dev.Troubles, name)
	if len(errs) > 0 {
		put(&t.dev.Troubles, name, sensors.Excerpt([]byte(strings.Join(errs, ", "))))
	}
}

// power tells of the battery. At 0 percent on a cable there is no battery in it.
func (t *telling) power(of map[string]json.RawMessage) {
	var external struct {
		Present *bool `json:"present"`
	}
	if raw, has := of["external"]; has && json.Unmarshal(raw, &external) == nil && external.Present != nil {
		t.dev.External = *external.Present
	}
	var left struct {
		Percent json.RawMessage `json:"percent"`
	}
	raw, has := of["battery"]
	if !has {
		return
	}
	if json.Unmarshal(raw, &left) != nil {
		t.bad("battery", canonical(raw))
		return
	}
	if left.Percent != nil && !(t.dev.External && canonical(left.Percent) == "null") {
		t.battery(canonical(left.Percent))
	}
}

// strange looks at a component that is not known. One that says "alarm" may be of a
// detector that is newer than this program, and must not go unnoticed.
func (t *telling) strange(name string, raw json.RawMessage) {
	var w struct {
		Alarm *bool `json:"alarm"`
	}
	if json.Unmarshal(raw, &w) == nil && w.Alarm != nil {
		put(&t.dev.Unmapped, name, "a component with an alarm that is not known")
	}
}

// An event is something that happened in a component.
type event struct {
	Component string          `json:"component"`
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
}

// event tells of a press, of the alarm of a detector, or of a Bluetooth device that a
// script listens to. Others (sleep, config_changed, ota_begin …) are none of ours.
func (d *Devices) event(t *telling, prefix string, e event) {
	kind, _, _ := strings.Cut(e.Component, ":")
	name := strings.TrimPrefix(e.Event, kind+".")
	switch kind {
	case "smoke", "flood":
		t.alarmEvent(e.Component, components[kind+".alarm"], name)
	case "input":
		if isPress(name) {
			t.used()
		}
	case "bthomedevice", "bthomesensor":
		if isPress(name) {
			d.pressed(t, prefix, e.Component)
		}
	case "script":
		if e.Event == "shelly-blu" {
			d.heardByScript(t, prefix, e.Data)
		}
	}
}

// isPress reports whether an event of a button is somebody's press. Its release is
// part of it.
func isPress(event string) bool {
	return event == "btn_down" || strings.HasSuffix(event, "_push")
}

// alarmEvent tells of the alarm of a detector, which its status tells too. A test
// is only told here.
func (t *telling) alarmEvent(component string, what meaning, event string) {
	if t.m.Retained {
		return // an event is of its moment
	}
	switch event {
	case "alarm":
		t.say(component+".alarm", what, "true", false)
	case "alarm_off":
		t.say(component+".alarm", what, "false", false)
	case "alarm_test":
		t.drill(what.kind, ucare.Active)
		t.drill(what.kind, ucare.Inactive)
	}
}
