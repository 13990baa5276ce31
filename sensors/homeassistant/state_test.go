package homeassistant

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What each class and name means, by what "on" is heard as when "off" was heard before.
func TestMeaningsOfBinarySensors(t *testing.T) {
	for _, c := range []struct{ class, name, topic, want string }{
		{"smoke", "", "", "smoke"},
		{"heat", "", "", "heat"},
		{"carbon_monoxide", "", "", "carbon_monoxide"},
		{"gas", "", "", "gas"},
		{"gas", "CO", "", "carbon_monoxide"},
		{"gas", "x", "ring/l/alarm/d/co/state", "carbon_monoxide"},
		{"gas", "일산화탄소", "", "carbon_monoxide"},
		{"gas", "Company", "co/kitchen/gas/state", "gas"},
		{"moisture", "", "", "water_leak"},
		{"motion", "", "", "motion"},
		{"occupancy", "", "", "presence"},
		{"presence", "", "", "presence"},
		{"door", "", "", "door"},
		{"window", "", "", "door"},
		{"opening", "", "", "door"},
		{"garage_door", "", "", "door"},
		{"tamper", "", "", "tamper !tamper"},
		{"battery", "", "", "battery !battery_low"},
		{"problem", "Self check", "", "!sensor_trouble"},
		{"connectivity", "", "", "link"},
		{"vibration", "", "", ""},
		{"sound", "", "", ""},
		{"battery_charging", "", "", ""},
		{"lock", "", "", ""},
		{"safety", "SOS", "", "help"},
		{"safety", "Panic button", "", "help"},
		{"safety", "비상벨", "", "help"},
		{"safety", "tamper", "", "tamper !tamper"},
		{"safety", "Glass break", "", "!needs_mapping"},
		{"safety", "contact_open", "", "!needs_mapping"},
		{"safety", "Emergency light", "", "!needs_mapping"},
		{"", "Fall Detected", "", "fall"},
		{"", "Falling Detected", "", "fall"},
		{"", "침실 낙상", "", "fall"},
		{"motion", "Fall detected", "", "fall"},
		{"", "fall detection", "", "!needs_mapping"},
		{"", "Waterfall", "", ""},
		{"", "Person Information", "", "presence"},
		{"", "people_exist", "", "presence"},
		{"", "Smoke", "", "!needs_mapping"},
		{"", "화재 감지", "", "!needs_mapping"},
		{"", "SOS", "", "!needs_mapping"},
		{"", "Smoke self-test", "", ""},
		{"", "Gas valve", "", ""},
		{"motion", "Zone Smoke hall", "", "motion !needs_mapping"},
		{"motion", "Panic keypad", "", "motion !needs_mapping"},
		{"motion", "Zone Door", "", "motion"},
	} {
		h := newHome(t)
		topic := c.topic
		if topic == "" {
			topic = "x/1"
		}
		h.announce("binary_sensor/n/obj", fmt.Sprintf(`{"name":%q,"device_class":%q,"state_topic":%q,"unique_id":"u1","device":{"ids":["d"],"name":"d"}}`, c.name, c.class, topic))
		h.says(topic, "OFF")
		if got := h.says(topic, "ON"); got != c.want && !(c.want == "" && got == "!unknown_topic") {
			t.Errorf("class %q, name %q: %q, want %q", c.class, c.name, got, c.want)
		}
	}
}

func TestMeaningsOfSensorsAndEvents(t *testing.T) {
	for _, c := range []struct{ announced, payload, want string }{
		{`"component":"sensor","device_class":"battery","unit_of_measurement":"%"`, "55", "-battery"},
		{`"component":"sensor","device_class":"battery","unit_of_measurement":"%"`, "10", "battery? !battery_low"},
		{`"component":"sensor","device_class":"battery","unit_of_measurement":"%"`, "255", "!unknown_value"},
		{`"component":"sensor","device_class":"battery","unit_of_measurement":"%"`, "unknown", "!unknown_value"},
		{`"component":"sensor","device_class":"temperature","unit_of_measurement":"°F"`, "212", "temperature=100"},
		{`"component":"sensor","device_class":"temperature","unit_of_measurement":"°C"`, "21.5", "temperature=21.5"},
		{`"component":"sensor","device_class":"temperature","unit_of_measurement":"°C"`, "Inf", "!unknown_value"},
		{`"component":"sensor","device_class":"temperature","unit_of_measurement":"K"`, "300", ""},
		{`"component":"sensor","device_class":"carbon_monoxide","unit_of_measurement":"ppm"`, "30", "carbon_monoxide_level=30"},
		{`"component":"sensor","device_class":"carbon_monoxide","unit_of_measurement":"mg/m³"`, "30", ""},
		{`"component":"sensor","device_class":"enum","name":"Smoke state","options":["alarm","normal"]`, "alarm", "smoke"},
		{`"component":"sensor","device_class":"enum","name":"Smoke state","options":["alarm","normal","burning"]`, "alarm", "!needs_mapping"},
		{`"component":"sensor","name":"Smoke alarm status"`, "2", "!needs_mapping"},
		{`"component":"sensor","name":"Weather"`, "fire", ""},
		{`"component":"sensor","device_class":"enum","name":"Fall down status","options":["none","maybe_fall","fall"]`, "maybe_fall", ""},
		{`"component":"event","device_class":"button","name":"Emergency","event_types":["press","hold"]`, `{"event_type":"hold"}`, "help"},
		{`"component":"event","name":"keypad","event_types":["arm","panic"]`, `{"event_type":"panic"}`, "help"},
		{`"component":"event","name":"keypad","event_types":["arm","panic"]`, `{"event_type":"arm"}`, ""},
		{`"component":"event","name":"SOS","event_types":["press"]`, `{"event_type":"press"}`, "!needs_mapping"},
		{`"component":"event","device_class":"button","name":"SOS","event_types":["press"]`, `press`, "!unknown_value"},
		{`"component":"event","device_class":"button","name":"SOS","event_types":["press"]`, `{"event_type":null}`, "!unknown_value"},
		{`"component":"device_automation","type":"action","subtype":"sos","topic":"x/1","payload":"sos"`, "sos", "help"},
		{`"component":"device_automation","type":"action","subtype":"sos","topic":"x/1","payload":"sos"`, "off", ""},
		{`"component":"device_automation","type":"panic","subtype":"button_1","topic":"x/1"`, "anything", "help"},
		{`"component":"device_automation","type":"button_short_press","subtype":"button_1","topic":"x/1"`, "press", ""},
	} {
		h := newHome(t)
		component := strings.Split(c.announced, `"`)[3]
		h.announce(component+"/n", `{`+c.announced+`,"state_topic":"x/1"}`)
		if got := h.says("x/1", c.payload); got != c.want && !(c.want == "" && got == "!unknown_topic") {
			t.Errorf("%s says %q: %q, want %q", c.announced, c.payload, got, c.want)
		}
	}
}

func TestPayloadsAreComparedAsText(t *testing.T) {
	for _, c := range []struct{ announced, payload, want string }{
		{``, "ON", "smoke"},
		{``, "OFF", "-smoke"},
		{``, "on", "!unknown_value"},
		{``, "true", "!unknown_value"},
		{``, "1", "!unknown_value"},
		{`,"pl_on":true,"pl_off":false`, "true", "smoke"},
		{`,"pl_on":true,"pl_off":false`, "False", "-smoke"},
		{`,"pl_on":"True","pl_off":"False"`, "true", "smoke"},
		{`,"pl_on":1,"pl_off":0`, "1", "smoke"},
		{`,"pl_on":1,"pl_off":0`, "0", "-smoke"},
		{`,"pl_on":"1","pl_off":"0"`, "2", "!unknown_value"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `{"smoke":true}`, "smoke"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `{"smoke":"false"}`, "-smoke"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `{"smoke":null}`, "!unknown_value"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `{"smoke":""}`, "!unknown_value"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `{}`, "!unknown_value"},
		{`,"pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.smoke }}"`, `not json`, "!unknown_value"},
		{``, "None", "!unknown_value"},
		{``, "nan", "!unknown_value"},
		{``, "unknown", "!unknown_value"},
		{``, "unavailable", "!unknown_value"},
		{``, " ", "!unknown_value"},
		{`,"pl_on":"open","pl_off":"closed"`, "open", "smoke"},
	} {
		h := newHome(t)
		h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "s", c.announced))
		got := h.hear("x/smoke", c.payload, false)
		if short(got) != c.want {
			t.Errorf("%s of %q: %q, want %q", c.announced, c.payload, short(got), c.want)
		}
		if strings.HasPrefix(c.want, "!") {
			if good := h.hear("x/smoke", map[bool]string{true: `{"smoke":true}`, false: "ON"}[strings.Contains(c.announced, "val_tpl")], false); strings.Contains(c.announced, "pl_on\":\"1") != (len(good.Faults) > 0) {
				t.Errorf("%s: after a good value: %+v", c.announced, good)
			}
		}
	}
}

func TestATemplateThatFailsIsAFaultAndNoState(t *testing.T) {
	h := newHome(t)
	got := h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "kitchen smoke", `,"val_tpl":"{{ states('x') }}"`))
	if codes(got.Faults) != "not_supervised" || got.Faults[0].Subject != "kitchen smoke" || !strings.Contains(got.Faults[0].Detail, "states") {
		t.Fatalf("%+v", got)
	}
	h.follows([]step{{"x/smoke", "ON", "!not_supervised"}, {"x/smoke", "OFF", "!not_supervised"}})
	got = h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "kitchen smoke", `,"val_tpl":"{{ 'ON' if value_json.level > 5 else 'OFF' }}"`))
	if codes(got.Cleared) != "not_supervised" {
		t.Errorf("%+v", got)
	}
	h.follows([]step{
		{"x/smoke", `{"level":9}`, "smoke"},
		{"x/smoke", `{"level":"none"}`, "!not_supervised"},
		{"x/smoke", `{}`, "!unknown_value"},
		{"x/smoke", `{"level":1}`, "-smoke"},
	})
	h.announce("binary_sensor/b", contactOn("smoke", "x/smoke2", "hall smoke", `,"avty":[{"topic":"x/up","value_template":"{{ nonsense("}]`))
	if got := h.says("x/smoke2", "ON"); got != "!not_supervised" {
		t.Errorf("a template of availability that fails: %q", got)
	}
}

func TestWhatTheBrokerHadInStoreIsOldNews(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("smoke", "x/smoke", "s", ""))
	h.announce("binary_sensor/b", contactOn("motion", "x/motion", "m", ""))
	h.announce("binary_sensor/c", contactOn("safety", "x/sos", "sos", `,"name":"sos"`))
	h.announce("event/d", `{"device_class":"button","name":"SOS","event_types":["press"],"state_topic":"x/event"}`)
	for _, c := range []struct{ topic, payload, want string }{
		{"x/smoke", "ON", "smoke?"}, {"x/motion", "ON", "motion?"}, {"x/sos", "ON", "help? !old_help_press"}, {"x/event", `{"event_type":"press"}`, "help? !old_help_press"},
	} {
		got := h.hear(c.topic, c.payload, true)
		if short(got) != c.want {
			t.Errorf("%s: %q, want %q", c.topic, short(got), c.want)
		}
		for _, s := range got.Seen {
			if !s.Heard.IsZero() {
				t.Errorf("%s: %+v was heard", c.topic, s)
			}
		}
	}
	if got := h.hear("x/motion", "OFF", false); len(got.Seen) != 1 || !got.Seen[0].Heard.Equal(h.now) {
		t.Errorf("%+v", got.Seen)
	}
	h.follows([]step{{"x/sos", "OFF", "-help"}, {"x/sos", "ON", "help"}, {"x/event", `{"event_type":"press"}`, "help"}, {"x/event", `{"event_type":"press"}`, "help"}})
}

func TestTwoContactsOfOneDevice(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("smoke", "x/1", "double", ""))
	h.announce("binary_sensor/b", contactOn("smoke", "x/2", "double", ""))
	h.announce("sensor/c", `{"device_class":"temperature","unit_of_measurement":"°C","state_topic":"x/t1","device":{"ids":["id of double"],"name":"double"}}`)
	h.announce("sensor/d", `{"device_class":"temperature","unit_of_measurement":"°C","state_topic":"x/t2","device":{"ids":["id of double"],"name":"double"}}`)
	h.follows([]step{
		{"x/1", "OFF", "-smoke"},
		{"x/2", "ON", "smoke"},
		{"x/1", "OFF", "smoke"},
		{"x/1", "ON", "smoke"},
		{"x/2", "OFF", "smoke"},
		{"x/1", "dunno", "!unknown_value"},
		{"x/2", "OFF", "!unknown_value"},
		{"x/1", "OFF", "-smoke"},
		{"x/t1", "20", "temperature=20"},
		{"x/t2", "60", "temperature=60"},
		{"x/t1", "21", "temperature=60"},
	})
	if got := h.sensors(); got != "double in : smoke temperature" {
		t.Error(got)
	}
}

func TestBatteries(t *testing.T) {
	h := newHome(t)
	percent := `{"device_class":"battery","unit_of_measurement":"%","entity_category":"diagnostic","state_topic":"x/percent","device":{"ids":["id of b"],"name":"b"}}`
	h.announce("sensor/p", percent)
	h.follows([]step{{"x/percent", "80", "-battery"}, {"x/percent", "9", "battery !battery_low"}, {"x/percent", "12", ""}, {"x/percent", "15", "-battery"}})
	h.announce("binary_sensor/low", contactOn("battery", "x/low", "b", ""))
	h.follows([]step{{"x/low", "ON", "battery !battery_low"}, {"x/percent", "80", ""}, {"x/low", "OFF", "-battery"}})
	if s := h.d.Sensors()[0]; s.Battery == nil || *s.Battery != 80 {
		t.Errorf("%+v", s)
	}
}

// passes lets time pass up to the instant at which something is due.
func (h *home) passes(t *testing.T, want time.Duration) string {
	t.Helper()
	at, due := h.d.Next()
	if !due || at.Sub(h.now) != want {
		t.Errorf("due is %v in %v, want in %v", due, at.Sub(h.now), want)
	}
	if got := h.d.Tick(at.Add(-time.Second)); len(got.Readings) != 0 {
		t.Errorf("a second early: %+v", got)
	}
	h.now = at
	return short(h.d.Tick(at))
}

func TestWhatGoesOffByItself(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("motion", "rf/all", "pir", `,"pl_on":"5592405","off_dly":30,"val_tpl":"{{ value_json.value }}"`))
	h.announce("binary_sensor/b", contactOn("smoke", "rf/all", "smoke", `,"pl_on":"77","off_dly":5,"val_tpl":"{{ value_json.value }}"`))
	h.follows([]step{{"rf/all", `{"value":5592405}`, "motion"}, {"rf/all", `{"value":5592405}`, "motion"}, {"rf/all", `{"value":1}`, ""}})
	h.survives()
	h.now = h.now.Add(-time.Minute)
	if got := h.passes(t, 30*time.Second); got != "-motion" {
		t.Errorf("after the delay: %q", got)
	}
	if _, due := h.d.Next(); due {
		t.Error("something is still due")
	}
	h.follows([]step{{"rf/all", `{"value":77}`, "smoke"}})
	if got := h.passes(t, 5*time.Second); got != "-smoke" {
		t.Errorf("after the delay: %q", got)
	}
	h.follows([]step{{"rf/all", `{"value":77}`, "smoke"}})
}

func TestWhatExpires(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("door", "x/door", "front", `,"exp_aft":600`))
	h.follows([]step{{"x/door", "OFF", "link -door"}, {"x/door", "OFF", ""}})
	h.survives()
	if got := h.passes(t, 10*time.Minute); got != "-link !sensor_unreachable" {
		t.Errorf("expired: %q", got)
	}
	if got := h.ha.sensors["front"].stateOf(ucare.Door); got != ucare.Unknown {
		t.Errorf("an expired door is %v", got)
	}
	h.follows([]step{{"x/door", "ON", "link door"}})
}

func TestAvailability(t *testing.T) {
	list := `,"avty":[{"t":"x/a"},{"t":"x/b","pl_avail":"1","pl_not_avail":"0"}]`
	for mode, steps := range map[string][]step{
		`,"avty_mode":"all"`:    {{"x/a", "online", "link"}, {"x/b", "0", "-link !sensor_unreachable"}, {"x/a", "online", ""}, {"x/b", "1", "link"}, {"x/a", "offline", "-link !sensor_unreachable"}},
		`,"avty_mode":"any"`:    {{"x/a", "online", "link"}, {"x/b", "0", ""}, {"x/a", "offline", "-link !sensor_unreachable"}, {"x/b", "1", "link"}},
		`,"avty_mode":"latest"`: {{"x/a", "online", "link"}, {"x/b", "0", "-link !sensor_unreachable"}, {"x/a", "online", "link"}, {"x/b", "dunno", ""}},
		``:                      {{"x/a", "online", "link"}, {"x/b", "0", "-link !sensor_unreachable"}, {"x/a", "online", "link"}},
	} {
		h := newHome(t)
		h.announce("binary_sensor/a", contactOn("door", "x/door", "front", list+mode))
		for _, s := range steps {
			if got := h.says(s.topic, s.payload); got != s.want {
				t.Errorf("%s: %s %s is %q, want %q", mode, s.topic, s.payload, got, s.want)
			}
		}
		h.survives()
	}
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("door", "x/door", "front", `,"avty_t":"x/up","avty_tpl":"{{ value_json.s }}","pl_avail":"yes","pl_not_avail":"no"`))
	h.follows([]step{{"x/up", `{"s":"no"}`, "-link !sensor_unreachable"}, {"x/up", `{"s":"yes"}`, "link"}, {"x/up", `{}`, ""}, {"x/up", ``, ""}})
	if got := short(h.hear("x/up", `{"s":"no"}`, true)); got != "-link? !sensor_unreachable" {
		t.Errorf("from the store: %q", got)
	}
}

func TestABridgeIsSharedByItsDevices(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("door", "x/1", "one", `,"avty_t":"gw/LWT"`))
	h.follows([]step{{"gw/LWT", "offline", "-link !sensor_unreachable"}})
	got := h.announce("binary_sensor/b", contactOn("door", "x/2", "two", `,"avty_t":"gw/LWT"`))
	if codes(got.Faults) != "bridge_offline" || codes(got.Cleared) != "sensor_unreachable" {
		t.Errorf("what was told of the sensor is told of the bridge: %+v", got)
	}
	if s := h.ha.sensors["one"]; s.bridge != "gw/LWT" || got.Seen[0].Bridge != "gw/LWT" {
		t.Errorf("%+v, %+v", s, got.Seen)
	}
	h.follows([]step{{"gw/LWT", "offline", "!bridge_offline"}})
	back := h.hear("gw/LWT", "online", false)
	if got := codes(back.Cleared); !strings.Contains(got, "bridge_offline") || len(back.Readings) != 0 {
		t.Errorf("%+v", back)
	}
	h.follows([]step{{"gw/LWT", "offline", "!bridge_offline"}})
	gone := h.hear("homeassistant/binary_sensor/b/config", "", true)
	if !strings.Contains(codes(gone.Cleared), "bridge_offline") || short(gone) != "-link? !sensor_unreachable" {
		t.Errorf("what was told of the bridge is told of the sensor that is left: %+v", gone)
	}
	h.survives()
}

func TestADeviceThatSaysItIsConnected(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("connectivity", "x/up", "hub", `,"entity_category":"diagnostic"`))
	h.follows([]step{{"x/up", "ON", "link"}, {"x/up", "OFF", "-link !sensor_unreachable"}, {"x/up", "ON", "link"}})
}

func TestAStateKeepsThroughTheSameAnnouncement(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/a", contactOn("door", "x/1", "one", ""))
	h.follows([]step{{"x/1", "ON", "door?"}})
	h.announce("binary_sensor/a", contactOn("door", "x/1", "one", `,"icon":"mdi:door"`))
	if got := h.ha.sensors["one"].stateOf(ucare.Door); got != ucare.Active {
		t.Errorf("the door is %v", got)
	}
	h.announce("binary_sensor/a", contactOn("door", "x/1", "one", `,"pl_on":"OFF","pl_off":"ON"`))
	if got := h.ha.sensors["one"].stateOf(ucare.Door); got != ucare.Unknown {
		t.Errorf("with other payloads the door is %v", got)
	}
}

// FuzzHear hears an announcement and a state. A detector is never active for a
// message that does not contain what the announcement calls on.
func FuzzHear(f *testing.F) {
	for _, seed := range [][3]string{
		{"homeassistant/binary_sensor/a/config", contactOn("smoke", "x/1", "one", `,"val_tpl":"{{ value_json.smoke }}","exp_aft":5,"off_dly":1`), `{"smoke":"ON"}`},
		{"homeassistant/device/a/config", `{"dev":{"ids":["a"]},"cmps":{"s":{"p":"binary_sensor","dev_cla":"gas","stat_t":"x/1"},"e":{"p":"event","name":"SOS","dev_cla":"button","stat_t":"x/1"}},"avty":[{"t":"x/1"}]}`, "ON"},
		{"homeassistant/sensor/n/a/config", `{"dev_cla":"temperature","unit_of_meas":"°F","stat_t":"x/+/1","~":"x"}`, "nan"},
		{"homeassistant/binary_sensor/a/config", `{"migr_discvry":true}`, ""},
	} {
		f.Add(seed[0], []byte(seed[1]), []byte(seed[2]), true)
	}
	f.Fuzz(func(t *testing.T, topic string, announced, said []byte, retained bool) {
		d := New("homeassistant", kim)
		d.Hear(sensors.Message{At: noon, Topic: topic, Payload: announced, Retained: true})
		plain := !strings.Contains(string(announced), "val_tpl") && !strings.Contains(string(announced), "value_template")
		for _, filter := range d.Filters() {
			heard, _ := d.Hear(sensors.Message{At: noon, Topic: filter, Payload: said, Retained: retained})
			for _, r := range slices.Concat(heard.Readings, heard.Repeated) {
				calm := string(said) == "" || string(said) == "null" || string(said) == "None" || string(said) == "nan"
				if calm && plain && r.State == ucare.Active && sensors.IsDetector(r.Kind) && !strings.Contains(string(announced), string(said)) {
					t.Errorf("%q is heard as %+v", said, r)
				}
				if r.State == ucare.Unknown && r.Unit == "" {
					t.Errorf("a reading that says nothing: %+v", r)
				}
			}
		}
		d.Tick(noon.Add(time.Hour))
		if d.count() > maxEntities || len(d.compiled) > maxCompiled {
			t.Error("the memory is not bounded")
		}
		kept, err := d.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := New("homeassistant", kim).UnmarshalJSON(kept); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	d := New("homeassistant", kim)
	for i := range 300 {
		topic := fmt.Sprintf("x/%d", i)
		d.Hear(sensors.Message{At: noon, Topic: fmt.Sprintf("homeassistant/binary_sensor/%d/config", i), Payload: []byte(contactOn("motion", topic, topic, `,"val_tpl":"{{ value_json.occupancy }}","pl_on":true,"pl_off":false`))})
	}
	m := sensors.Message{At: noon, Topic: "x/7", Payload: []byte(`{"occupancy":true,"battery":90,"linkquality":100}`)}
	for b.Loop() {
		d.Hear(m)
	}
}
