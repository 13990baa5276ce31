package zigbee2mqtt

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

// exposes of the devices in the tests' home, in the bridge's own form.
const (
	exposesSmoke = `{"type":"binary","property":"smoke","value_on":true,"value_off":false},{"type":"binary","property":"test","value_on":true,"value_off":false},
		{"type":"binary","property":"battery_low","value_on":true,"value_off":false},{"type":"binary","property":"tamper","value_on":true,"value_off":false}`
	exposesMotion = `{"type":"binary","property":"occupancy","value_on":true,"value_off":false},{"type":"numeric","property":"illuminance","unit":"lx"},
		{"type":"numeric","property":"battery","unit":"%"},{"type":"numeric","property":"temperature","unit":"°C"}`
)

func listed(name, vendor, model, exposes string) string {
	return fmt.Sprintf(`{"ieee_address":"0x%x","friendly_name":%q,"type":"EndDevice","disabled":false,"supported":true,"definition":{"vendor":%q,"model":%q,"exposes":[%s]}}`,
		name, name, vendor, model, exposes)
}

func bool1(property string) string {
	return `{"type":"binary","property":"` + property + `","value_on":true,"value_off":false}`
}

func enum1(property string, values ...string) string {
	return `{"type":"enum","property":"` + property + `","values":["` + strings.Join(values, `","`) + `"]}`
}

var bridgeDevices = "[" + strings.Join([]string{
	`{"ieee_address":"0x0","friendly_name":"Coordinator","type":"Coordinator"}`,
	`{"ieee_address":"0x9","friendly_name":"mystery","type":"EndDevice","model_id":"XYZ","definition":null}`,
	listed("kitchen smoke", "Develco", "SMSZB-120", exposesSmoke),
	listed("거실/동작", "Aqara", "RTCGQ11LM", exposesMotion),
	listed("front door", "Aqara", "MCCGQ11LM", `{"type":"binary","property":"contact","value_on":false,"value_off":true}`),
	listed("back door", "TERNCY", "TERNCY-DC01", bool1("contact")),
	listed("tank", "PushOk Hardware", "POK003", `{"type":"binary","property":"contact","value_on":"ON","value_off":"OFF"}`),
	listed("bed pad", "OWON", "SPM915", `{"type":"binary","property":"contact","value_on":false,"value_off":true}`),
	listed("two", "Sunricher", "SR-ZG9070A-SS", bool1("smoke_alarm_1")+","+bool1("smoke_alarm_2")),
	listed("attic", "Alecto", "SMART-SMOKE10", enum1("smoke_state", "alarm", "normal")+`,{"type":"numeric","property":"battery"}`),
	listed("bedroom smoke", "MultIR", "MIR-SM100-E", bool1("alarm_1")+","+bool1("alarm_2")),
	listed("heat", "Heiman", "HM-5HA-E", bool1("alarm")+","+bool1("test")),
	listed("siren", "Somebody", "SIREN-1", bool1("alarm")),
	listed("garage co", "Tuya", "DCR-CO", `{"type":"binary","property":"carbon_monoxide","value_on":"ON","value_off":"OFF"},{"type":"numeric","property":"co","unit":"ppm"}`),
	listed("gas", "Heiman", "HS3CG", bool1("gas")),
	listed("gas meter", "Develco", "ZHEMI101", `{"type":"numeric","property":"gas","unit":"m³"}`),
	listed("gas and co", "Lincukoo", "E04CF-Z10T", enum1("gas_sensor_state", "normal", "alarm")+","+enum1("co_state", "normal", "alarm")+`,{"type":"numeric","property":"gas","unit":"%LEL"}`),
	listed("leak", "Aqara", "SJCGQ11LM", bool1("water_leak")),
	listed("sos", "Tuya", "TS0215A_sos", enum1("action", "emergency")),
	listed("sos wall", "OWON", "PB206", bool1("sos")+","+bool1("battery_low")),
	listed("call button", "Heiman", "HS1EB/HS1EB-E", enum1("action", "off", "single", "double", "hold")),
	listed("button", "Aqara", "WXKG11LM", enum1("action", "single", "double", "hold")),
	listed("cube", "Aqara", "MFKZQ01LM", enum1("action", "shake", "fall", "wakeup")),
	listed("radar", "Heiman", "HS2FD-EF1-3.0", bool1("occupancy")+","+enum1("fall_status", "normal", "fall_warning", "fall_alarm", "unknown")),
	listed("owon", "OWON", "FDS315", enum1("status", "unoccupied", "occupied", "sitting", "on_the_bed", "low_posture", "falling")),
	listed("tuya", "Tuya", "MIR-HE200-TY", bool1("presence")+","+enum1("fall_down_status", "none", "maybe_fall", "fall")+","+enum1("tumble_switch", "ON", "OFF")),
	listed("lock", "Somebody", "LOCK-1", enum1("status", "ok", "jammed")),
	listed("key", "SmartThings", "STS-PRS-251", bool1("presence")),
	listed("mmwave", "Tuya", "ZG-301A", enum1("presence_state", "NONE", "PRESENCE")),
}, ",") + "]"

var kim = sensors.DwellingTopics{
	Dwelling: "kim", Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "living", Name: "거실"}}, Zigbee2MQTT: []string{"zigbee2mqtt"},
}

// home is a decoder that hears one bridge, a minute further with each message
// unless step is changed.
type home struct {
	t    *testing.T
	d    *sensors.Decoder
	now  time.Time
	step time.Duration // from message to message
}

func newHome(t *testing.T) *home {
	t.Helper()
	h := emptyHome(t)
	list := h.hear("zigbee2mqtt/bridge/devices", bridgeDevices, true)
	// mystery; tank, bed pad, siren, key
	if got := codes(list.Faults); got != "unknown_device needs_mapping needs_mapping needs_mapping needs_mapping" {
		t.Fatalf("the list of devices: %q", got)
	}
	return h
}

func emptyHome(t *testing.T) *home {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{kim}}
	return &home{t: t, d: sensors.NewDecoder(c, All(c)...), now: noon, step: time.Minute}
}

func (h *home) hear(topic, payload string, retained bool) sensors.Heard {
	h.now = h.now.Add(h.step)
	return h.d.Hear(sensors.Message{At: h.now, Source: "test", Topic: topic, Payload: []byte(payload), Retained: retained})
}

// says is what a live state of the device is heard as, in short.
func (h *home) says(name, payload string) string {
	return short(h.hear("zigbee2mqtt/"+name, payload, false))
}

// short writes readings as "smoke", "-smoke" when inactive, "temperature=21.5",
// with ? for an unknown age and * for a drill, and faults as !code.
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
	return strings.Join(out, " ")
}

func codes(fs []ucare.Fault) string {
	var all []string
	for _, f := range fs {
		all = append(all, string(f.Code))
	}
	return strings.Join(all, " ")
}

// A conversation is what one device says and how that is heard.
type conversation struct {
	name   string
	device string
	lines  [][2]string // payload, heard
}

func TestWhatDevicesSay(t *testing.T) {
	for _, c := range []conversation{
		{"a smoke detector repeats its alarm and not its silence", "kitchen smoke", [][2]string{
			{`{"smoke":false,"battery_low":false,"tamper":false,"linkquality":60}`, "-battery -smoke -tamper"},
			{`{"smoke":false,"battery_low":false,"tamper":false,"linkquality":61}`, ""},
			{`{"smoke":true,"battery_low":false,"tamper":false}`, "smoke"},
			{`{"smoke":true,"battery_low":false,"tamper":false}`, "smoke"},
			{`{"smoke":false,"battery_low":true,"tamper":true}`, "battery -smoke tamper !battery_low !tamper"},
		}},
		{"what a detector does not know is a fault and never the end of an alarm", "kitchen smoke", [][2]string{
			{`{"smoke":true}`, "smoke"},
			{`{"smoke":null}`, "!unknown_value"},
			{`{"smoke":""}`, "!unknown_value"},
			{`{"smoke":"false"}`, "!unknown_value"},
			{`{"smoke":0}`, "!unknown_value"},
			{`{"smoke":"nan"}`, "!unknown_value"},
			{`{"smoke":{"state":false}}`, "!unknown_value"},
			{`{"smoke":false}`, "-smoke"},
			{`{"smoke":1}`, "!unknown_value"},
			{`{"smoke":"true"}`, "!unknown_value"},
			{`{"smoke":true}`, "smoke"},
		}},
		{"what is no state is a fault", "kitchen smoke", [][2]string{
			{`smoke`, "!not_understood"},
			{`{"smoke":NaN}`, "!not_understood"},
			{`null`, "!not_understood"},
			{`[true]`, "!not_understood"},
			{``, ""},
			{`{"smoke":false}`, "-smoke"},
		}},
		{"contact true is closed, whatever value_on says", "front door", [][2]string{
			{`{"contact":true}`, "-door"}, {`{"contact":true,"battery":90}`, ""}, {`{"contact":false}`, "door"}, {`{"contact":false}`, ""},
		}},
		{"also where value_on is true", "back door", [][2]string{{`{"contact":true}`, "-door"}, {`{"contact":false}`, "door"}}},
		{"a float in a tank is no door", "tank", [][2]string{{`{"contact":"ON"}`, ""}, {`{"contact":true}`, ""}}},
		{"a pad in the bed is no door", "bed pad", [][2]string{{`{"contact":true}`, ""}, {`{"contact":false}`, ""}}},
		{"two alarm bits: one is enough, and both have to end", "two", [][2]string{
			{`{"smoke_alarm_1":false,"smoke_alarm_2":true}`, "smoke"},
			{`{"smoke_alarm_1":true,"smoke_alarm_2":false}`, "smoke"},
			{`{"smoke_alarm_1":null,"smoke_alarm_2":false}`, "!unknown_value"},
			{`{"smoke_alarm_1":false,"smoke_alarm_2":false}`, "-smoke"},
		}},
		{"smoke in a word", "attic", [][2]string{
			{`{"smoke_state":"normal","battery":"100.00"}`, "-battery -smoke"},
			{`{"smoke_state":"alarm","battery":9}`, "battery smoke !battery_low"},
			{`{"smoke_state":"ALARM","battery":12}`, "!unknown_value"},
			{`{"smoke_state":"normal","battery":null}`, "-smoke !unknown_value"},
			{`{"battery":255}`, "!unknown_value"},
			{`{"battery":-1}`, "!unknown_value"},
			{`{"battery":1e300}`, "!unknown_value"},
		}},
		{"smoke that is only called alarm, by model", "bedroom smoke", [][2]string{{`{"alarm_1":true,"alarm_2":false}`, "smoke"}}},
		{"heat that is only called alarm, by model", "heat", [][2]string{{`{"alarm":true,"test":false}`, "heat"}}},
		{"the alarm of a siren is not one of ours", "siren", [][2]string{{`{"alarm":true}`, ""}}},
		{"carbon monoxide as ON, and its level", "garage co", [][2]string{
			{`{"carbon_monoxide":"ON","co":212}`, "carbon_monoxide_level=212 carbon_monoxide"},
			{`{"carbon_monoxide":"OFF","co":212}`, "-carbon_monoxide"},
			{`{"carbon_monoxide":"on","co":0}`, "carbon_monoxide_level=0 !unknown_value"},
		}},
		{"gas", "gas", [][2]string{{`{"gas":true}`, "gas"}, {`{"gas":5}`, "!unknown_value"}, {`{"gas":false}`, "-gas"}}},
		{"a gas meter counts", "gas meter", [][2]string{{`{"gas":12.5}`, ""}, {`{"gas":true}`, ""}}},
		{"gas as a number beside its state", "gas and co", [][2]string{{`{"gas":12,"gas_sensor_state":"alarm","co_state":"normal"}`, "-carbon_monoxide gas"}}},
		{"water", "leak", [][2]string{{`{"water_leak":true}`, "water_leak"}, {`{"water_leak":false}`, "-water_leak"}}},
		{"a press is a press each time, null and nothing are none", "sos", [][2]string{
			{`{"action":null,"battery":100}`, ""},
			{`{"action":"emergency","battery":100}`, "help"},
			{`{"action":""}`, ""},
			{`{"action":"emergency"}`, "help"},
			{`{"battery":99}`, ""},
			{`{"action":7}`, "!unknown_value"},
			{`{"action":"single"}`, "!unknown_value"}, // not in its definition
			{`{"action":"emergency"}`, "help"},
		}},
		{"a press that is kept as a state", "sos wall", [][2]string{
			{`{"sos":false,"battery_low":false}`, "-battery"},
			{`{"sos":true,"battery_low":false}`, "help"},
			{`{"sos":true,"battery_low":true}`, "battery !battery_low"},
			{`{"sos":true,"battery_low":true}`, "help"},
			{`{"sos":false,"battery_low":true}`, ""},
		}},
		{"an emergency button that clicks, by model", "call button", [][2]string{
			{`{"action":"single"}`, "help"}, {`{"action":"hold"}`, "help"}, {`{"action":"off"}`, ""}, {`{"action":null}`, ""},
		}},
		{"an ordinary button calls nobody", "button", [][2]string{{`{"action":"single"}`, ""}, {`{"action":"hold"}`, ""}}},
		{"a cube that falls is no person", "cube", [][2]string{{`{"action":"fall"}`, ""}}},
		{"Heiman's radar", "radar", [][2]string{
			{`{"fall_status":"normal","occupancy":true}`, "-fall presence"},
			{`{"fall_status":"fall_warning","occupancy":true}`, ""},
			{`{"fall_status":"fall_alarm","occupancy":true}`, "fall"},
			{`{"fall_status":"fall_warning","occupancy":true}`, ""},
			{`{"fall_status":"unknown","occupancy":true}`, "!unknown_value"},
			{`{"fall_status":"normal","occupancy":false}`, "-fall -presence"},
		}},
		{"OWON's radar", "owon", [][2]string{
			{`{"status":"occupied"}`, "-bed -fall presence"},
			{`{"status":"falling"}`, "fall"},
			{`{"status":"low_posture"}`, ""},
			{`{"status":"Unknown (6)"}`, "!unknown_value"},
			{`{"status":"on_the_bed"}`, "bed -fall"},
			{`{"status":"unoccupied"}`, "-bed -presence"},
		}},
		{"Tuya's radar", "tuya", [][2]string{
			{`{"presence":true,"fall_down_status":"none","tumble_switch":"ON"}`, "-fall presence"},
			{`{"presence":true,"fall_down_status":"maybe_fall"}`, ""},
			{`{"presence":true,"fall_down_status":"fall"}`, "fall"},
			{`{"presence":true,"fall_down_status":"none","tumble_switch":1}`, "-fall"},
		}},
		{"a status of something else", "lock", [][2]string{{`{"status":"falling"}`, ""}}},
		{"a key at home is nobody in a room", "key", [][2]string{{`{"presence":true}`, ""}}},
		{"a radar's words", "mmwave", [][2]string{{`{"presence_state":"PRESENCE"}`, "presence"}, {`{"presence_state":"NONE"}`, "-presence"}}},
		{"temperature when it changes", "거실/동작", [][2]string{
			{`{"temperature":21.5,"battery":80}`, "-battery temperature=21.5"},
			{`{"temperature":21.5,"battery":80}`, ""},
			{`{"temperature":22,"battery":9}`, "battery temperature=22 !battery_low"},
			{`{"temperature":"22","battery":14}`, "!unknown_value"},
			{`{"temperature":22,"battery":15}`, "-battery"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			for i, line := range c.lines {
				if got := h.says(c.device, line[0]); got != line[1] {
					t.Errorf("line %d: %s\nheard %q\nwant  %q", i+1, line[0], got, line[1])
				}
			}
		})
	}
}

func TestAReadingSaysWhereAndFrom(t *testing.T) {
	h := newHome(t)
	got := h.hear("zigbee2mqtt/거실/동작", `{"occupancy":true}`, false).Readings
	want := []ucare.Reading{{At: h.now, Dwelling: "kim", Sensor: "거실/동작", Room: "living", Kind: ucare.Motion, State: ucare.Active}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := h.hear("zigbee2mqtt/kitchen smoke", `{"smoke":true}`, false).Readings[0].Room; got != "kitchen" {
		t.Errorf("room %q", got)
	}
}

func TestATestPressIsADrill(t *testing.T) {
	for _, c := range []conversation{
		{"a press with smoke", "", [][2]string{
			{`{"smoke":false,"test":false}`, "-smoke"}, {`{"smoke":true,"test":true}`, "smoke*"}, {`{"smoke":true,"test":true}`, "smoke*"}, {`{"smoke":false,"test":false}`, "-smoke"},
		}},
		{"a press without smoke is nothing", "", [][2]string{{`{"smoke":false,"test":true}`, "-smoke"}}},
		{"the first thing ever heard", "", [][2]string{{`{"smoke":true,"test":true}`, "smoke*"}}},
		{"smoke after the test flag got stuck is a fire", "", [][2]string{
			{`{"smoke":false,"test":true}`, "-smoke"}, {`{"smoke":false,"test":true}`, ""}, {`{"smoke":false,"test":true}`, ""}, {`{"smoke":true,"test":true}`, "smoke"},
		}},
		{"smoke that goes on when the test has ended is a fire", "", [][2]string{{`{"smoke":true,"test":true}`, "smoke*"}, {`{"smoke":true,"test":false}`, "smoke"}}},
		{"a test during a fire makes no drill of it", "", [][2]string{{`{"smoke":true,"test":false}`, "smoke"}, {`{"smoke":true,"test":true}`, "smoke"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			for i, line := range c.lines {
				if got := h.says("kitchen smoke", line[0]); got != line[1] {
					t.Errorf("line %d: %s: heard %q, want %q", i+1, line[0], got, line[1])
				}
			}
		})
	}
}

// Each publish repeats the whole cached state.
func TestAnEchoOfMotionIsNoMotion(t *testing.T) {
	h := newHome(t)
	pir := "거실/동작"
	for i, line := range [][2]string{
		{`{"occupancy":true,"illuminance":100}`, "motion"},
		{`{"occupancy":true,"illuminance":90}`, ""}, // light
		{`{"occupancy":true,"illuminance":90}`, ""}, // cannot be known without last_seen
		{`{"occupancy":false,"illuminance":90}`, "-motion"},
		{`{"occupancy":false,"illuminance":80}`, ""},
		{`{"occupancy":true,"illuminance":80}`, "motion"},
	} {
		if got := h.says(pir, line[0]); got != line[1] {
			t.Errorf("line %d: heard %q, want %q", i+1, got, line[1])
		}
	}
	// With last_seen: a radio contact that told nothing but motion is motion.
	seen := func(payload string) string {
		return h.says(pir, strings.Replace(payload, "NOW", h.now.Add(59*time.Second).Format(time.RFC3339Nano), 1))
	}
	for i, line := range [][2]string{
		{`{"occupancy":true,"illuminance":80,"last_seen":"NOW"}`, "motion"},
		{`{"occupancy":true,"illuminance":70,"last_seen":"NOW"}`, ""},
		{`{"occupancy":true,"illuminance":70,"last_seen":"NOW","linkquality":9}`, "motion"},
	} {
		if got := seen(line[0]); got != line[1] {
			t.Errorf("with last_seen, line %d: heard %q, want %q", i+1, got, line[1])
		}
	}
	stamp := h.now.Format(time.RFC3339Nano)
	h.says(pir, `{"occupancy":true,"illuminance":70,"last_seen":"`+stamp+`"}`)
	if got := h.says(pir, `{"occupancy":true,"illuminance":70,"last_seen":"`+stamp+`"}`); got != "" {
		t.Errorf("the same last_seen again: heard %q", got)
	}
}

func TestAStateFromTheBrokersStoreIsOfUnknownAge(t *testing.T) {
	for device, line := range map[string][2]string{
		"kitchen smoke": {`{"smoke":true}`, "smoke?"},
		"sos":           {`{"action":"emergency"}`, "help? !old_help_press"},
		"sos wall":      {`{"sos":true}`, "help? !old_help_press"},
		"radar":         {`{"fall_status":"fall_alarm"}`, "fall?"},
		"거실/동작":         {`{"occupancy":true}`, "motion?"},
		"front door":    {`{"contact":false}`, "door?"},
	} {
		h := newHome(t)
		if got := short(h.hear("zigbee2mqtt/"+device, line[0], true)); got != line[1] {
			t.Errorf("%s: heard %q, want %q", device, got, line[1])
		}
	}
	h := newHome(t)
	h.says("sos wall", `{"sos":false}`)
	if got := short(h.hear("zigbee2mqtt/sos wall", `{"sos":true}`, true)); got != "help? !old_help_press" {
		t.Errorf("a stored press after a live state: heard %q", got)
	}
}

// After it came online a bridge publishes all states that it has in its cache.
func TestTheFirstStateAfterABridgeStartedIsOfUnknownAge(t *testing.T) {
	h := newHome(t)
	h.step = time.Second
	pir := "거실/동작"
	h.says(pir, `{"occupancy":false}`)
	h.hear("zigbee2mqtt/bridge/state", `{"state":"online"}`, false)
	for i, line := range []struct{ device, payload, want string }{
		{"kitchen smoke", `{"smoke":true}`, "smoke?"},
		{"kitchen smoke", `{"smoke":true}`, "smoke"},
		{pir, `{"occupancy":true}`, "motion?"},
		{pir, `{"occupancy":true}`, ""},
		{pir, `{"occupancy":false}`, "-motion"},
		{pir, `{"occupancy":true}`, "motion"},
		{"sos", `{"action":"emergency"}`, "help"}, // never in the cache
		{"gas", `{"gas":true,"last_seen":"2026-03-04T11:00:00Z"}`, "gas?"},
		{"leak", `{"water_leak":true,"last_seen":"NOW"}`, "water_leak"},
		{"sos wall", `{"sos":true}`, "help? !old_help_press"},
	} {
		payload := strings.Replace(line.payload, "NOW", h.now.Add(h.step).Format(time.RFC3339Nano), 1)
		if got := h.says(line.device, payload); got != line.want {
			t.Errorf("line %d: %s %s: heard %q, want %q", i+1, line.device, payload, got, line.want)
		}
	}
	// A press that was not there before is new, even in the first state after a start.
	h.says("sos wall", `{"sos":false}`)
	h.hear("zigbee2mqtt/bridge/state", `online`, false)
	if got := h.says("sos wall", `{"sos":true}`); got != "help" {
		t.Errorf("a press since we last heard: %q", got)
	}
	// The state of the bridge in the broker's store is not a start.
	h = newHome(t)
	h.hear("zigbee2mqtt/bridge/state", `{"state":"online"}`, true)
	if got := h.says("kitchen smoke", `{"smoke":true}`); got != "smoke" {
		t.Errorf("after a stored online: %q", got)
	}
	// A state from the store in between is not the cache either.
	h = newHome(t)
	h.hear("zigbee2mqtt/bridge/state", `{"state":"online"}`, false)
	h.hear("zigbee2mqtt/kitchen smoke", `{"smoke":false}`, true)
	if got := h.says("kitchen smoke", `{"smoke":true}`); got != "smoke?" {
		t.Errorf("after a stored state: %q", got)
	}
}

func TestLastSeenInItsFormats(t *testing.T) {
	want := time.Date(2026, 4, 17, 15, 33, 22, 0, time.UTC)
	for _, raw := range []string{
		`"2026-04-17T15:33:22Z"`, `"2026-04-17T15:33:22.000Z"`, `"2026-04-17T23:33:22+08:00"`, `"2026-04-17T23:33:22+0800"`, fmt.Sprint(want.UnixMilli()),
	} {
		if got, ok := lastSeen(json.RawMessage(raw), sensors.Message{At: noon}, time.Time{}); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v", raw, got, ok)
		}
	}
	for _, raw := range []string{`"2 minutes"`, `null`, `""`, `0`, `-5`, `true`, `{}`, `1.5`} {
		if got, ok := lastSeen(json.RawMessage(raw), sensors.Message{At: noon}, time.Time{}); ok {
			t.Errorf("%s: taken for %v", raw, got)
		}
	}
	if _, ok := lastSeen(nil, sensors.Message{At: noon}, time.Time{}); ok {
		t.Error("nothing is taken for a time")
	}
}

func TestLastSeenTellsSinceWhen(t *testing.T) {
	h := newHome(t)
	at := func(ago time.Duration) string { return h.now.Add(time.Minute - ago).Format(time.RFC3339Nano) }
	// Never heard before, and last seen long ago: nobody knows since when.
	if got := h.says("kitchen smoke", `{"smoke":true,"last_seen":"`+at(time.Hour)+`"}`); got != "smoke?" {
		t.Errorf("heard %q", got)
	}
	h.says("leak", `{"water_leak":false,"last_seen":"`+at(time.Second)+`"}`)
	h.now = h.now.Add(5 * time.Hour) // the gateway was away, the broker kept the message
	seen := h.now.Add(-4 * time.Hour)
	got := h.hear("zigbee2mqtt/leak", `{"water_leak":true,"last_seen":"`+seen.Format(time.RFC3339Nano)+`"}`, false)
	if short(got) != "water_leak" || !got.Readings[0].At.Equal(seen) {
		t.Errorf("heard %q at %v, want %v", short(got), got.Readings[0].At, seen)
	}
	// From the future: a fault, and now.
	got = h.hear("zigbee2mqtt/leak", `{"water_leak":true,"last_seen":"2036-01-01T00:00:00Z"}`, false)
	if short(got) != "water_leak !sensor_clock" || !got.Readings[0].At.Equal(h.now) {
		t.Errorf("heard %q", short(got))
	}
}

func TestTheBridgeItself(t *testing.T) {
	h := newHome(t)
	for _, payload := range []string{`offline`, `{"state":"offline"}`} {
		if got := short(h.hear("zigbee2mqtt/bridge/state", payload, true)); got != "!bridge_offline" {
			t.Errorf("%s: %q", payload, got)
		}
	}
	if got := h.hear("zigbee2mqtt/bridge/state", `{"state":"online"}`, false); codes(got.Cleared) != "bridge_offline" {
		t.Errorf("online: %+v", got)
	}
	if got := short(h.hear("zigbee2mqtt/bridge/state", `{"state":"confused"}`, false)); got != "!not_understood" {
		t.Errorf("confused: %q", got)
	}
	for _, about := range []string{"info", "health", "event", "logging", "definitions", "request/device/rename", "response/device/configure"} {
		if got := short(h.hear("zigbee2mqtt/bridge/"+about, `{"smoke":true,"message":"Smoke Alarm"}`, false)); got != "" {
			t.Errorf("bridge/%s: %q", about, got)
		}
	}
}

func TestAvailability(t *testing.T) {
	h := newHome(t)
	for _, c := range [][2]string{
		{`{"state":"offline"}`, "-link !sensor_unreachable"}, {`{"state":"online"}`, "link"}, {`offline`, "-link !sensor_unreachable"}, {`"online"`, "link"}, {``, ""}, {`perhaps`, "!not_understood"},
	} {
		if got := short(h.hear("zigbee2mqtt/거실/동작/availability", c[0], false)); got != c[1] {
			t.Errorf("%s: heard %q, want %q", c[0], got, c[1])
		}
	}
	if got := short(h.hear("zigbee2mqtt/kitchen smoke/availability", `{"state":"offline"}`, true)); got != "-link? !sensor_unreachable" {
		t.Errorf("retained: %q", got)
	}
}

func TestAttributeOutput(t *testing.T) {
	h := newHome(t)
	for i, c := range [][3]string{
		{"거실/동작/occupancy", "true", "motion"},
		{"거실/동작/occupancy", "true", ""},
		{"거실/동작/illuminance", "12", ""},
		{"거실/동작/temperature", "21.5", "temperature=21.5"},
		{"kitchen smoke/smoke", "true", "smoke"},
		{"kitchen smoke/smoke", "", "!unknown_value"},
		{"kitchen smoke/battery_low", "false", "-battery !unknown_value"},
		{"kitchen smoke/smoke", "false", "-smoke"},
		{"kitchen smoke/update-state", "idle", ""},
		{"sos/action", "emergency", "help"},
		{"sos/action", "", ""},
		{"garage co/carbon_monoxide", "ON", "carbon_monoxide"},
	} {
		if got := h.says(c[0], c[1]); got != c[2] {
			t.Errorf("line %d: %s %q: heard %q, want %q", i+1, c[0], c[1], got, c[2])
		}
	}
	h.hear("zigbee2mqtt/bridge/state", "online", false)
	if got := h.says("kitchen smoke/smoke", "true"); got != "smoke?" {
		t.Errorf("after a start: %q", got)
	}
	if got := h.says("gas/gas", "true"); got != "gas?" {
		t.Errorf("another device after a start: %q", got)
	}
}

// The alarm of a device that nobody described is never dropped.
func TestAStrangersAlarmIsHeard(t *testing.T) {
	for payload, want := range map[string]string{
		`{"smoke":true}`:                 "smoke",
		`{"gas":true,"battery":3}`:       "gas",
		`{"carbon_monoxide":true}`:       "carbon_monoxide",
		`{"water_leak":true}`:            "water_leak",
		`{"action":"emergency"}`:         "help",
		`{"sos":true}`:                   "help",
		`{"fall_status":"fall_alarm"}`:   "fall",
		`{"smoke":true,"test":true}`:     "smoke*",
		`{"smoke":false}`:                "",
		`{"smoke":"true"}`:               "",
		`{"smoke":1}`:                    "",
		`{"gas":12.5}`:                   "",
		`{"occupancy":true}`:             "",
		`{"contact":false}`:              "",
		`{"alarm":true}`:                 "",
		`{"status":"falling"}`:           "",
		`{"action":"fall"}`:              "",
		`{"temperature":80}`:             "",
		`no json`:                        "",
		`{"battery_low":true}`:           "",
		`{"fall_status":"fall_warning"}`: "",
	} {
		for _, name := range []string{"new thing", "mystery"} {
			h := newHome(t)
			if got := h.says(name, payload); got != strings.TrimSpace(want+" !unknown_device") {
				t.Errorf("%s %s: heard %q, want %q and a fault", name, payload, got, want)
			}
		}
	}
	h := newHome(t)
	if got := h.says("somewhere/kitchen/smoke", "true"); got != "smoke !unknown_device" {
		t.Errorf("on a topic of its own: %q", got)
	}
	h.says("new thing", `{"smoke":true}`)
	if got := h.says("new thing", `{"smoke":false}`); got != "-smoke !unknown_device" {
		t.Errorf("the end of its alarm: %q", got)
	}
	with := strings.TrimSuffix(bridgeDevices, "]") + "," + listed("new thing", "Develco", "SMSZB-120", exposesSmoke) + "]"
	if got := h.hear("zigbee2mqtt/bridge/devices", with, true); !strings.Contains(codes(got.Cleared), "unknown_device") {
		t.Errorf("once it is listed: %+v", got.Cleared)
	}
}

func TestStrangersDoNotFillTheMemory(t *testing.T) {
	h := newHome(t)
	for i := range 1_000 {
		if got := h.says(fmt.Sprintf("stranger %d", i), `{"smoke":true}`); got != "smoke !unknown_device" {
			t.Fatalf("stranger %d: %q", i, got)
		}
	}
	kept, err := json.Marshal(h.d)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(kept), `"heard_at"`); n > maxStrange {
		t.Errorf("%d strangers are remembered", n)
	}
}

func TestLongNamesDoNotFillTheMemory(t *testing.T) {
	h := newHome(t)
	long := strings.Repeat("long ", 10_000)
	for i := range 20 {
		if got := h.says(fmt.Sprint(long, i), `{"smoke":true}`); !strings.HasPrefix(got, "smoke !") {
			t.Fatalf("heard %q", got)
		}
		if got := h.says("sos", fmt.Sprintf(`{"action":"emergency_%s%d"}`, long, i)); got != "help" {
			t.Fatalf("heard %q", got)
		}
	}
	if kept, err := json.Marshal(h.d); err != nil || len(kept) > 50_000 {
		t.Errorf("%v; %d bytes are remembered", err, len(kept))
	}
}

func TestCommandsAndGroupsAreNoSensors(t *testing.T) {
	h := newHome(t)
	h.hear("zigbee2mqtt/living lights/availability", `{"state":"offline"}`, true) // before the groups are known
	got := h.hear("zigbee2mqtt/bridge/groups", `[{"id":1,"friendly_name":"living lights"},{"id":2,"friendly_name":"거실"}]`, true)
	if codes(got.Cleared) != "sensor_unreachable" {
		t.Errorf("the group that was taken for a sensor: %+v", got)
	}
	for _, name := range []string{"living lights", "living lights/availability", "kitchen smoke/set", "kitchen smoke/set/state", "kitchen smoke/get", "lamp/get"} {
		if got := h.says(name, `{"state":"ON","smoke":true}`); got != "" {
			t.Errorf("%s: heard %q", name, got)
		}
	}
	if got := h.says("거실/동작", `{"occupancy":true}`); got != "motion" {
		t.Errorf("a device whose name begins like a group's: %q", got)
	}
}

func TestTheListOfDevices(t *testing.T) {
	h := newHome(t)
	ids := func() []string {
		var all []string
		for _, s := range h.d.Sensors() {
			all = append(all, s.ID)
		}
		return all
	}
	if all := ids(); !slices.Contains(all, "거실/동작") || slices.Contains(all, "gas meter") || slices.Contains(all, "Coordinator") {
		t.Errorf("sensors %q", all)
	}
	for _, s := range h.d.Sensors() {
		if s.ID == "kitchen smoke" && (s.Room != "kitchen" || s.Model != "Develco SMSZB-120" || !s.LastHeard.IsZero() ||
			!slices.Equal(s.Kinds, []ucare.Kind{ucare.Battery, ucare.Smoke, ucare.Tamper})) {
			t.Errorf("%+v", s)
		}
	}
	h.says("kitchen smoke", `{"smoke":true,"tamper":true}`)
	// Renamed: the old name is gone with its faults, and what holds is told of the new one.
	renamed := strings.Replace(bridgeDevices, `"friendly_name":"kitchen smoke"`, `"friendly_name":"smoke in the hall"`, 1)
	got := h.hear("zigbee2mqtt/bridge/devices", renamed, false)
	if !strings.Contains(codes(got.Cleared), "tamper") || slices.Contains(ids(), "kitchen smoke") || !slices.Contains(ids(), "smoke in the hall") {
		t.Errorf("cleared %s, sensors %q", codes(got.Cleared), ids())
	}
	if got := h.says("smoke in the hall", `{"smoke":false,"tamper":true}`); got != "-smoke tamper !tamper" {
		t.Errorf("after the renaming: %q", got)
	}
	for _, payload := range []string{`{"not":"a list"}`, `[`, `[{"friendly_name":"smoke in the hall","definition":7}]`} {
		got := h.hear("zigbee2mqtt/bridge/devices", payload, true)
		if !strings.Contains(codes(got.Faults), "not_understood") {
			t.Errorf("%s: %+v", payload, got.Faults)
		}
		if got := h.says("smoke in the hall", `{"smoke":true}`); got != "smoke" {
			t.Errorf("after %s the device says %q", payload, got)
		}
	}
}

func TestTheBridgesMemorySurvivesJSON(t *testing.T) {
	h := newHome(t)
	h.hear("zigbee2mqtt/bridge/groups", `[{"friendly_name":"lights"}]`, true)
	h.says("kitchen smoke", `{"smoke":true,"test":true,"tamper":null,"last_seen":"`+h.now.Format(time.RFC3339)+`"}`)
	h.says("거실/동작", `{"occupancy":true,"illuminance":3}`)
	h.says("gas/gas", "true")
	h.says("stranger", `{"smoke":true}`)
	kept, err := json.Marshal(h.d)
	if err != nil {
		t.Fatal(err)
	}
	after := emptyHome(t)
	after.now = h.now
	if err := json.Unmarshal(kept, after.d); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(after.d)
	if err != nil || string(again) != string(kept) {
		t.Errorf("%v\nbefore %s\nafter  %s", err, kept, again)
	}
	for _, line := range [][2]string{
		{"거실/동작", `{"occupancy":true,"illuminance":4}`}, {"kitchen smoke", `{"smoke":true,"test":true,"tamper":false}`}, {"stranger", `{"smoke":false}`}, {"gas/gas", "false"},
	} {
		if live, restarted := h.says(line[0], line[1]), after.says(line[0], line[1]); live != restarted {
			t.Errorf("%s: heard %q live and %q after a restart", line[0], live, restarted)
		}
	}
	if err := json.Unmarshal([]byte(`{"ecosystems":{"zigbee2mqtt:zigbee2mqtt":{"devices":{"x":null}}}}`), emptyHome(t).d); err == nil {
		t.Error("a broken memory was taken")
	}
}

func TestTwoBridgesInOneHome(t *testing.T) {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim", Zigbee2MQTT: []string{"home", "home/attic"}}, {Dwelling: "lee", Zigbee2MQTT: []string{"zigbee"}}}}
	d := sensors.NewDecoder(c, All(c)...)
	for topic, dwelling := range map[string]string{"home/a": "kim", "home/attic/b": "kim", "zigbee/c": "lee"} {
		h := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(`{"smoke":true}`)})
		name := topic[strings.LastIndexByte(topic, '/')+1:]
		if len(h.Readings) != 1 || h.Readings[0].Dwelling != dwelling || h.Readings[0].Sensor != name {
			t.Errorf("%s: %+v", topic, h.Readings)
		}
	}
	if h := d.Hear(sensors.Message{At: noon, Topic: "homestead/x", Payload: []byte(`{}`)}); codes(h.Faults) != "unknown_topic" {
		t.Errorf("%+v", h)
	}
}

// speaksOfDanger reports whether a payload, or an attribute of it, is a value
// that some device has in its table as danger or as a call.
func speaksOfDanger(payload []byte) bool {
	var said map[string]json.RawMessage
	if json.Unmarshal(payload, &said) != nil {
		said = map[string]json.RawMessage{"": plainToJSON(payload)}
	}
	for _, raw := range said {
		switch value := canonical(raw); value {
		case "true", `"ON"`, `"alarm"`, `"fall_alarm"`, `"falling"`, `"fall"`:
			return true
		default:
			if isCall(word(value)) || isClick(word(value)) {
				return true
			}
		}
	}
	return false
}

func FuzzBridge(f *testing.F) {
	f.Add("kitchen smoke", []byte(`{"smoke":true,"last_seen":"2026-03-04T12:00:00Z"}`), false)
	f.Add("bridge/devices", []byte(`[{"friendly_name":"kitchen smoke","definition":{"model":"x","exposes":[{"type":"binary","property":"smoke","features":[{}]}]}}]`), true)
	f.Add("bridge/state", []byte(`{"state":"online"}`), false)
	f.Add("거실/동작/occupancy", []byte(`true`), false)
	f.Add("bridge/groups", []byte(`[{"friendly_name":"x"},null]`), false)
	f.Add("bridge/info", []byte(`{"config":{"advanced":{"last_seen":"disable"},"availability":true}}`), true)
	f.Add("bridge/health", []byte(`{"devices":{"leak":{"messages":3}}}`), false)
	f.Add("bridge/event", []byte(`{"type":"device_leave","data":{"friendly_name":"leak"}}`), false)
	f.Add("bridge/response/device/remove", []byte(`{"data":{"id":"leak"},"status":"ok"}`), false)
	f.Add("sos", []byte(`{"action":"emergency_1","last_seen":"1 week, 2 days ago"}`), false)
	f.Add("owon", []byte(`{"status":"Unknown (6)","last_seen":1}`), false)
	f.Add("a/smoke", []byte(`"true"`), false)
	f.Fuzz(func(t *testing.T, rest string, payload []byte, retained bool) {
		b := New("zigbee2mqtt", kim)
		b.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: []byte(bridgeDevices), Retained: true})
		m := sensors.Message{At: noon.Add(time.Minute), Topic: "zigbee2mqtt/" + rest, Payload: payload, Retained: retained}
		for range 2 {
			h, _ := b.Hear(m)
			for _, r := range h.Readings {
				if r.State == ucare.Unknown && r.Unit == "" {
					t.Errorf("a reading that says nothing: %+v", r)
				}
				if m.Retained && !r.UnknownAge {
					t.Errorf("old news as new: %+v", r)
				}
				if sensors.IsDetector(r.Kind) && r.State == ucare.Active && !speaksOfDanger(payload) {
					t.Errorf("%s of %q: %+v", rest, payload, r)
				}
			}
		}
		kept, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(kept, New("zigbee2mqtt", kim)); err != nil {
			t.Errorf("the memory cannot be read again: %v", err)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	bridge := New("zigbee2mqtt", kim)
	bridge.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: []byte(bridgeDevices)})
	m := sensors.Message{At: noon, Topic: "zigbee2mqtt/거실/동작", Payload: []byte(`{"occupancy":true,"illuminance":80,"battery":80,"voltage":3000,"linkquality":90,"temperature":21}`)}
	for b.Loop() {
		bridge.Hear(m)
	}
}
