package shelly

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var kim = sensors.DwellingTopics{
	Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "bath", Name: "욕실"}}, Shelly: []string{""},
}

// home is a decoder that hears the devices, a minute further with each message.
type home struct {
	t   *testing.T
	d   *sensors.Decoder
	now time.Time
}

func newHome(t *testing.T) *home {
	t.Helper()
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{kim}}
	return &home{t: t, d: sensors.NewDecoder(c, All(c)...), now: noon}
}

func (h *home) hear(topic, payload string, retained bool) sensors.Heard {
	h.now = h.now.Add(time.Minute)
	return h.d.Hear(sensors.Message{At: h.now, Source: "test", Topic: topic, Payload: []byte(payload), Retained: retained})
}

// short writes readings as "smoke", "-smoke" when inactive, "temperature=21.5",
// with ? for an unknown age and * for a drill, and faults as !code, ended ones as ~code.
func short(h sensors.Heard) string {
	var out []string
	for _, r := range h.Readings {
		s := string(r.Kind)
		switch {
		case r.State == ucare.Inactive:
			s = "-" + s
		case r.State == ucare.Unknown:
			s = fmt.Sprintf("%s=%g", s, r.Value)
		}
		if r.UnknownAge {
			s += "?"
		}
		if r.Drill {
			s += "*"
		}
		out = append(out, s)
	}
	for _, f := range h.Faults {
		out = append(out, "!"+string(f.Code))
	}
	for _, f := range h.Cleared {
		out = append(out, "~"+string(f.Code))
	}
	return strings.Join(out, " ")
}

// A line is one message and how it is heard; a topic that begins with "(stored) "
// is delivered from a broker's store.
type line struct{ topic, payload, heard string }

func converse(t *testing.T, conversations map[string][]line) {
	t.Helper()
	for name, lines := range conversations {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			for _, l := range lines {
				topic, stored := strings.CutPrefix(l.topic, "(stored) ")
				if got := short(h.hear(topic, l.payload, stored)); got != l.heard {
					t.Errorf("%s %s: heard %q, want %q", l.topic, l.payload, got, l.heard)
				}
			}
		})
	}
}

// full is a NotifyFullStatus, change a NotifyStatus and event a NotifyEvent.
func full(params string) string   { return notify("NotifyFullStatus", params) }
func change(params string) string { return notify("NotifyStatus", params) }
func happened(component, event string) string {
	return notify("NotifyEvent", `"ts":2.46,"events":[{"component":"`+component+`","id":0,"event":"`+event+`","ts":null}]`)
}

func notify(method, params string) string {
	return `{"src":"shellydevice-a1b2","dst":"x/events","method":"` + method + `","params":{` + params + `}}`
}

func TestTheFirstGeneration(t *testing.T) {
	converse(t, map[string][]line{
		"smoke": {
			{"shellies/shellysmoke-1/sensor/smoke", `true`, "smoke"},
			{"shellies/shellysmoke-1/sensor/smoke", `true`, "smoke"},
			{"shellies/shellysmoke-1/sensor/smoke", `false`, "-smoke"},
			{"shellies/shellysmoke-1/sensor/smoke", `false`, ""},
			{"(stored) shellies/shellysmoke-1/sensor/smoke", `true`, "smoke?"},
		},
		"water": {
			{"shellies/shellyflood-1/sensor/flood", `true`, "water_leak"},
			{"shellies/shellyflood-1/sensor/battery", `9`, "battery? !battery_low"},
			{"shellies/shellyflood-1/sensor/flood", `false`, "-water_leak"},
			{"shellies/shellyflood-1/sensor/error", `1`, "!sensor_trouble"},
			{"shellies/shellyflood-1/sensor/error", `0`, "~sensor_trouble"},
		},
		"a door": {
			{"shellies/shellydw2-1/sensor/state", `open`, "door"},
			{"shellies/shellydw2-1/sensor/state", `close`, "-door"},
			{"shellies/shellydw2-1/sensor/state", `closed`, "!unknown_value"},
			{"shellies/shellydw2-1/sensor/state", `open`, "door ~unknown_value"},
			{"shellies/shellydw2-1/sensor/vibration", `1`, ""},
			{"shellies/shellydw2-1/sensor/tilt", `12`, ""},
			{"shellies/shellydw2-1/sensor/lux", `100`, ""},
			{"shellies/shellydw2-1/sensor/temperature", `21.5`, "temperature=21.5"},
			{"shellies/shellydw2-1/sensor/temperature", `999`, "!unknown_value"},
		},
		"gas and its self-test": {
			{"shellies/shellygas-1/sensor/gas", `none`, "-gas"},
			{"shellies/shellygas-1/sensor/gas", `mild`, "gas"},
			{"shellies/shellygas-1/sensor/gas", `heavy`, "gas"},
			{"shellies/shellygas-1/sensor/gas", `none`, "-gas"},
			{"shellies/shellygas-1/sensor/gas", `test`, "gas*"},
			{"shellies/shellygas-1/sensor/gas", `none`, "-gas*"},
			{"shellies/shellygas-1/sensor/gas", `unknown`, "!unknown_value"},
			{"shellies/shellygas-1/sensor/operation", `fault`, "!unknown_value !sensor_trouble"},
			{"shellies/shellygas-1/sensor/self_test", `not_completed`, "!unknown_value !sensor_trouble"},
			{"shellies/shellygas-1/sensor/concentration", `12`, "!unknown_value !sensor_trouble"},
		},
		"motion, and what is called active": {
			{"shellies/shellymotionsensor-1/status", `{"motion":true,"timestamp":1,"active":true,"vibration":false,"lux":2,"bat":97}`, "motion -battery"},
			{"shellies/shellymotionsensor-1/status", `{"motion":true,"timestamp":1,"active":true,"bat":97}`, ""},
			{"shellies/shellymotionsensor-1/status", `{"motion":true,"timestamp":5,"active":true,"bat":97}`, "motion"},
			{"shellies/shellymotionsensor-1/status", `{"motion":false,"timestamp":5,"active":true,"bat":97}`, "-motion"},
			{"shellies/shellymotionsensor-1/status", `{"motion":false,"timestamp":5,"active":false,"bat":97}`, "!sensor_trouble"},
			{"shellies/shellymotionsensor-1/status", `{"motion":null,"timestamp":5,"active":true,"bat":97}`, "!unknown_value ~sensor_trouble"},
			{"shellies/shellysense-1/sensor/motion", `true`, "motion"},
		},
		"everything at once": {
			{"shellies/shellysmoke-1/info", `{"is_valid":true,"smoke":false,"tmp":{"value":25,"units":"C","is_valid":true},"bat":{"value":71,"voltage":2.7},"act_reasons":["button"]}`, "-battery temperature=25 -smoke"},
			{"shellies/shellysmoke-1/info", `{"is_valid":true,"smoke":true,"bat":{"value":71}}`, "smoke"},
			{"shellies/shellysmoke-1/info", `{"is_valid":false,"smoke":false}`, "!sensor_trouble"},
			{"shellies/shellysmoke-1/info", `{"is_valid":true,"smoke":"false"}`, "!unknown_value ~sensor_trouble"},
			{"shellies/dw/info", `{"sensor":{"state":"open","is_valid":true},"sensor_error":0,"bat":{"value":8}}`, "battery? door? !battery_low"},
			{"shellies/dw/info", `{"sensor":{"state":"unknown","is_valid":true},"bat":{"value":8}}`, "!unknown_value"},
			{"shellies/gas/info", `{"gas_sensor":{"sensor_state":"normal","self_test_state":"completed","alarm_state":"heavy"}}`, "gas"},
			{"shellies/ht/info", `{"tmp":{"value":212,"units":"F","is_valid":true},"bat":{"value":50}}`, "-battery temperature=100"},
			{"shellies/ht/sensor/temperature", `32`, "temperature=0"},
			{"shellies/shelly1pm-1/info", `{"relays":[{"ison":true}],"tmp":{"value":61,"units":"C","is_valid":true}}`, ""},
			{"shellies/ht/info", `{"tmp":`, "!not_understood"},
			{"shellies/ht/info", `null`, "!not_understood"},
		},
		"a button is a sign of life, pressed once": {
			{"shellies/shellybutton1-1/input_event/0", `{"event":"S","event_cnt":1}`, "use"},
			{"shellies/shellybutton1-1/input_event/0", `{"event":"S","event_cnt":1}`, ""},
			{"shellies/shellybutton1-1/input_event/0", `{"event":"L","event_cnt":2}`, "use"},
			{"shellies/shellybutton1-1/input_event/0", `{"event":"","event_cnt":3}`, ""},
			{"(stored) shellies/shellybutton1-1/input_event/0", `{"event":"S","event_cnt":4}`, ""},
			{"shellies/shelly1-1/input/0", `0`, ""},
			{"shellies/shelly1-1/input/0", `1`, "use"},
			{"shellies/shelly1-1/input/0", `1`, ""},
		},
		"nobody's": {
			{"shellies/command", `announce`, ""},
			{"shellies/shelly1-1/relay/0/command", `on`, ""},
			{"shellies/shellygas-1/sensor/command", `mute`, ""},
			{"shellies/shelly1-1/relay/0", `on`, ""},
			{"shellies/shellyem-1/emeter/0/power", `12`, ""},
			{"shellies/shellysmoke-1/sensor/smoke", ``, ""},
		},
	})
}

// A device that sleeps is not connected, and that is no fault of it.
func TestReachableOrAsleep(t *testing.T) {
	converse(t, map[string][]line{
		"connected always": {
			{"shellies/shellygas-1/online", `true`, "link?"},
			{"shellies/shellygas-1/online", `false`, "-link !sensor_unreachable"},
			{"shellies/shellygas-1/online", `true`, "link ~sensor_unreachable"},
			{"(stored) shellyplus1-1/online", `false`, "-link? !sensor_unreachable"},
		},
		"asleep, by its name": {
			{"shellies/shellyflood-1/online", `false`, ""},
			{"shellyplussmoke-1/online", `false`, ""},
			{"shellyplussmoke-1/online", `maybe`, "!unknown_value"},
		},
		"asleep, by what it announces": {
			{"shellies/announce", `{"id":"cellar","model":"SHWT-1","mac":"A"}`, ""},
			{"shellies/cellar/online", `false`, ""},
		},
		"asleep, by telling why it woke up": {
			{"shellies/cellar/sensor/act_reasons", `["sensor"]`, ""},
			{"shellies/cellar/online", `false`, ""},
		},
		"asleep, by telling for how long": {
			{"shellynew-1/events/rpc", full(`"sys":{"wakeup_period":7200,"unixtime":null}`), ""},
			{"shellynew-1/online", `false`, ""},
		},
	})
}

func TestTheLaterGenerations(t *testing.T) {
	converse(t, map[string][]line{
		"smoke": {
			{"shellyplussmoke-1/events/rpc", full(`"ts":2.46,"devicepower:0":{"id":0,"battery":{"V":2.9,"percent":85}},"smoke:0":{"id":0,"alarm":false,"mute":false},"cloud":{"connected":false},"mqtt":{"connected":false}`), "-battery -smoke"},
			{"shellyplussmoke-1/events/rpc", change(`"ts":null,"smoke:0":{"id":0,"alarm":true}`), "smoke"},
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"id":0,"mute":true}`), ""},
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"id":0,"alarm":false}`), "-smoke"},
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"id":0,"alarm":null}`), "!unknown_value"},
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"id":0,"alarm":"true"}`), "!unknown_value"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm_test"), "smoke* -smoke* !unknown_value"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "smoke.alarm"), "smoke ~unknown_value"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm_off"), "-smoke"},
			{"(stored) shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm"), ""},
		},
		"the status of one component": {
			{"shellyplussmoke-1/status/smoke:0", `{"id":0,"alarm":true,"mute":false}`, "smoke"},
			{"(stored) shellyplussmoke-1/status/smoke:0", `{"id":0,"alarm":true,"mute":false}`, "smoke?"},
			{"shellies/shellyplussmoke-1/status/smoke:0", `{"id":0,"alarm":true,"mute":false}`, "smoke"},
			{"shellyplussmoke-1/status/smoke:0", `{"id":0`, "!not_understood"},
			{"shellyplussmoke-1/status/smoke:0", `null`, "!not_understood"},
			{"shellyplus1-1/status/cloud", `{"connected":false}`, ""},
			{"shellyplus1-1/status/mqtt", `{"connected":false}`, ""},
		},
		"water, and its cable": {
			{"shellyfloodg4-1/events/rpc", full(`"flood:0":{"id":0,"alarm":true,"mute":false,"errors":["cable_unplugged"]}`), "water_leak !sensor_trouble"},
			{"shellyfloodg4-1/events/rpc", change(`"flood:0":{"id":0,"alarm":false,"errors":[]}`), "-water_leak ~sensor_trouble"},
			{"shellyfloodg4-1/events/rpc", change(`"flood:0":{"id":0,"errors":null}`), ""},
			{"shellyfloodg4-1/events/rpc", change(`"flood:0":{"id":0,"errors":"x"}`), "!unknown_value"},
		},
		"a battery that is not there": {
			{"shellyplusht-1/events/rpc", full(`"devicepower:0":{"id":0,"battery":{"V":0.43,"percent":0},"external":{"present":true}},"temperature:0":{"id":0,"tC":19.8,"tF":67.6}`), "temperature=19.8"},
			{"shellyplusht-1/events/rpc", full(`"devicepower:0":{"id":0,"battery":{"V":4,"percent":3},"external":{"present":false}}`), "battery? !battery_low"},
			{"shellyplusht-1/events/rpc", full(`"temperature:0":{"id":0,"tC":null,"errors":["read"]}`), "!unknown_value"},
		},
		"somebody in a room, seen in two zones": {
			{"shellypresence-1/events/rpc", full(`"presencezone:200":{"id":200,"value":false,"num_objects":0},"presencezone:201":{"id":201,"value":true,"num_objects":1}`), "presence?"},
			{"shellypresence-1/events/rpc", change(`"presencezone:201":{"value":false,"num_objects":0}`), "-presence"},
			{"shellypresence-1/events/rpc", change(`"presence":{"num_objects":2}`), "presence"},
			{"shellypresence-1/events/rpc", change(`"presence":{"num_objects":null}`), "!unknown_value"},
			{"shellypresence-1/events/rpc", change(`"presence":{"num_objects":0}`), "-presence ~unknown_value"},
		},
		"buttons and switches": {
			{"shellyplusi4-1/events/rpc", happened("input:0", "single_push"), "use"},
			{"shellyplusi4-1/events/rpc", happened("input:0", "btn_up"), ""},
			{"(stored) shellyplusi4-1/events/rpc", happened("input:0", "long_push"), ""},
			{"shellyplus1-1/events/rpc", full(`"input:0":{"id":0,"state":false},"input:1":{"id":1,"state":null}`), ""},
			{"shellyplus1-1/events/rpc", change(`"input:0":{"id":0,"state":true}`), "use"},
			{"shellyplus1-1/events/rpc", full(`"input:0":{"id":0,"state":true}`), ""},
		},
		"power says nothing": {
			{"shellyplusplugs-1/events/rpc", full(`"switch:0":{"id":0,"output":true,"apower":2000.0,"temperature":{"tC":34.8}},"pm1:0":{"apower":3}`), ""},
			{"shellyplusplugs-1/events/rpc", happened("sys", "ota_begin"), ""},
			{"shellyplusplugs-1/rpc", `{"id":1,"src":"me","method":"Shelly.GetStatus"}`, ""},
			{"shellyplusplugs-1/command/switch:0", `on`, ""},
			{"shellyplusplugs-1/debug/log", `x`, ""},
		},
		"a detector from the future": {
			{"shellyco-1/events/rpc", full(`"co:0":{"id":0,"alarm":false}`), "!needs_mapping"},
		},
		"what is no status keeps nothing else from being heard": {
			{"shellyplus1-1/events/rpc", change(`"devicepower:0":7,"smoke:0":{"alarm":true},"temperature:0":null`), "smoke !not_understood"},
		},
		"what is no status": {
			{"shellyplus1-1/events/rpc", `{`, "!not_understood"},
			{"shellyplus1-1/events/rpc", `{"src":"shellyplus1-1","method":"NotifyStatus","params":[]}`, "!not_understood"},
			{"shellyplus1-1/events/rpc", `{"src":"shellyplus1-1","method":"NotifyStatus","params":{"smoke:0":null}}`, "!not_understood"},
			{"shellyplus1-1/events/rpc", change(`"smoke:0":{"alarm":false}`), "-smoke ~not_understood"},
		},
		"under another name, and others under theirs": {
			{"kitchen/alarm/online", `false`, "!unknown_topic"},
			{"kitchen/alarm/events/rpc", full(`"smoke:0":{"id":0,"alarm":true}`), "smoke"},
			{"kitchen/alarm/online", `false`, "-link !sensor_unreachable ~unknown_topic"},
			{"kitchen/alarm/status/smoke:0", `{"id":0,"alarm":false}`, "-smoke"},
			{"other/events/rpc", `{"src":"somebody","method":"NotifyStatus"}`, "!unknown_topic"},
			{"other/status/x", `{}`, "!unknown_topic"},
		},
	})
}

func TestBluetoothDevices(t *testing.T) {
	reply := `{"id":1,"src":"shellydevice-a1b2","result":{"components":[
		{"key":"bthomedevice:200","config":{"id":200,"addr":"38:39:8F:74:B1:4F","name":null}},
		{"key":"bthomesensor:200","config":{"id":200,"addr":"38:39:8f:74:b1:4f","obj_id":1}},
		{"key":"bthomesensor:201","config":{"id":201,"addr":"38:39:8f:74:b1:4f","obj_id":45}}]}}`
	script := func(data string) string {
		return notify("NotifyEvent", `"events":[{"component":"script:1","event":"shelly-blu","data":{"address":"B4:35:22:FE:56:E5",`+data+`}}]`)
	}
	converse(t, map[string][]line{
		"not known at first, then told": {
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:201":{"id":201,"value":true,"last_updated_ts":1}`), "!needs_mapping"},
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:203":{"id":203,"value":100}`), "!needs_mapping"},
			{"somebody/rpc", reply, ""},
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:201":{"id":201,"value":true,"last_updated_ts":2}`), "door ~needs_mapping"},
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:201":{"id":201,"value":false,"last_updated_ts":3}`), "-door"},
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:200":{"id":200,"value":7}`), "battery? !battery_low"},
			{"shellyblugw-1/events/rpc", change(`"bthomesensor:201":{"id":201,"value":null}`), "!unknown_value"},
		},
		"a button": {
			{"shellyblugw-1/events/rpc", happened("bthomedevice:201", "single_push"), "use"},
			{"shellyblugw-1/events/rpc", change(`"bthomedevice:201":{"id":201,"battery":100,"rssi":-50,"last_updated_ts":7}`), "-battery"},
		},
		"by the maker's script": {
			{"shellyplus1-1/events/rpc", script(`"window":1,"battery":90,"rotation":0`), "-battery door?"},
			{"shellyplus1-1/events/rpc", script(`"window":0,"battery":90`), "-door"},
			{"shellyplus1-1/events/rpc", script(`"motion":1,"battery":90`), "motion?"},
			{"shellyplus1-1/events/rpc", script(`"motion":0`), "-motion"},
			{"shellyplus1-1/events/rpc", script(`"motion":1`), "motion"},
			{"shellyplus1-1/events/rpc", script(`"button":1`), "use"},
			{"shellyplus1-1/events/rpc", script(`"button":[0,4]`), "use"},
			{"shellyplus1-1/events/rpc", script(`"button":0,"temperature":20.5`), "temperature=20.5"},
			{"shellyplus1-1/events/rpc", script(`"window":2`), "!unknown_value"},
			{"shellyplus1-1/events/rpc", notify("NotifyEvent", `"events":[{"component":"script:1","event":"shelly-blu","data":7}]`), "!unknown_value"},
		},
	})
}

// What is not understood in one property, another cannot call safe.
func TestDoubtIsNotSafe(t *testing.T) {
	converse(t, map[string][]line{"two smoke components": {
		{"shellyx-1/events/rpc", change(`"smoke:0":{"alarm":null}`), "!unknown_value"},
		{"shellyx-1/events/rpc", change(`"smoke:1":{"alarm":false}`), "!unknown_value"},
		{"shellyx-1/events/rpc", change(`"smoke:1":{"alarm":true}`), "smoke !unknown_value"},
		{"shellyx-1/events/rpc", change(`"smoke:0":{"alarm":false}`), "smoke ~unknown_value"},
		{"shellyx-1/events/rpc", change(`"smoke:1":{"alarm":false}`), "-smoke"},
	}})
	for _, value := range []string{"null", "nan", "", "unknown", "1", "TRUE", "True", "on", `"true"`} {
		h := newHome(t)
		if got := short(h.hear("shellies/shellysmoke-1/sensor/smoke", value, false)); got != "!unknown_value" && value != "" {
			t.Errorf("smoke %q: heard %q", value, got)
		}
	}
}

func TestNamesRoomsAndSignsOfLife(t *testing.T) {
	home := kim
	home.Sensors = []ucare.Sensor{{ID: "stove", Topic: "shellies/shellygas-1", Room: "kitchen"}}
	d := New("", home)
	for _, c := range []struct {
		topic, payload, sensor, room, model string
		retained                            bool
		heard                               time.Time
	}{
		{"shellies/shellygas-1/sensor/gas", "none", "stove", "kitchen", "shellygas", false, noon},
		{"shellies/bath-flood/sensor/flood", "false", "bath-flood", "bath", "", true, time.Time{}},
		{"shellies/announce", `{"id":"bath-flood","model":"SHWT-1"}`, "bath-flood", "bath", "SHWT-1", false, noon},
		{"home/kitchen/smoke/events/rpc", full(`"smoke:0":{"alarm":false}`), "home/kitchen/smoke", "kitchen", "shellydevice", false, noon},
		{"shellyplussmoke-1/status/smoke:0", `{"alarm":false}`, "shellyplussmoke-1", "", "shellyplussmoke", false, noon},
		{"shellies/shellygas-1/online", `false`, "stove", "kitchen", "shellygas", false, time.Time{}},
	} {
		h, mine := d.Hear(sensors.Message{At: noon, Topic: c.topic, Payload: []byte(c.payload), Retained: c.retained})
		if !mine || len(h.Seen) != 1 {
			t.Errorf("%s: seen %+v", c.topic, h.Seen)
			continue
		}
		if s := h.Seen[0]; s.Sensor != c.sensor || s.Room != c.room || s.Model != c.model || !s.Heard.Equal(c.heard) {
			t.Errorf("%s: seen %+v, want %+v", c.topic, s, c)
		}
	}
}

// What is behind another device shares its way, and is a sensor of its own.
func TestABluetoothDeviceIsASensorOfItsOwn(t *testing.T) {
	d := New("", kim)
	h, _ := d.Hear(sensors.Message{At: noon, Topic: "shellyplus1-1/events/rpc", Payload: []byte(
		notify("NotifyEvent", `"events":[{"component":"script:1","event":"shelly-blu","data":{"address":"AA:BB","window":1}}]`))})
	if len(h.Seen) != 1 || h.Seen[0].Sensor != "shellyplus1-1/aa:bb" || h.Seen[0].Bridge != "shellyplus1-1" || !h.Seen[0].Heard.Equal(noon) {
		t.Errorf("seen %+v", h.Seen)
	}
}

func TestListensToWhatItKnows(t *testing.T) {
	d := New("home", sensors.DwellingTopics{Dwelling: "kim"})
	h, mine := d.Hear(sensors.Message{At: noon, Topic: "home/hall/events/rpc", Payload: []byte(full(`"smoke:0":{"alarm":false}`))})
	if !mine || !h.Relisten {
		t.Errorf("a new device: heard %+v, %v", h, mine)
	}
	want := []string{"home/shellies/#", "home/+/events/rpc", "home/hall/online", "home/hall/status/+"}
	if got := d.Filters(); !slices.Equal(got, want) {
		t.Errorf("listens to %q, want %q", got, want)
	}
	if h, _ := d.Hear(sensors.Message{At: noon, Topic: "home/hall/events/rpc", Payload: []byte(full(`"smoke:0":{"alarm":false}`))}); h.Relisten {
		t.Error("a device that is known changed what is listened to")
	}
	for _, topic := range []string{"hall/events/rpc", "shellies/x/sensor/smoke", "homes/shellies/x/sensor/smoke"} {
		if _, mine := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(`true`)}); mine {
			t.Errorf("%s is outside the base, and was taken", topic)
		}
	}
}

func TestMemoryOutlivesARestart(t *testing.T) {
	d := New("", kim)
	for topic, payload := range map[string]string{
		"shellies/shellysmoke-1/sensor/smoke":    "true",
		"shellies/shellygas-1/sensor/gas":        "test",
		"shellies/shellygas-1/sensor/operation":  "fault",
		"shellies/shellydw-1/sensor/state":       "ajar",
		"shellies/button/input_event/0":          `{"event":"S","event_cnt":3}`,
		"shellyplusht-1/events/rpc":              full(`"sys":{"wakeup_period":600},"devicepower:0":{"battery":{"percent":4},"external":{"present":true}}`),
		"shellyblugw-1/events/rpc":               change(`"bthomesensor:201":{"value":true}`),
		"shellymotionsensor-1/status/presence:0": `{"num_objects":1}`,
	} {
		d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(payload)})
	}
	kept, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again := New("", kim)
	if err := json.Unmarshal(kept, again); err != nil {
		t.Fatal(err)
	}
	if twice, _ := json.Marshal(again); string(twice) != string(kept) {
		t.Errorf("kept %s, again %s", kept, twice)
	}
	m := sensors.Message{At: noon.Add(time.Hour), Topic: "shellies/shellygas-1/sensor/gas", Payload: []byte(`none`)}
	h, _ := d.Hear(m)
	g, _ := again.Hear(m)
	if short(h) != short(g) || !strings.HasPrefix(short(g), "-gas*") {
		t.Errorf("heard %q, after the restart %q", short(h), short(g))
	}
	for _, bad := range []string{`{"devices":{"5":null}}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), New("", kim)); err == nil {
			t.Errorf("the memory %s was taken", bad)
		}
	}
}

func TestManyNamesAreNotAllRemembered(t *testing.T) {
	d := New("", kim)
	for i := range 2 * maxDevices {
		d.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("shellies/n%d/sensor/smoke", i), Payload: []byte(`x`)})
		d.Hear(sensors.Message{At: noon, Topic: "shellyx-1/events/rpc", Payload: []byte(change(fmt.Sprintf(
			`"smoke:%d":{"alarm":false,"errors":["x"]},"input:%d":{"state":true},"co:%d":{"alarm":true},"bthomesensor:%d":{"value":true}`, i, i, i, i)))})
	}
	dev := d.Devices["shellyx-1"]
	if len(d.Devices) > maxDevices || dev != nil && max(len(dev.Contacts), len(dev.Values), len(dev.Bad), len(dev.Troubles), len(dev.Unmapped)) > maxValues {
		t.Errorf("%d devices, one with %+v", len(d.Devices), dev)
	}
	for _, topic := range []string{"shellies/stranger/sensor/smoke", "shellyx-1/status/smoke:9999"} {
		payload := map[bool]string{true: `true`, false: `{"alarm":true}`}[strings.HasPrefix(topic, "shellies/")]
		h, _ := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(payload)})
		if all := append(h.Readings, h.Repeated...); len(all) != 1 || all[0].State != ucare.Active {
			t.Errorf("%s, smoke over the bound: heard %+v", topic, all)
		}
	}
}

func FuzzDevices(f *testing.F) {
	f.Add("shellies/shellysmoke-1/sensor/smoke", []byte(`true`), false)
	f.Add("shellies/shellygas-1/sensor/gas", []byte(`heavy`), true)
	f.Add("shellies/shellymotionsensor-1/status", []byte(`{"motion":true,"timestamp":1,"active":true,"bat":97}`), false)
	f.Add("shellies/x/info", []byte(`{"smoke":false,"tmp":{"value":1e400,"units":"F"},"bat":{"value":"7"},"sensor":{"state":"open"}}`), false)
	f.Add("shellies/announce", []byte(`{"id":"a","model":"SHWT-1"}`), false)
	f.Add("shellies/b/input_event/0", []byte(`{"event":"S","event_cnt":1}`), false)
	f.Add("shellyplussmoke-1/events/rpc", []byte(full(`"smoke:0":{"alarm":true},"devicepower:0":{"battery":{"percent":3}}`)), false)
	f.Add("x/events/rpc", []byte(happened("flood:0", "alarm")), false)
	f.Add("x/events/rpc", []byte(notify("NotifyEvent", `"events":[{"component":"script:1","event":"shelly-blu","data":{"address":"a","motion":1,"button":[1]}}]`)), false)
	f.Add("shellyx/status/bthomesensor:200", []byte(`{"value":true}`), true)
	f.Add("shellyx/online", []byte(`false`), true)
	f.Add("a/rpc", []byte(`{"src":"shellyx","result":{"components":[{"key":"bthomesensor:200","config":{"obj_id":45,"addr":"b"}}]}}`), false)
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained bool) {
		d := New("", kim)
		for range 2 {
			h, _ := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: payload, Retained: retained})
			for _, r := range append(h.Readings, h.Repeated...) {
				if r.State == ucare.Unknown && r.Unit == "" {
					t.Errorf("a reading that says nothing: %+v", r)
				}
				if retained && !r.UnknownAge && !(r.Drill && r.State == ucare.Inactive) {
					t.Errorf("old news as new: %+v", r)
				}
				if r.State == ucare.Active && sensors.IsDetector(r.Kind) && !isInTable(string(payload)) {
					t.Errorf("an alarm out of %q %q: %+v", topic, payload, r)
				}
			}
		}
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) > 16*(len(payload)+len(topic))+2000 {
			t.Errorf("%d bytes are kept of one message of %d", len(kept), len(payload))
		}
		if err := json.Unmarshal(kept, New("", kim)); err != nil {
			t.Errorf("the memory cannot be read again: %v", err)
		}
	})
}

// isInTable reports, by other means than the decoder, whether a payload has one of
// the words that mean danger.
func isInTable(payload string) bool {
	for _, word := range []string{"true", "mild", "heavy", "test", "alarm", `\u`} {
		if strings.Contains(payload, word) {
			return true
		}
	}
	return false
}

func BenchmarkHear(b *testing.B) {
	d := New("", kim)
	m := sensors.Message{At: noon, Topic: "shellyplussmoke-1/events/rpc", Payload: []byte(full(`"smoke:0":{"alarm":false,"mute":false},"devicepower:0":{"battery":{"percent":80}},"sys":{"wakeup_period":86400}`))}
	for b.Loop() {
		d.Hear(m)
	}
}
