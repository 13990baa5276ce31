package zigbee2mqtt

import (
	"testing"
	"time"
)

// With attribute_and_json output each press comes twice.
func TestOnePressOnTwoTopicsIsOne(t *testing.T) {
	type line struct {
		after          time.Duration
		topic, payload string
		want           string
	}
	second := time.Second
	for _, c := range []struct {
		about string
		lines []line
	}{
		{"JSON, then the attribute", []line{{second, "sos", `{"action":"emergency"}`, "help"}, {second, "sos/action", "emergency", ""}}},
		{"the attribute, then JSON", []line{{second, "sos/action", "emergency", "help"}, {second, "sos", `{"action":"emergency"}`, ""}}},
		{"two presses", []line{
			{second, "sos", `{"action":"emergency"}`, "help"},
			{0, "sos/action", "emergency", ""},
			{second, "sos", `{"action":"emergency"}`, "help"},
			{0, "sos/action", "emergency", ""},
		}},
		{"two presses in one form", []line{{second, "sos", `{"action":"emergency"}`, "help"}, {second, "sos", `{"action":"emergency"}`, "help"}}},
		{"too long after", []line{{second, "sos", `{"action":"emergency"}`, "help"}, {doubledWithin + second, "sos/action", "emergency", "help"}}},
		{"from the store", []line{{second, "sos", `{"action":"emergency"}`, "help"}, {second, "sos", `{"action":""}`, ""}, {second, "sos/action", "", ""}}},
		{"another button", []line{{second, "sos", `{"action":"emergency"}`, "help"}, {second, "new/action", "emergency", "help !unknown_device"}}},
		{"kept as a state", []line{
			{second, "sos wall", `{"sos":false}`, ""},
			{second, "sos wall/sos", `false`, ""},
			{second, "sos wall", `{"sos":true}`, "help"},
			{0, "sos wall/sos", `true`, ""},
			{second, "sos wall", `{"sos":false}`, ""},
			{0, "sos wall/sos", `false`, ""},
			{second, "sos wall", `{"sos":true}`, "help"},
			{0, "sos wall/sos", `true`, ""},
		}},
		{"kept as a state, the first time ever", []line{{second, "sos wall", `{"sos":true}`, "help"}, {0, "sos wall/sos", `true`, ""}}},
	} {
		h := newHome(t)
		for i, l := range c.lines {
			h.step = l.after
			if got := h.says(l.topic, l.payload); got != l.want {
				t.Errorf("%s, line %d: %s %s: heard %q, want %q", c.about, i+1, l.topic, l.payload, got, l.want)
			}
		}
	}
}

// A keypad says the same press in two properties of one message.
func TestOnePressInTwoPropertiesIsOne(t *testing.T) {
	h, _ := homeOf(t, "WKE502Z", "", bool1("sos_alarm")+","+enum1("action", "disarm", "sos"))
	for i, line := range [][2]string{
		{`{"action":null,"sos_alarm":false}`, ""},
		{`{"action":"sos","sos_alarm":true}`, "help"},
		{`{"action":null,"sos_alarm":false}`, ""},
		{`{"action":"disarm","sos_alarm":false}`, ""},
		{`{"sos_alarm":true}`, "help"},
	} {
		if got := h.says("d", line[0]); got != line[1] {
			t.Errorf("line %d: %s: heard %q, want %q", i+1, line[0], got, line[1])
		}
	}
}

// A press from the broker's store is old, and never takes the place of a live one.
func TestAStoredPressDoublesNoLiveOne(t *testing.T) {
	h := newHome(t)
	h.step = time.Second
	h.hear("zigbee2mqtt/sos/action", "emergency", true)
	if got := h.says("sos", `{"action":"emergency"}`); got != "help" {
		t.Errorf("heard %q", got)
	}
}
