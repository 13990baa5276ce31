package tasmota

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Switches: whatever is wired to an input.
//
// SENSOR repeats "Switch1":"ON" (or, with SwitchText, "Garage door":"ON") every
// few minutes, and with SwitchMode 15 or 16 also on each change. RESULT tells
// {"Switch1":{"Action":"ON"}} when it happens (SetOption114). Rules publish what
// they like; docs PIR-Motion-Sensors has stat/<topic>/PIR1 ON and OFF, and docs
// Zigbee stat/<topic>/LEAK.

// A statement is what one message of a device says of the device's own sensors.
type statement struct {
	*report
	devices *Devices
	name    string
	device  *device
	about   string
}

// isEvent reports whether the message tells what happened just now.
func (s statement) isEvent() bool {
	return s.about != "SENSOR" && !strings.HasPrefix(s.about, "STATUS")
}

// hear decodes the members of a report.
func (s statement) hear(said object) {
	radar := s.radars(said)
	var switches []string
	for _, key := range slices.Sorted(maps.Keys(said)) {
		switch {
		case s.isSwitch(key, said[key]):
			switches = append(switches, key)
			s.device.shows(s.device.switchOf(key))
		case isNumbered(key, "button"):
			s.press(key, asText(actionIn(said[key])))
		case key == "RfReceived":
			s.unmapped(key, "only the household knows which device has which code of the 433 MHz bridge; write a mapping for topic "+quote(s.m.Topic))
		}
	}
	for _, key := range switches { // all are known by now: what one means depends on how many there are
		switch action := actionIn(said[key]); {
		case radar:
			s.mapped(s.device.switchOf(key)) // the radar's OUT pin: docs HLK-LD2410, wiring
		case action != nil:
			s.contact(key, action)
		default:
			s.contact(key, said[key])
		}
	}
	if isNumbered(s.about, "button") { // stat/<topic>/BUTTON1 {"ACTION":"SINGLE"}, SetOption73
		s.press(s.about, asText(said["ACTION"])+asText(said["Action"]))
	}
	s.temperatures(said)
}

// actionIn gives what happened, of {"Action":"ON"}.
func actionIn(raw json.RawMessage) json.RawMessage {
	o := asObject(raw)
	if action, has := o["Action"]; has {
		return action
	}
	return o["ACTION"]
}

// isSwitch reports whether a member is a switch, perhaps with a name of its own:
// in telemetry nothing else says ON or OFF at the top, in an answer it must be
// an announced one, since an answer to any setting looks the same.
func (s statement) isSwitch(key string, value json.RawMessage) bool {
	if switchNumber(key) > 0 || s.device.Announced.switchCalled(key) > 0 {
		return true
	}
	if action := asText(asObject(value)["Action"]); action != "" && !isNumbered(key, "button") {
		_, known := s.device.Announced.onOff(action)
		return known // SetOption114 with a SwitchText
	}
	if s.about != "SENSOR" && !strings.HasPrefix(s.about, "STATUS") || strings.HasPrefix(key, "POWER") {
		return false
	}
	_, known := s.device.Announced.onOff(asText(value))
	return known
}

// contact decodes what a switch says.
func (s statement) contact(key string, value json.RawMessage) {
	field, meaning := s.device.switchOf(key), s.device.meaningOf(s.name, key)
	if meaning.kind == "" {
		s.unmapped(field, fmt.Sprintf("%s; write a mapping for topic %s, member %s", meaning.why, quote(s.m.Topic), quote(key)))
		return
	}
	s.mapped(field)
	state, known := s.device.Announced.onOff(asText(value))
	if !known {
		s.bad(field, value)
		return
	}
	s.good(field)
	r := *s.report
	r.sensor = s.switchSensor(field, key)
	r.state(meaning.kind, state, s.isEvent())
}

// switchSensor is the device, or when that has several switches a sensor of the
// switch's own, "<device>-<name of the switch>": they may look at two places.
func (s statement) switchSensor(field, key string) ucare.Sensor {
	if !s.device.hasSeveralSwitches() {
		return s.sensor
	}
	if n := switchNumber(field); n > 0 {
		key = field
		if a := s.device.Announced; a != nil && n <= len(a.Switches) && a.Switches[n-1] != "" {
			key = a.Switches[n-1]
		}
	}
	key = shorten(key)
	own := s.devices.sensor(s.name+"-"+key, s.name+"-"+key)
	for _, room := range []string{s.devices.home.Sensor("", key).Room, s.sensor.Room} {
		if own.Room == "" {
			own.Room = room
		}
	}
	return own
}

// press decodes a button. A person pressed it, so somebody lives; whether it
// calls for help only the household can say, and a name that says so is told.
func (s statement) press(key, action string) {
	for _, name := range append(s.device.Announced.names(), s.name) {
		if classOf(name) == danger {
			s.unmapped(key, fmt.Sprintf("is it a call for help? write a mapping for topic %s, member %s", quote(s.m.Topic), quote(key)))
			return
		}
	}
	switch strings.ToUpper(action) {
	case "SINGLE", "DOUBLE", "TRIPLE", "QUAD", "PENTA", "HOLD": // docs Buttons-and-Switches
		if !s.m.Retained {
			s.event(ucare.Use, ucare.Active)
		}
	}
}

// hearWord decodes a payload that is no JSON: a topic with one value, as rules
// publish it. What has no meaning for us is passed over.
func (d *Devices) hearWord(m sensors.Message, a address) sensors.Heard {
	dev := d.device(a.device)
	var h sensors.Heard
	d.spoke(m, a.device, dev, &h)
	s := statement{report: d.newReport(m, d.sensorOf(a.device, dev), &dev.ledger, &h), devices: d, name: a.device, device: dev, about: a.about}
	text, _ := json.Marshal(strings.TrimSpace(string(m.Payload))) // a text always has a JSON form
	switch {
	case isNumbered(a.about, "power"), isNumbered(a.about, "button"):
	case switchNumber(a.about) > 0:
		dev.shows(dev.switchOf(a.about))
		s.contact(a.about, text)
	case strings.EqualFold(a.about, "LEAK"):
		s.published(ucare.WaterLeak, text)
	case classOf(a.about) == motion:
		s.published(ucare.Motion, text)
	case classOf(a.about) == presence:
		s.published(ucare.Presence, text)
	case classOf(a.about) != unclear:
		if dev.Announced.isState(asText(text)) {
			s.unmapped(a.about, "which value means what? write a mapping for topic "+quote(m.Topic))
		}
	}
	s.close()
	return h
}

// published is a value on a topic of its own; 1 and 0 are what a rule's %value% gives.
func (s statement) published(kind ucare.Kind, text json.RawMessage) {
	state, known := s.device.Announced.onOff(asText(text))
	switch asText(text) {
	case "1":
		state, known = ucare.Active, true
	case "0":
		state, known = ucare.Inactive, true
	}
	if !known {
		s.bad(s.about, text)
		return
	}
	s.good(s.about)
	s.state(kind, state, !sensors.IsDetector(kind)) // a leak's ON may be said again
}

// onOff reads the device's words for ON and OFF (docs Commands: StateText).
func (a *announcement) onOff(text string) (state ucare.State, known bool) {
	off, on := "OFF", "ON"
	if a != nil && len(a.States) >= 2 && a.States[0] != "" && a.States[1] != "" {
		off, on = a.States[0], a.States[1]
	}
	switch {
	case strings.EqualFold(text, on):
		return ucare.Active, true
	case strings.EqualFold(text, off):
		return ucare.Inactive, true
	default:
		return ucare.Unknown, false
	}
}

// isState reports whether a text may be one of two states, in the device's words or a rule's.
func (a *announcement) isState(text string) bool {
	_, known := a.onOff(text)
	return known || slices.Contains([]string{"0", "1", "false", "true"}, strings.ToLower(text))
}

// switchCalled gives the number of the switch with the announced name, 0 for none.
func (a *announcement) switchCalled(name string) int {
	if a == nil || name == "" {
		return 0
	}
	return slices.Index(a.Switches, name) + 1
}

// hasSeveralSwitches reports whether it has announced or shown more than one.
func (dev *device) hasSeveralSwitches() bool {
	announced := 0
	if dev.Announced != nil {
		for _, name := range dev.Announced.Switches {
			if name != "" {
				announced++
			}
		}
	}
	return announced > 1 || len(dev.Switches) > 1
}

// switchOf gives one name for all forms of a switch's: Switch1, SWITCH1 and its text.
func (dev *device) switchOf(key string) string {
	n := switchNumber(key)
	if n == 0 {
		n = dev.Announced.switchCalled(key)
	}
	if n == 0 {
		return key
	}
	return "Switch" + strconv.Itoa(n)
}

// A meaning is what a switch reports on, or why that is not known.
type meaning struct {
	kind ucare.Kind
	why  string
}

// meaningOf tells what a switch of the device is by the first of its names that
// says so: its own, and if it is the only switch also those of the device.
func (dev *device) meaningOf(name, key string) meaning {
	n := switchNumber(key)
	names := []string{key}
	if n > 0 {
		names = nil
		if a := dev.Announced; a != nil && n <= len(a.Switches) {
			names = append(names, a.Switches[n-1])
		}
		if !dev.hasSeveralSwitches() {
			names = append(append(names, dev.Announced.names()...), name)
		}
	} else {
		n = dev.Announced.switchCalled(key)
	}
	for _, name := range names {
		switch classOf(name) {
		case motion:
			return meaning{kind: ucare.Motion}
		case presence:
			return meaning{kind: ucare.Presence}
		case door:
			if dev.Announced.follows(n) {
				return meaning{kind: ucare.Door}
			}
			return meaning{why: "it is called " + quote(shorten(name)) + ", but whether ON means open depends on its contact and its SwitchMode"}
		case danger:
			return meaning{why: "it is called " + quote(shorten(name)) + ", but whether ON means danger depends on its contact and its SwitchMode"}
		}
	}
	return meaning{why: "only the household knows what is wired to it"}
}

// follows reports whether the switch is announced with a mode that follows its
// contact (SwitchMode 1, 9 and 15): then ON is an open circuit to ground, and
// the reed of a door opens with the door. The inverted modes are there for other contacts.
func (a *announcement) follows(n int) bool {
	return a != nil && n > 0 && n <= len(a.Modes) && slices.Contains([]int{1, 9, 15}, a.Modes[n-1])
}

// switchNumber is n of "Switch<n>", 0 for anything else.
func switchNumber(key string) int {
	if !isNumbered(key, "switch") {
		return 0
	}
	n, _ := strconv.Atoi(key[len("switch"):])
	return n
}

// isNumbered reports whether the key is the word with at most two digits behind it.
func isNumbered(key, word string) bool {
	if len(key) < len(word) || len(key) > len(word)+2 || !strings.EqualFold(key[:len(word)], word) {
		return false
	}
	return strings.Trim(key[len(word):], "0123456789") == ""
}

func quote(text string) string { return sensors.Excerpt([]byte(text)) }
