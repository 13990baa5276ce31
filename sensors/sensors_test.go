package sensors

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var kim = Config{
	Dwellings: []DwellingTopics{{
		Dwelling: "kim",
		Rooms:    []ucare.Room{{ID: "kitchen", Name: "부엌"}, {ID: "living", Name: "거실"}, {ID: "bath", Name: "Bath room"}},
		Sensors:  []ucare.Sensor{{ID: "s1", Room: "kitchen"}, {ID: "front", Room: "living", Topic: "ucare/kim/0x17"}},
	}},
	Quiet: []string{"ucare/kim/gateway/#"},
}

func said(topic, payload string) Message {
	return Message{At: noon, Source: "test", Topic: topic, Payload: []byte(payload), QoS: 1}
}

func codes(fs []ucare.Fault) string {
	var all []string
	for _, f := range fs {
		all = append(all, string(f.Code))
	}
	return strings.Join(all, " ")
}

func TestAReadingInOurOwnForm(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          ucare.Reading
	}{
		{
			"a contact without a time is of now", `{"kind":"smoke","active":true}`,
			ucare.Reading{At: noon, Kind: ucare.Smoke, State: ucare.Active, Room: "kitchen"},
		},
		{
			"its own room and time count", `{"at":"2026-03-04T08:00:00+09:00","dwelling":"kim","sensor":"s1","room":"living","kind":"door","active":false}`,
			ucare.Reading{At: time.Date(2026, 3, 3, 23, 0, 0, 0, time.UTC), Kind: ucare.Door, State: ucare.Inactive, Room: "living"},
		},
		{
			"a measurement", `{"kind":"temperature","value":0,"unit":"°C"}`,
			ucare.Reading{At: noon, Kind: ucare.Temperature, Value: 0, Unit: "°C", Room: "kitchen"},
		},
		{
			"gas, measured", `{"kind":"gas","value":12.5,"unit":"% LEL"}`,
			ucare.Reading{At: noon, Kind: ucare.Gas, Value: 12.5, Unit: "% LEL", Room: "kitchen"},
		},
		{
			"samples", `{"kind":"acceleration","rate_hz":50,"unit":"g","samples":[[0,0,1]]}`,
			ucare.Reading{At: noon, Kind: ucare.Acceleration, RateHz: 50, Unit: "g", Samples: [][3]float64{{0, 0, 1}}, Room: "kitchen"},
		},
		{
			"a drill of unknown age stays one", `{"kind":"help","active":true,"drill":true,"unknown_age":true}`,
			ucare.Reading{At: noon, Kind: ucare.HelpButton, State: ucare.Active, Drill: true, UnknownAge: true, Room: "kitchen"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewDecoder(kim).Hear(said("ucare/kim/s1", c.payload))
			c.want.Dwelling, c.want.Sensor = "kim", "s1"
			if len(h.Readings) != 1 {
				t.Fatalf("%+v", h)
			}
			got := h.Readings[0]
			got.At = got.At.UTC()
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestASensorFoundByItsTopicGoesByTheConfiguredName(t *testing.T) {
	h := NewDecoder(kim).Hear(said("ucare/kim/0x17", `{"sensor":"0x17","kind":"door","active":true}`))
	if len(h.Readings) != 1 || h.Readings[0].Sensor != "front" || h.Readings[0].Room != "living" {
		t.Errorf("%+v", h)
	}
}

func TestWhatIsNoReadingIsAFaultAndNeverAReading(t *testing.T) {
	for payload, want := range map[string]ucare.FaultCode{
		`smoke!`:                                        ucare.FaultNotUnderstood,
		`{"kind":"smoke","active":"no"}`:                ucare.FaultNotUnderstood,
		`{"kind":"smoke","active":1}`:                   ucare.FaultNotUnderstood,
		`{"kind":"smoke","active":null}`:                ucare.FaultUnknownValue,
		`{"kind":"smoke"}`:                              ucare.FaultUnknownValue,
		`{"kind":"smoke","value":1}`:                    ucare.FaultUnknownValue,
		`{"kind":"ghost","active":true}`:                ucare.FaultUnknownValue,
		`{}`:                                            ucare.FaultUnknownValue,
		`null`:                                          ucare.FaultUnknownValue,
		`{"kind":"temperature","unit":"°C"}`:            ucare.FaultUnknownValue,
		`{"kind":"gas"}`:                                ucare.FaultUnknownValue,
		`{"kind":"gas","value":3,"unit":"ppm"}`:         ucare.FaultUnknownValue,
		`{"kind":"temperature","value":70,"unit":"°F"}`: ucare.FaultUnknownValue,
		`{"kind":"acceleration","unit":"g","samples":[[0,0,1]]}`:     ucare.FaultUnknownValue,
		`{"sensor":"s2","kind":"smoke","active":true}`:               ucare.FaultRefused,
		`{"dwelling":"lee","kind":"smoke","active":true}`:            ucare.FaultRefused,
		`{"at":"yesterday","kind":"smoke","active":true}`:            ucare.FaultNotUnderstood,
		strings.Repeat("[", 20_000):                                  ucare.FaultNotUnderstood,
		"\xff\xfe\x00" + strings.Repeat("화재", 100):                   ucare.FaultNotUnderstood,
		`{"kind":"temperature","value":1e999,"unit":"°C"}`:           ucare.FaultNotUnderstood,
		`{"kind":"motion","active":true} {"kind":"smoke"}`:           ucare.FaultNotUnderstood,
		`[{"kind":"smoke","active":true}]`:                           ucare.FaultNotUnderstood,
		`{"kind":"acceleration","rate_hz":1,"unit":"g","samples":1}`: ucare.FaultNotUnderstood,
	} {
		h := NewDecoder(kim).Hear(said("ucare/kim/s1", payload))
		if len(h.Readings) != 0 || codes(h.Faults) != string(want) {
			t.Errorf("%.40q: readings %v, faults %s, want %s", payload, h.Readings, codes(h.Faults), want)
			continue
		}
		if f := h.Faults[0]; f.Subject != "s1" || f.Dwelling != "kim" || f.Detail == "" || len(f.Detail) > 700 {
			t.Errorf("%.40q: fault %+v", payload, f)
		}
	}
}

func TestTheTimeOfAReading(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		retained      bool
		at            time.Time
		unknown       bool
		faults        string
	}{
		{"a little ahead is fine", `{"at":"2026-03-04T12:01:59Z","kind":"smoke","active":true}`, false, noon.Add(119 * time.Second), false, ""},
		{"too far ahead is now", `{"at":"2026-03-04T12:02:01Z","kind":"smoke","active":true}`, false, noon, false, "sensor_clock"},
		{"a buffered one keeps its time", `{"at":"2026-02-01T12:00:00Z","kind":"smoke","active":true}`, false, time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), false, ""},
		{"a clock that was never set is no clock", `{"at":"1970-01-01T00:00:09Z","kind":"smoke","active":true}`, false, noon, false, "sensor_clock"},
		{"retained without a time is of unknown age", `{"kind":"smoke","active":true}`, true, noon, true, ""},
		{"retained with a time is of that time", `{"at":"2026-03-04T11:00:00Z","kind":"smoke","active":true}`, true, noon.Add(-time.Hour), false, ""},
		{"retained with a wrong time is of unknown age", `{"at":"2036-03-04T11:00:00Z","kind":"smoke","active":true}`, true, noon, true, "sensor_clock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := said("ucare/kim/s1", c.payload)
			m.Retained = c.retained
			h := NewDecoder(kim).Hear(m)
			if len(h.Readings) != 1 || codes(h.Faults) != c.faults {
				t.Fatalf("%+v", h)
			}
			if r := h.Readings[0]; !r.At.Equal(c.at) || r.UnknownAge != c.unknown {
				t.Errorf("at %v, of unknown age %v", r.At, r.UnknownAge)
			}
		})
	}
}

func TestTopics(t *testing.T) {
	d := NewDecoder(kim)
	for _, topic := range []string{
		"zigbee2mqtt/lamp/set", "zigbee2mqtt/lamp/set/state", "zigbee2mqtt/lamp/get", "zigbee2mqtt/bridge/logging",
		"zigbee2mqtt/bridge/request/device/rename", "homeassistant/sensor/x/config", "$SYS/broker/uptime",
		"ucare/home-1/canary/alarm-1", "ucare/kim/gateway/alarm",
	} {
		if h := d.Hear(said(topic, "x")); len(h.Readings)+len(h.Faults)+len(h.Cleared) != 0 {
			t.Errorf("%s: %+v", topic, h)
		}
	}
	for _, topic := range []string{"ucare/lee/s1", "ucare/kim", "ucare/kim/s1/smoke", "ucare/kim/", "shellies/x/smoke", "settings", "x"} {
		h := d.Hear(said(topic, `{"kind":"smoke","active":true}`))
		if codes(h.Faults) != "unknown_topic" || h.Faults[0].Subject != topic {
			t.Errorf("%s: %+v", topic, h)
		}
	}
}

func TestAStrayMessageIsForgottenAfterADay(t *testing.T) {
	d := NewDecoder(kim)
	d.Hear(said("shed/lamp", "on"))
	hourly := said("ucare/kim/s1", `{"kind":"smoke","active":false}`)
	for hour := range 30 {
		hourly.At = noon.Add(time.Duration(hour) * time.Hour)
		if got, want := codes(d.Hear(hourly).Cleared), map[bool]string{true: "unknown_topic"}[hour == 24]; got != want {
			t.Errorf("after %d hours: ended %q, want %q", hour, got, want)
		}
	}
	if h := d.Hear(said("shed/lamp", "on")); codes(h.Faults) != "unknown_topic" {
		t.Errorf("when it speaks again: %+v", h)
	}
}

func TestInventedTopicsDoNotFillTheMemory(t *testing.T) {
	d := NewDecoder(kim)
	subjects := map[string]bool{}
	for i := range 10_000 {
		for _, f := range d.Hear(said(fmt.Sprintf("noise/%d", i), "x")).Faults {
			subjects[f.Subject] = true
		}
		d.Hear(said(fmt.Sprintf("ucare/kim/made-up-%d", i), `{"kind":"motion","active":true}`))
	}
	if len(subjects) > maxUnknownTopics+1 || len(d.Sensors()) > maxSensors {
		t.Errorf("%d faults, %d sensors", len(subjects), len(d.Sensors()))
	}
	h := d.Hear(said("ucare/kim/one-more", `{"kind":"smoke","active":true}`))
	if len(h.Readings) != 1 {
		t.Error("the alarm of one sensor too many was dropped")
	}
}

func TestAFaultHoldsSinceItBeganAndEndsOnce(t *testing.T) {
	d := NewDecoder(kim)
	d.Hear(said("ucare/kim/s1", `nonsense`))
	later := said("ucare/kim/s1", `nonsense again`)
	later.At = noon.Add(time.Hour)
	h := d.Hear(later)
	if codes(h.Faults) != "not_understood" || !h.Faults[0].Since.Equal(noon) {
		t.Errorf("%+v", h.Faults)
	}
	good := said("ucare/kim/s1", `{"kind":"motion","active":true}`)
	if h := d.Hear(good); codes(h.Cleared) != "not_understood" {
		t.Errorf("cleared %+v", h.Cleared)
	}
	if h := d.Hear(good); len(h.Cleared) != 0 {
		t.Errorf("cleared again %+v", h.Cleared)
	}
}

func TestReadingsAboutTheSensorItselfAreFaults(t *testing.T) {
	d := NewDecoder(kim)
	for _, c := range []struct {
		bad, good string
		code      string
	}{
		{`{"kind":"battery","active":true}`, `{"kind":"battery","active":false}`, "battery_low"},
		{`{"kind":"tamper","active":true}`, `{"kind":"tamper","active":false}`, "tamper"},
		{`{"kind":"mains","active":false}`, `{"kind":"mains","active":true}`, "mains_lost"},
		{`{"kind":"link","active":false}`, `{"kind":"link","active":true}`, "sensor_unreachable"},
		{`{"kind":"help","active":true,"unknown_age":true}`, `{"kind":"help","active":true}`, "old_help_press"},
	} {
		if h := d.Hear(said("ucare/kim/s1", c.bad)); codes(h.Faults) != c.code || len(h.Readings) != 1 {
			t.Errorf("%s: %+v", c.bad, h)
		}
		if h := d.Hear(said("ucare/kim/s1", c.good)); codes(h.Cleared) != c.code || len(h.Readings) != 1 || len(h.Faults) != 0 {
			t.Errorf("%s: %+v", c.good, h)
		}
	}
}

func TestWhatThePageShowsOfASensor(t *testing.T) {
	d := NewDecoder(kim)
	d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":false}`))
	m := said("ucare/kim/s1", `{"kind":"motion","active":true}`)
	m.At = noon.Add(time.Minute)
	d.Hear(m)
	all := d.Sensors()
	if len(all) != 2 || all[0].ID != "front" {
		t.Fatalf("%+v", all)
	}
	s := all[1]
	if s.ID != "s1" || s.Dwelling != "kim" || s.Room != "kitchen" || !s.LastHeard.Equal(m.At) || !slices.Equal(s.Kinds, []ucare.Kind{ucare.Motion, ucare.Smoke}) || s.Last[ucare.Smoke].State != ucare.Inactive {
		t.Errorf("%+v", s)
	}
	s.Last[ucare.Smoke] = ucare.Reading{}
	if d.Sensors()[1].Last[ucare.Smoke].State != ucare.Inactive {
		t.Error("the list is not a copy")
	}
}

// broken is an ecosystem that breaks on a message.
type broken struct{ List []string }

func (b *broken) Hear(m Message) (Heard, bool) {
	if m.Topic == "break" {
		panic("index out of range")
	}
	b.List = append(b.List, m.Topic)
	return Heard{}, m.Topic == "mine"
}
func (b *broken) Name() string                    { return "broken" }
func (b *broken) MarshalJSON() ([]byte, error)    { return json.Marshal(b.List) }
func (b *broken) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &b.List) }

func TestAMessageThatBreaksADecoderIsAFault(t *testing.T) {
	d := NewDecoder(kim, &broken{})
	if h := d.Hear(said("break", "poison")); codes(h.Faults) != "not_understood" || h.Faults[0].Subject != "break" {
		t.Errorf("%+v", h)
	}
	if h := d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":true}`)); len(h.Readings) != 1 {
		t.Errorf("nothing is heard after it: %+v", h)
	}
}

// A detector that is tried while it burns: the end of the test is told as it is
// each time, and the end of the fire still is one.
func TestATestDuringAFireHidesNoClear(t *testing.T) {
	r := register{}
	smoke := func(s ucare.State, drill bool) ucare.Reading {
		return ucare.Reading{At: noon, Dwelling: "kim", Sensor: "s1", Kind: ucare.Smoke, State: s, Drill: drill}
	}
	for _, said := range []ucare.Reading{smoke(ucare.Active, false), smoke(ucare.Active, true), smoke(ucare.Inactive, true)} {
		r.take(Heard{Readings: []ucare.Reading{said}})
	}
	h := Heard{Repeated: []ucare.Reading{smoke(ucare.Inactive, false)}}
	if r.takeRepeated(&h); len(h.Readings) != 1 {
		t.Errorf("the end of the fire is no reading: %+v", h.Readings)
	}
}

// late is an ecosystem that breaks when time passes.
type late struct{ broken }

func (l *late) Next() (time.Time, bool)  { return noon, true }
func (l *late) Tick(now time.Time) Heard { panic("no such entity") }

func TestTimeThatBreaksADecoderIsAFault(t *testing.T) {
	d := NewDecoder(kim, &late{})
	if h := d.Tick(noon); codes(h.Faults) != "not_understood" {
		t.Errorf("%+v", h)
	}
}

func TestNoPasswordIsShown(t *testing.T) {
	for _, payload := range []string{
		`{"MqttPassword":"hunter2"}`, `{"WIFI":{"Psk":"hunter2"}}`, "token=hunter2", `{"list":["` + strings.Repeat("x", 100) + `"],"secret":"hunter2"}`,
	} {
		for _, f := range NewDecoder(kim).Hear(said("stat/plug/RESULT", payload)).Faults {
			if strings.Contains(f.Detail, "hunter2") || !strings.Contains(f.Detail, "not shown") {
				t.Errorf("%s: %s", payload, f.Detail)
			}
		}
	}
	if got := Excerpt([]byte(`{"smoke":true}`)); !strings.Contains(got, "smoke") {
		t.Errorf("an innocent one: %s", got)
	}
}

func TestTheMemorySurvivesJSON(t *testing.T) {
	before := NewDecoder(kim, &broken{})
	before.Hear(said("ucare/kim/s1", `nonsense`))
	before.Hear(said("ucare/kim/s2", `{"kind":"temperature","value":21.5,"unit":"°C"}`))
	before.Hear(said("unknown/topic", `x`))
	before.Hear(said("mine", `x`))
	kept, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	eco := &broken{}
	after := NewDecoder(kim, eco)
	if err := json.Unmarshal(kept, after); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(after)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(kept) {
		t.Errorf("before %s\nafter  %s", kept, again)
	}
	if !slices.Contains(eco.List, "mine") {
		t.Error("the ecosystem's memory is lost")
	}
	if h := after.Hear(said("ucare/kim/s1", `{"kind":"motion","active":true}`)); codes(h.Cleared) != "not_understood" {
		t.Errorf("a fault from before does not end: %+v", h)
	}
	if h := NewDecoder(Config{Dwellings: []DwellingTopics{{Dwelling: "unknown"}}}); json.Unmarshal(kept, h) != nil {
		t.Error("the memory of an ecosystem that is not configured any more is an error")
	}
}

func TestTheRoomIsInTheName(t *testing.T) {
	d := DwellingTopics{Rooms: []ucare.Room{
		{ID: "kitchen", Name: "부엌"}, {ID: "living_room", Name: "거실"}, {ID: "bed", Name: "Bedroom"}, {ID: "room"},
	}, Sensors: []ucare.Sensor{{ID: "0x1", Room: "kitchen"}}}
	for name, want := range map[string]string{
		"kitchen/smoke": "kitchen", "Smoke Kitchen": "kitchen", "KITCHEN_PIR": "kitchen", "부엌 연기": "kitchen", "연기감지기/부엌": "kitchen",
		"living room smoke": "living_room", "거실": "living_room", "0x1": "kitchen", " kitchen ": "kitchen",
		"chickenkitchen": "", "smoke": "", "": "", "old kitchen lamp": "", "bedroom door": "bed",
		"living_room/pir": "living_room", "부엌 거실": "", "kitchen bed": "kitchen",
	} {
		if got := d.Sensor("t", name).Room; got != want {
			t.Errorf("%q is in %q, want %q", name, got, want)
		}
	}
}

func TestWhatABrokerCanBeAskedFor(t *testing.T) {
	for filter, want := range map[string]bool{
		"a/b": true, "a/+/c": true, "a/#": true, "#": true, "+": true, "/a": true, " 거실/#": true,
		"": false, "a/b+": false, "a/#/b": false, "a#": false, "##": false, "$SYS/#": false, "$share/x/a": false, "a\x00b": false, "a\xff": false,
		strings.Repeat("a", 65_536): false,
	} {
		if got := IsFilter(filter); got != want {
			t.Errorf("%.20q: %v", filter, got)
		}
	}
}

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		granted, asked string
		want           bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/c", false},
		{"a/+", "a/b", true},
		{"a/+", "a/+", true},
		{"a/b", "a/+", false},
		{"a/+", "a/#", false},
		{"a/#", "a/#", true},
		{"a/#", "a", true},
		{"a/#", "a/+/c", true},
		{"a/+", "a/b/c", false},
		{"#", "a/#", true},
		{"a/#", "#", false},
		{"#", "$SYS/x", false},
		{"+/x", "$SYS/x", false},
		{"$SYS/#", "$SYS/x", true},
		{"a", "a/b", false},
		{"a/b", "a", false},
		{"+", "a", true},
		{"a//b", "a//b", true},
		{"a/+/b", "a//b", true},
		{"a/+", "a", false},
	} {
		if got := Covers(c.granted, c.asked); got != c.want {
			t.Errorf("%q covers %q: %v", c.granted, c.asked, got)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add("ucare/kim/s1", []byte(`{"kind":"smoke","active":true}`), false)
	f.Add("ucare/kim/s1", []byte(`{"kind":"acceleration","rate_hz":1,"unit":"g","samples":[[1,2,3]]}`), true)
	f.Add("x/y", []byte{0xff}, false)
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained bool) {
		d := NewDecoder(kim)
		m := Message{At: noon, Topic: topic, Payload: payload, Retained: retained}
		for _, fault := range d.Hear(m).Faults {
			if strings.Contains(fault.Detail, "the decoder broke") {
				t.Error(fault.Detail)
			}
		}
		if _, err := json.Marshal(d); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkHear(b *testing.B) {
	d := NewDecoder(kim)
	m := said("ucare/kim/s1", `{"at":"2026-03-04T12:00:00Z","dwelling":"kim","sensor":"s1","room":"kitchen","kind":"motion","active":true}`)
	for b.Loop() {
		d.Hear(m)
	}
}
