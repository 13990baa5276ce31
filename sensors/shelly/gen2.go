package shelly

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare/sensors"
)

// The generations from the second on: <prefix>/events/rpc with
//
//	{"src":"shellyplussmoke-…","method":"NotifyFullStatus","params":{"smoke:0":{…},…}}   everything, on waking up and connecting
//	{…"method":"NotifyStatus"…}                                                          what has changed
//	{…"method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"single_push"}]}}
//
// and the same objects on <prefix>/status/<component> where that is switched on.

// A frame is one message of the device.
type frame struct {
	Source string          `json:"src"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// hearRPC decodes a message on the topic of a device's events. It is a Shelly's when the
// device says so, or is called like one.
func (d *Devices) hearRPC(m sensors.Message, prefix string) (sensors.Heard, bool) {
	var f frame
	err := json.Unmarshal(m.Payload, &f)
	named := strings.HasPrefix(prefix[strings.LastIndexByte(prefix, '/')+1:], "shelly")
	known := d.Devices[prefix] != nil && d.Devices[prefix].RPC
	if !named && !known && !strings.HasPrefix(f.Source, "shelly") {
		return sensors.Heard{}, false
	}
	if len(m.Payload) == 0 {
		return sensors.Heard{}, true
	}
	t := d.telling(m, prefix)
	t.h.Relisten = !t.dev.RPC && d.Devices[prefix] == t.dev
	t.dev.RPC = true
	if f.Source != "" && strings.HasPrefix(f.Source, "shelly") && len(f.Source) < 100 {
		t.dev.Source = f.Source
		if t.dev.Model == "" {
			t.dev.Model = modelOf(f.Source)
			t.dev.Sleeper = t.dev.Sleeper || isSleeper(t.dev.Model)
		}
	}
	err = errors.Join(err, d.hearFrame(t, prefix, f)) // what can be read of it is heard
	t.spoke()
	t.broken = err
	return t.finish(), true
}

// hearFrame decodes a frame of one of the three methods; others are not about sensors.
func (d *Devices) hearFrame(t *telling, prefix string, f frame) error {
	switch f.Method {
	case "NotifyStatus", "NotifyFullStatus":
		var params map[string]json.RawMessage
		if err := json.Unmarshal(f.Params, &params); err != nil {
			return err
		}
		if f.Method == "NotifyFullStatus" {
			d.sleeps(t, params["sys"])
		}
		var errs []error // of one component: the others are told all the same
		for _, component := range slices.Sorted(maps.Keys(params)) {
			errs = append(errs, d.component(t, prefix, component, params[component], f.Method == "NotifyFullStatus"))
		}
		return errors.Join(errs...)
	case "NotifyEvent":
		var params struct {
			Events []event `json:"events"`
		}
		err := json.Unmarshal(f.Params, &params)
		for _, e := range params.Events { // a field of a wrong type is only missing in them
			d.event(t, prefix, e)
		}
		return err
	default:
		return nil
	}
}

// hearRPCTopic decodes the topics beside the events: whether the device is
// connected, and the status of one component.
func (d *Devices) hearRPCTopic(m sensors.Message, prefix, what string) sensors.Heard {
	component, isStatus := strings.CutPrefix(what, "status/")
	if len(m.Payload) == 0 || !isStatus && what != "online" {
		if what == "rpc" {
			h, _ := d.hearReply(m, prefix+"/rpc")
			return h
		}
		return sensors.Heard{} // commands, answers, the log
	}
	t := d.telling(m, prefix)
	t.h.Relisten = !t.dev.RPC && d.Devices[prefix] == t.dev
	t.dev.RPC = true
	if what == "online" {
		t.online(strings.TrimSpace(string(m.Payload)))
		return t.finish()
	}
	t.spoke()
	if err := d.component(t, prefix, component, m.Payload, true); err != nil {
		return t.notUnderstood(err)
	}
	return t.finish()
}

// sleeps notes whether the device sleeps: it says for how long.
func (d *Devices) sleeps(t *telling, sys json.RawMessage) {
	var w struct {
		Period float64 `json:"wakeup_period"`
	}
	if json.Unmarshal(sys, &w) == nil && w.Period > 0 {
		t.dev.Sleeper = true
	}
}

// fields are a component's status as the properties it has.
func fields(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var of map[string]json.RawMessage
	if err := json.Unmarshal(raw, &of); err != nil {
		return nil, err
	}
	if of == nil {
		return nil, errors.New("null where the status of a component is expected")
	}
	return of, nil
}

// isObject reports whether a parameter of a frame is a component at all: beside
// them is the time, in seconds since the device started when its clock is not set.
func isObject(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }
