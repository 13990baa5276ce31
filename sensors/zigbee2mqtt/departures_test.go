package zigbee2mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

const leave = `{"type":"device_leave","data":{"ieee_address":"0x6c65616b","friendly_name":"leak"}}`

func without(name string) string {
	list := strings.SplitAfter(bridgeDevices, `}]}},`)
	kept := list[:0]
	for _, l := range list {
		if !strings.Contains(l, `"friendly_name":"`+name+`"`) {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "")
}

// A detector that leaves the network by itself is missed, and one that is removed is not.
func TestADeviceThatLeavesByItselfIsMissed(t *testing.T) {
	h := newHome(t)
	if got := h.hear("zigbee2mqtt/bridge/event", leave, false); codes(got.Faults) != "sensor_unreachable" || got.Faults[0].Subject != "leak" || !strings.Contains(got.Faults[0].Detail, "left") {
		t.Errorf("when it leaves: %+v", got.Faults)
	}
	list := h.hear("zigbee2mqtt/bridge/devices", without("leak"), false)
	if !strings.Contains(detail(list.Faults, ucare.FaultUnreachable), "left") || len(list.Cleared) > 0 && strings.Contains(codes(list.Cleared), "unreachable") {
		t.Errorf("in the list without it: %+v", list)
	}
	if h.sensor("leak").ID != "leak" {
		t.Error("it is forgotten")
	}
	back := h.hear("zigbee2mqtt/bridge/devices", bridgeDevices, false)
	if !strings.Contains(codes(back.Cleared), "sensor_unreachable") {
		t.Errorf("when it is back: %+v", back.Cleared)
	}
	h.hear("zigbee2mqtt/bridge/event", leave, false)
	removed := h.hear("zigbee2mqtt/bridge/response/device/remove", `{"data":{"block":false,"force":false,"id":"leak"},"status":"ok"}`, false)
	if codes(removed.Cleared) != "sensor_unreachable" || len(removed.Seen) != 1 || !removed.Seen[0].Gone {
		t.Errorf("removed by somebody: %+v", removed)
	}
	if list := h.hear("zigbee2mqtt/bridge/devices", without("leak"), false); detail(list.Faults, ucare.FaultUnreachable) != "" {
		t.Errorf("after that: %+v", list.Faults)
	}
}

func TestADeviceThatLeftIsNotMissedForEver(t *testing.T) {
	h := newHome(t)
	h.hear("zigbee2mqtt/bridge/event", leave, false)
	h.hear("zigbee2mqtt/bridge/devices", without("leak"), false)
	h.step = leftFor
	if got := h.hear("zigbee2mqtt/bridge/devices", without("leak"), false); codes(got.Cleared) != "sensor_unreachable" || detail(got.Faults, ucare.FaultUnreachable) != "" {
		t.Errorf("after %v: %+v", leftFor, got)
	}
}

func TestEventsOfTheBridge(t *testing.T) {
	for _, c := range []struct {
		about, topic, payload string
		retained              bool
	}{
		{"a stranger leaves", "event", strings.Replace(strings.Replace(leave, `"leak"`, `"nobody"`, 1), "0x6c65616b", "0x77", 1), false},
		{"from the broker's store", "event", leave, true},
		{"an interview", "event", `{"type":"device_interview","data":{"friendly_name":"leak","status":"started"}}`, false},
		{"no JSON", "event", `leak left`, false},
		{"a removal that failed", "response/device/remove", `{"data":{},"status":"error","error":"no such device"}`, false},
		{"a removal that failed with a name", "response/device/remove", `{"data":{"id":"leak"},"status":"error"}`, false},
		{"a removal of nobody", "response/device/remove", `{"data":{"id":"nobody"},"status":"ok"}`, false},
	} {
		h := newHome(t)
		if got := h.hear("zigbee2mqtt/bridge/"+c.topic, c.payload, c.retained); len(got.Faults)+len(got.Readings)+len(got.Seen)+len(got.Cleared) > 0 {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
	h := newHome(t)
	got := h.hear("zigbee2mqtt/bridge/event", `{"type":"device_announce","data":{"ieee_address":"0x6c65616b"}}`, false)
	if len(got.Seen) != 1 || got.Seen[0].Sensor != "leak" || !got.Seen[0].Heard.Equal(h.now) || got.Seen[0].Bridge != "zigbee2mqtt" {
		t.Errorf("a device that announces itself: %+v", got.Seen)
	}
	h.hear("zigbee2mqtt/bridge/event", leave, false)
	h.step = time.Second
	if back := h.hear("zigbee2mqtt/bridge/event", `{"type":"device_joined","data":{"friendly_name":"leak"}}`, false); codes(back.Cleared) != "sensor_unreachable" {
		t.Errorf("a device that joins again: %+v", back)
	}
}
