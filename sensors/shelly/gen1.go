package shelly

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// The first generation, below shellies/: <id>/sensor/<what> with one value as
// text each, <id>/status of motion sensors and <id>/info with everything as JSON.

// hearGen1 decodes a message of a device of the first generation, rest being its
// topic below shellies/.
func (d *Devices) hearGen1(m sensors.Message, rest string) sensors.Heard {
	id, what, more := strings.Cut(rest, "/")
	if len(m.Payload) == 0 {
		return sensors.Heard{} // somebody removed a retained message
	}
	if !more {
		if id == "announce" {
			return d.hearAnnounce(m)
		}
		return sensors.Heard{} // shellies/command
	}
	value := strings.TrimSpace(string(m.Payload))
	first, rest, _ := strings.Cut(what, "/")
	if rest == "command" || strings.HasSuffix(rest, "/command") || id == "" {
		return sensors.Heard{}
	}
	id = "shellies/" + id
	switch first {
	case "sensor":
		return d.hearSensor(m, id, rest, value)
	case "online":
		t := d.telling(m, id)
		t.online(value)
		return t.finish()
	case "status", "info":
		return d.hearInfo(m, id, what)
	case "announce":
		return d.hearAnnounce(m)
	case "input":
		t := d.telling(m, id)
		t.input(what, value)
		return t.finish()
	case "input_event":
		return d.hearInputEvent(m, id, what)
	default:
		return sensors.Heard{} // relays, lamps, meters
	}
}

// hearSensor decodes one value on a topic of its own.
func (d *Devices) hearSensor(m sensors.Message, id, what, value string) sensors.Heard {
	t := d.telling(m, id)
	t.spoke()
	meaning, is := gen1Sensors[what]
	switch {
	case is:
		t.say(what, meaning, value, false)
	case what == "battery":
		t.battery(value)
	case what == "temperature":
		t.temperature(what, value)
	case what == "act_reasons":
		t.dev.Sleeper = true // it tells why it woke up
	}
	return t.finish()
}

// gen1Info is the whole state of a device, on <id>/info, and with fewer fields
// the state of a motion sensor on <id>/status.
type gen1Info struct {
	Valid  *bool           `json:"is_valid"`
	Smoke  json.RawMessage `json:"smoke"`
	Flood  json.RawMessage `json:"flood"`
	Motion json.RawMessage `json:"motion"`
	// Active says that motion is looked for at all, not that there is some.
	Active    json.RawMessage `json:"active"`
	Timestamp json.RawMessage `json:"timestamp"`
	Sensor    struct {
		Valid  *bool           `json:"is_valid"`
		State  json.RawMessage `json:"state"`
		Motion json.RawMessage `json:"motion"`
		Active json.RawMessage `json:"active"`
	} `json:"sensor"`
	Gas struct {
		Sensor json.RawMessage `json:"sensor_state"`
		Alarm  json.RawMessage `json:"alarm_state"`
	} `json:"gas_sensor"`
	Temperature *struct {
		Value json.RawMessage `json:"value"`
		Units string          `json:"units"`
		Valid *bool           `json:"is_valid"`
	} `json:"tmp"`
	Battery json.RawMessage `json:"bat"` // a number, or an object with a value
	Reasons json.RawMessage `json:"act_reasons"`
	Error   json.RawMessage `json:"sensor_error"`
}

// hearInfo decodes a whole state. It repeats what has not changed.
func (d *Devices) hearInfo(m sensors.Message, id, what string) sensors.Heard {
	t := d.telling(m, id)
	var w *gen1Info
	if err := json.Unmarshal(m.Payload, &w); err != nil {
		return t.notUnderstood(err)
	}
	if w == nil {
		return t.notUnderstood(errors.New("null where an object with the device's state is expected"))
	}
	t.spoke()
	if w.Reasons != nil {
		t.dev.Sleeper = true
	}
	isValid := invalid(w.Valid, w.Sensor.Valid)
	t.say("is_valid", meaning{values: map[string]effect{"true": nothing, "false": trouble}, words: "it says that its values are not valid"}, isValid, true)
	if isValid == "true" {
		t.info(w, what == "status")
	}
	if w.Battery != nil {
		t.battery(level(w.Battery))
	}
	// A relay has a temperature too, that of its inside.
	if tmp := w.Temperature; tmp != nil && w.Battery != nil && invalid(tmp.Valid) == "true" {
		t.dev.Fahrenheit = tmp.Units == "F"
		t.temperature("temperature", canonical(tmp.Value))
	}
	return t.finish()
}

// info tells the values that a state has. The state of a motion sensor is sent when
// motion begins and when it ends, with the time of the last motion.
func (t *telling) info(w *gen1Info, isStatus bool) {
	for _, said := range []struct {
		what string
		raw  json.RawMessage
	}{
		{"smoke", w.Smoke},
		{"flood", w.Flood},
		{"state", w.Sensor.State},
		{"motion", w.Sensor.Motion},
		{"gas", w.Gas.Alarm},
		{"operation", w.Gas.Sensor},
		{"error", w.Error},
	} {
		if said.raw != nil {
			t.say(said.what, gen1Sensors[said.what], word(said.raw), true)
		}
	}
	if w.Motion != nil {
		moved := sensors.Excerpt([]byte(canonical(w.Timestamp)))
		t.say("motion", gen1Sensors["motion"], canonical(w.Motion), !isStatus || moved == t.dev.Values["timestamp"])
		put(&t.dev.Values, "timestamp", moved)
	}
	for _, raw := range []json.RawMessage{w.Active, w.Sensor.Active} {
		if raw != nil {
			t.say("active", meaning{values: map[string]effect{"true": nothing, "false": trouble}, words: "it is set to look for no motion"}, canonical(raw), true)
		}
	}
}

// invalid is "false" when one of the flags says so.
func invalid(flags ...*bool) string {
	for _, f := range flags {
		if f != nil && !*f {
			return "false"
		}
	}
	return "true"
}

// level is the battery's level, which is {"value":71,"voltage":2.74} or 71.
func level(raw json.RawMessage) string {
	var w struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &w) == nil && w.Value != nil {
		return canonical(w.Value)
	}
	return canonical(raw)
}

// hearAnnounce decodes what a device says of itself when it connects or is asked to.
func (d *Devices) hearAnnounce(m sensors.Message) sensors.Heard {
	var w struct {
		ID    string `json:"id"`
		Model string `json:"model"`
	}
	if json.Unmarshal(m.Payload, &w) != nil || w.ID == "" || strings.Contains(w.ID, "/") {
		return sensors.Heard{} // nothing of it is about safety
	}
	t := d.telling(m, "shellies/"+w.ID)
	t.spoke()
	if w.Model != "" && len(w.Model) <= maxName {
		t.dev.Model = w.Model
		t.dev.Sleeper = t.dev.Sleeper || isSleeper(w.Model)
	}
	return t.finish()
}

// input decodes the state of a switch on the wall: somebody used it when it
// changes. What it is is not known at first.
func (t *telling) input(what, value string) {
	before, known := t.dev.Values[what]
	put(&t.dev.Values, what, sensors.Excerpt([]byte(value)))
	if t.spoke(); known && before != t.dev.Values[what] {
		t.used()
	}
}

// hearInputEvent decodes the press of a button: {"event":"S","event_cnt":2}. The
// count tells a press from the same one told again.
func (d *Devices) hearInputEvent(m sensors.Message, id, what string) sensors.Heard {
	t := d.telling(m, id)
	var w struct {
		Event string          `json:"event"`
		Count json.RawMessage `json:"event_cnt"`
	}
	if err := json.Unmarshal(m.Payload, &w); err != nil {
		return t.notUnderstood(err)
	}
	t.spoke()
	count := sensors.Excerpt([]byte(canonical(w.Count)))
	again := w.Count != nil && t.dev.Values[what] == count
	put(&t.dev.Values, what, count)
	if w.Event != "" && !again {
		t.used()
	}
	t.can(ucare.Use)
	return t.finish()
}
