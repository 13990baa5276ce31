package zigbee2mqtt

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// described is a device in bridge/devices with a description of its model.
func described(name, model, about, exposes string) string {
	return fmt.Sprintf(`{"ieee_address":"0x%x","friendly_name":%q,"type":"EndDevice","definition":{"vendor":"Maker","model":%q,"description":%q,"exposes":[%s]}}`,
		name, name, model, about, exposes)
}

func binary(property, on, off string, access int) string {
	return fmt.Sprintf(`{"type":"binary","property":%q,"value_on":%s,"value_off":%s,"access":%d}`, property, on, off, access)
}

func numeric(property, unit string) string {
	return fmt.Sprintf(`{"type":"numeric","property":%q,"unit":%q,"access":1}`, property, unit)
}

// homeOf is a decoder that hears a bridge with one device called d.
func homeOf(t *testing.T, model, about, exposes string) (*home, sensors.Heard) {
	t.Helper()
	h := emptyHome(t)
	return h, h.hear("zigbee2mqtt/bridge/devices", "["+described("d", model, about, exposes)+"]", true)
}

// Each property alone on a device of its own: what its values are heard as.
func TestWhatAPropertyMeans(t *testing.T) {
	for _, c := range []struct {
		about, model, description, exposes string
		values                             [][2]string // the value, and what is heard
	}{
		{"a contact with value_on false", "X", "", binary("contact", "false", "true", 1), [][2]string{{`true`, "-door"}, {`false`, "door"}}},
		{"a contact with value_on true", "X", "", binary("contact", "true", "false", 7), [][2]string{{`true`, "-door"}, {`false`, "door"}}},
		{"alarm bits of a contact", "HS2VTD", "", binary("contact_alarm_1", "true", "false", 1), [][2]string{{`true`, "-door"}, {`false`, "door"}}},
		{"a garage door", "X", "", binary("garage_door_contact", "true", "false", 1), [][2]string{{`true`, "-door"}, {`false`, "door"}}},
		{"an open window as a truth", "X", "", binary("window_open", "true", "false", 1), [][2]string{{`true`, "door?"}, {`false`, "-door?"}}},
		{"a thermostat's window", "X", "", binary("window", `"CLOSE"`, `"OPEN"`, 1), [][2]string{{`"OPEN"`, "door?"}, {`"CLOSE"`, "-door?"}, {`true`, "!unknown_value"}}},
		{"another's", "X", "", binary("window", `"OPEN"`, `"CLOSED"`, 1), [][2]string{{`"OPEN"`, "door?"}, {`"CLOSED"`, "-door?"}}},
		{"another's", "X", "", binary("window", `"OPENED"`, `"CLOSED"`, 1), [][2]string{{`"OPENED"`, "door?"}}},
		{"another's", "X", "", binary("window_open", `"YES"`, `"NO"`, 1), [][2]string{{`"YES"`, "door?"}, {`"NO"`, "-door?"}}},
		{"whether to look for open windows", "X", "", binary("window_open", `"ON"`, `"OFF"`, 7), [][2]string{{`"ON"`, ""}}},
		{"another's", "X", "", enum1("window", "close", "open"), [][2]string{{`"open"`, "door?"}, {`"close"`, "-door?"}}},
		{"the opening of a window handle", "X", "", enum1("opening_state", "open", "closed", "tilted"), [][2]string{{`"tilted"`, "door"}, {`"closed"`, "-door"}}},
		{"the door of a lock", "X", "", enum1("door_state", "open", "closed", "error_jammed", "undefined"), [][2]string{{`"open"`, "door"}, {`"closed"`, "-door"}, {`"error_jammed"`, "!unknown_value"}, {`"undefined"`, "!unknown_value"}}},

		{"smoke in zones", "X", "", bool1("smoke_alarm_2"), [][2]string{{`true`, "smoke"}, {`false`, "-smoke"}}},
		{"CO as ON", "DCR-CO", "", binary("carbon_monoxide", `"ON"`, `"OFF"`, 1), [][2]string{{`"ON"`, "carbon_monoxide"}, {`"OFF"`, "-carbon_monoxide"}, {`true`, "!unknown_value"}}},
		{"CO in a word", "X", "", enum1("co_state", "normal", "alarm"), [][2]string{{`"alarm"`, "carbon_monoxide"}, {`"normal"`, "-carbon_monoxide"}}},
		{"gas in a word", "X", "", enum1("gas_sensor_state", "normal", "alarm"), [][2]string{{`"alarm"`, "gas"}, {`"normal"`, "-gas"}, {`12`, "!unknown_value"}}},
		{"gas in zones", "X", "", bool1("gas_alarm_1"), [][2]string{{`true`, "gas"}}},
		{"water as a warning", "X", "", enum1("water_warning", "none", "alarm"), [][2]string{{`"alarm"`, "water_leak"}, {`"none"`, "-water_leak"}}},
		{"water with its name in the value", "X", "", enum1("water_leakage_state", "water_leakage_yes", "water_leakage_no"), [][2]string{{`"water_leakage_yes"`, "water_leak"}, {`"water_leakage_no"`, "-water_leak"}}},
		{"water in a zone", "X", "", bool1("water_leak_zone_2"), [][2]string{{`true`, "water_leak"}}},
		{"water that is mute", "X", "", binary("water_leak_alarm_control", `"MUTED"`, `"UNMUTED"`, 7), [][2]string{{`"MUTED"`, ""}}},
		{"a hot stove", "X", "Stove guard", bool1("high_temperature"), [][2]string{{`true`, "heat"}, {`false`, "-heat"}}},
		{"a stove guard in one word", "mKomfy_Sensor", "", enum1("alarm_status", "ok", "tamper", "high_temperatur", "timer", "unknown"), [][2]string{
			{`"ok"`, "-heat -tamper"}, {`"high_temperatur"`, "heat"}, {`"tamper"`, "tamper !tamper"}, {`"timer"`, ""}, {`"unknown"`, "!unknown_value"},
		}},
		{"heat by its own name", "X", "", bool1("heat"), [][2]string{{`true`, "heat"}}},
		{"a leak that is only called an alarm", "X", "Smart water leakage alarm sensor", enum1("alarm_status", "normal", "alarm"), [][2]string{{`"alarm"`, "water_leak"}}},
		{"a CO alarm's level", "X", "Smart carbon monoxide alarm", enum1("alarm_state", "normal", "prealarm", "critical_alarm"), [][2]string{{`"prealarm"`, ""}, {`"critical_alarm"`, "carbon_monoxide"}, {`"prealarm"`, ""}, {`"normal"`, "-carbon_monoxide"}}},
		{"an alarm of air quality", "X", "Air quality monitor", enum1("alarm_state", "normal", "alarm_co2", "alarm_pm25"), [][2]string{{`"alarm_co2"`, ""}}},
		{"a siren's own noise", "X", "Smart siren", bool1("alarm"), [][2]string{{`true`, ""}}},
		{"a siren that is switched", "X", "", binary("alarm", "true", "false", 3), [][2]string{{`true`, ""}}},

		{"motion of a zone", "X", "", bool1("occupancy_alarm_1"), [][2]string{{`true`, "motion"}, {`false`, "-motion"}}},
		{"presence in words", "X", "", enum1("presence_state", "none", "presence", "peaceful", "small_movement", "large_movement"), [][2]string{{`"peaceful"`, "presence"}, {`"none"`, "-presence"}, {`"small_movement"`, "presence"}}},
		{"motion in words, of a radar that says no more", "X", "", enum1("human_motion_state", "none", "active", "static"), [][2]string{{`"static"`, "presence"}, {`"none"`, "-presence"}}},
		{"motion in words, beside a presence", "X", "", bool1("presence") + "," + enum1("motion_state", "none", "small", "large", "static", "far"), [][2]string{{`"static"`, "-motion"}, {`"large"`, "motion"}, {`"far"`, ""}}},
		{"Heiman's activity", "X", "", enum1("sensor_status", "none", "activity", "unknown"), [][2]string{{`"activity"`, "motion"}, {`"unknown"`, "!unknown_value"}}},
		{"Tuya's state of presence", "MSA201Z", "", enum1("state", "absence", "presence", "disabled"), [][2]string{{`"presence"`, "presence"}, {`"disabled"`, ""}, {`"absence"`, "-presence"}}},
		{"a switch's state", "X", "", binary("state", `"ON"`, `"OFF"`, 7), [][2]string{{`"ON"`, ""}}},
		{"weight on a strap", "ZG-210Z", "", enum1("pressure_state", "none", "sit", "sedentary"), [][2]string{{`"sit"`, "seat"}, {`"none"`, "-seat"}}},
		{"the sensitivity of a motion detector", "X", "", enum1("motion_sensitivity", "low", "high"), [][2]string{{`"low"`, ""}}},

		{"a fall as a truth", "X", "", bool1("fall_detected"), [][2]string{{`true`, "fall"}, {`false`, "-fall"}}},
		{"a fall in new words", "X", "", enum1("fall_state", "none", "suspected", "fallen"), [][2]string{{`"suspected"`, ""}, {`"fallen"`, "fall"}}},
		{"the setting of a fall detector", "X", "", binary("fall_detection", `"ON"`, `"OFF"`, 3), [][2]string{{`"ON"`, ""}}},
		{"its sensitivity", "X", "", numeric("fall_sensitivity", ""), [][2]string{{`3`, ""}}},
		{"an effect of a lamp", "X", "", enum1("effect", "falling", "rising"), [][2]string{{`"falling"`, ""}}},
		{"the weather", "X", "", enum1("pressure_tend", "rise", "fall"), [][2]string{{`"fall"`, ""}}},

		{"tamper in words", "X", "", binary("tamper_alarm", `"ON"`, `"OFF"`, 1), [][2]string{{`"ON"`, "tamper !tamper"}, {`"OFF"`, "-tamper"}}},
		{"the switch of it", "X", "", binary("tamper_alarm_switch", `"ON"`, `"OFF"`, 3), [][2]string{{`"ON"`, ""}}},
		{"a battery in words", "X", "", enum1("battery_state", "low", "middle", "high", "USB"), [][2]string{{`"low"`, "battery !battery_low"}, {`"USB"`, "-battery"}}},
		{"two batteries", "X", "", numeric("battery_1", "%") + "," + numeric("battery_2", "%"), [][2]string{{`80`, "-battery"}, {`5`, "battery !battery_low"}, {`50`, "-battery"}}},
		{"mains", "HALO", "", bool1("mains_power_connected"), [][2]string{{`true`, "mains"}, {`false`, "-mains !mains_lost"}}},
		{"one temperature with an endpoint", "X", "", numeric("temperature_38", "°C"), [][2]string{{`21.5`, "temperature=21.5"}}},
		{"CO in ppm", "X", "", numeric("co_ppm", "ppm"), [][2]string{{`30`, "carbon_monoxide_level=30"}}},
		{"a meter", "X", "", numeric("gas", "m³"), [][2]string{{`30`, ""}, {`true`, ""}}},
	} {
		h, _ := homeOf(t, c.model, c.description, c.exposes)
		property := propertyIn(c.exposes)
		for i, v := range c.values {
			if got := h.says("d", fmt.Sprintf(`{%q:%s}`, property, v[0])); got != v[1] {
				t.Errorf("%s (%s), line %d: %s is heard as %q, want %q", c.about, property, i+1, v[0], got, v[1])
			}
		}
	}
}

// propertyIn is the last property of the exposes.
func propertyIn(exposes string) string {
	rest := exposes[strings.LastIndex(exposes, `"property":"`)+len(`"property":"`):]
	return rest[:strings.IndexByte(rest, '"')]
}

// What a thermostat concludes about a window proves no life.
func TestAThermostatsWindowIsAGuess(t *testing.T) {
	h, _ := homeOf(t, "X", "", binary("window", `"OPEN"`, `"CLOSE"`, 1))
	h.says("d", `{"window":"CLOSE"}`)
	got := h.hear("zigbee2mqtt/d", `{"window":"OPEN"}`, false)
	if len(got.Readings) != 1 || !got.Readings[0].UnknownAge {
		t.Errorf("heard %+v", got.Readings)
	}
	h, _ = homeOf(t, "X", "", binary("window", `"OPEN"`, `"CLOSE"`, 1)+","+binary("contact", "false", "true", 1))
	h.says("d", `{"contact":true,"window":"CLOSE"}`)
	if got := h.says("d", `{"contact":false,"window":"CLOSE"}`); got != "door" {
		t.Errorf("with a contact beside it: %q", got)
	}
}

// Every button that is sold to call for help: by its actions, or by its model.
func TestEveryHelpButton(t *testing.T) {
	keypad := []string{"disarm", "arm_all_zones", "arm_day_zones"}
	for _, c := range []struct {
		model, about string
		actions      []string
		calls        string // the actions that are calls
	}{
		{"3400-D", "Keypad", append(keypad, "emergency"), "emergency"},
		{"KEYZB-110", "Keypad", append(keypad, "emergency"), "emergency"},
		{"S9ZGBRC01", "Remote", append(keypad, "emergency"), "emergency"},
		{"TS0215A_remote", "Remote", append(keypad, "emergency"), "emergency"},
		{"XHK1-TC", "Keypad", append(keypad, "emergency", "identify"), "emergency"},
		{"XHK1-UE", "Keypad", append(keypad, "emergency"), "emergency"},
		{"UEHK2AZ0", "Keypad", append(keypad, "emergency"), "emergency"},
		{"HS1RC-N", "Remote", append(keypad, "emergency"), "emergency"},
		{"HS1RC-EM", "Remote", append(keypad, "emergency"), "emergency"},
		{"HM1RC-2-E", "Remote", append(keypad, "emergency"), "emergency"},
		{"TS0601_sos", "Button", []string{"emergency"}, "emergency"},
		{"TS0215A_sos", "Button", []string{"emergency"}, "emergency"},
		{"KP-23EL-ZBS-ACE", "Keypad", append(keypad, "emergency", "panic"), "emergency panic"},
		{"ZG-101Z", "Button", []string{"sos", "emergency"}, "sos emergency"},
		{"LDSENK09", "Fob", append(keypad, "panic"), "panic"},
		{"NZRC106W-M2", "Remote", append(keypad, "panic"), "panic"},
		{"KEYPAD001", "Keypad", append(keypad, "panic"), "panic"},
		{"07046L", "Buttons", []string{"arm_stay", "panic"}, "panic"},
		{"ZS130000078", "Keypad", append(keypad, "panic"), "panic"},
		{"ZS130000178", "Fob", append(keypad, "panic"), "panic"},
		{"SWO-KEF1PA", "Fob", []string{"home", "sleep", "panic"}, "panic"},
		{"07505L", "Keypad", []string{"arm_home", "sos"}, "sos"},
		{"WKE502Z", "Keypad", []string{"arm_home", "sos"}, "sos"},
		{"HS1EB/HS1EB-E", "Button", []string{"off", "single", "double", "hold"}, "single double hold"},
		{"HS1EB", "", []string{"off", "single", "double", "hold"}, "single double hold"},
		{"SE21", "Button", []string{"off", "single", "double", "hold"}, "single double hold"},
		{"MIR-SO100", "Button", []string{"single", "double", "hold"}, "single double hold"},
		{"SE20-O", "Button", []string{"single"}, "single double hold"}, // it says more than it lists
		{"a new one", "SOS button", []string{"press", "release"}, "press single double hold"},
		{"an ordinary one", "Wireless button", []string{"single", "double", "hold"}, ""},
		{"TS0218", "Button", []string{"click"}, "emergency"}, // nor does this one list it
	} {
		h, _ := homeOf(t, c.model, c.about, enum1("action", c.actions...))
		for _, action := range append(c.actions, "emergency", "single", "double", "hold") {
			call := isAmong(action, c.calls) || isCall(action)
			got := h.says("d", fmt.Sprintf(`{"action":%q}`, action))
			if (got == "help") != call || !call && strings.Contains(got, "help") {
				t.Errorf("%s: %s is heard as %q", c.model, action, got)
			}
			for _, none := range []string{`null`, `""`} {
				if got := h.says("d", `{"action":`+none+`}`); strings.Contains(got, "help") {
					t.Errorf("%s: %s is heard as %q", c.model, none, got)
				}
			}
		}
	}
	for model, property := range map[string]string{"PB206": "sos", "SEB01ZB": "sos", "WKE502Z": "sos_alarm"} {
		h, _ := homeOf(t, model, "", bool1(property))
		h.says("d", fmt.Sprintf(`{%q:false}`, property))
		if got := h.says("d", fmt.Sprintf(`{%q:true}`, property)); got != "help" {
			t.Errorf("%s: %q", model, got)
		}
	}
}

// What a listed device says and its definition does not have.
func TestADangerThatTheDefinitionDoesNotHaveIsShown(t *testing.T) {
	h, _ := homeOf(t, "LH-09521", "Indoor siren", bool1("tamper"))
	if got := h.says("d", `{"smoke":true,"tamper":false}`); got != "-tamper !unknown_value" {
		t.Errorf("heard %q", got)
	}
	if got := h.hear("zigbee2mqtt/d", `{"smoke":false,"tamper":false}`, false); codes(got.Cleared) != "unknown_value" {
		t.Errorf("when it ends: %+v", got)
	}
	h, _ = homeOf(t, "meter", "", numeric("gas", "m³")+","+bool1("tamper"))
	if got := h.says("d", `{"gas":true,"tamper":false}`); got != "-tamper" {
		t.Errorf("a meter: %q", got)
	}
}

// A device that is described anew forgets what it said in properties that it has no more.
func TestANewDefinitionForgetsTheOldOne(t *testing.T) {
	h, _ := homeOf(t, "X", "", bool1("smoke")+","+bool1("tamper"))
	h.says("d", `{"smoke":1,"tamper":false}`)
	h.hear("zigbee2mqtt/bridge/devices", "["+described("d", "Y", "", bool1("tamper"))+"]", true)
	if got := h.hear("zigbee2mqtt/d", `{"tamper":false}`, false); codes(got.Cleared) != "unknown_value" {
		t.Errorf("what was not understood stays: %+v", got)
	}
	if s := h.sensor("d"); s.Model != "Maker Y" {
		t.Errorf("%+v", s)
	}
	h.step = time.Second
	if got := short(h.hear("zigbee2mqtt/d", `{"smoke":false}`, false)); got != "" {
		t.Errorf("heard %q", got)
	}
}
