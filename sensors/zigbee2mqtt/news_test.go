package zigbee2mqtt

import (
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
