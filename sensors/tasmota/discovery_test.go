package tasmota

import (
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// announcedBox is a device with four switches, words of its own and other prefixes.
const announcedBox = `{"ip":"192.0.2.9","dn":"Kitchen box","fn":["Lamp",null],"hn":"box-7","mac":"AABB","md":"Generic","ofln":"weg","onln":"da",
	"state":["aus","an","um","halt"],"sw":"14.1.0","t":"box","ft":"house/%topic%/%prefix%/","tp":["do","answer","news"],"rl":[0],
	"swc":[15,15,16,-1],"swn":["Hall PIR","Front door","Back door",null],"btn":[0],"dslp":0,"ver":1}`

func TestWhatADeviceAnnounces(t *testing.T) {
	h := newHome(t)
	if got := h.hear("tasmota/discovery/AABB/config", announcedBox, true); short(got) != "" || !got.Relisten {
		t.Fatalf("the announcement: %+v", got)
	}
	if !slices.Contains(h.d.Filters(), "house/box/news/#") || slices.Contains(h.d.Filters(), "house/box/do/#") {
		t.Errorf("listens to %v", h.d.Filters())
	}
	for _, line := range [][3]string{
		{"house/box/news/LWT", "da", "house/box:link"},
		{"house/box/news/LWT", "weg", "house/box:-link !sensor_unreachable"},
		{"house/box/news/LWT", "Online", "house/box:link ~sensor_unreachable"},
		{"house/box/answer/RESULT", `{"Switch1":{"Action":"an"}}`, "house/box-Hall PIR:motion"},
		{"house/box/answer/RESULT", `{"Hall PIR":{"Action":"aus"}}`, "house/box-Hall PIR:-motion"},
		{"house/box/news/SENSOR", `{"Switch1":"aus"}`, ""},
		{"house/box/answer/RESULT", `{"Switch1":"um"}`, "!unknown_value"},
		{"house/box/news/SENSOR", `{"Switch1":"aus"}`, "~unknown_value"},
		{"house/box/answer/RESULT", `{"Switch2":{"Action":"an"}}`, "house/box-Front door:door"},
		{"house/box/answer/RESULT", `{"Switch2":{"Action":"aus"}}`, "house/box-Front door:-door"},
		{"house/box/answer/RESULT", `{"Switch3":{"Action":"an"}}`, "!needs_mapping"},
		{"house/box/answer/RESULT", `{"Switch4":{"Action":"an"}}`, "!needs_mapping"},
		{"house/box/do/POWER", "an", ""},
		{"tasmota/discovery/AABB/sensors", `{"sn":{"Switch1":"an"},"ver":1}`, ""},
	} {
		if got := h.says(line[0], line[1]); got != line[2] {
			t.Errorf("%s %s is heard as %q, want %q", line[0], line[1], got, line[2])
		}
	}
	for _, id := range []string{"house/box", "house/box-Front door"} {
		if s := h.sensor(id); s.Room != "kitchen" {
			t.Errorf("%s is in %q", id, s.Room)
		}
	}
	if s := h.sensor("house/box"); s.Model != "Generic" {
		t.Errorf("%+v", s)
	}
}

func TestAnAnnouncementEndsARiddle(t *testing.T) {
	h := newHome(t)
	if got := h.says("tele/tasmota_1/SENSOR", `{"Switch1":"ON"}`); got != "!needs_mapping" {
		t.Fatal(got)
	}
	h.hear("tasmota/discovery/CC/config", `{"t":"tasmota_1","ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],"swn":["현관 동작"],"swc":[1]}`, true)
	if got := h.says("tele/tasmota_1/SENSOR", `{"Switch1":"ON"}`); got != "tasmota_1:motion? ~needs_mapping" {
		t.Errorf("after it has a name: %q", got)
	}
}

func TestOtherFormsOfAnnouncements(t *testing.T) {
	for _, c := range []struct{ topic, payload, name, tele string }{
		{"tasmota/discovery/49A3BC", `{"dn":"Hall","of":"Offline","on":"Online","st":["OFF","ON"],"t":"tas1","ft":"%prefix%/%topic%/","tp":["cmnd","stat","tele"],"so":{"13":0}}`, "tas1", "tele/tas1/"},
		{"tasmota/discovery/01/config", `{"t":"a/b","ft":"%topic%/%prefix%/"}`, "a/b", "a/b/tele/"},
		{"tasmota/discovery/02/config", `{"t":"lamp","ft":"house/%topic%"}`, "house/lamp", "house/lamp/tele/"},
		{"tasmota/discovery/03/config", `{"t":"lamp","hn":"host-3","ft":"%prefix%/%hostname%/%id%/"}`, "host-3/03", "tele/host-3/03/"},
	} {
		d := New("", kim)
		h, mine := d.Hear(sensors.Message{At: noon, Topic: c.topic, Payload: []byte(c.payload), Retained: true})
		dev := d.Devices[c.name]
		if !mine || len(h.Faults) != 0 || dev == nil || dev.Announced.Prefixes[2] != c.tele {
			t.Errorf("%s: %+v, devices %v", c.payload, h, d.Devices)
		}
	}
	h := newHome(t)
	for _, payload := range []string{`{`, `[]`, `{"t":7}`, `{"ft":"%prefix%/x/"}`, `{"t":"/","ft":"%prefix%/%topic%/"}`, `null`, `{"t":"` + strings.Repeat("x", maxPath) + `"}`} {
		if got := h.says("tasmota/discovery/04/config", payload); got != "!not_understood" {
			t.Errorf("%s: %q", payload, got)
		}
	}
	if got := h.says("tasmota/discovery/04/config", `{"t":"x"}`); got != "~not_understood" {
		t.Errorf("once it is right: %q", got)
	}
}

func TestARemovedAnnouncementForgetsTheDevice(t *testing.T) {
	h := newHome(t)
	h.hear("tasmota/discovery/AABB/config", announcedBox, true)
	h.hear("house/box/news/SENSOR", `{"Switch4":"an","ZbReceived":{"0x1111":{"Device":"0x1111","Name":"bell","Click":"single","LinkQuality":1}}}`, false)
	got := h.hear("tasmota/discovery/AABB/config", "", false)
	gone := 0
	for _, s := range got.Seen {
		if s.Gone && (s.Sensor == "house/box" || s.Sensor == "bell") {
			gone++
		}
	}
	if gone != 2 || !got.Relisten || short(got) != "~needs_mapping" || h.own.Nodes != 0 {
		t.Errorf("removed: %+v", got)
	}
	if _, mine := h.own.Hear(sensors.Message{At: noon, Topic: "house/box/news/SENSOR", Payload: []byte(`{}`)}); mine {
		t.Error("its topics are still claimed")
	}
	if got := h.says("tasmota/discovery/AABB/config", ""); got != "" {
		t.Errorf("removed again: %q", got)
	}
}

func TestAMovedDeviceLeavesNothingBehind(t *testing.T) {
	h := newHome(t)
	h.hear("tasmota/discovery/AABB/config", announcedBox, true)
	got := h.hear("tasmota/discovery/AABB/config", strings.Replace(announcedBox, `"t":"box"`, `"t":"crate"`, 1), false)
	if len(h.own.Devices) != 1 || h.own.Devices["house/crate"] == nil || len(got.Seen) != 2 || !got.Seen[0].Gone {
		t.Errorf("renamed: %+v, devices %v", got.Seen, h.own.Devices)
	}
}

func TestADeepSleeperAnnouncesItself(t *testing.T) {
	h := newHome(t)
	h.hear("tele/box/LWT", "Offline", true)
	if got := h.says("tasmota/discovery/DD/config", `{"t":"box","dslp":1}`); got != "~sensor_unreachable" {
		t.Errorf("announced: %q", got)
	}
	if got := h.says("tele/box/LWT", "Offline"); got != "" {
		t.Errorf("asleep: %q", got)
	}
	h.hear("tasmota/discovery/DD/config", `{"t":"box","dslp":0}`, false)
	if got := h.says("tele/box/LWT", "Offline"); got != "box:-link !sensor_unreachable" {
		t.Errorf("awake for good: %q", got)
	}
}

// Two dwellings share a broker and so the topic of discovery.
func TestDwellingsShareDiscovery(t *testing.T) {
	lee := sensors.DwellingTopics{Dwelling: "lee", Tasmota: []string{"lee"}}
	h := homeOf(t, kim, lee)
	h.hear("tasmota/discovery/01/config", `{"t":"pir","ft":"lee/%prefix%/%topic%/"}`, true)
	h.hear("tasmota/discovery/02/config", `{"t":"pir","ft":"%prefix%/%topic%/"}`, true)
	h.hear("lee/tasmota/discovery/03/config", `{"t":"gate_pir","ft":"x/%topic%/%prefix%/"}`, true) // a bridged broker
	for topic, want := range map[string]string{"lee/stat/pir/PIR1": "lee", "stat/pir/PIR1": "kim", "lee/x/gate_pir/stat/PIR1": "lee"} {
		got := h.hear(topic, "ON", false)
		if len(got.Readings) != 1 || got.Readings[0].Dwelling != want || got.Readings[0].Kind != ucare.Motion {
			t.Errorf("%s: %+v, want motion at %s", topic, got.Readings, want)
		}
	}
	h.hear("tasmota/discovery/01/config", "", false)
	if h.own.base != "lee" || h.own.Devices["pir"] != nil {
		t.Errorf("lee still has %v", h.own.Devices)
	}
}
