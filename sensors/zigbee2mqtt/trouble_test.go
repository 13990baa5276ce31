package zigbee2mqtt

import (
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

func TestWhatIsWrongWithTheDeviceItself(t *testing.T) {
	smoke := bool1("smoke") + ","
	for _, c := range []struct {
		about, exposes string
		lines          [][2]string // payload, the fault's detail
	}{
		{"a truth", smoke + bool1("fault"), [][2]string{{`{"fault":true}`, "fault is true"}, {`{"smoke":false}`, "fault is true"}, {`{"fault":false}`, ""}}},
		{"a truth under another name", smoke + bool1("trouble"), [][2]string{{`{"trouble":true}`, "trouble is true"}, {`{"trouble":false}`, ""}}},
		{"Heiman's text", smoke + `{"type":"text","property":"fault_state","access":5}`, [][2]string{
			{`{"fault_state":"normal"}`, ""}, {`{"fault_state":"pollution_fault | open_circuit_fault"}`, `fault_state is "pollution_fault | open_circuit_fault"`}, {`{"fault_state":"normal"}`, ""},
		}},
		{"words", smoke + enum1("fault", "none", "sensor_fault"), [][2]string{{`{"fault":"sensor_fault"}`, `fault is "sensor_fault"`}, {`{"fault":"none"}`, ""}}},
		{"DETECTED", smoke + binary("fault", `"DETECTED"`, `"NOT_DETECTED"`, 1), [][2]string{{`{"fault":"DETECTED"}`, `fault is "DETECTED"`}, {`{"fault":"NOT_DETECTED"}`, ""}}},
		{"a number", smoke + numeric("error_status", ""), [][2]string{{`{"error_status":0}`, ""}, {`{"error_status":3}`, "error_status is 3"}}},
		{"a list", smoke + `{"type":"list","property":"faults","access":1}`, [][2]string{{`{"faults":["hot"]}`, `faults is ["hot"]`}, {`{"faults":[]}`, ""}}},
		{"the end of its life", smoke + bool1("end_of_life"), [][2]string{{`{"end_of_life":true}`, "end_of_life is true"}}},
		{"two at once", smoke + bool1("fault") + "," + bool1("battery_defect"), [][2]string{{`{"battery_defect":true,"fault":true}`, "battery_defect is true, fault is true"}}},
		{"a test of itself that failed", smoke + enum1("self_test_result", "checking", "success", "failure"), [][2]string{
			{`{"self_test_result":"checking"}`, ""}, {`{"self_test_result":"failure"}`, `self_test_result is "failure"`}, {`{"self_test_result":"checking"}`, `self_test_result is "failure"`}, {`{"self_test_result":"success"}`, ""},
		}},
		{"in other words", smoke + enum1("self_test", "Checking", "Check success", "Check failure"), [][2]string{{`{"self_test":"Check failure"}`, `self_test is "Check failure"`}}},
	} {
		h, _ := homeOf(t, "X", "", c.exposes)
		for i, line := range c.lines {
			if got := detail(h.hear("zigbee2mqtt/d", line[0], false).Faults, ucare.FaultTrouble); got != line[1] {
				t.Errorf("%s, line %d: %s: %q, want %q", c.about, i+1, line[0], got, line[1])
			}
		}
	}
	h, _ := homeOf(t, "X", "", smoke+bool1("fault"))
	if got := h.says("d", `{"fault":null}`); got != "!unknown_value" {
		t.Errorf("null: %q", got)
	}
	h, _ = homeOf(t, "X", "", smoke+enum1("self_test", "checking", "check_success"))
	if got := h.says("d", `{"self_test":7}`); got != "!unknown_value" {
		t.Errorf("a number as the end of a test: %q", got)
	}
	h, _ = homeOf(t, "X", "", smoke+binary("fault_alarm", "true", "false", 3))
	if got := h.says("d", `{"fault_alarm":true}`); got != "" {
		t.Errorf("a setting: %q", got)
	}
}

// Some detectors say smoke with a test press and some do not.
func TestALiveTestPressIsSeen(t *testing.T) {
	tested := func(h sensors.Heard) bool { return len(h.Seen) == 1 && h.Seen[0].Tested }
	result := bool1("smoke") + "," + enum1("self_test_result", "checking", "success", "failure", "others")
	for _, c := range []struct {
		about, exposes, before, payload string
		retained, want                  bool
	}{
		{"with smoke", exposesSmoke, `{"smoke":false,"test":false}`, `{"smoke":true,"test":true}`, false, true},
		{"without smoke", exposesSmoke, `{"smoke":false,"test":false}`, `{"smoke":false,"test":true}`, false, true},
		{"the first thing ever heard", exposesSmoke, "", `{"smoke":false,"test":true}`, false, true},
		{"from the broker's store", exposesSmoke, "", `{"smoke":false,"test":true}`, true, false},
		{"a test that goes on", exposesSmoke, `{"smoke":false,"test":true}`, `{"smoke":false,"test":true}`, false, false},
		{"no test", exposesSmoke, `{"test":false}`, `{"smoke":true,"test":false}`, false, false},
		{"no known word", exposesSmoke, "", `{"smoke":false,"test":"true"}`, false, false},
		{"a test that was passed", result, `{"self_test_result":"checking"}`, `{"self_test_result":"success"}`, false, true},
		{"passed once", result, `{"self_test_result":"success"}`, `{"self_test_result":"success"}`, false, false},
		{"passed again", result, `{"self_test_result":"checking"}`, `{"self_test_result":"success"}`, false, true},
		{"a test that failed", result, "", `{"self_test_result":"failure"}`, false, false},
	} {
		h, _ := homeOf(t, "X", "", c.exposes)
		if c.before != "" {
			h.hear("zigbee2mqtt/d", c.before, false)
		}
		if got := tested(h.hear("zigbee2mqtt/d", c.payload, c.retained)); got != c.want {
			t.Errorf("%s: %v", c.about, got)
		}
	}
	h, _ := homeOf(t, "X", "", exposesSmoke)
	h.says("bridge/state", "online")
	if tested(h.hear("zigbee2mqtt/d", `{"smoke":false,"test":true}`, false)) {
		t.Error("a cached state that is published again is a live press")
	}
	if !tested(h.hear("zigbee2mqtt/d/test", `false`, false)) && tested(h.hear("zigbee2mqtt/d/test", `true`, false)) {
		return
	}
	t.Error("attribute output shows no test press")
}
