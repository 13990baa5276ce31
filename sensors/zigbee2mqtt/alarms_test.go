package zigbee2mqtt

import (
	"fmt"
	"testing"
	"time"
)

// What may happen while an alarm stands, or right behind one.

// talk tells what the device d says, line by line, and how each is heard.
func (h *home) talk(about string, lines [][2]string) {
	h.t.Helper()
	for i, line := range lines {
		if got := h.says("d", line[0]); got != line[1] {
			h.t.Errorf("%s, line %d: %s is heard as %q, want %q", about, i+1, line[0], got, line[1])
		}
	}
}

func TestATestOfOneDangerIsNoWordAboutAnother(t *testing.T) {
	both := bool1("smoke") + "," + bool1("carbon_monoxide") + "," + bool1("test")
	h, _ := homeOf(t, "X", "", both)
	h.talk("a test during a fire", [][2]string{
		{`{"smoke":false,"carbon_monoxide":false,"test":false}`, "-carbon_monoxide -smoke"},
		{`{"smoke":true,"carbon_monoxide":false,"test":false}`, "smoke"},
		{`{"smoke":true,"carbon_monoxide":true,"test":true}`, "carbon_monoxide* smoke"},
		{`{"smoke":true,"carbon_monoxide":true,"test":false}`, "carbon_monoxide smoke"},
	})
	h, _ = homeOf(t, "X", "", both)
	h.talk("the test of one ends before that of the other", [][2]string{
		{`{"smoke":true,"carbon_monoxide":true,"test":true}`, "carbon_monoxide* smoke*"},
		{`{"smoke":true,"carbon_monoxide":false,"test":true}`, "-carbon_monoxide smoke*"},
		{`{"smoke":false,"carbon_monoxide":false,"test":true}`, "-smoke"},
		{`{"smoke":true,"carbon_monoxide":true,"test":false}`, "carbon_monoxide smoke"},
	})
}

func TestAClockSetBackMakesNoDrill(t *testing.T) {
	h, _ := homeOf(t, "X", "", exposesSmoke)
	h.talk("the test flag gets stuck", [][2]string{{`{"smoke":false,"test":true}`, "-smoke"}})
	h.step = -time.Hour
	h.talk("and the clock is set back", [][2]string{{`{"smoke":true,"test":true}`, "smoke"}})
}

// The rules believe no old "clear". If the live one behind it were taken for its
// repetition, the second fire would be taken for the first.
func TestALiveClearIsToldAfterAnOldOne(t *testing.T) {
	for about, old := range map[string]func(h *home) string{
		"from the broker's store": func(h *home) string { return short(h.hear("zigbee2mqtt/d", `{"smoke":false}`, true)) },
		"the first after a start of the bridge": func(h *home) string {
			h.says("bridge/state", "online")
			return h.says("d", `{"smoke":false}`)
		},
	} {
		h, _ := homeOf(t, "X", "", exposesSmoke)
		h.talk(about, [][2]string{{`{"smoke":false}`, "-smoke"}, {`{"smoke":true}`, "smoke"}})
		if got := old(h); got != "-smoke?" {
			t.Errorf("%s: heard %q", about, got)
		}
		h.talk(about, [][2]string{{`{"smoke":false}`, "-smoke"}, {`{"smoke":false}`, ""}, {`{"smoke":true}`, "smoke"}})
	}
	h, _ := homeOf(t, "X", "", exposesSmoke)
	h.hear("zigbee2mqtt/d", `{"smoke":false}`, true)
	h.talk("the first that is ever heard is old", [][2]string{{`{"smoke":false}`, "-smoke"}, {`{"smoke":false}`, ""}})
}

// The bridge's clock is behind by about as much as a message may be late.
func TestAClearIsNeverBeforeItsAlarm(t *testing.T) {
	h, _ := homeOf(t, "X", "", bool1("smoke"))
	hear := func(late time.Duration, payload string) time.Time {
		t.Helper()
		seen := h.now.Add(h.step - late).Format(time.RFC3339Nano)
		got := h.hear("zigbee2mqtt/d", fmt.Sprintf(`{"smoke":%s,"last_seen":%q}`, payload, seen), false)
		if len(got.Readings) != 1 || got.Readings[0].UnknownAge {
			t.Fatalf("%s: heard %+v", payload, got.Readings)
		}
		return got.Readings[0].At
	}
	h.step = 5 * time.Second
	last := hear(lag-time.Second, "false")
	for _, payload := range []string{"true", "false", "true", "false"} {
		late := lag - time.Second
		if payload == "false" {
			late = lag + time.Second
		}
		at := hear(late, payload)
		if !at.After(last) || at.After(h.now) {
			t.Errorf("%s at %v, after %v and not after %v", payload, at, last, h.now)
		}
		last = at
	}
	h.step = -time.Hour // and now the gateway's own clock is set back
	if at := hear(lag+time.Second, "true"); at.After(h.now) {
		t.Errorf("at %v, which is after %v", at, h.now)
	}
}
