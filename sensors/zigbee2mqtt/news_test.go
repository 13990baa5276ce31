package zigbee2mqtt

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// A bridge says "online" each time it connects, without a cache behind it.
func TestAChangeLongAfterABridgeCameOnlineIsNew(t *testing.T) {
	h := newHome(t)
	for i, line := range []struct {
		after         time.Duration
		name, payload string
		want          string
	}{
		{time.Minute, "kitchen smoke", `{"smoke":false}`, "-smoke"},
		{time.Minute, "kitchen smoke", `{"smoke":true}`, "smoke"},
		{time.Minute, "kitchen smoke", `{"smoke":false}`, "-smoke"},
		{2 * time.Minute, "bridge/state", `{"state":"online"}`, ""},
		{50 * time.Minute, "kitchen smoke", `{"smoke":true}`, "smoke"},
		{time.Minute, "kitchen smoke", `{"smoke":false}`, "-smoke"},
		{time.Minute, "bridge/state", `online`, ""},
		{republishedWithin + time.Second, "kitchen smoke", `{"smoke":true}`, "smoke"},
		{time.Minute, "kitchen smoke", `{"smoke":false}`, "-smoke"},
		{time.Minute, "bridge/state", `online`, ""},
		{republishedWithin, "kitchen smoke", `{"smoke":true}`, "smoke?"},
		{time.Second, "kitchen smoke", `{"smoke":true}`, "smoke"}, // only the first can be the cache
		{time.Minute, "gas/gas", `false`, "-gas"},
		{time.Minute, "bridge/state", `online`, ""},
		{50 * time.Minute, "gas/gas", `true`, "gas"}, // attribute output
	} {
		h.step = line.after
		if got := h.says(line.name, line.payload); got != line.want {
			t.Errorf("line %d: %s %s: heard %q, want %q", i+1, line.name, line.payload, got, line.want)
		}
	}
}

func TestAClockSetBackAfterAStartDoubtsNothing(t *testing.T) {
	h := newHome(t)
	h.says("kitchen smoke", `{"smoke":false}`)
	h.says("bridge/state", `online`)
	h.step = -time.Hour
	if got := h.says("kitchen smoke", `{"smoke":true}`); got != "smoke" {
		t.Errorf("heard %q", got)
	}
}

// The first that is ever heard of a device, live and with no start of the bridge near.
func TestTheFirstAlarmOfADeviceNeverHeardIsNew(t *testing.T) {
	for device, line := range map[string][2]string{
		"sos wall":         {`{"sos":true,"battery_low":false}`, "-battery help"},
		"sos wall/sos":     {`true`, "help"},
		"kitchen smoke":    {`{"smoke":true}`, "smoke"},
		"gas":              {`{"gas":true}`, "gas"},
		"garage co":        {`{"carbon_monoxide":"ON"}`, "carbon_monoxide"},
		"leak":             {`{"water_leak":true}`, "water_leak"},
		"radar":            {`{"fall_status":"fall_alarm"}`, "fall"},
		"a stranger's sos": {`{"sos":true}`, "help !unknown_device"},
	} {
		for _, started := range []bool{false, true} {
			h := newHome(t)
			if started {
				h.says("bridge/state", `online`)
				h.step = 10 * time.Minute
			}
			if got := h.says(device, line[0]); got != line[1] {
				t.Errorf("%s, after a start of the bridge: %v: heard %q, want %q", device, started, got, line[1])
			}
		}
	}
}

// What a store said of a press is no proof that a live press is the same one.
func TestTheFirstLivePressCountsAfterAStoredOne(t *testing.T) {
	h := newHome(t)
	h.hear("zigbee2mqtt/sos wall", `{"sos":true,"linkquality":1}`, true)
	if got := h.says("sos wall", `{"sos":true,"voltage":2900}`); got != "help" {
		t.Errorf("heard %q", got)
	}
	if got := h.says("sos wall", `{"sos":true,"voltage":2800}`); got != "" {
		t.Errorf("the report of another attribute: heard %q", got)
	}
}

// Nor is it where the button was heard before, in whichever form of output.
func TestAnOldPressHidesNoLiveOne(t *testing.T) {
	for _, topic := range []string{"sos wall", "sos wall/sos"} {
		on, off := `true`, `false`
		if topic == "sos wall" {
			on, off = `{"sos":true,"voltage":%d}`, `{"sos":false,"voltage":%d}`
		}
		h := newHome(t)
		for i, line := range []struct {
			said   string
			stored bool
			want   string
		}{{off, false, ""}, {on, true, "help? !old_help_press"}, {on, false, "help"}, {on, false, ""}, {off, false, ""}, {on, false, "help"}, {off, true, ""}, {on, true, "help? !old_help_press"}, {on, false, "help"}} {
			if got := short(h.hear("zigbee2mqtt/"+topic, strings.ReplaceAll(line.said, "%d", strconv.Itoa(i)), line.stored)); got != line.want {
				t.Errorf("%s, line %d: heard %q, want %q", topic, i+1, got, line.want)
			}
		}
	}
}

// A household that switches last_seen on has devices that were heard before without it.
func TestTheFirstLastSeenOfAKnownDeviceMakesNoOldNews(t *testing.T) {
	h := newHome(t)
	h.says("kitchen smoke", `{"smoke":false}`)
	h.step = 50 * time.Minute
	seen := h.now.Add(40 * time.Minute)
	got := h.hear("zigbee2mqtt/kitchen smoke", `{"smoke":true,"last_seen":"`+seen.Format(time.RFC3339)+`"}`, false)
	if short(got) != "smoke" || !got.Readings[0].At.Equal(seen) {
		t.Errorf("heard %q of %+v, want it of %v", short(got), got.Readings, seen)
	}
}

func TestADeviceIsHeardWithItsFirstMessage(t *testing.T) {
	for _, c := range []struct {
		name     string
		retained bool
		started  bool
	}{{"live", false, false}, {"from the store", true, false}, {"from the cache", false, true}} {
		h := newHome(t)
		if c.started {
			h.says("bridge/state", "online")
		}
		h.hear("zigbee2mqtt/kitchen smoke", `{"smoke":true}`, c.retained)
		if s := h.sensor("kitchen smoke"); !s.LastHeard.Equal(h.now) {
			t.Errorf("%s: last heard %v, want %v", c.name, s.LastHeard, h.now)
		}
		seen := h.now.Add(-time.Hour)
		h.hear("zigbee2mqtt/gas", `{"gas":false,"last_seen":"`+seen.Format(time.RFC3339)+`"}`, true)
		if s := h.sensor("gas"); !s.LastHeard.Equal(seen) {
			t.Errorf("%s: gas last heard %v, want %v", c.name, s.LastHeard, seen)
		}
		h.hear("zigbee2mqtt/leak/availability", `offline`, false)
		if s := h.sensor("leak"); !s.LastHeard.IsZero() {
			t.Errorf("%s: what the bridge thinks of the leak detector was taken for its own word", c.name)
		}
	}
}

func (h *home) sensor(id string) sensors.SensorState {
	h.t.Helper()
	for _, s := range h.d.Sensors() {
		if s.ID == id {
			return s
		}
	}
	h.t.Fatalf("no sensor %q", id)
	return sensors.SensorState{}
}

// When a device itself was heard: what supervision lives from.
func TestWhenADeviceItselfWasHeard(t *testing.T) {
	at := func(d time.Duration) string { return noon.Add(d).Format(time.RFC3339) }
	for _, c := range []struct {
		about    string
		before   [][2]string // messages, at a minute's distance
		topic    string
		payload  string
		retained bool
		want     time.Duration // after noon; -1: not heard
	}{
		{"live", nil, "kitchen smoke", `{"smoke":false}`, false, 2 * time.Minute},
		{"live, an attribute", nil, "kitchen smoke/smoke", `false`, false, 2 * time.Minute},
		{"from the store", nil, "kitchen smoke", `{"smoke":false}`, true, -1},
		{"from the store, with last_seen", nil, "kitchen smoke", `{"smoke":false,"last_seen":"` + at(-time.Hour) + `"}`, true, -time.Hour},
		{"the cache", [][2]string{{"bridge/state", "online"}}, "kitchen smoke", `{"smoke":false}`, false, -1},
		{"the cache, with last_seen", [][2]string{{"bridge/state", "online"}}, "kitchen smoke", `{"smoke":false,"last_seen":"` + at(-time.Hour) + `"}`, false, -time.Hour},
		{"a timer's message", [][2]string{{"kitchen smoke", `{"smoke":false,"last_seen":"` + at(0) + `"}`}}, "kitchen smoke", `{"smoke":false,"last_seen":"` + at(0) + `"}`, false, 0},
		{"an attribute after a last_seen", [][2]string{{"kitchen smoke", `{"smoke":false,"last_seen":"` + at(0) + `"}`}}, "kitchen smoke/smoke", `false`, false, 0},
		{"last_seen as an attribute", nil, "kitchen smoke/last_seen", at(time.Minute), false, time.Minute},
		{"last_seen from the future", nil, "kitchen smoke", `{"smoke":false,"last_seen":"2036-01-01T00:00:00Z"}`, false, 2 * time.Minute},
		{"a last_seen that nobody can read", nil, "kitchen smoke", `{"smoke":false,"last_seen":"yesterday"}`, false, 2 * time.Minute},
	} {
		h := newHome(t)
		for _, line := range c.before {
			h.says(line[0], line[1])
		}
		got := h.hear("zigbee2mqtt/"+c.topic, c.payload, c.retained)
		want := noon.Add(c.want)
		if c.want == 2*time.Minute {
			want = h.now
		}
		if c.want == -1 {
			want = time.Time{}
		}
		if len(got.Seen) != 1 || !got.Seen[0].Heard.Equal(want) || got.Seen[0].Bridge != "zigbee2mqtt" {
			t.Errorf("%s: seen %+v, want it heard %v", c.about, got.Seen, want)
		}
	}
}

// The radio is dead: the bridge's timers still publish, and last_seen stands still.
func TestADeadRadioShowsInALastSeenThatStandsStill(t *testing.T) {
	for _, format := range []func(seen, now time.Time) string{
		func(seen, _ time.Time) string { return `"` + seen.Format(time.RFC3339Nano) + `"` },
		func(seen, _ time.Time) string {
			return `"` + seen.In(time.FixedZone("", 9*3600)).Format("2006-01-02T15:04:05-07:00") + `"`
		},
		func(seen, _ time.Time) string { return strconv.FormatInt(seen.UnixMilli(), 10) },
		relatively,
	} {
		h := newHome(t)
		seen := h.now.Add(time.Minute)
		h.says("거실/동작", `{"occupancy":true,"last_seen":`+format(seen, seen)+`}`)
		for _, after := range []time.Duration{90 * time.Second, 67*time.Minute + 20*time.Second, 26*time.Hour + 20*time.Minute, 9*24*time.Hour + 3*time.Hour} {
			h.step = seen.Add(after).Sub(h.now)
			got := h.hear("zigbee2mqtt/거실/동작", `{"occupancy":false,"no_occupancy_since":90,"last_seen":`+format(seen, seen.Add(after))+`}`, false)
			if len(got.Seen) != 1 || got.Seen[0].Heard.Sub(seen).Abs() > time.Second {
				t.Errorf("%s after %v: heard %v, want %v", format(seen, h.now), after, got.Seen[0].Heard, seen)
			}
		}
		h.step = time.Minute
		alive := h.now.Add(h.step)
		if got := h.hear("zigbee2mqtt/거실/동작", `{"occupancy":true,"last_seen":`+format(alive, alive)+`}`, false); short(got) != "motion" || got.Seen[0].Heard.Sub(alive).Abs() > time.Second {
			t.Errorf("%s: when it is back: %q, heard %v", format(seen, h.now), short(got), got.Seen)
		}
	}
}

// relatively is the age in words, in two units at most, as the bridge writes it.
func relatively(seen, now time.Time) string {
	left, parts := now.Sub(seen), []string(nil)
	for _, u := range []struct {
		name   string
		length time.Duration
	}{{"week", 7 * 24 * time.Hour}, {"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		n := left / u.length
		left -= n * u.length
		if n == 0 && (u.name != "second" || parts != nil) || len(parts) == 2 {
			continue
		}
		if n != 1 {
			u.name += "s"
		}
		parts = append(parts, strconv.Itoa(int(n))+" "+u.name)
	}
	return `"` + strings.Join(parts, ", ") + ` ago"`
}

func TestAnAgeInWords(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0 seconds ago": 0, "1 second ago": time.Second, "2 minutes, 3 seconds ago": 123 * time.Second, "1 hour ago": time.Hour,
		"1 day, 4 hours ago": 28 * time.Hour, "2 weeks, 1 day ago": 15 * 24 * time.Hour, "1 year ago": 8766 * time.Hour, "1 month ago": 730*time.Hour + 30*time.Minute,
	} {
		if got, ok := relative(text, sensors.Message{At: noon}, time.Time{}); !ok || !got.Equal(noon.Add(-want)) {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"ago", " ago", "5 ago", "five minutes ago", "2 fortnights ago", "-1 minutes ago", "1 minute", "99999 years ago", "1 minute,, 2 seconds ago"} {
		if got, ok := relative(text, sensors.Message{At: noon}, time.Time{}); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	if got, ok := relative("1 minute ago", sensors.Message{At: noon, Retained: true}, time.Time{}); ok {
		t.Errorf("from a store, which it was true for long ago: %v", got)
	}
}

// A bridge with cache_state_send_on_startup publishes all states when it starts,
// without the retain flag.
func TestACacheThatIsPublishedAgainRaisesOnceAndProvesNothing(t *testing.T) {
	h := newHome(t)
	h.step = time.Second
	for _, name := range []string{"kitchen smoke", "거실/동작", "front door", "radar", "sos wall"} {
		h.says(name, `{"smoke":false,"occupancy":false,"contact":true,"fall_status":"normal","sos":false,"test":false}`)
	}
	h.step = time.Hour
	h.says("bridge/state", "online")
	h.step = time.Second
	for name, line := range map[string][2]string{
		"kitchen smoke": {`{"smoke":true,"test":false}`, "smoke?"},
		"거실/동작":         {`{"occupancy":true}`, "motion?"},
		"front door":    {`{"contact":false}`, "door?"},
		"radar":         {`{"fall_status":"fall_alarm"}`, "fall?"},
	} {
		got := h.hear("zigbee2mqtt/"+name, line[0], false)
		if short(got) != line[1] || !got.Seen[0].Heard.IsZero() || got.Seen[0].Tested {
			t.Errorf("%s: heard %q, seen %+v, want %q", name, short(got), got.Seen, line[1])
		}
	}
}
