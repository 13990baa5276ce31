package homeassistant

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
	Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "living", Name: "거실"}, {ID: "bedroom"}},
	HomeAssistant: []string{"homeassistant"}, Zigbee2MQTT: []string{"zigbee2mqtt"}, ZWaveJS: []string{"zwave"},
	Assumed: []string{"zigbee2mqtt", "zwave"},
}

// home is a decoder that hears one discovery prefix, a minute further with each message.
type home struct {
	t   *testing.T
	d   *sensors.Decoder
	ha  *Discovery
	now time.Time
}

func newHome(t *testing.T) *home { return homeOf(t, kim) }

func homeOf(t *testing.T, topics sensors.DwellingTopics) *home {
	t.Helper()
	ha := New("homeassistant", topics)
	return &home{t: t, d: sensors.NewDecoder(sensors.Config{Dwellings: []sensors.DwellingTopics{topics}}, ha), ha: ha, now: noon}
}

func (h *home) hear(topic, payload string, retained bool) sensors.Heard {
	h.now = h.now.Add(time.Minute)
	return h.d.Hear(sensors.Message{At: h.now, Source: "test", Topic: topic, Payload: []byte(payload), Retained: retained})
}

// announce hears an announcement from the broker's store, which must be understood.
func (h *home) announce(rest, payload string) sensors.Heard {
	h.t.Helper()
	got := h.hear("homeassistant/"+rest+"/config", payload, true)
	if c := codes(got.Faults); strings.Contains(c, "not_understood") || len(got.Readings) > 0 {
		h.t.Errorf("announcing %s: %+v", rest, got)
	}
	return got
}

// says is what a live message is heard as, in short.
func (h *home) says(topic, payload string) string { return short(h.hear(topic, payload, false)) }

// short writes readings as "smoke", "-smoke" when inactive, "temperature=21.5", with ? for an unknown
// age, and faults as !code.
func short(h sensors.Heard) string {
	var out []string
	for _, r := range h.Readings {
		s := string(r.Kind)
		switch {
		case r.State == ucare.Inactive:
			s = "-" + s
		case r.State == ucare.Unknown:
			s = fmt.Sprintf("%s=%.4g", s, r.Value)
		}
		if r.UnknownAge {
			s += "?"
		}
		out = append(out, s)
	}
	for _, f := range h.Faults {
		out = append(out, "!"+string(f.Code))
	}
	return strings.Join(out, " ")
}

func codes(fs []ucare.Fault) string {
	var all []string
	for _, f := range fs {
		all = append(all, string(f.Code))
	}
	return strings.Join(all, " ")
}

// A step is a message and what it is heard as.
type step struct{ topic, payload, want string }

func (h *home) follows(steps []step) {
	h.t.Helper()
	for _, s := range steps {
		if got := h.says(s.topic, s.payload); got != s.want {
			h.t.Errorf("%s %s is heard as %q, want %q", s.topic, s.payload, got, s.want)
		}
	}
}

// The announcements below have the form in which each emitter writes them; the comments say where
// that can be read.
func TestEmitters(t *testing.T) {
	for _, c := range []struct {
		name     string
		announce [][2]string // topic between prefix and config, payload
		steps    []step
		sensors  string // ID in room: kinds
	}{
		{ // esphome, components/mqtt/mqtt_component.cpp and mqtt_binary_sensor.cpp
			"ESPHome",
			[][2]string{
				{"binary_sensor/mr60fda2/falling_detected", `{"name":"Falling Detected","stat_t":"mr60fda2/binary_sensor/falling_detected/state","avty_t":"mr60fda2/status","uniq_id":"ESPbinary_sensorfalling_detected","dev":{"ids":"a1b2c3","name":"Bedroom radar","sw":"esphome v2025.2.0","mdl":"seeed_xiao_esp32c6","mf":"espressif","sa":""}}`},
				{"binary_sensor/mr60fda2/person_information", `{"dev_cla":"occupancy","name":"Person Information","stat_t":"mr60fda2/binary_sensor/person_information/state","avty_t":"mr60fda2/status","uniq_id":"ESPbinary_sensorperson_information","dev":{"ids":"a1b2c3","name":"Bedroom radar","mf":"espressif","mdl":"seeed_xiao_esp32c6"}}`},
				{"sensor/mr60fda2/temperature", `{"unit_of_meas":"°C","dev_cla":"temperature","stat_cla":"measurement","name":"Temperature","stat_t":"mr60fda2/sensor/temperature/state","avty_t":"mr60fda2/status","dev":{"ids":"a1b2c3","name":"Bedroom radar"}}`},
			},
			[]step{
				{"mr60fda2/status", "online", "link"},
				{"mr60fda2/binary_sensor/falling_detected/state", "OFF", "-fall"},
				{"mr60fda2/binary_sensor/falling_detected/state", "ON", "fall"},
				{"mr60fda2/binary_sensor/person_information/state", "ON", "presence?"},
				{"mr60fda2/binary_sensor/person_information/state", "OFF", "-presence"},
				{"mr60fda2/sensor/temperature/state", "21.5", "temperature=21.5"},
				{"mr60fda2/sensor/temperature/state", "nan", "!unknown_value"},
				{"mr60fda2/sensor/temperature/state", "None", "!unknown_value"},
				{"mr60fda2/sensor/temperature/state", "22", "temperature=22"},
				{"mr60fda2/binary_sensor/falling_detected/state", "", ""},
				{"mr60fda2/status", "offline", "-link !sensor_unreachable"},
			},
			"Bedroom radar in bedroom: fall presence temperature",
		},
		{ // 1technophile/OpenMQTTGateway, main/ZmqttDiscovery; theengs/gateway, discovery.py
			"Theengs and OpenMQTTGateway",
			[][2]string{
				{"binary_sensor/AABBCCDDEEFF-open", `{"stat_t":"+/+/BTtoMQTT/AABBCCDDEEFF","dev_cla":"door","name":"kitchen-door-open","uniq_id":"AABBCCDDEEFF-open","val_tpl":"{{ value_json.open | is_defined }}","pl_on":"True","pl_off":"False","exp_aft":3600,"dev":{"ids":["AABBCCDDEEFF"],"cns":[["mac","AA:BB:CC:DD:EE:FF"]],"mf":"Otio/BeeWi","mdl":"BSDOO","name":"Door kitchen","via_device":"OMG"}}`},
				{"sensor/AABBCCDDEEFF-batt", `{"stat_t":"+/+/BTtoMQTT/AABBCCDDEEFF","dev_cla":"battery","unit_of_meas":"%","name":"batt","uniq_id":"AABBCCDDEEFF-batt","val_tpl":"{{ value_json.batt | is_defined }}","stat_cla":"measurement","dev":{"ids":["AABBCCDDEEFF"],"name":"Door kitchen"}}`},
			},
			[]step{
				{"home/OMG/BTtoMQTT/AABBCCDDEEFF", `{"open":false,"batt":100}`, "link -door -battery"},
				{"home/OMG/BTtoMQTT/AABBCCDDEEFF", `{"open":true}`, "door"},
				{"home/OMG/BTtoMQTT/AABBCCDDEEFF", `{"rssi":-80}`, ""},
				{"home/OMG/BTtoMQTT/AABBCCDDEEFF", `{"batt":9}`, "battery !battery_low"},
				{"home/OMG/BTtoMQTT/AABBCCDDEEFF", `{"open":null}`, "!unknown_value"},
				{"home/OMG/BTtoMQTT/000000000000", `{"open":true}`, "!unknown_topic"},
			},
			"Door kitchen in kitchen: battery door",
		},
		{ // tsightler/ring-mqtt, devices/smoke-co-listener.js and base-ring-device.js: CO has the class gas
			"ring-mqtt",
			[][2]string{
				{"binary_sensor/loc1/dev1_smoke", `{"name":"Smoke","unique_id":"dev1_smoke","availability_topic":"ring/loc1/alarm/dev1/status","payload_available":"online","payload_not_available":"offline","state_topic":"ring/loc1/alarm/dev1/smoke/state","device_class":"smoke","device":{"ids":["dev1"],"name":"Kitchen listener","mf":"Ring","mdl":"Smoke & CO Listener"}}`},
				{"binary_sensor/loc1/dev1_gas", `{"name":"CO","unique_id":"dev1_gas","availability_topic":"ring/loc1/alarm/dev1/status","payload_available":"online","payload_not_available":"offline","state_topic":"ring/loc1/alarm/dev1/co/state","device_class":"gas","device":{"ids":["dev1"],"name":"Kitchen listener","mf":"Ring","mdl":"Smoke & CO Listener"}}`},
				{"sensor/loc1/dev1_battery", `{"name":"Battery","unique_id":"dev1_battery","state_topic":"ring/loc1/alarm/dev1/info/state","value_template":"{{ value_json[\"batteryLevel\"] | default(\"\") }}","unit_of_measurement":"%","device_class":"battery","entity_category":"diagnostic","device":{"ids":["dev1"],"name":"Kitchen listener"}}`},
			},
			[]step{
				{"ring/loc1/alarm/dev1/smoke/state", "OFF", "-smoke"},
				{"ring/loc1/alarm/dev1/co/state", "ON", "carbon_monoxide"},
				{"ring/loc1/alarm/dev1/co/state", "OFF", "-carbon_monoxide"},
				{"ring/loc1/alarm/dev1/info/state", `{"batteryLevel":87,"tamperStatus":"ok"}`, "-battery"},
				{"ring/loc1/alarm/dev1/info/state", `{"tamperStatus":"ok"}`, "!unknown_value"},
				{"ring/loc1/alarm/dev1/status", "offline", "-link !unknown_value !sensor_unreachable"},
			},
			"Kitchen listener in kitchen: battery carbon_monoxide smoke",
		},
		{ // bieniu/ha-shellies-discovery: "~", no node id, a template that is a statement
			"ha-shellies-discovery",
			[][2]string{
				{"binary_sensor/shellymotionsensor-1-motion", `{"name":"거실 동작","stat_t":"~status","val_tpl":"{%if value_json.motion%}ON{%else%}OFF{%endif%}","dev_cla":"motion","avty_t":"~online","pl_avail":"true","pl_not_avail":"false","uniq_id":"shellymotionsensor-1-motion","dev":{"ids":["shellymotionsensor-1"],"name":"거실 동작","mdl":"Shelly Motion","mf":"Allterco"},"~":"myhome/shellymotionsensor-1/"}`},
				{"binary_sensor/shellymotionsensor-1-tamper", `{"name":"vibration","stat_t":"~status","val_tpl":"{%if value_json.vibration%}ON{%else%}OFF{%endif%}","dev_cla":"vibration","uniq_id":"x","dev":{"ids":["shellymotionsensor-1"],"name":"거실 동작"},"~":"myhome/shellymotionsensor-1/"}`},
			},
			[]step{
				{"myhome/shellymotionsensor-1/online", "true", "link"},
				{"myhome/shellymotionsensor-1/status", `{"motion":false,"vibration":true,"active":true}`, "-motion"},
				{"myhome/shellymotionsensor-1/status", `{"motion":true,"active":true}`, "motion"},
				{"myhome/shellymotionsensor-1/status", `{"vibration":true}`, "!unknown_value"},
				{"myhome/shellymotionsensor-1/online", "false", "-link !unknown_value !sensor_unreachable"},
			},
			"거실 동작 in living: motion",
		},
		{ // ParadoxAlarmInterface, paradox/interfaces/mqtt/entities: Python's True, everything is motion
			"PAI",
			[][2]string{
				{"binary_sensor/1234/zone_kitchen_open", `{"name":"Zone Kitchen Open","unique_id":"1234_zone_kitchen_open","state_topic":"paradox/states/zones/Kitchen/open","availability_topic":"paradox/interface/availability","device_class":"motion","payload_on":"True","payload_off":"False","device":{"identifiers":["Paradox_1234"],"name":"Paradox","manufacturer":"Paradox","model":"MG5050"}}`},
				{"binary_sensor/1234/zone_smoke_open", `{"name":"Zone Smoke hall Open","unique_id":"1234_zone_smoke_open","state_topic":"paradox/states/zones/Smoke/open","device_class":"motion","payload_on":"True","payload_off":"False","device":{"identifiers":["Paradox_1234"],"name":"Paradox"}}`},
				{"binary_sensor/1234/ac", `{"name":"AC trouble","unique_id":"1234_ac","state_topic":"paradox/states/system/troubles/ac_trouble","device_class":"problem","payload_on":"True","payload_off":"False","device":{"identifiers":["Paradox_1234"],"name":"Paradox"}}`},
			},
			[]step{
				{"paradox/states/zones/Kitchen/open", "False", "-motion !needs_mapping"},
				{"paradox/states/zones/Kitchen/open", "true", "motion !needs_mapping"},
				{"paradox/states/zones/Smoke/open", "True", "!needs_mapping"},
				{"paradox/states/system/troubles/ac_trouble", "True", "!needs_mapping !sensor_trouble"},
				{"paradox/states/system/troubles/ac_trouble", "False", "!needs_mapping"},
			},
			"Paradox in : motion",
		},
		{ // merbanan/rtl_433, examples/rtl_433_mqtt_hass.py: contacts have the class safety
			"rtl_433",
			[][2]string{
				{"sensor/Honeywell-Security-8-1/Honeywell-Security-8-1-B", `{"device_class":"battery","name":"Battery","unit_of_measurement":"%","value_template":"{{ float(value) * 99 + 1 }}","state_class":"measurement","entity_category":"diagnostic","state_topic":"rtl_433/host/devices/Honeywell-Security/8/1/battery_ok","unique_id":"B","device":{"identifiers":["Honeywell-Security-8-1"],"name":"Honeywell-Security-8-1","model":"Honeywell-Security","manufacturer":"rtl_433"}}`},
				{"binary_sensor/Honeywell-Security-8-1/Honeywell-Security-8-1-contact_open", `{"device_class":"safety","force_update":"true","payload_on":"1","payload_off":"0","state_topic":"rtl_433/host/devices/Honeywell-Security/8/1/contact_open","unique_id":"c","name":"contact_open","device":{"identifiers":["Honeywell-Security-8-1"],"name":"Honeywell-Security-8-1"}}`},
			},
			[]step{
				{"rtl_433/host/devices/Honeywell-Security/8/1/battery_ok", "1", "-battery !needs_mapping"},
				{"rtl_433/host/devices/Honeywell-Security/8/1/battery_ok", "0", "battery !needs_mapping !battery_low"},
				{"rtl_433/host/devices/Honeywell-Security/8/1/contact_open", "1", "!needs_mapping"},
			},
			"Honeywell-Security-8-1 in : battery",
		},
		{ // home-assistant.io/integrations/mqtt, "Device discovery payload"
			"a device at once",
			[][2]string{
				{"device/node/hub1", `{"dev":{"ids":"hub1","name":"Bedroom hub","mf":"Acme","mdl":"H1"},"o":{"name":"acme2mqtt","sw":"1.0"},"cmps":{
					"door":{"p":"binary_sensor","dev_cla":"window","stat_t":"~/window","uniq_id":"w1","~":"acme/hub1"},
					"low":{"p":"binary_sensor","device_class":"battery","stat_t":"acme/hub1/low","payload_on":1,"payload_off":0,"uniq_id":"b1"},
					"call":{"p":"event","dev_cla":"button","name":"SOS","evt_typ":["press","release"],"uniq_id":"e1"},
					"trigger":{"p":"device_automation","atype":"trigger","t":"acme/hub1/click","type":"button_long_press","stype":"panic","pl":"long"},
					"relay":{"p":"switch","cmd_t":"acme/hub1/set","uniq_id":"s1"}},
					"state_topic":"acme/hub1/state","avty":[{"t":"acme/hub1/online","val_tpl":"{{ value_json.state }}"}]}`},
			},
			[]step{
				{"acme/hub1/window", "ON", "door?"},
				{"acme/hub1/window", "OFF", "-door"},
				{"acme/hub1/low", "0", "-battery"},
				{"acme/hub1/state", `{"event_type":"press"}`, "help"},
				{"acme/hub1/state", `{"event_type":"release"}`, ""},
				{"acme/hub1/state", `{"event_type":"ghost"}`, "!unknown_value"},
				{"acme/hub1/click", "long", "help !unknown_value"},
				{"acme/hub1/click", "short", ""},
				{"acme/hub1/online", `{"state":"offline"}`, "-link !unknown_value !sensor_unreachable"},
				{"acme/hub1/online", `{"state":"online"}`, "link !unknown_value"},
			},
			"Bedroom hub in bedroom: battery door help",
		},
		{ // zigbee2mqtt, lib/extension/homeassistant.ts, of a bridge that is not configured natively
			"Zigbee2MQTT by its announcements",
			[][2]string{
				{"binary_sensor/0x1/sos", `{"availability":[{"topic":"zb/bridge/state","value_template":"{{ value_json.state }}"}],"device":{"identifiers":["zigbee2mqtt_0x1"],"name":"help me","manufacturer":"OWON","model":"PB206"},"device_class":"safety","name":null,"object_id":"help_me_sos","payload_off":false,"payload_on":true,"state_topic":"zb/help me","unique_id":"0x1_sos_zigbee2mqtt","value_template":"{{ value_json.sos }}","origin":{"name":"Zigbee2MQTT"}}`},
				{"sensor/0x2/fall_status", `{"availability":[{"topic":"zb/bridge/state","value_template":"{{ value_json.state }}"}],"device":{"identifiers":["zigbee2mqtt_0x2"],"name":"radar"},"device_class":"enum","name":"Fall status","options":["normal","fall_warning","fall_alarm","unknown"],"state_topic":"zb/radar","unique_id":"0x2_fall_status","value_template":"{{ value_json.fall_status }}"}`},
				{"device_automation/0x3/action_emergency", `{"automation_type":"trigger","device":{"identifiers":["zigbee2mqtt_0x3"],"name":"fob"},"payload":"emergency","subtype":"emergency","topic":"zb/fob/action","type":"action"}`},
			},
			[]step{
				{"zb/help me", `{"sos":true,"battery":5}`, "help"},
				{"zb/help me", `{"sos":true,"battery":6}`, ""},
				{"zb/help me", `{"sos":false}`, "-help"},
				{"zb/radar", `{"fall_status":"fall_warning"}`, ""},
				{"zb/radar", `{"fall_status":"fall_alarm"}`, "fall"},
				{"zb/radar", `{"fall_status":"sideways"}`, "!unknown_value"},
				{"zb/fob/action", "emergency", "help"},
				{"zb/fob/action", "disarm", ""},
				{"zb/radar", `{"fall_status":"normal"}`, "-fall"},
				{"zb/bridge/state", `{"state":"offline"}`, "!bridge_offline"},
				{"zb/bridge/state", `{"state":"online"}`, ""},
			},
			"fob in : help; help me in : help; radar in : fall",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			for _, a := range c.announce {
				h.announce(a[0], a[1])
			}
			h.t = t
			h.follows(c.steps)
			if got := h.sensors(); got != c.sensors {
				t.Errorf("the sensors are %q, want %q", got, c.sensors)
			}
			h.survives()
		})
	}
}

// sensors lists what the page would show: ID in room: kinds.
func (h *home) sensors() string {
	var all []string
	for _, s := range h.d.Sensors() {
		kinds := slices.DeleteFunc(s.Kinds, func(k ucare.Kind) bool { return k == ucare.Link })
		all = append(all, strings.TrimSuffix(fmt.Sprintf("%s in %s: %s", s.ID, s.Room, strings.Trim(fmt.Sprint(kinds), "[]")), " "))
	}
	return strings.Join(all, "; ")
}

// survives checks that the memory is the same after it was written and read.
func (h *home) survives() {
	h.t.Helper()
	kept, err := json.Marshal(h.ha)
	if err != nil {
		h.t.Fatal(err)
	}
	again := New("homeassistant", h.ha.home)
	if err := json.Unmarshal(kept, again); err != nil {
		h.t.Fatal(err)
	}
	twice, err := json.Marshal(again)
	if err != nil || string(twice) != string(kept) {
		h.t.Errorf("the memory changes when it is kept (%v)\n%s\n%s", err, kept, twice)
	}
	if !slices.Equal(again.Filters(), h.ha.Filters()) {
		h.t.Errorf("listens to %v, before to %v", again.Filters(), h.ha.Filters())
	}
}
