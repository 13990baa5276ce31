package tasmota

import (
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// The rules believe no "clear" from a store. If the live one behind it were taken for
// its repetition, the second fire would be taken for the first.
func TestALiveClearIsToldAfterAnOldOne(t *testing.T) {
	for _, c := range []struct{ topic, on, off, sensor string }{
		{"tele/zb/SENSOR", zb(`"ZoneStatusChange":1,"Fire":1`), zb(`"ZoneStatusChange":0,"Fire":0`), "Hall:"},
		{"tele/zb/SENSOR", zb(`"ModelId":"CO-1","CO":1`), zb(`"CO":0`), "Hall:"},
		{"stat/cellar/LEAK", `ON`, `OFF`, "cellar:"},
	} {
		h := newHome(t)
		active := h.says(c.topic, c.on)
		if got := short(h.hear(c.topic, c.off, true)); len(got) < 3 || got[len(got)-1] != '?' {
			t.Errorf("%s from the store: heard %q", c.off, got)
		}
		inactive := c.sensor + "-" + active[len(c.sensor):]
		for i, want := range []string{inactive, ""} {
			if got := h.says(c.topic, c.off); got != want {
				t.Errorf("%s live, line %d: heard %q, want %q", c.off, i+1, got, want)
			}
		}
	}
}

// A detector of combustible gas calls its zone CO.
func TestGasAndCarbonMonoxideAreNotMixedUp(t *testing.T) {
	node := func(name, attributes string) string {
		return `{"ZbReceived":{"0x7001":{"Device":"0x7001","Name":"` + name + `",` + attributes + `,"LinkQuality":9}}}`
	}
	for _, c := range []struct{ name, model, heard string }{
		{"Kitchen", "", "Kitchen:carbon_monoxide !needs_mapping"},
		{"Kitchen", "GASSensor-N", "Kitchen:gas"},
		{"Kitchen", "COSensor-EM", "Kitchen:carbon_monoxide"},
		{"Kitchen gas", "", "Kitchen gas:gas"},
		{"주방 가스", "", "주방 가스:gas"},
		{"Kitchen CO", "", "Kitchen CO:carbon_monoxide"},
		{"일산화탄소 가스", "", "일산화탄소 가스:carbon_monoxide"},
		{"gas boiler", "COSensor-EM", "gas boiler:carbon_monoxide"},
	} {
		h := newHome(t)
		if c.model != "" {
			h.says("stat/zb/RESULT", `{"ZbStatus2":[{"Device":"0x7001","ModelId":"`+c.model+`"}]}`)
		}
		if got := h.says("tele/zb/SENSOR", node(c.name, `"ZoneStatusChange":1,"CO":1`)); got != c.heard {
			t.Errorf("%q, model %q: heard %q, want %q", c.name, c.model, got, c.heard)
		}
	}
	h := newHome(t)
	h.says("tele/zb/SENSOR", node("Kitchen", `"ZoneStatusChange":0,"CO":0`))
	h.says("stat/zb/RESULT", `{"ZbStatus2":[{"Device":"0x7001","ModelId":"COSensor-EM"}]}`)
	if got := h.says("tele/zb/SENSOR", node("Kitchen", `"Humidity":3`)); got != "~needs_mapping" {
		t.Errorf("once its model is known: %q", got)
	}
}

func TestANameAloneIsThatOfTheDeviceThatHasIt(t *testing.T) {
	h := newHome(t)
	h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":0,"Fire":0`))
	if got := h.says("tele/zb/SENSOR", `{"ZbReceived":{"Hall":{"0500<00":"010000FF0000","LinkQuality":9}}}`); got != "Hall:smoke" {
		t.Errorf("heard %q", got)
	}
}

func TestACallIsNoDrillAndAClockSetBackMakesNone(t *testing.T) {
	h := newHome(t)
	if got := h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":257,"PersonalAlarm":1`)); got != "Hall:help" {
		t.Errorf("a call with the test bit: %q", got)
	}
	h = newHome(t)
	h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":256,"Fire":0`))
	h.now = h.now.Add(-time.Hour)
	if got := h.says("tele/zb/SENSOR", zb(`"ZoneStatusChange":257,"Fire":1`)); got != "Hall:smoke" {
		t.Errorf("with a flag that got stuck before: %q", got)
	}
}

// A rule may publish what it likes, and what sounds like an alarm is told in each form.
func TestAnAlarmOnATopicOfItsOwnNeedsAMapping(t *testing.T) {
	for payload, want := range map[string]string{"ON": "!needs_mapping", "1": "!needs_mapping", "true": "!needs_mapping", "FALSE": "!needs_mapping", "21.5": "", "hello": ""} {
		if got := newHome(t).says("stat/cellar/SMOKE", payload); got != want {
			t.Errorf("%s: heard %q, want %q", payload, got, want)
		}
	}
}

// What one device too many says uses up none of the room for those behind the others.
func TestADeviceTooManyTakesNoRoom(t *testing.T) {
	h := newHome(t)
	for i := range maxDevices {
		h.says(fmt.Sprintf("tele/noise%d/SENSOR", i), `{"Switch1":"ON"}`)
	}
	for range maxNodes {
		h.says("tele/stranger/SENSOR", zb(`"Fire":0`))
	}
	h.says("tele/noise0/SENSOR", zb(`"ZoneStatusChange":0,"Fire":0`))
	if got := h.says("tele/noise0/SENSOR", zb(`"0500<00":"010000FF0000"`)); got != "Hall:smoke" {
		t.Errorf("an alarm in numbers of a detector whose zone was told: %q", got)
	}
}

// Two devices with the same topics, as they leave the shop, and one that is swapped onto
// the topics of another: a topic is one device's, today and after a restart.
func TestATopicOfTwoDevicesIsAlwaysTheSameOnes(t *testing.T) {
	for range 20 {
		d := New("", kim)
		for mac, announced := range map[string]string{"01": `{"t":"tele","ft":"%prefix%/%topic%/"}`, "02": `{"t":"stat","ft":"%topic%/%prefix%/"}`} {
			d.Hear(sensors.Message{At: noon, Topic: "tasmota/discovery/" + mac + "/config", Payload: []byte(announced), Retained: true})
		}
		if a, mine := d.addressOf("stat/tele/SENSOR"); !mine || a.device != "tele" {
			t.Fatalf("stat/tele/SENSOR is %+v", a)
		}
	}
}
