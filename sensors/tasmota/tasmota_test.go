package tasmota

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var kim = sensors.DwellingTopics{
	Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "living", Name: "거실"}, {ID: "bath"}}, Tasmota: []string{""},
	Sensors: []ucare.Sensor{{ID: "hall-1", Room: "bath", Topic: "tele/plug7/LWT"}, {ID: "leak-1", Topic: "tele/zb/00AA/SENSOR"}},
}

// home is a decoder of one dwelling's devices, a minute further with each message.
type home struct {
	t   *testing.T
	own *Devices
	d   *sensors.Decoder
	now time.Time
}

func newHome(t *testing.T) *home { return homeOf(t, kim) }

func homeOf(t *testing.T, dwellings ...sensors.DwellingTopics) *home {
	t.Helper()
	c := sensors.Config{Dwellings: dwellings}
	all := All(c)
	return &home{t: t, own: all[0].(*Devices), d: sensors.NewDecoder(c, all...), now: noon}
}

func (h *home) hear(topic, payload string, retained bool) sensors.Heard {
	h.now = h.now.Add(time.Minute)
	return h.d.Hear(sensors.Message{At: h.now, Source: "test", Topic: topic, Payload: []byte(payload), Retained: retained})
}

// says is what a live message is heard as, in short.
func (h *home) says(topic, payload string) string { return short(h.hear(topic, payload, false)) }

// short writes readings as "sensor:smoke", "sensor:-smoke" when inactive and
// "sensor:temperature=21.5", with ? for an unknown age and * for a drill, faults as
// !code and their ends as ~code. A battery or case that is well is left out.
func short(h sensors.Heard) string {
	var out []string
	for _, r := range h.Readings {
		s := string(r.Kind)
		switch {
		case r.State == ucare.Inactive && (r.Kind == ucare.Battery || r.Kind == ucare.Tamper):
			continue
		case r.State == ucare.Inactive:
			s = "-" + s
		case r.State == ucare.Unknown:
			s = fmt.Sprintf("%s=%.4g", s, r.Value)
		}
		if r.UnknownAge {
			s += "?"
		}
		if r.Drill {
			s += "*"
		}
		out = append(out, r.Sensor+":"+s)
	}
	for _, f := range h.Faults {
		out = append(out, "!"+string(f.Code))
	}
	for _, f := range h.Cleared {
		out = append(out, "~"+string(f.Code))
	}
	return strings.Join(out, " ")
}

func (h *home) sensor(id string) sensors.SensorState {
	h.t.Helper()
	for _, s := range h.d.Sensors() {
		if s.ID == id {
			return s
		}
	}
	h.t.Fatalf("no sensor %q among %+v", id, h.d.Sensors())
	return sensors.SensorState{}
}

// A conversation is what is said in a home and how it is heard.
type conversation struct {
	name  string
	lines [][3]string // topic, payload, heard
}

func (c conversation) run(t *testing.T) {
	t.Run(c.name, func(t *testing.T) {
		h := newHome(t)
		for _, line := range c.lines {
			if got := h.says(line[0], line[1]); got != line[2] {
				t.Errorf("%s %s\n  is heard as %q\n  want        %q", line[0], line[1], got, line[2])
			}
		}
	})
}

func TestWhatSwitchesSay(t *testing.T) {
	for _, c := range []conversation{
		{"a rule's PIR topic is motion", [][3]string{
			{"stat/hall/PIR1", "ON", "hall:motion"},
			{"stat/hall/PIR1", "ON", "hall:motion"},
			{"stat/hall/PIR1", "OFF", "hall:-motion"},
			{"stat/hall/MOTION", "1", "hall:motion"},
			{"stat/hall/MOTION", "0", "hall:-motion"},
			{"stat/hall/PRESENCE", "ON", "hall:presence"},
			{"stat/hall/PIR1", "MAYBE", "!unknown_value"},
			{"stat/hall/PIR1", "", ""},
			{"stat/hall/PIR1", "OFF", "hall:-motion ~unknown_value"},
		}},
		{"a rule's LEAK topic is water, and its end too", [][3]string{
			{"stat/sink/LEAK", "ON", "sink:water_leak"},
			{"stat/sink/LEAK", "ON", "sink:water_leak"},
			{"stat/sink/LEAK", "OFF", "sink:-water_leak"},
			{"stat/sink/LEAK", "on?", "!unknown_value"},
		}},
		{"what a rule calls smoke may be upside down", [][3]string{
			{"stat/attic/SMOKE", "ON", "!needs_mapping"}, {"stat/attic/DOOR", "OFF", "!needs_mapping"}, {"stat/attic/SMOKE", "words", ""},
		}},
		{"only the household knows a switch", [][3]string{
			{"tele/plug/SENSOR", `{"Time":"2026-03-04T12:00:00","Switch1":"ON"}`, "!needs_mapping"},
			{"stat/plug/RESULT", `{"Switch1":{"Action":"OFF"}}`, "!needs_mapping"},
			{"stat/plug/SWITCH1", `ON`, "!needs_mapping"},
			{"stat/plug/STATUS10", `{"StatusSNS":{"Switch1":"ON"}}`, "!needs_mapping"},
			{"tele/plug/SENSOR", `{"Time":"x"}`, ""},
		}},
		{"the device's name says that its only switch sees motion", [][3]string{
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"OFF"}`, "kitchen_pir:-motion"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"OFF"}`, ""},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"ON"}`, "kitchen_pir:motion"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"ON"}`, ""},
			{"stat/kitchen_pir/RESULT", `{"Switch1":{"Action":"ON"}}`, "kitchen_pir:motion"},
			{"stat/kitchen_pir/RESULT", `{"Switch1":"OFF"}`, "kitchen_pir:-motion"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"OFF"}`, ""},
			{"stat/kitchen_pir/RESULT", `{"Switch1":{"Action":"TOGGLE"}}`, "!unknown_value"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":null}`, "!unknown_value"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":""}`, "!unknown_value"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":1}`, "!unknown_value"},
			{"tele/kitchen_pir/SENSOR", `{"Switch1":"OFF"}`, "~unknown_value"},
		}},
		{"what is called a detector may be upside down", [][3]string{
			{"tele/kitchen_smoke/SENSOR", `{"Switch1":"ON"}`, "!needs_mapping"},
			{"stat/비상/RESULT", `{"Switch1":{"Action":"ON"}}`, "!needs_mapping"},
			{"tele/x/SENSOR", `{"가스":"ON"}`, "!needs_mapping"},
			{"tele/front_door/SENSOR", `{"Switch1":"ON"}`, "!needs_mapping"},
		}},
		{"of two switches it is not known which one", [][3]string{
			{"tele/pir/SENSOR", `{"Switch1":"ON","Switch2":"OFF"}`, "!needs_mapping"}, {"stat/pir/RESULT", `{"Switch2":{"Action":"ON"}}`, "!needs_mapping"},
		}},
		{"a lamp with a motion sensor has a light switch as well", [][3]string{{"tele/motion_light/SENSOR", `{"Switch1":"ON"}`, "!needs_mapping"}}},
		{"a switch with a text of its own", [][3]string{
			{"tele/box/SENSOR", `{"Time":"x","Hall PIR":"ON","Garage door":"OFF","TempUnit":"C"}`, "box-Hall PIR:motion? !needs_mapping"},
			{"tele/box/SENSOR", `{"거실 움직임":"OFF","Hall PIR":"OFF"}`, "box-Hall PIR:-motion box-거실 움직임:-motion !needs_mapping"},
			{"stat/box/RESULT", `{"Hall PIR":{"Action":"ON"}}`, "box-Hall PIR:motion !needs_mapping"},
			{"stat/box/RESULT", `{"Hall PIR":"ON"}`, ""}, // the answer to a setting looks the same
		}},
		{"relays, settings, gestures, tags and boilers are nobody", [][3]string{
			{"stat/plug/RESULT", `{"POWER1":"OFF"}`, ""},
			{"stat/plug/POWER1", "ON", ""},
			{"stat/plug/RESULT", `{"SetOption73":"ON"}`, ""},
			{"stat/plug/RESULT", `{"SwitchText1":"PIR"}`, ""},
			{"tele/plug/RESULT", `{"Gesture":"On"}`, ""},
			{"tele/plug/SENSOR", `{"RC522":{"UID":"BA839D07","Data":"","Type":"x"}}`, ""},
			{"tele/plug/SENSOR", `{"IBEACON":{"MAC":"A4","STATE":"ON"}}`, ""},
			{"tele/cellar/SENSOR", `{"OPENTHERM":{"BTMP":{"REQ":85.0}},"TempUnit":"C"}`, ""},
			{"tele/plug/SENSOR", `{"ENERGY":{"Power":2000}}`, ""},
			{"stat/x/PCF8574_INP", `{"PCF8574-1_INP":{"D1":1}}`, ""},
			{"tele/plug/SENSOR", `{"COUNTER":{"C1":4}}`, ""},
		}},
		{"a radio bridge's codes", [][3]string{{"tele/rf/RESULT", `{"RfReceived":{"Data":"0x7028D2"}}`, "!needs_mapping"}}},
		{"a pressed button tells that somebody is there", [][3]string{
			{"stat/wall/RESULT", `{"Button1":{"Action":"SINGLE"}}`, "wall:use"},
			{"stat/wall/BUTTON1", `{"ACTION":"HOLD"}`, "wall:use"},
			{"stat/wall/RESULT", `{"Button1":{"Action":"CLEAR"}}`, ""},
			{"stat/wall/RESULT", `{"Button1":{"Action":null}}`, ""},
			{"stat/help_button/RESULT", `{"Button1":{"Action":"SINGLE"}}`, "!needs_mapping"},
		}},
	} {
		c.run(t)
	}
}

func TestARetainedPressIsNone(t *testing.T) {
	h := newHome(t)
	if got := short(h.hear("stat/wall/RESULT", `{"Button1":{"Action":"SINGLE"}}`, true)); got != "" {
		t.Errorf("ButtonRetain: %q", got)
	}
	if got := short(h.hear("stat/hall/PIR1", `ON`, true)); got != "hall:motion?" {
		t.Errorf("SwitchRetain: %q", got)
	}
	if got := h.sensor("wall").LastHeard; !got.IsZero() {
		t.Errorf("a retained message is a sign of life at %v", got)
	}
}

func TestRadarsAndThermometers(t *testing.T) {
	for _, c := range []conversation{
		{"LD2410: its distances tell, and its OUT pin is no riddle", [][3]string{
			{"tele/radar/SENSOR", `{"Switch1":"ON","LD2410":{"Distance":[0.0,0.0,0.0],"Energy":[0,0]}}`, "radar:-presence"},
			{"tele/radar/SENSOR", `{"Switch1":"OFF","LD2410":{"Distance":[0.0,88.0,90.0],"Energy":[0,100]}}`, "radar:presence"},
			{"tele/radar/SENSOR", `{"LD2410":{"Distance":[75.0,0.0,0.0],"Energy":[60,0]}}`, ""},
			{"tele/radar/SENSOR", `{"LD2410":{"Distance":[75.0,null,0.0]}}`, "!unknown_value"},
			{"tele/radar/SENSOR", `{"LD2410":{"Distance":"far"}}`, "!unknown_value"},
			{"tele/radar/SENSOR", `{"LD2410":{"Distance":[0,0,0]}}`, "radar:-presence ~unknown_value"},
			{"stat/radar/RESULT", `{"LD2410":{"Moving energy":[13,12],"Out_pin":1}}`, ""},
		}},
		{"LD2410S: people", [][3]string{
			{"tele/radar/SENSOR", `{"LD2410S":{"Distance":0.0,"People":1}}`, "radar:-presence"},
			{"tele/radar/SENSOR", `{"LD2410S":{"Distance":196.0,"People":2}}`, "radar:presence"},
			{"tele/radar/SENSOR", `{"LD2410S":{"People":"2"}}`, "!unknown_value"},
			{"tele/radar/SENSOR", `{"LD2410S":{"Update threshold":"2%"}}`, ""},
		}},
		{"air, in both units", [][3]string{
			{"tele/th/SENSOR", `{"AM2301":{"Temperature":21.4,"Humidity":40},"TempUnit":"C"}`, "th:temperature=21.4"},
			{"tele/th/SENSOR", `{"BME280-76":{"Temperature":70.7},"TempUnit":"F"}`, "th:temperature=21.5"},
			{"tele/th/SENSOR", `{"AM2301":{"Temperature":21.4}}`, "!unknown_value"},
			{"tele/th/SENSOR", `{"AM2301":{"Temperature":null},"TempUnit":"C"}`, "!unknown_value"},
			{"stat/th/STATUS8", `{"StatusSNS":{"AM2301":{"Temperature":22},"TempUnit":"C"}}`, "th:temperature=22 ~unknown_value"},
		}},
		{"several thermometers are several sensors", [][3]string{
			{"tele/th/SENSOR", `{"DS18B20-1":{"Id":"a","Temperature":20},"DS18B20-2":{"Id":"b","Temperature":30},"TempUnit":"C"}`, "th-DS18B20-1:temperature=20 th-DS18B20-2:temperature=30"},
		}},
		{"a DS18B20 that has not measured yet, or lost its wire", [][3]string{
			{"tele/th/SENSOR", `{"DS18B20":{"Temperature":85.0},"TempUnit":"C"}`, "!unknown_value"},
			{"tele/th/SENSOR", `{"DS18B20":{"Temperature":-127.0},"TempUnit":"C"}`, "!unknown_value"},
			{"tele/th/SENSOR", `{"DS18B20":{"Temperature":84.9},"TempUnit":"C"}`, "th:temperature=84.9 ~unknown_value"},
		}},
		{"what is not the air of a room", [][3]string{
			{"tele/th/SENSOR", `{"ANALOG":{"Temperature1":70.0},"ESP32":{"Temperature":58},"MAX31855":{"ProbeTemperature":200},"TempUnit":"C"}`, ""},
			{"tele/boiler/SENSOR", `{"DS18B20":{"Temperature":75},"TempUnit":"C"}`, ""},
		}},
	} {
		c.run(t)
	}
}

func TestWhetherADeviceIsThere(t *testing.T) {
	for _, c := range []conversation{
		{"its will", [][3]string{
			{"tele/plug/LWT", "Online", "plug:link"},
			{"tele/plug/LWT", "Offline", "plug:-link !sensor_unreachable"},
			{"tele/plug/LWT", "online", "plug:link ~sensor_unreachable"},
			{"tele/plug/LWT", "perhaps", "!not_understood"},
			{"tele/plug/LWT", "Online", "plug:link ~not_understood"},
			{"tele/plug/LWT", "", ""},
		}},
		{"the prefix behind the topic, and as the docs print it", [][3]string{
			{"state/sonoff/LWT", "Offline", "sonoff:-link !sensor_unreachable"},
			{"tasmota_1/tele/LWT", "Online", "tasmota_1:link"},
			{"floor/hall_pir/stat/RESULT", `{"Switch1":{"Action":"ON"}}`, "floor/hall_pir:motion"},
		}},
		{"a sleeper is offline most of the time", [][3]string{
			{"tele/letter/INFO3", `{"Info3":{"RestartReason":"Deep-Sleep Wake","BootCount":3}}`, ""},
			{"tele/letter/LWT", "Online", "letter:link"},
			{"tele/letter/LWT", "Offline", ""},
		}},
		{"known to sleep too late", [][3]string{
			{"tele/letter/LWT", "Offline", "letter:-link !sensor_unreachable"},
			{"stat/letter/DEEPSLEEP", `{"DeepSleep":{"Time":"x","Epoch":1}}`, "~sensor_unreachable"},
			{"tele/letter/LWT", "Offline", ""},
		}},
		{"told in STATE", [][3]string{{"tele/letter/STATE", `{"Wifi":{"RSSI":100,"DeepSleep":300}}`, ""}, {"tele/letter/LWT", "Offline", ""}}},
		{"not asleep", [][3]string{
			{"tele/plug/STATE", `{"UptimeSec":13,"SleepMode":"Dynamic","Sleep":50,"Wifi":{"RSSI":9}}`, ""},
			{"tele/plug/INFO3", `{"RestartReason":"Power On"}`, ""},
			{"tele/plug/LWT", "Offline", "plug:-link !sensor_unreachable"},
		}},
		{"commands and odd topics are passed over", [][3]string{
			{"cmnd/plug/POWER", "", ""}, {"cmnd/plug/Status", "8", ""}, {"tasmota_1/cmnd/Power", "ON", ""}, {"tele/SENSOR", `{"TIC":{"PAPP":170}}`, ""},
		}},
	} {
		c.run(t)
	}
}

func TestWhatIsNotOurs(t *testing.T) {
	d := New("", kim)
	for _, topic := range []string{"zigbee2mqtt/lamp", "tele", "x/tele/lamp", "x/stat/on", "home/status/x", "homeassistant/sensor/x/config", "tasmota/other"} {
		if _, mine := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(`{"a":1}`)}); mine {
			t.Errorf("%s is claimed", topic)
		}
	}
	for topic, want := range map[string]address{
		"tele/kitchen/lamp/SENSOR": {device: "kitchen/lamp", about: "SENSOR"},
		"cmnd/kitchen/POWER":       {device: "kitchen", about: "POWER", command: true},
		"a/b/cmnd/Backlog":         {device: "a/b", about: "Backlog", command: true},
		"a/b/stat/STATUS8":         {device: "a/b", about: "STATUS8"},
	} {
		if got, mine := d.addressOf(topic); !mine || got != want {
			t.Errorf("%s: %+v, want %+v", topic, got, want)
		}
	}
}

func TestSignsOfLifeAndModels(t *testing.T) {
	h := newHome(t)
	h.hear("tele/kitchen_plug/INFO1", `{"Info1":{"Module":"Sonoff Basic","Version":"14.1.0"}}`, false)
	if s := h.sensor("kitchen_plug"); !s.LastHeard.Equal(h.now) || s.Model != "Sonoff Basic" || s.Room != "kitchen" {
		t.Errorf("after INFO1: %+v", s)
	}
	before := h.now
	h.hear("tele/kitchen_plug/LWT", "Offline", false)
	h.hear("tele/kitchen_plug/STATE", `{"UptimeSec":9}`, true)
	if s := h.sensor("kitchen_plug"); !s.LastHeard.Equal(before) {
		t.Errorf("the broker's word and an old STATE are signs of life: %+v", s)
	}
	h.hear("tele/kitchen_plug/STATE", `{"UptimeSec":9}`, false)
	if s := h.sensor("kitchen_plug"); !s.LastHeard.Equal(h.now) {
		t.Errorf("STATE is no sign of life: %+v", s)
	}
	h.hear("stat/plug7/PIR1", "ON", false)
	if s := h.sensor("hall-1"); s.Room != "bath" || s.Last[ucare.Motion].State != ucare.Active {
		t.Errorf("configured by another topic of the device: %+v", s)
	}
}

func TestNoSecretInAFault(t *testing.T) {
	h := newHome(t)
	for _, c := range [][2]string{
		{"stat/plug/RESULT", `{"MqttPassword":"hunter2"}`},
		{"stat/plug/RESULT", `{"Password1":"hunter2","Switch1":{"Action":"ON"}}`},
		{"stat/plug/RESULT", `{"MqttPassword":"hunter2"`},
		{"stat/plug/STATUS6", `{"StatusMQT":{"MqttPassword":"hunter2"},`},
		{"stat/plug/RESULT", `hunter2`},
		{"stat/plug/STATUS", `{"WebPassword":"hunter2","SSId":["hunter2"]}`},
		{"tele/plug/LOGGING", `pass hunter2`},
		{"tele/plug/ERROR", `{"hunter2"`},
		{"tasmota/discovery/AA/config", `{"pw":"hunter2"`},
		{"stat/plug/PASSWORD", "hunter2"},
	} {
		got := h.hear(c[0], c[1], false)
		if text, _ := json.Marshal(got.Faults); strings.Contains(string(text), "hunter2") {
			t.Errorf("%s %s: %s", c[0], c[1], text)
		}
	}
	if got := h.hear("tele/plug/SENSOR", `{"MCP230XX": "D0":0}`, false); len(got.Faults) != 1 || !strings.Contains(got.Faults[0].Detail, "MCP230XX") {
		t.Errorf("broken telemetry is to be recognised: %+v", got.Faults)
	}
}

func TestTheDetailNamesWhatNeedsAMapping(t *testing.T) {
	h := newHome(t)
	h.hear("tele/box/SENSOR", `{"Switch1":"ON"}`, false)
	got := h.hear("stat/box/RESULT", `{"Switch2":{"Action":"ON"}}`, false)
	if len(got.Faults) != 1 || got.Faults[0].Subject != "box" || got.Faults[0].Dwelling != "kim" {
		t.Fatalf("faults: %+v", got.Faults)
	}
	for _, word := range []string{"Switch1", "Switch2", `"tele/box/SENSOR"`, `"stat/box/RESULT"`, "mapping"} {
		if !strings.Contains(got.Faults[0].Detail, word) {
			t.Errorf("%q is not in %q", word, got.Faults[0].Detail)
		}
	}
}

func TestTheMemorySurvives(t *testing.T) {
	h := newHome(t)
	h.hear("tasmota/discovery/AABB/config", announcedBox, true)
	h.hear("tele/letter/INFO3", `{"RestartReason":"Deep-Sleep Wake"}`, false)
	h.hear("tele/zb/SENSOR", `{"ZbReceived":{"0x6172":{"Device":"0x6172","Name":"Hall","ModelId":"lumi.sensor_wleak.aq1","LinkQuality":5}}}`, false)
	kept, err := json.Marshal(h.own)
	if err != nil {
		t.Fatal(err)
	}
	after := New("", kim)
	if err := json.Unmarshal(kept, after); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(after); string(again) != string(kept) {
		t.Errorf("it was %s\nand is %s", kept, again)
	}
	if !reflect.DeepEqual(after.Filters(), h.own.Filters()) || !reflect.DeepEqual(after.prefixes, h.own.prefixes) {
		t.Errorf("topics: %v, want %v", after.Filters(), h.own.Filters())
	}
	if got, _ := after.Hear(sensors.Message{At: noon, Topic: "tele/letter/LWT", Payload: []byte("Offline")}); len(got.Readings) != 0 {
		t.Errorf("the sleeper is unreachable: %+v", got)
	}
	for _, broken := range []string{`[]`, `{"devices":{"a":null}}`, `{"devices":{"a":{"nodes":{"b":null}}}}`} {
		if err := json.Unmarshal([]byte(broken), New("", kim)); err == nil {
			t.Errorf("%s is taken for a memory", broken)
		}
	}
	if err := json.Unmarshal([]byte(`{}`), after); err != nil || after.Devices == nil {
		t.Errorf("an empty memory: %v", err)
	}
	if got, _ := after.Hear(sensors.Message{At: noon, Topic: "tele/x/LWT", Payload: []byte("Online")}); len(got.Readings) != 1 {
		t.Errorf("after an empty memory: %+v", got)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	d := New("", kim)
	for i := range 3 * maxDevices {
		d.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("tele/noise%d/SENSOR", i), Payload: []byte(`{"Switch1":"ON"}`)})
		d.Hear(sensors.Message{At: noon, Topic: "tele/zb/SENSOR", Payload: fmt.Appendf(nil, `{"ZbReceived":{"0x%04X":{"Fire":1,"LinkQuality":1}}}`, i)})
		d.Hear(sensors.Message{At: noon, Topic: "tele/noise0/SENSOR", Payload: fmt.Appendf(nil, `{"name%d":"ON"}`, i)})
	}
	nodes := 0
	for _, dev := range d.Devices {
		nodes += len(dev.Nodes)
		if len(dev.Unmapped) > maxFields+1 {
			t.Errorf("%d fields of one device are remembered", len(dev.Unmapped))
		}
	}
	if len(d.Devices) != maxDevices || nodes > maxNodes || nodes != d.Nodes {
		t.Errorf("%d devices, %d nodes (counted %d)", len(d.Devices), nodes, d.Nodes)
	}
	d = New("", kim)
	long := strings.Repeat("이", 100_000)
	for _, message := range [][2]string{
		{"tele/" + long + "/SENSOR", `{"Switch1":"ON"}`},
		{"tele/a/SENSOR", `{"` + long + `":"ON","Switch1":null}`},
		{"tele/a/INFO1", `{"Module":"` + long + `"}`},
		{"tasmota/discovery/01/config", `{"t":"b","dn":"` + long + `","md":"` + long + `","fn":["` + long + `"],"onln":"` + long + `","state":["` + long + `"],"swn":["` + long + `"` + strings.Repeat(`,"x"`, 1000) + `]}`},
		{"tele/zb/SENSOR", `{"ZbReceived":{"` + long + `":{"Name":"` + long + `","ModelId":"` + long + `","Manufacturer":"` + long + `","Fire":"` + long + `"}}}`},
	} {
		d.Hear(sensors.Message{At: noon, Topic: message[0], Payload: []byte(message[1])})
	}
	if kept, _ := json.Marshal(d); len(kept) > 8_000 {
		t.Errorf("%d bytes are remembered of long names: %.200s", len(kept), kept)
	}
	h, _ := d.Hear(sensors.Message{At: noon, Topic: "tele/zb2/SENSOR", Payload: []byte(`{"ZbReceived":{"0xFFFF":{"Fire":1,"LinkQuality":1}}}`)})
	if len(h.Repeated) != 1 || h.Repeated[0].Kind != ucare.Smoke {
		t.Errorf("an alarm of one too many: %+v", h)
	}
}

func TestFilters(t *testing.T) {
	h := newHome(t)
	filters := h.own.Filters()
	for _, topic := range []string{"tele/a/SENSOR", "stat/a/b/RESULT", "a/tele/LWT", "a/b/stat/RESULT", "tasmota/discovery/AA/config"} {
		if !slices.ContainsFunc(filters, func(f string) bool { return sensors.Match(f, topic) }) {
			t.Errorf("%s is not heard with %v", topic, filters)
		}
	}
	if slices.ContainsFunc(filters, func(f string) bool { return sensors.Match(f, "cmnd/a/POWER") }) {
		t.Errorf("commands are listened to: %v", filters)
	}
	lee := sensors.DwellingTopics{Dwelling: "lee", Tasmota: []string{"lee/"}}
	for _, filter := range New("lee/", lee).Filters() {
		if !strings.HasPrefix(filter, "lee/") && filter != "tasmota/discovery/#" {
			t.Errorf("lee listens to %s", filter)
		}
	}
}
