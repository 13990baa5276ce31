package zigbee2mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestABridgeThatDoesNotTellWhenItHeardIsAFault(t *testing.T) {
	for _, c := range []struct {
		about, payload string
		want           []string // what to write; none: all is well
	}{
		{"as it is installed", `{"config":{"advanced":{"last_seen":"disable"},"availability":{"enabled":false}}}`, []string{"last_seen: ISO_8601", "availability: enabled: true"}},
		{"without a word", `{"config":{}}`, []string{"last_seen", "availability"}},
		{"only availability", `{"config":{"advanced":{"last_seen":"disable"},"availability":{"enabled":true,"active":{"timeout":10}}}}`, []string{"last_seen"}},
		{"only last_seen", `{"config":{"advanced":{"last_seen":"epoch"}}}`, []string{"availability"}},
		{"as asked for", `{"config":{"advanced":{"last_seen":"ISO_8601_local","network_key":"1,2,3"},"availability":{"enabled":true}}}`, nil},
		{"1.x, switched on", `{"config":{"advanced":{"last_seen":"ISO_8601"},"availability":true}}`, nil},
		{"1.x, by its timeouts", `{"config":{"advanced":{"last_seen":"ISO_8601"},"availability":{"active":{"timeout":10}}}}`, nil},
		{"1.x, by an older setting", `{"config":{"advanced":{"last_seen":"ISO_8601","availability_timeout":60}}}`, nil},
		{"1.x, switched off", `{"config":{"advanced":{"last_seen":"ISO_8601"},"availability":false}}`, []string{"availability"}},
	} {
		h := newHome(t)
		got := h.hear("zigbee2mqtt/bridge/info", c.payload, true)
		told := detail(got.Faults, ucare.FaultBridgeSettings)
		for _, write := range c.want {
			if !strings.Contains(told, write) {
				t.Errorf("%s: %q does not say %q", c.about, told, write)
			}
		}
		if c.want == nil && len(got.Faults) > 0 || len(c.want) == 1 && strings.Contains(told, ";") {
			t.Errorf("%s: %+v", c.about, got.Faults)
		}
		if len(c.want) > 0 && got.Faults[0].Subject != "zigbee2mqtt" {
			t.Errorf("%s: about %q", c.about, got.Faults[0].Subject)
		}
		right := h.hear("zigbee2mqtt/bridge/info", `{"config":{"advanced":{"last_seen":"ISO_8601"},"availability":{"enabled":true}}}`, true)
		if cleared := codes(right.Cleared) == "bridge_settings"; cleared != (c.want != nil) {
			t.Errorf("%s: once it is right: %+v", c.about, right)
		}
	}
	h := newHome(t)
	if got := h.hear("zigbee2mqtt/bridge/info", `{"version":"1.10"}`, true); len(got.Faults) != 0 {
		t.Errorf("an old bridge: %+v", got.Faults)
	}
	secret := `{"config":{"advanced":{"network_key":"31415926"},"mqtt":{"password":"hunter2"`
	for _, f := range h.hear("zigbee2mqtt/bridge/info", secret, true).Faults {
		if strings.Contains(f.Detail, "31415926") || strings.Contains(f.Detail, "hunter2") || f.Code != ucare.FaultNotUnderstood {
			t.Errorf("a fault with a secret in it: %+v", f)
		}
	}
}

// Without last_seen the last one known must not stand for ever.
func TestLastSeenThatIsSwitchedOffIsForgotten(t *testing.T) {
	for _, off := range []func(h *home){
		func(h *home) { h.says("kitchen smoke", `{"smoke":false}`) },
		func(h *home) { h.says("bridge/info", `{"config":{"advanced":{"last_seen":"disable"}}}`) },
	} {
		h := newHome(t)
		h.says("kitchen smoke", `{"smoke":false,"last_seen":"`+h.now.Format(time.RFC3339)+`"}`)
		off(h)
		if got := h.hear("zigbee2mqtt/kitchen smoke/smoke", `false`, false); !got.Seen[0].Heard.Equal(h.now) {
			t.Errorf("heard %v, want %v", got.Seen[0].Heard, h.now)
		}
	}
}

// What bridge/health counts shows that a device spoke, and no more.
func TestTheBridgesCountShowsWhoSpoke(t *testing.T) {
	h := newHome(t)
	count := func(smoke, leak string) (seen map[string]time.Time) {
		seen = map[string]time.Time{}
		got := h.hear("zigbee2mqtt/bridge/health", `{"mqtt":{"connected":true},"devices":{"kitchen smoke":{"messages":`+smoke+`,"leave_count":0},"0x6c65616b":{"messages":`+leak+`},"nobody":{"messages":9}}}`, false)
		for _, s := range got.Seen {
			seen[s.Sensor] = s.Heard
		}
		if len(got.Readings)+len(got.Faults) > 0 {
			t.Errorf("heard %+v", got)
		}
		return seen
	}
	if first := count("4", "1"); len(first) != 0 {
		t.Errorf("the first count: %v", first)
	}
	before := h.now
	h.step = 10 * time.Minute
	if again := count("5", "1"); len(again) != 1 || !again["kitchen smoke"].Equal(before) {
		t.Errorf("after ten minutes: %v, want the smoke detector at %v", again, before)
	}
	if anew := count("2", "1"); len(anew) != 1 {
		t.Errorf("a counter that began anew: %v", anew)
	}
	if none := count("2", "1"); len(none) != 0 {
		t.Errorf("nothing new: %v", none)
	}
	if byAddress := count("2", "2"); len(byAddress) != 1 || byAddress["leak"].IsZero() {
		t.Errorf("counted by address: %v", byAddress)
	}
	if old := h.hear("zigbee2mqtt/bridge/health", `{"devices":{"leak":{"messages":99}}}`, true); len(old.Seen) != 0 {
		t.Errorf("from the broker's store: %+v", old.Seen)
	}
}
