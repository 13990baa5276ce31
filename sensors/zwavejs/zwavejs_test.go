package zwavejs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var kim = sensors.DwellingTopics{
	Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "bedroom", Name: "침실"}}, ZWaveJS: []string{"zwave"},
}

// home is a decoder that hears one bridge, a minute further with each message.
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

// hear hears a message with NOW in its payload replaced by the present, and AGO by
// an hour before, in milliseconds.
func (h *home) hear(topic, payload string, retained bool) sensors.Heard {
	h.now = h.now.Add(time.Minute)
	payload = strings.ReplaceAll(payload, "NOW", fmt.Sprint(h.now.UnixMilli()))
	payload = strings.ReplaceAll(payload, "AGO", fmt.Sprint(h.now.Add(-time.Hour).UnixMilli()))
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

func (h *home) converse(lines []line) {
	h.t.Helper()
	for _, l := range lines {
		topic, stored := strings.CutPrefix(l.topic, "(stored) ")
		if got := short(h.hear("zwave/"+topic, l.payload, stored)); got != l.heard {
			h.t.Errorf("%s %s: heard %q, want %q", l.topic, l.payload, got, l.heard)
		}
	}
}

func TestWhatNodesSay(t *testing.T) {
	for name, lines := range map[string][]line{
		"smoke and its end": {
			{"Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "-smoke"},
			{"Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":1}`, "smoke"},
			{"Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke"},
			{"Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "-smoke"},
			{"Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, ""},
		},
		"a test press is a drill, and silencing ends no smoke": {
			{"9/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke"},
			{"9/113/0/Smoke_Alarm/Alarm_status", `{"time":NOW,"value":3}`, "smoke*"},
			{"9/113/0/Smoke_Alarm/Alarm_status", `{"time":NOW,"value":6}`, "-smoke*"},
			{"9/113/0/Smoke_Alarm/Alarm_status", `{"time":NOW,"value":0}`, ""},
			{"9/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke"},
		},
		"an old test press from the store is none": {
			{"(stored) 9/113/0/Smoke_Alarm/Alarm_status", `{"time":AGO,"value":3}`, ""},
		},
		"a CO alarm tests itself: 1 passed, 2 failed": {
			{"co/113/0/CO_Alarm/Test_status", `{"time":NOW,"value":1}`, "carbon_monoxide* -carbon_monoxide*"},
			{"co/113/0/CO_Alarm/Test_status", `{"time":NOW,"value":2}`, "!sensor_trouble"},
			{"co/113/0/CO_Alarm/Test_status", `{"time":NOW,"value":3}`, "carbon_monoxide* -carbon_monoxide* ~sensor_trouble"},
			{"co/113/0/CO_Alarm/Sensor_status", `{"time":NOW,"value":1}`, "carbon_monoxide"},
		},
		"heat, and what is not": {
			{"h/113/0/Heat_Alarm/Heat_sensor_status", `{"time":NOW,"value":2}`, "heat"},
			{"h/113/0/Heat_Alarm/Heat_sensor_status", `{"time":NOW,"value":0}`, "-heat"},
			{"h/113/0/Heat_Alarm/Heat_sensor_status", `{"time":NOW,"value":6}`, ""},
			{"h/113/0/Heat_Alarm/Rapid_temperature_rise", `{"time":NOW,"value":null}`, "heat"},
			{"h/113/0/Heat_Alarm/Rapid_temperature_fall", `{"time":NOW,"value":null}`, ""},
		},
		"gas, combustible and toxic, and its test": {
			{"g/113/0/Gas_alarm/Combustible_gas_status", `{"time":NOW,"value":2}`, "gas"},
			{"g/113/0/Gas_alarm/Toxic_gas_status", `{"time":NOW,"value":0}`, "gas"},
			{"g/113/0/Gas_alarm/Combustible_gas_status", `{"time":NOW,"value":0}`, "-gas"},
			{"g/113/0/Gas_alarm/Toxic_gas_status", `{"time":NOW,"value":4}`, "gas"},
			{"g/113/0/Gas_alarm/Alarm_status", `{"time":NOW,"value":5}`, "gas*"},
		},
		"a leak": {
			{"w/113/0/Water_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "water_leak"},
			{"w/113/0/Water_Alarm/Water_level_alarm_status", `{"time":NOW,"value":2}`, ""},
			{"w/113/0/Water_Alarm/Pump_status", `{"time":NOW,"value":11}`, "!sensor_trouble"},
			{"w/113/0/Water_Alarm/Pump_status", `{"time":NOW,"value":10}`, "~sensor_trouble"},
		},
		"a door, in two variables, also tilted": {
			{"d/113/0/Access_Control/Door_state", `{"time":NOW,"value":22}`, "door"},
			{"d/113/0/Access_Control/Door_state_simple", `{"time":NOW,"value":22}`, ""},
			{"d/113/0/Access_Control/Door_state", `{"time":NOW,"value":23}`, ""},
			{"d/113/0/Access_Control/Door_state_simple", `{"time":NOW,"value":23}`, "-door"},
			{"d/113/0/Access_Control/Door_state", `{"time":NOW,"value":5633}`, "door"},
			{"d/113/0/Access_Control/Lock_state", `{"time":NOW,"value":11}`, ""},
		},
		"motion is news each time": {
			{"m/113/0/Home_Security/Motion_sensor_status", `{"time":NOW,"value":8}`, "motion"},
			{"m/113/0/Home_Security/Motion_sensor_status", `{"time":NOW,"value":8}`, "motion"},
			{"m/113/0/Home_Security/Motion_sensor_status", `{"time":NOW,"value":0}`, "-motion"},
			{"m/113/0/Home_Security/Cover_status", `{"time":NOW,"value":3}`, "tamper !tamper"},
			{"m/113/0/Home_Security/Cover_status", `{"time":NOW,"value":0}`, "-tamper ~tamper"},
		},
		"intrusion is a question, unless the node says more": {
			{"i/113/0/Home_Security/Sensor_status", `{"time":NOW,"value":2}`, "!needs_mapping"},
			{"i/113/0/Home_Security/Motion_sensor_status", `{"time":NOW,"value":0}`, "-motion ~needs_mapping"},
			{"i/113/0/Home_Security/Sensor_status", `{"time":NOW,"value":1}`, ""},
		},
		"a fall and calls for help": {
			{"Bedroom/Care/113/0/Home_Health/Fall_detected", `{"time":NOW,"value":{}}`, "fall"},
			{"Bedroom/Care/notification/endpoint_0/Home_Health/Fall_detected", `{"time":NOW}`, "fall"},
			{"5/113/0/Home_Health/Fall_detected", ``, "fall"},
			{"5/113/0/Emergency_Alarm/Contact_medical_service", `{"time":NOW,"value":null}`, "help"},
			{"5/113/0/Emergency_Alarm/Panic_alert", `{}`, "help"},
			{"5/113/0/Emergency_Alarm/Contact_police", `{}`, "help"},
			{"5/113/0/Emergency_Alarm/Contact_fire_service", `{}`, "help"},
			{"5/113/0/Home_Health/Posture_changed", `{}`, "motion"},
		},
		"events from a store never raise": {
			{"(stored) 5/113/0/Emergency_Alarm/Panic_alert", `{"time":AGO,"value":{}}`, "help? !old_help_press"},
			{"(stored) 5/113/0/Home_Health/Fall_detected", `{"time":AGO,"value":{}}`, "!old_help_press"},
			{"(stored) 5/113/0/Home_Health/Posture_changed", `{"time":AGO,"value":{}}`, ""},
			{"5/113/0/Home_Health/Fall_detected", `""`, ""},
		},
		"a bed": {
			{"b/113/0/Home_Health/Position_status", `{"time":NOW,"value":3}`, "bed"},
			{"b/113/0/Home_Health/Position_status", `{"time":NOW,"value":2}`, ""},
			{"b/113/0/Home_Health/Position_status", `{"time":NOW,"value":0}`, ""},
			{"b/113/0/Home_Health/Position_status", `{"time":NOW,"value":1}`, "-bed"},
		},
		"mains": {
			{"p/113/0/Power_Management/Mains_status", `{"time":NOW,"value":2}`, "-mains !mains_lost"},
			{"p/113/0/Power_Management/Mains_status", `{"time":NOW,"value":3}`, "mains ~mains_lost"},
		},
		"a battery: level, flags, and what decides": {
			{"c/128/0/level", `{"time":NOW,"value":80}`, "-battery"},
			{"c/128/0/isLow", `{"time":NOW,"value":false}`, ""},
			{"c/113/0/Power_Management/Battery_maintenance_status", `{"time":NOW,"value":11}`, "battery !battery_low"},
			{"c/128/0/level", `{"time":NOW,"value":79}`, ""},
			{"c/113/0/Power_Management/Battery_maintenance_status", `{"time":NOW,"value":0}`, "-battery ~battery_low"},
			{"c/128/0/level", `{"time":NOW,"value":255}`, "battery !battery_low"},
			{"c/128/0/level", `{"time":NOW,"value":101}`, "!unknown_value"},
		},
		"binary sensors": {
			{"x/48/0/Door-Window", `{"time":NOW,"value":true}`, "door"},
			{"x/48/0/Door-Window", `{"time":NOW,"value":false}`, "-door"},
			{"y/sensor_binary/endpoint_1/Smoke", `{"time":NOW,"value":true}`, "smoke"},
			{"z/48/0/Any", `{"time":NOW,"value":true}`, "!needs_mapping"},
			{"z/113/0/Water_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "-water_leak ~needs_mapping"},
			{"old/156/0/state/5", `{"time":NOW,"value":true}`, "water_leak"},
			{"old/156/0/severity/5", `{"time":NOW,"value":255}`, ""},
		},
		"notifications of the first version are the manufacturer's own": {
			{"v/113/0/alarmType", `{"time":NOW,"value":0}`, ""},
			{"v/113/0/alarmType", `{"time":NOW,"value":18}`, "!needs_mapping"},
			{"v/113/0/alarmLevel", `{"time":NOW,"value":null}`, "!unknown_value !needs_mapping"},
		},
		"troubles of the device itself": {
			{"s/113/0/Smoke_Alarm/Dust_in_device_status", `{"time":NOW,"value":8}`, "!sensor_trouble"},
			{"s/113/0/System/Hardware_status", `{"time":NOW,"value":1}`, "!sensor_trouble"},
			{"s/113/0/Smoke_Alarm/Dust_in_device_status", `{"time":NOW,"value":0}`, "!sensor_trouble"},
			{"s/113/0/System/Hardware_status", `{"time":NOW,"value":0}`, "~sensor_trouble"},
		},
		"buttons": {
			{"k/91/0/scene/001", `{"time":NOW,"value":0}`, "use"},
			{"k/91/0/scene/001", `{"time":NOW,"value":null}`, ""},
			{"(stored) k/91/0/scene/001", `{"time":NOW,"value":0}`, ""},
			{"k/nodeinfo", `{"id":7,"name":"k","manufacturer":"Acme","productLabel":"PB1","productDescription":"SOS Button","status":"Asleep"}`, "link?"},
			{"k/91/0/scene/001", `{"time":NOW,"value":0}`, "use !needs_mapping"},
		},
		"temperature needs a unit": {
			{"t/49/0/Air_temperature", `{"time":NOW,"value":21.5}`, ""},
			{"t/49/0/Air_temperature", `{"commandClass":49,"property":"Air temperature","unit":"°C","value":21.5,"lastUpdate":NOW}`, "temperature=21.5"},
			{"t/49/0/Air_temperature", `{"commandClass":49,"property":"Air temperature","unit":"°F","value":212,"lastUpdate":NOW}`, "temperature=100"},
			{"t/49/0/Air_temperature", `{"commandClass":49,"property":"Air temperature","unit":"°C","value":null}`, "!unknown_value"},
		},
		"only the value": {
			{"5/113/0/Smoke_Alarm/Sensor_status", `2`, "smoke"},
			{"5/113/0/Smoke_Alarm/Sensor_status", `0`, "-smoke"},
			{"5/48/0/Motion", `true`, "motion"},
			{"5/status", `false`, "-link !sensor_unreachable"},
			{"5/status", `true`, "link ~sensor_unreachable"},
		},
		"the entire value object, on a topic made up by hand": {
			{"office/cellar/fire", `{"nodeId":12,"commandClass":113,"endpoint":0,"property":"Smoke Alarm","propertyKey":"Sensor status","value":2,"lastUpdate":NOW}`, "smoke"},
			{"office/cellar/fire", `{"time":NOW,"value":2}`, "!unknown_topic"},
			{"null", `{"time":NOW,"value":{}}`, "!bridge_settings"},
		},
		"reachable or not": {
			{"Hall/Sensor/status", `{"time":NOW,"value":true,"status":"Asleep"}`, "link?"},
			{"Hall/Sensor/status", `{"time":NOW,"value":true,"status":"Awake"}`, ""},
			{"Hall/Sensor/status", `{"time":NOW,"value":false,"status":"Dead"}`, "-link !sensor_unreachable"},
			{"Hall/Sensor/status", `{"time":NOW,"value":true,"status":"Unknown"}`, ""},
			{"Hall/Sensor/status", `{"time":NOW,"value":true,"status":"Alive"}`, "link ~sensor_unreachable"},
			{"Hall/Sensor/status", `{"time":NOW,"value":null}`, "!unknown_value"},
			{"Hall/Sensor/status", `offline`, "!not_understood"},
		},
		"commands and answers are nobody's": {
			{"Hall/Lamp/38/0/targetValue/set", `{"value":100}`, ""},
			{"_CLIENTS/ZWAVE_GATEWAY-home/api/getNodes", `{"success":true}`, ""},
			{"_CLIENTS/ZWAVE_GATEWAY-home/version", `{"value":"9.0.0"}`, ""},
			{"Hall/Lamp/38/0/currentValue", `{"time":NOW,"value":99}`, ""},
			{"Hall/Lamp/112/0/3/255", `{"time":NOW,"value":1}`, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.t = t
			h.converse(lines)
		})
	}
}

// Unknown is never safe: no state, and a fault that ends with a good value.
func TestValuesThatNoTableHas(t *testing.T) {
	for _, value := range []string{`null`, `"2"`, `""`, `254`, `2.5`, `true`, `{}`, `[2]`, `"Smoke detected"`, `"nan"`, `-1`} {
		h := newHome(t)
		h.converse([]line{
			{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":` + value + `}`, "!unknown_value"},
			{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "-smoke ~unknown_value"},
		})
	}
	newHome(t).converse([]line{
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW}`, "!unknown_value"},
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time"`, "!not_understood"},
		{"6/113/0/Smoke_Alarm/unknown", `{"time":NOW,"value":9}`, "!unknown_value"},
		{"6/113/0/Smoke_Alarm/unknown", `{"time":NOW,"value":0}`, "~unknown_value"},
		{"7/113/0/Smoke_Alarm/Sensor_status", `""`, ""},
		{"8/113/0/Smoke_Alarm/Sensor_status", ``, ""},
	})
}

// What one of a node's variables is not sure of, another cannot call safe.
func TestDoubtIsNotSafe(t *testing.T) {
	newHome(t).converse([]line{
		{"5/113/1/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":77}`, "!unknown_value"},
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "!unknown_value"},
		{"5/113/1/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "-smoke ~unknown_value"},
		{"5/113/1/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke"},
		{"5/113/1/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":null}`, "!unknown_value"},
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":0}`, "!unknown_value"},
	})
}

func TestOldNewsIsTold(t *testing.T) {
	for name, lines := range map[string][]line{
		"from a store": {
			{"(stored) a/113/0/Smoke_Alarm/Sensor_status", `{"time":AGO,"value":2}`, "smoke?"},
			{"(stored) b/113/0/Smoke_Alarm/Sensor_status", `2`, "smoke?"},
			{"(stored) c/113/0/Home_Security/Motion_sensor_status", `{"time":AGO,"value":8}`, "motion?"},
		},
		"from a store, of a moment ago": {
			{"(stored) a/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke"},
		},
		"from the bridge's cache": {
			{"a/113/0/Home_Security/Motion_sensor_status", `{"time":AGO,"value":8}`, "motion?"},
			{"a/113/0/Home_Security/Motion_sensor_status", `{"time":AGO,"value":8}`, ""},
		},
		"without a time, just after the bridge's start": {
			{"driver/status", `true`, ""},
			{"a/113/0/Smoke_Alarm/Sensor_status", `2`, "smoke?"},
			{"a/113/0/Smoke_Alarm/Sensor_status", `2`, "smoke"},
		},
		"from a bridge whose clock is behind": {
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":AGO,"value":2}`, "smoke?"}, // it has not shown yet
			{"a/lastActive", `{"time":AGO,"value":AGO}`, "!sensor_clock"},
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":AGO,"value":2}`, "smoke"},
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":AGO,"value":0}`, "-smoke"},
			{"(stored) a/113/0/Smoke_Alarm/Sensor_status", `{"time":AGO,"value":2}`, "smoke?"},
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":1,"value":2}`, "smoke?"}, // old by its clock, too
			{"a/lastActive", `{"time":NOW,"value":NOW}`, "~sensor_clock"},
		},
		"from the future": {
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":4102444800000,"value":2}`, "smoke !sensor_clock"},
			{"a/113/0/Smoke_Alarm/Sensor_status", `{"time":NOW,"value":2}`, "smoke ~sensor_clock"},
			{"(stored) b/113/0/Smoke_Alarm/Sensor_status", `{"time":4102444800000,"value":2}`, "smoke? !sensor_clock"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.t = t
			h.converse(lines)
		})
	}
}

func TestTheBridgeItself(t *testing.T) {
	newHome(t).converse([]line{
		{"(stored) _CLIENTS/ZWAVE_GATEWAY-home/status", `{"value":false}`, "!bridge_offline"},
		{"driver/status", `true`, "!bridge_offline"},
		{"_CLIENTS/ZWAVE_GATEWAY-home/status", `{"value":true,"time":NOW}`, "~bridge_offline"},
		{"driver/status", `null`, "!bridge_offline"},
		{"_CLIENTS/ZWAVE_GATEWAY-home/status", `{"value":true,"time":NOW}`, "!bridge_offline"},
		{"driver/status", `true`, "~bridge_offline"},
		{"driver/status", `"maybe"`, "!not_understood"},
	})
}

// Both ways of telling an event are one event, and a second call is a second one.
func TestOneEventIsHeardOnce(t *testing.T) {
	b := New("zwave", kim)
	hear := func(at time.Time, topic, payload string) string {
		h, mine := b.Hear(sensors.Message{At: at, Topic: "zwave/" + topic, Payload: []byte(payload)})
		if !mine {
			t.Errorf("%s is nobody's", topic)
		}
		h.Cleared = nil
		return short(h)
	}
	own, programs := "Bedroom/Care_watch/113/0/Home_Health/Fall_detected", "_EVENTS/ZWAVE_GATEWAY-home/node/node_notification"
	told := `{"data":[{"id":31,"name":"Care watch","loc":"Bedroom"},{"nodeId":31,"commandClass":113,"property":"Home Health","propertyKey":"Fall detected"},null]}`
	newer := `{"data":[{"id":31,"name":"Care watch","loc":"Bedroom"},113,{"type":13,"event":12,"label":"Home Health","eventLabel":"Fall detected"}]}`
	for _, step := range []struct {
		after                 time.Duration
		topic, payload, heard string
	}{
		{0, own, `{"value":{}}`, "fall"},
		{time.Second, programs, told, ""},
		{time.Minute, programs, told, "fall"},
		{time.Minute + time.Second, own, `{"value":{}}`, ""},
		{time.Hour, programs, newer, "fall"},
		{time.Hour + 3*time.Second, own, `{"value":{}}`, "fall"},
		{2 * time.Hour, programs, `{"data":[]}`, "!not_understood"},
		{3 * time.Hour, "_EVENTS/ZWAVE_GATEWAY-home/node/statistics_updated", `{"data":[31,{}]}`, ""},
	} {
		if got := hear(noon.Add(step.after), step.topic, step.payload); got != step.heard {
			t.Errorf("%v after: %s: heard %q, want %q", step.after, step.topic, got, step.heard)
		}
	}
	if len(b.Nodes) != 1 {
		t.Errorf("the two ways were taken for %d nodes", len(b.Nodes))
	}
}

// A sensor's place in the home, from its topic or from what the bridge says of it.
func TestNamesAndRooms(t *testing.T) {
	for _, c := range []struct{ topic, payload, sensor, room string }{
		{"Kitchen/Smoke_1/113/0/Smoke_Alarm/Sensor_status", `{"value":2}`, "Kitchen/Smoke_1", "kitchen"},
		{"Bedroom_PIR/113/0/Smoke_Alarm/Sensor_status", `{"value":2}`, "Bedroom_PIR", "bedroom"},
		{"Hall_way/Sensor/113/0/Smoke_Alarm/Sensor_status", `{"value":2}`, "Hall_way/Sensor", "Hall way"},
		{"nodeID_12/113/0/Smoke_Alarm/Sensor_status", `{"value":2}`, "nodeID_12", ""},
		{"/_/113/0/Smoke_Alarm/Sensor_status", `{"value":2,"nodeName":"연기 감지기","nodeLocation":"침실"}`, "침실/연기 감지기", "bedroom"},
		{"/_/113/0/Smoke_Alarm/Sensor_status", `{"value":2,"nodeId":4}`, "node 4", ""},
		{"12/113/0/Smoke_Alarm/Sensor_status", `{"value":2,"nodeName":"x","nodeLocation":"침실"}`, "12", "bedroom"},
	} {
		h, mine := New("zwave", kim).Hear(sensors.Message{At: noon, Topic: "zwave/" + c.topic, Payload: []byte(c.payload)})
		if !mine || len(h.Readings) != 1 {
			t.Errorf("%s %s: heard %+v", c.topic, c.payload, h)
			continue
		}
		if r := h.Readings[0]; r.Sensor != c.sensor || r.Room != c.room {
			t.Errorf("%s %s: sensor %q in %q, want %q in %q", c.topic, c.payload, r.Sensor, r.Room, c.sensor, c.room)
		}
	}
	h, _ := New("zwave", kim).Hear(sensors.Message{At: noon, Topic: "zwave//_/113/0/Smoke_Alarm/Sensor_status", Payload: []byte(`{"value":2}`)})
	if got := short(h); !strings.Contains(got, "!bridge_settings") {
		t.Errorf("a node of whose name nothing is left: heard %q", got)
	}
}

// A node's own word shows that it lives; the bridge's word about it does not.
func TestSignsOfLife(t *testing.T) {
	for _, c := range []struct {
		topic, payload string
		retained       bool
		heard          time.Time
	}{
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":1772625600000,"value":0}`, false, noon},
		{"5/113/0/Smoke_Alarm/Sensor_status", `{"time":1772622000000,"value":0}`, false, time.Time{}},
		{"5/113/0/Smoke_Alarm/Sensor_status", `0`, true, time.Time{}},
		{"5/status", `{"time":1772625600000,"value":true,"status":"Awake"}`, false, time.Time{}},
		{"5/lastActive", `{"time":1772625600000,"value":1772625599000}`, false, noon},
		{"5/lastActive", `{"time":1772625600000,"value":1772622000000}`, true, noon.Add(-time.Hour)},
		{"5/lastActive", `{"time":1772625600000,"value":4102444800000}`, false, noon},
		{"5/nodeinfo", `{"id":5,"lastActive":1772625600000,"status":"Alive"}`, false, time.Time{}},
	} {
		b := New("zwave", kim)
		b.Nodes["5"] = &node{Values: map[string]string{"113/0/Smoke_Alarm/Sensor_status": "0"}}
		h, _ := b.Hear(sensors.Message{At: noon, Topic: "zwave/" + c.topic, Payload: []byte(c.payload), Retained: c.retained})
		if len(h.Seen) != 1 || !h.Seen[0].Heard.Equal(c.heard) || h.Seen[0].Bridge != "zwave" {
			t.Errorf("%s %s: seen %+v, want heard at %v", c.topic, c.payload, h.Seen, c.heard)
		}
	}
}

func TestARenamedNodeIsGoneUnderItsOldName(t *testing.T) {
	b := New("zwave", kim)
	hear := func(topic string, retained bool) sensors.Heard {
		h, _ := b.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(`{"value":true,"status":"Alive","nodeId":8}`), Retained: retained})
		return h
	}
	hear("zwave/Hall/Old/status", false)
	h := hear("zwave/Hall/New/status", false)
	if len(h.Seen) != 2 || h.Seen[0].Sensor != "Hall/Old" || !h.Seen[0].Gone {
		t.Errorf("seen %+v, want the old name gone", h.Seen)
	}
	for _, s := range hear("zwave/Hall/Old/status", true).Seen {
		if s.Gone {
			t.Errorf("a retained message of the old name made %q go", s.Sensor)
		}
	}
}

func TestMemoryOutlivesARestart(t *testing.T) {
	b := New("zwave", kim)
	for _, m := range []sensors.Message{
		{At: noon, Topic: "zwave/driver/status", Payload: []byte(`true`)},
		{At: noon, Topic: "zwave/5/113/0/Smoke_Alarm/Sensor_status", Payload: []byte(`2`)},
		{At: noon, Topic: "zwave/5/128/0/level", Payload: []byte(`50`)},
		{At: noon, Topic: "zwave/5/48/0/Any", Payload: []byte(`true`)},
		{At: noon, Topic: "zwave/5/113/0/Home_Health/Fall_detected", Payload: []byte(`{}`)},
		{At: noon, Topic: "zwave/5/113/0/CO_Alarm/Sensor_status", Payload: []byte(`"x"`)},
	} {
		b.Hear(m)
	}
	kept, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	again := New("zwave", kim)
	if err := json.Unmarshal(kept, again); err != nil {
		t.Fatal(err)
	}
	if twice, _ := json.Marshal(again); string(twice) != string(kept) {
		t.Errorf("kept %s, again %s", kept, twice)
	}
	m := sensors.Message{At: noon.Add(time.Hour), Topic: "zwave/5/113/0/Smoke_Alarm/Sensor_status", Payload: []byte(`0`)}
	h, _ := b.Hear(m)
	g, _ := again.Hear(m)
	if short(h) != short(g) || len(h.Readings) != 1 || len(g.Readings) != 1 {
		t.Errorf("heard %+v, after the restart %+v", h, g)
	}
	for _, bad := range []string{`{"nodes":{"5":null}}`, `[]`} {
		if err := json.Unmarshal([]byte(bad), New("zwave", kim)); err == nil {
			t.Errorf("the memory %s was taken", bad)
		}
	}
}

func TestManyNamesAreNotAllRemembered(t *testing.T) {
	b := New("zwave", kim)
	for i := range 3 * maxNodes {
		for _, rest := range []string{"113/0/Smoke_Alarm/Sensor_status", "status"} {
			b.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("zwave/n%d/%s", i, rest), Payload: []byte(`2`)})
		}
		b.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("zwave/_CLIENTS/%d/status", i), Payload: []byte(`true`)})
		for _, rest := range []string{"Smoke_Alarm/Sensor_status", "alarmType"} {
			b.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("zwave/n1/113/%d/%s", i%128, rest), Payload: []byte(`1`)})
		}
	}
	n := b.Nodes["n1"]
	if len(b.Nodes) > maxNodes || len(b.Down) > maxGates || len(n.Values) > maxValues || len(n.Unmapped) > maxValues || len(n.Bad) > maxValues {
		t.Errorf("%d nodes, %d gateways, %d values, %d unmapped, %d bad are remembered", len(b.Nodes), len(b.Down), len(n.Values), len(n.Unmapped), len(n.Bad))
	}
	h, _ := b.Hear(sensors.Message{At: noon.Add(time.Hour), Topic: "zwave/stranger/113/0/Smoke_Alarm/Sensor_status", Payload: []byte(`2`)})
	if len(h.Readings) != 1 || h.Readings[0].State != ucare.Active {
		t.Errorf("smoke over the bound: heard %+v", h)
	}
}

func TestPrefixesInsideOneAnother(t *testing.T) {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "a", ZWaveJS: []string{"z"}}, {Dwelling: "b", ZWaveJS: []string{"z/upstairs/"}}}}
	d := sensors.NewDecoder(c, All(c)...)
	h := d.Hear(sensors.Message{At: noon, Topic: "z/upstairs/5/113/0/Smoke_Alarm/Sensor_status", Payload: []byte(`2`)})
	if len(h.Readings) != 1 || h.Readings[0].Dwelling != "b" {
		t.Errorf("heard %+v, want the smoke in b", h.Readings)
	}
	if got := fmt.Sprint(d.Filters()); !strings.Contains(got, "z/#") {
		t.Errorf("listens to %s", got)
	}
}

func FuzzBridge(f *testing.F) {
	f.Add("Kitchen/Smoke/113/0/Smoke_Alarm/Sensor_status", []byte(`{"time":1772625600000,"value":2}`), false)
	f.Add("5/113/0/Home_Health/Fall_detected", []byte(`{"value":{}}`), false)
	f.Add("_EVENTS/x/node/node_notification", []byte(`{"data":[{"id":1},113,{"label":"Emergency Alarm","eventLabel":"Panic alert"}]}`), false)
	f.Add("a/nodeinfo", []byte(`{"id":3,"name":"거실","loc":"x","status":"Dead"}`), true)
	f.Add("a/status", []byte(`{"value":true,"status":"Asleep"}`), true)
	f.Add("a/lastActive", []byte(`1e300`), false)
	f.Add("driver/status", []byte(`null`), false)
	f.Add("made/up", []byte(`{"commandClass":113,"property":"Smoke Alarm","propertyKey":"Sensor status","value":1}`), false)
	f.Add("a/128/0/level", []byte(`255`), false)
	f.Add("a/113/0/alarmType", []byte(`7`), false)
	f.Fuzz(func(t *testing.T, rest string, payload []byte, retained bool) {
		b := New("zwave", kim)
		for range 2 {
			h, _ := b.Hear(sensors.Message{At: noon, Topic: "zwave/" + rest, Payload: payload, Retained: retained})
			for _, r := range append(h.Readings, h.Repeated...) {
				if r.State == ucare.Unknown && r.Unit == "" {
					t.Errorf("a reading that says nothing: %+v", r)
				}
				if r.State == ucare.Active && sensors.IsDetector(r.Kind) && !isInTable(rest, payload) {
					t.Errorf("an alarm out of %q %q: %+v", rest, payload, r)
				}
			}
		}
		kept, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) > 16*(len(payload)+len(rest))+2000 {
			t.Errorf("%d bytes are kept of one message of %d", len(kept), len(payload))
		}
		if err := json.Unmarshal(kept, New("zwave", kim)); err != nil {
			t.Errorf("the memory cannot be read again: %v", err)
		}
	})
}

// isInTable reports, by other means than the decoder, whether the message may be an
// alarm: its words name an event, or its value is one of the few that mean danger.
func isInTable(rest string, payload []byte) bool {
	said := rest + " " + string(payload)
	for _, words := range []string{"detected", "Emergency", "Rapid", "ontact", "anic"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	for _, value := range []string{"1", "2", "3", "4", "5", "7", "true"} {
		if strings.Contains(string(payload), value) {
			return true
		}
	}
	return strings.Contains(said, `\u`) // written in another way
}

func BenchmarkHear(b *testing.B) {
	bridge := New("zwave", kim)
	m := sensors.Message{At: noon, Topic: "zwave/Hall/PIR/113/0/Home_Security/Motion_sensor_status", Payload: []byte(`{"time":1772625600000,"value":8}`)}
	for b.Loop() {
		bridge.Hear(m)
	}
}
