package zigbee2mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

func configured(t *testing.T, list ...ucare.Sensor) *home {
	dwelling := kim
	dwelling.Sensors = list
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{dwelling}}
	return &home{t: t, d: sensors.NewDecoder(c, All(c)...), now: noon, step: time.Minute}
}

func about(fs []ucare.Fault, id string) (details []string) {
	for _, f := range fs {
		if f.Subject == id && f.Code == ucare.FaultUnknownDevice && f.Dwelling == "kim" {
			details = append(details, f.Detail)
		}
	}
	return details
}

func TestAConfiguredSensorThatTheBridgeDoesNotListIsAFault(t *testing.T) {
	h := configured(t, ucare.Sensor{ID: "smoke-1", Topic: "zigbee2mqtt/kitchn smoke"}, ucare.Sensor{ID: "door-1", Topic: "zigbee2mqtt/front door"},
		ucare.Sensor{ID: "pad", Topic: "ucare/kim/pad"}, ucare.Sensor{ID: "odd", Topic: "zigbee2mqtt/mystery"})
	if s := h.sensor("smoke-1"); !s.LastHeard.IsZero() || s.Dwelling != "kim" {
		t.Errorf("before anything was heard: %+v", s)
	}
	list := h.hear("zigbee2mqtt/bridge/devices", bridgeDevices, true)
	got := about(list.Faults, "smoke-1")
	if len(got) != 1 || !strings.Contains(got[0], `"zigbee2mqtt/kitchn smoke"`) || !strings.Contains(got[0], `"kitchen smoke"`) {
		t.Errorf("the misspelt one: %q", got)
	}
	if got := append(about(list.Faults, "door-1"), about(list.Faults, "pad")...); len(got) != 0 {
		t.Errorf("faults of what is there, and of what is no business of the bridge: %q", got)
	}
	if got := about(list.Faults, "odd"); len(got) != 1 || !strings.Contains(got[0], "does not support") {
		t.Errorf("listed and not supported: %q", got)
	}
	if got := about(h.hear("zigbee2mqtt/bridge/devices", `[]`, true).Faults, "door-1"); len(got) != 1 || strings.Contains(got[0], "nearest") {
		t.Errorf("with an empty list: %q", got)
	}
	if s := h.sensor("door-1"); !s.LastHeard.IsZero() {
		t.Errorf("after its removal: %+v", s)
	}
	joins := h.hear("zigbee2mqtt/bridge/devices", `[{"friendly_name":"kitchn smoke","type":"EndDevice","interviewing":true}]`, true)
	if len(about(joins.Cleared, "smoke-1")) != 1 || len(about(joins.Faults, "smoke-1")) != 0 {
		t.Errorf("while it joins: %+v", joins)
	}
	h.hear("zigbee2mqtt/bridge/devices", `[]`, true)
	renamed := strings.Replace(bridgeDevices, `"friendly_name":"kitchen smoke"`, `"friendly_name":"kitchn smoke"`, 1)
	list = h.hear("zigbee2mqtt/bridge/devices", renamed, false)
	if len(about(list.Cleared, "smoke-1")) != 1 || len(about(list.Cleared, "door-1")) != 1 || len(about(list.Faults, "smoke-1")) != 0 {
		t.Errorf("when they appeared: faults %+v, cleared %+v", list.Faults, list.Cleared)
	}
}

func TestASensorOfAnInnerBridgeIsNotMissedByTheOuter(t *testing.T) {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{
		Dwelling: "kim", Zigbee2MQTT: []string{"home", "home/attic/"}, Sensors: []ucare.Sensor{{ID: "s", Topic: "home/attic/smoke"}},
	}}}
	d := sensors.NewDecoder(c, All(c)...)
	for topic, want := range map[string]int{"home/bridge/devices": 0, "home/attic/bridge/devices": 1} {
		h := d.Hear(sensors.Message{At: noon, Topic: topic, Payload: []byte(`[]`)})
		if got := about(h.Faults, "s"); len(got) != want {
			t.Errorf("%s: %q", topic, got)
		}
	}
}

func TestTheNearestName(t *testing.T) {
	names := []string{"kitchen", "거실 연기", "bath", "Bedroom smoke"}
	for asked, want := range map[string]string{"kitchn": "kitchen", "거실연기": "거실 연기", "bedroom_smoke": "Bedroom smoke", "bat": "bath"} {
		if got := nearest(asked, names); got != want {
			t.Errorf("%q is near %q, want %q", asked, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"kitten", "sitting", 3}, {"연기", "연가", 1}} {
		if got := changes(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// A wrong base topic shows with what is heard from elsewhere.
func TestABaseTopicWithoutABridgeIsAFault(t *testing.T) {
	h := emptyHome(t)
	silent := func(fs []ucare.Fault) (n int) {
		for _, f := range fs {
			if f.Code == ucare.FaultBridge && f.Subject == "zigbee2mqtt" && f.Dwelling == "kim" {
				n++
			}
		}
		return n
	}
	other := func() sensors.Heard { return h.hear("ucare/kim/s1", `{"kind":"motion","active":true}`, false) }
	if n := silent(other().Faults); n != 0 {
		t.Error("a fault with the first message")
	}
	h.step = 10 * time.Minute
	if got := other(); silent(got.Faults) != 1 || len(got.Readings) != 1 {
		t.Errorf("after ten minutes: %+v", got)
	}
	if n := silent(other().Faults); n != 0 {
		t.Error("told again and again")
	}
	after := emptyHome(t)
	kept, err := h.d.MarshalJSON()
	if err != nil || after.d.UnmarshalJSON(kept) != nil {
		t.Fatal("the memory does not survive")
	}
	after.now, after.step = h.now, h.step
	h = after
	if got := h.hear("zigbee2mqtt/bridge/groups", `[]`, true); silent(got.Cleared) != 1 {
		t.Errorf("once it is heard: %+v", got)
	}
	h.step = time.Hour
	if n := silent(other().Faults); n != 0 {
		t.Error("silent for an hour, but it was heard before")
	}
}

func TestAListThatLosesAllItsSensorsAtOnceIsAFault(t *testing.T) {
	h := configured(t)
	codesOf := func(list string) (began, ended string) {
		heard := h.hear("zigbee2mqtt/bridge/devices", list, false)
		return codes(heard.Faults), codes(heard.Cleared)
	}
	if began, _ := codesOf(`[]`); strings.Contains(began, "devices_lost") {
		t.Errorf("a new bridge has lost nothing: %s", began)
	}
	codesOf(bridgeDevices)
	if began, _ := codesOf(`[{"friendly_name":"Coordinator","type":"Coordinator"}]`); !strings.Contains(began, "devices_lost") {
		t.Errorf("nothing is left, and nobody is told: %s", began)
	}
	if began, ended := codesOf(bridgeDevices); strings.Contains(began, "devices_lost") || !strings.Contains(ended, "devices_lost") {
		t.Errorf("they are back: began %s, ended %s", began, ended)
	}
}
