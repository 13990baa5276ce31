package tasmota

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

func FuzzHear(f *testing.F) {
	for _, seed := range [][2]string{
		{"tele/a/SENSOR", zb(`"ZoneStatusChange":1,"Fire":1,"BatteryPercentage":50`)},
		{"tele/a/b/SENSOR", `{"0x1234":{"Device":"0x1234","Contact":1,"LinkQuality":3}}`},
		{"tele/a/ZbReceived", `{"Device":"0x1234","0500!00":"010000FF0000"}`},
		{"stat/a/RESULT", `{"ZbStatus3":[{"Device":"0x1","Config":["A01.3"]}]}`},
		{"tele/a/SENSOR", `{"Switch1":"ON","LD2410":{"Distance":[1,2,3]},"DS18B20":{"Temperature":85},"TempUnit":"F"}`},
		{"stat/a/PIR1", "ON"},
		{"stat/a/LEAK", "OFF"},
		{"a/tele/LWT", "Online"},
		{"tele/a/INFO3", `{"Info3":{"RestartReason":"Deep-Sleep Wake"}}`},
		{"tasmota/discovery/AABB/config", announcedBox},
		{"tasmota/discovery/AABB/config", ""},
		{"tele/a/SENSOR", `{"LwDecoded":{"n":{"Node":1,"RSSI":-1,"DoorOpen":1}}}`},
		{"tele/a/SENSOR", `{"MJYD2S-1":{"PIR":1}}`},
		{"cmnd/a/POWER", ""},
		{"tele/a/SENSOR", `{„ZbReceived":1}`},
		{"house/box/news/SENSOR", `{"Hall PIR":"an"}`},
		{"stat/a/BUTTON1", `{"ACTION":"SINGLE"}`},
		{"tele/SENSOR", `{}`},
		{"//", "{"},
		{"tele//SENSOR", "{}"},
	} {
		f.Add(seed[0], []byte(seed[1]), false)
		f.Add(seed[0], []byte(seed[1]), true)
	}
	f.Fuzz(func(t *testing.T, topic string, payload []byte, retained bool) {
		d := New("", kim)
		before := sensors.Message{At: noon, Topic: "tasmota/discovery/AABB/config", Payload: []byte(announcedBox), Retained: true}
		d.Hear(before)
		var h sensors.Heard
		for range 2 {
			h, _ = d.Hear(sensors.Message{At: noon, Topic: topic, Payload: payload, Retained: retained})
		}
		for _, r := range append(h.Readings, h.Repeated...) {
			if r.State == ucare.Active && sensors.IsDetector(r.Kind) && !strings.ContainsAny(string(payload), "1oOaA0") && !strings.Contains(string(payload), "true") {
				t.Errorf("%s %q raises %+v", topic, payload, r)
			}
			if retained && !r.UnknownAge {
				t.Errorf("%s %q is old and heard as news: %+v", topic, payload, r)
			}
		}
		kept, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(kept) > 8*(len(topic)+len(payload)+len(announcedBox))+4096 {
			t.Errorf("%d bytes are remembered of a message of %d", len(kept), len(payload))
		}
		if err := json.Unmarshal(kept, New("", kim)); err != nil {
			t.Errorf("the memory does not come back: %v", err)
		}
	})
}

// FuzzAttribute: only 1 and true raise an alarm, only 0 and false end one.
func FuzzAttribute(f *testing.F) {
	for _, value := range []string{"0", "1", "true", "false", "null", `""`, `"1"`, `"nan"`, "2", "1.0", "-1", "[1]", `{"a":1}`, "1e0", "01", `"on"`, " 1"} {
		f.Add(value)
	}
	names := []string{"Fire", "CO", "Water", "PersonalAlarm", "Panic", "Fire2"}
	f.Fuzz(func(t *testing.T, value string) {
		var said map[string]json.RawMessage
		payload := `{"Device":"0x6172","Name":"Hall","LinkQuality":5,"X":` + value + `}`
		if json.Unmarshal([]byte(payload), &said) != nil || len(said) != 4 {
			return // no JSON, or more than the one value
		}
		for _, name := range names {
			h, _ := New("", kim).Hear(sensors.Message{At: noon, Topic: "tele/zb/ZbReceived", Payload: []byte(strings.Replace(payload, `"X":`, `"`+name+`":`, 1))})
			for _, r := range append(h.Readings, h.Repeated...) {
				want := map[string]ucare.State{"1": ucare.Active, "true": ucare.Active, "0": ucare.Inactive, "false": ucare.Inactive}[strings.TrimSpace(value)]
				if r.State != want || want == ucare.Unknown {
					t.Errorf("%s %q is heard as %+v", name, value, r)
				}
			}
		}
	})
}
