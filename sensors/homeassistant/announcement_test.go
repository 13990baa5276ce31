package homeassistant

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// contactOn announces a contact of a class on a topic, of the device of that name.
func contactOn(class, topic, device, more string) string {
	return fmt.Sprintf(`{"name":"contact","unique_id":%q,"device_class":%q,"state_topic":%q,"device":{"identifiers":["id of %s"],"name":%q}%s}`,
		topic, class, topic, device, device, more)
}

func TestWrittenOutAndShortAreTheSame(t *testing.T) {
	long := `{"name":"x","unique_id":"u","object_id":"o","device_class":"door","state_topic":"~/state","value_template":"{{ value }}","payload_on":"1","payload_off":"0",
		"availability":[{"topic":"~/up","value_template":"{{ value }}","payload_available":"y","payload_not_available":"n"}],"availability_mode":"all","expire_after":60,"off_delay":5,
		"entity_category":"","enabled_by_default":true,"device":{"identifiers":["i"],"name":"d","manufacturer":"m","model":"n","suggested_area":"kitchen","sw_version":"1"},"~":"base"}`
	short := `{"name":"x","uniq_id":"u","obj_id":"o","dev_cla":"door","stat_t":"~/state","val_tpl":"{{ value }}","pl_on":"1","pl_off":"0",
		"avty":{"t":"~/up","val_tpl":"{{ value }}","pl_avail":"y","pl_not_avail":"n"},"avty_mode":"all","exp_aft":60,"off_dly":5,
		"ent_cat":"","en":true,"dev":{"ids":"i","name":"d","mf":"m","mdl":"n","sa":"kitchen","sw":"1"},"~":"base"}`
	a, b := newHome(t), newHome(t)
	a.announce("binary_sensor/n", long)
	b.announce("binary_sensor/n", short)
	first, _ := json.Marshal(a.ha)
	second, _ := json.Marshal(b.ha)
	if string(first) != string(second) || !strings.Contains(string(first), `"base/up"`) {
		t.Errorf("\n%s\n%s", first, second)
	}
	s := a.d.Sensors()
	if len(s) != 1 || s[0].ID != "d" || s[0].Room != "kitchen" || s[0].Model != "m n" {
		t.Errorf("%+v", s)
	}
}

func TestTheBaseOfTopics(t *testing.T) {
	for _, c := range []struct{ base, topic, want string }{
		{`,"~":"a/b"`, "~/state", "a/b/state"},
		{`,"~":"a/b"`, "state/~", "state/a/b"},
		{`,"~":"a/b"`, "x/~/y", "x/~/y"},
		{``, "~/state", "~/state"},
		{`,"~":""`, "~state", "state"},
	} {
		h := newHome(t)
		h.announce("binary_sensor/n/o", `{"device_class":"door","state_topic":"`+c.topic+`"`+c.base+`}`)
		if got := h.says(c.want, "ON"); got != "door?" {
			t.Errorf("%s with %s is heard on %s as %q", c.topic, c.base, c.want, got)
		}
	}
}

func TestWhatIsTakenBackIsGone(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "front", ""))
	h.announce("binary_sensor/b", contactOn("door", "x/door", "front", ""))
	h.says("x/smoke", "ON")
	if got := h.announce("binary_sensor/b", ""); len(h.d.Sensors()) != 1 || !got.Relisten {
		t.Errorf("%+v, %+v", got, h.d.Sensors())
	}
	if got := h.says("x/door", "ON"); got != "!unknown_topic" {
		t.Errorf("the contact that was taken back says %q", got)
	}
	got := h.announce("binary_sensor/a", "")
	if len(h.d.Sensors()) != 0 || len(got.Seen) != 1 || !got.Seen[0].Gone {
		t.Errorf("%+v, %+v", got, h.d.Sensors())
	}
	if got := h.announce("binary_sensor/a", ""); len(got.Seen)+len(got.Cleared) != 0 || got.Relisten {
		t.Errorf("taken back twice: %+v", got)
	}
}

func TestAComponentIsTakenBack(t *testing.T) {
	device := func(components string) string {
		return `{"dev":{"ids":["hub"],"name":"hub"},"o":{"name":"x"},"cmps":{` + components + `}}`
	}
	smoke, door := `"s":{"p":"binary_sensor","dev_cla":"smoke","stat_t":"x/smoke"}`, `"gas":{"p":"binary_sensor","dev_cla":"door","stat_t":"x/door"}`
	for name, second := range map[string]string{
		"with nothing but its platform": device(smoke + `,"gas":{"p":"binary_sensor"}`),
		"left out":                      device(smoke),
	} {
		h := newHome(t)
		h.announce("device/hub", device(smoke+","+door))
		h.says("x/smoke", "ON")
		h.announce("device/hub", second)
		if got := h.says("x/door", "ON"); got != "!unknown_topic" {
			t.Errorf("%s: the door says %q", name, got)
		}
		if got := h.says("x/smoke", "OFF"); got != "-smoke" {
			t.Errorf("%s: the smoke detector says %q", name, got)
		}
	}
}

func TestEachComponentHasItsOwnBase(t *testing.T) {
	h := newHome(t)
	h.announce("device/two", `{"dev":{"ids":["two"],"name":"two"},"avty":[{"t":"~/up"}],"cmps":{
		"a":{"p":"binary_sensor","dev_cla":"door","stat_t":"~/s","~":"x/a"},"b":{"p":"binary_sensor","dev_cla":"smoke","stat_t":"~/s","~":"x/b"}}}`)
	if want := []string{"homeassistant/#", "x/a/s", "x/a/up", "x/b/s", "x/b/up"}; !slices.Equal(h.ha.Filters(), want) {
		t.Errorf("%v", h.ha.Filters())
	}
}

func TestADeviceMovesFromOneFormToTheOther(t *testing.T) {
	for _, flag := range []string{"migrate_discovery", "migr_discvry"} {
		h := newHome(t)
		h.announce("binary_sensor/x/smoke", contactOn("smoke", "x/smoke", "hub", ""))
		h.says("x/smoke", "OFF")
		if got := h.announce("binary_sensor/x/smoke", `{"`+flag+`":true}`); len(got.Seen) != 0 || len(h.d.Sensors()) != 1 {
			t.Errorf("%s: the sensor is gone: %+v", flag, got)
		}
		h.announce("device/x", `{"dev":{"ids":["id of hub"],"name":"hub"},"o":{"name":"x"},"cmps":{"smoke":{"p":"binary_sensor","dev_cla":"smoke","stat_t":"x/smoke"}}}`)
		h.announce("binary_sensor/x/smoke", "")
		if got := h.says("x/smoke", "ON"); got != "smoke" || len(h.d.Sensors()) != 1 {
			t.Errorf("%s: %q, %+v", flag, got, h.d.Sensors())
		}
	}
}

func TestAnAnnouncementThatIsNotUnderstoodChangesNothing(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "front", ""))
	for _, bad := range []string{"{", "[]", "5", "null", "{} {}", "\xff"} {
		got := h.hear("homeassistant/binary_sensor/a/config", bad, true)
		if codes(got.Faults) != "not_understood" || got.Faults[0].Subject != "homeassistant/binary_sensor/a/config" {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	if got := h.says("x/smoke", "ON"); got != "smoke" {
		t.Errorf("the detector says %q", got)
	}
	if got := h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "front", "")); codes(got.Cleared) != "not_understood" {
		t.Errorf("%+v", got)
	}
	for name, bad := range map[string]string{
		"no topic":              `{"device_class":"smoke"}`,
		"everybody's topic":     `{"device_class":"smoke","state_topic":"x/#"}`,
		"the topic of many":     `{"device_class":"smoke","state_topic":"x/+"}`,
		"one word for on, off":  `{"device_class":"smoke","state_topic":"x","payload_off":"ON"}`,
		"a very long topic":     `{"device_class":"smoke","state_topic":"` + strings.Repeat("x", maxTopic+1) + `"}`,
		"a very long name":      `{"device_class":"smoke","state_topic":"x","name":"` + strings.Repeat("x", maxNames+1) + `"}`,
		"components in a list":  `{"cmps":[]}`,
		"a component of text":   `{"cmps":{"a":"b"}}`,
		"components of nothing": `{"dev":{"ids":["x"]}}`,
	} {
		kind := "binary_sensor"
		if strings.Contains(name, "component") {
			kind = "device"
		}
		if got := h.hear("homeassistant/"+kind+"/bad/config", bad, true); codes(got.Faults) != "not_understood" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsNoneOfOurs(t *testing.T) {
	h := newHome(t)
	for topic, payload := range map[string]string{
		"homeassistant/status":                        "online",
		"homeassistant/light/x/config":                "{",
		"homeassistant/button/x/config":               `{"name":"SOS","command_topic":"x/set"}`,
		"homeassistant/device_tracker/x/config":       `{"state_topic":"x/home"}`,
		"homeassistant/sensor/x/state":                "5",
		"homeassistant/sensor/config":                 "5",
		"homeassistant/sensor/humidity/config":        `{"device_class":"humidity","unit_of_measurement":"%","state_topic":"x"}`,
		"homeassistant/binary_sensor/update/config":   `{"device_class":"update","state_topic":"x"}`,
		"homeassistant/binary_sensor/charging/config": `{"device_class":"battery_charging","state_topic":"x"}`,
		"homeassistant/binary_sensor/native/config":   contactOn("smoke", "zigbee2mqtt/kitchen", "z", ""),
		"homeassistant/binary_sensor/wave/config":     contactOn("smoke", "zwave/kitchen/113/0/x", "w", ""),
		"homeassistant/binary_sensor/own/config":      contactOn("problem", "ucare/kim/gateway/alarm", "g", ""),
		"homeassistant/binary_sensor/ours/config":     contactOn("problem", "elsewhere/alarm", "g", `,"origin":{"name":"u-Care"}`),
		"homeassistant/binary_sensor/setting/config":  contactOn("motion", "x", "g", `,"entity_category":"config"`),
		"homeassistant/binary_sensor/disabled/config": contactOn("door", "x", "g", `,"en":false`),
		"homeassistant/sensor/chip/config":            `{"device_class":"temperature","unit_of_measurement":"°C","state_topic":"x","ent_cat":"diagnostic"}`,
		"homeassistant/sensor/meter/config":           `{"name":"Gas","device_class":"gas","unit_of_measurement":"m³","state_topic":"x"}`,
		"homeassistant/event/door/config":             `{"device_class":"doorbell","event_types":["press"],"state_topic":"x"}`,
		"homeassistant/event/remote/config":           `{"device_class":"button","name":"Remote","event_types":["press"],"state_topic":"x"}`,
		"homeassistant/device_automation/b/config":    `{"automation_type":"trigger","type":"button_short_press","subtype":"button_1","topic":"x"}`,
	} {
		got, mine := h.ha.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(payload), Retained: true})
		if !mine || len(got.Readings)+len(got.Repeated)+len(got.Faults)+len(got.Seen) != 0 || h.ha.count() != 0 {
			t.Errorf("%s %s: %+v, mine %v", topic, payload, got, mine)
		}
	}
	for _, topic := range []string{"x", "zigbee2mqtt/kitchen", "zwave/kitchen/113/0/x", "ucare/kim/s1", "homeassistant2/x", "homeassistant"} {
		if _, mine := h.ha.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte("ON")}); mine {
			t.Errorf("%s is taken", topic)
		}
	}
}

func TestWhatIsListenedTo(t *testing.T) {
	h := newHome(t)
	if got := h.ha.Filters(); !slices.Equal(got, []string{"homeassistant/#"}) {
		t.Errorf("at first %v", got)
	}
	got := h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "front", `,"avty_t":"x/up"`))
	if want := []string{"homeassistant/#", "x/smoke", "x/up"}; !got.Relisten || !slices.Equal(h.ha.Filters(), want) || !slices.Contains(h.d.Filters(), "x/smoke") {
		t.Errorf("%+v, %v, %v", got, h.ha.Filters(), h.d.Filters())
	}
	if got := h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "front", `,"avty_t":"x/up"`)); got.Relisten {
		t.Error("the same announcement again changes what is listened to")
	}
	h.announce("binary_sensor/b", contactOn("smoke", "x/smoke2", "back", `,"avty_t":"zigbee2mqtt/bridge/state"`))
	if slices.Contains(h.ha.Filters(), "zigbee2mqtt/bridge/state") {
		t.Error("a topic of the native bridge is taken")
	}
}

func TestTheSensorOfADevice(t *testing.T) {
	topics := kim
	topics.Sensors = []ucare.Sensor{{ID: "front door", Topic: "x/door1", Room: "living"}, {ID: "configured", Room: "bedroom"}}
	h := homeOf(t, topics)
	one := func(id, name, area, topic string) string {
		return fmt.Sprintf(`{"device_class":"door","state_topic":%q,"device":{"identifiers":[%q],"name":%q,"suggested_area":%q}}`, topic, id, name, area)
	}
	h.announce("binary_sensor/n/1", one("id1", "Motion", "Kitchen", "x/1"))
	h.announce("binary_sensor/n/2", one("id2", "Motion", "거실", "x/2"))
	h.announce("binary_sensor/n/3", one("id3", "configured", "kitchen", "x/3"))
	h.announce("binary_sensor/n/4", one("board", "Board", "", "x/door1"))
	h.announce("binary_sensor/n/5", one("board", "Board", "Zone 9", "x/door2"))
	h.announce("binary_sensor/n/6", `{"device_class":"door","state_topic":"x/6","name":"Bedroom window"}`)
	h.announce("binary_sensor/n/7", `{"device_class":"door","state_topic":"x/7","device":{"connections":[["mac","00:11"]]}}`)
	h.says("x/6", "ON")
	want := "Bedroom window in bedroom: door; Board in : door; Motion in kitchen: door; configured in bedroom: door; front door in living: door; id2 in living: door; mac 00:11 in : door"
	if got := h.sensors(); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
	h.announce("binary_sensor/n/1", one("id1", "Pantry", "Kitchen", "x/1"))
	if got := h.sensors(); !strings.Contains(got, "Pantry in kitchen") || strings.Contains(got, "; Motion") {
		t.Errorf("after renaming: %s", got)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	h := newHome(t)
	flooded := false
	for i := range maxEntities + 50 {
		topic := fmt.Sprintf("x/%d", i)
		got := h.hear(fmt.Sprintf("homeassistant/binary_sensor/%d/config", i), contactOn("smoke", topic, topic, ""), true)
		flooded = flooded || codes(got.Faults) == "message_flood"
	}
	if n := h.ha.count(); n != maxEntities || !flooded {
		t.Errorf("%d are kept, told %v", n, flooded)
	}
	if got := h.announce("binary_sensor/0", ""); codes(got.Cleared) != "message_flood" {
		t.Errorf("%+v", got)
	}
	big := contactOn("smoke", "x", "big", `,"x":"`+strings.Repeat("x", maxConfig)+`"`)
	if got := h.hear("homeassistant/binary_sensor/big/config", big, true); codes(got.Faults) != "message_too_large" {
		t.Errorf("%+v", got)
	}
	h.survives()
	for _, bad := range []string{`{`, `{"announced":null}`, `{"announced":{"x":[null]}}`} {
		if err := h.ha.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s is taken for a memory", bad)
		}
	}
}

func TestAbbreviationsAreUnambiguous(t *testing.T) {
	for _, table := range []map[string]string{abbreviations, deviceAbbreviations} {
		long := map[string]bool{}
		for short, l := range table {
			if long[l] || len(short) >= len(l) {
				t.Errorf("%s stands for %s", short, l)
			}
			long[l] = true
		}
	}
	o := map[string]any{"stat_t": "short", "state_topic": "long"}
	writeOut(o, abbreviations)
	if !reflect.DeepEqual(o, map[string]any{"state_topic": "long"}) {
		t.Errorf("%v", o)
	}
}
