package homeassistant

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// Who asks a broker for a topic that cannot be is disconnected, and hears nothing more of anything.
func TestATopicThatCannotBeIsNotListenedTo(t *testing.T) {
	for _, topic := range []string{"a/+b", "a+/b", "aNULb", "$SYS/broker/uptime", "$share/group/a", "#", "a/#", "a/#/b", "a/+", "+", ""} {
		h := newHome(t)
		before := strings.Join(h.ha.Filters(), " ")
		nul := strings.NewReplacer("NUL", `\u0000`) // as JSON writes it
		got := h.hear("homeassistant/binary_sensor/a/config", nul.Replace(contactOn("smoke", topic, "one", "")), true)
		if codes(got.Faults) != "not_understood" || strings.Join(h.ha.Filters(), " ") != before {
			t.Errorf("%s: %+v, listens to %q", topic, got.Faults, h.ha.Filters())
		}
		h.announce("binary_sensor/b", nul.Replace(contactOn("smoke", "x/smoke", "two", fmt.Sprintf(`,"avty":[{"t":%q},{"t":"x/LWT"}]`, topic))))
		if want := strings.TrimSpace(before + " x/LWT x/smoke"); strings.Join(h.ha.Filters(), " ") != want {
			t.Errorf("%s as availability: listens to %q, want %q", topic, h.ha.Filters(), want)
		}
	}
}

func TestFewTopicsHaveWildcards(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/real", contactOn("smoke", "+/real/state", "real", ""))
	for i := range 2 * maxPatterns {
		h.hear(fmt.Sprintf("homeassistant/binary_sensor/x%d/config", i), contactOn("smoke", fmt.Sprintf("+/%d/state", i), fmt.Sprint("made up ", i), ""), true)
	}
	if n := len(h.ha.patterns); n != maxPatterns {
		t.Errorf("it holds messages against %d patterns", n)
	}
	if got := codes(h.announce("binary_sensor/real", contactOn("smoke", "+/real/state", "real", "")).Faults); got != "" {
		t.Errorf("announcing again what is heard: %q", got)
	}
	h.announce("binary_sensor/plain", contactOn("smoke", "x/state", "plain", ""))
	h.follows([]step{{"a/real/state", "ON", "smoke"}, {"x/state", "ON", "smoke"}})
}

// A device that takes the name of another one does not speak for it, and its "off" or nonsense hides no "on".
func TestNobodySpeaksForAnother(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/real", contactOn("smoke", "real/s", " hall ", ""))
	h.announce("binary_sensor/a", `{"name":"x","dev_cla":"smoke","stat_t":"rogue/s","dev":{"ids":"a","name":"hall"}}`)
	h.announce("binary_sensor/b", `{"name":"x","dev_cla":"smoke","stat_t":"rogue/t","dev":{"ids":" hall ","name":" hall "}}`)
	if got := h.ha.Announced["homeassistant/binary_sensor/real/config"][0].sensor.ID; got != "hall" {
		t.Errorf("the first of the name goes by %q now", got)
	}
	for _, s := range []step{{"real/s", "ON", "smoke"}, {"rogue/s", "OFF", "-smoke"}, {"rogue/t", "OFF", "smoke"}, {"rogue/t", "?", "smoke !unknown_value"}} {
		got := h.hear(s.topic, s.payload, false)
		for _, r := range got.Readings {
			if r.Sensor == "hall" && r.State != ucare.Active {
				t.Errorf("%s %s: %+v", s.topic, s.payload, r)
			}
		}
	}
}

// A press that only the broker's store tells of is shown once, and the next live one is a press.
func TestAPressAfterOneFromTheStore(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/cord", contactOn("safety", "x/cord", "cord", `,"obj_id":"sos"`))
	for i, s := range []struct {
		payload  string
		retained bool
		want     string
	}{
		{"OFF", false, "-help"},
		{"ON", true, "help? !old_help_press"},
		{"ON", true, ""},
		{"ON", false, "help"},
		{"ON", false, ""},
		{"ON", true, ""},
		{"ON", false, ""},
		{"OFF", false, "-help"},
		{"ON", false, "help"},
	} {
		if got := short(h.hear("x/cord", s.payload, s.retained)); got != s.want {
			t.Errorf("%d: %s is %q, want %q", i, s.payload, got, s.want)
		}
		h.survives()
	}
}

// What goes off or expires by itself does so after the clock was set back, too.
func TestWhatEndsByItselfAfterTheClockWasSetBack(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/m", contactOn("motion", "x/m", "pir", `,"off_dly":60,"exp_aft":600`))
	h.says("x/m", "ON")
	h.now = h.now.Add(-30 * 24 * time.Hour)
	h.says("somewhere/else", "x")
	if got := h.passes(t, time.Minute); got != "-motion" {
		t.Errorf("after a minute: %q", got)
	}
	if got := h.passes(t, 9*time.Minute); got != "-link !sensor_unreachable" {
		t.Errorf("after ten: %q", got)
	}
}

// How long a state holds may be announced anew while it does.
func TestAStateThatExpiresFromNowOn(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/s", contactOn("smoke", "x/s", "one", ""))
	h.says("x/s", "OFF")
	h.hear("homeassistant/binary_sensor/s/config", contactOn("smoke", "x/s", "one", `,"exp_aft":600`), true)
	if got := h.passes(t, 10*time.Minute); got != "-link !sensor_unreachable" {
		t.Errorf("after ten minutes: %q", got)
	}
}

// A detector that has died in a device that lives is a fault of it.
func TestADetectorThatExpiresAlone(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/s", contactOn("smoke", "x/s", "one", `,"exp_aft":600`))
	h.announce("binary_sensor/m", contactOn("motion", "x/m", "one", `,"exp_aft":3600`))
	h.says("x/m", "OFF")
	h.says("x/s", "OFF")
	if got := h.passes(t, 10*time.Minute); got != "!not_supervised" {
		t.Errorf("after ten minutes: %q", got)
	}
	if got := h.hear("x/s", "OFF", false); codes(got.Cleared) != "not_supervised" {
		t.Errorf("heard again: %+v", got)
	}
}

// Of what goes off by itself, a message that makes nothing of its template is somebody else's.
func TestATemplateThatHasOnlyAnOn(t *testing.T) {
	h := newHome(t)
	h.announce("binary_sensor/m", contactOn("motion", "gw/433", "pir", `,"off_dly":60,"val_tpl":"{% if value_json.value == 77 %}ON{% endif %}"`))
	h.follows([]step{{"gw/433", `{"value":5}`, ""}, {"gw/433", `{"value":77}`, "motion"}, {"gw/433", `{"value":5}`, ""}})
	h.announce("device_automation/b", `{"atype":"trigger","t":"gw/btn","type":"action","stype":"sos","pl":"sos","val_tpl":"{{ value_json.action }}","dev":{"ids":"b","name":"button"}}`)
	h.follows([]step{{"gw/btn", `{"battery":5}`, ""}, {"gw/btn", `{"action":"sos"}`, "help"}})
}

// What is decoded natively is not expected to be heard here as well: it would be a sensor that is never heard.
func TestWhatShellyAndTasmotaAnnounceIsTheirs(t *testing.T) {
	both := kim
	both.Shelly, both.Tasmota = []string{"", "up"}, []string{"", "attic/"}
	for topic, theirs := range map[string]bool{
		"shellyplussmoke-1/events/rpc": true, "bath/events/rpc": true, "shellyplussmoke-1/status/smoke:0": true,
		"bath/status/smoke:0": false, "bath/state": false, "telefon/state": false,
		"tele/pir/SENSOR": true, "stat/pir/SWITCH1T": true, "attic/tele/pir/SENSOR": true, "cellar/tele/pir/SENSOR": false,
	} {
		for _, home := range []struct {
			h    *home
			none bool
		}{{homeOf(t, both), theirs}, {newHome(t), false}} {
			got := home.h.announce("binary_sensor/a", contactOn("smoke", topic, "one", ""))
			if none := len(got.Seen) == 0; none != home.none {
				t.Errorf("%s: passed over %v, want %v", topic, none, home.none)
			}
		}
	}
}
