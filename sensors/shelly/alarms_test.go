package shelly

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The rules believe no "clear" from a store. If the live one behind it were taken for
// its repetition, the second fire would be taken for the first.
func TestALiveClearIsToldAfterAnOldOne(t *testing.T) {
	converse(t, map[string][]line{
		"a value of its own": {
			{"shellies/shellysmoke-1/sensor/smoke", `true`, "smoke"},
			{"(stored) shellies/shellysmoke-1/sensor/smoke", `false`, "-smoke?"},
			{"shellies/shellysmoke-1/sensor/smoke", `false`, "-smoke"},
			{"shellies/shellysmoke-1/sensor/smoke", `false`, ""},
			{"shellies/shellysmoke-1/sensor/smoke", `true`, "smoke"},
		},
		"a whole state": {
			{"shellyplussmoke-1/status/smoke:0", `{"alarm":true}`, "smoke"},
			{"(stored) shellyplussmoke-1/status/smoke:0", `{"alarm":false}`, "-smoke?"},
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":false}`), "-smoke"},
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":false}`), ""},
		},
	})
}

// The end of a test is not the end of the fire, and the end of the fire is told after it.
func TestATestDuringAFire(t *testing.T) {
	converse(t, map[string][]line{
		"a detector that wakes up with all it knows": {
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"alarm":true}`), "smoke"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm_test"), "smoke* -smoke*"},
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":true}`), "smoke"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm_test"), "smoke* -smoke*"},
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":false}`), "-smoke"},
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":false}`), ""},
		},
		"and a clear from the store behind it": {
			{"shellyplussmoke-1/events/rpc", change(`"smoke:0":{"alarm":true}`), "smoke"},
			{"shellyplussmoke-1/events/rpc", happened("smoke:0", "alarm_test"), "smoke* -smoke*"},
			{"(stored) shellyplussmoke-1/status/smoke:0", `{"alarm":false}`, "-smoke?"}, // ends nothing
			{"shellyplussmoke-1/events/rpc", full(`"smoke:0":{"alarm":false}`), "-smoke"},
		},
		"a detector of gas, and gas right behind a test": {
			{"shellies/shellygas-1/sensor/gas", `heavy`, "gas"},
			{"shellies/shellygas-1/sensor/gas", `test`, "gas*"},
			{"shellies/shellygas-1/sensor/gas", `mild`, "-gas* gas"},
			{"shellies/shellygas-1/sensor/gas", `none`, "-gas"},
			{"shellies/shellygas-1/sensor/gas", `test`, "gas*"},
			{"shellies/shellygas-1/sensor/gas", `heavy`, "-gas* gas"},
		},
	})
}

// A field of another type than it should have loses no alarm beside it.
func TestAnAlarmIsNotLostOverWhatIsBesideIt(t *testing.T) {
	converse(t, map[string][]line{
		"of the frame": {{"shellyplussmoke-1/events/rpc", `{"src":5,"method":"NotifyStatus","params":{"smoke:0":{"alarm":true}}}`, "smoke !not_understood"}},
		"of an event": {{
			"shellyplussmoke-1/events/rpc", notify("NotifyEvent", `"events":[{"component":7,"event":"x"},{"component":"smoke:0","event":"alarm"}]`), "smoke !not_understood",
		}},
		"of another component": {{"shellyplussmoke-1/events/rpc", full(`"devicepower:0":7,"smoke:0":{"alarm":true}`), "smoke !not_understood"}},
	})
}

func TestASleeperThatWasTakenForOneThatIsConnectedIsNotMissed(t *testing.T) {
	converse(t, map[string][]line{
		"of the first generation": {
			{"shellies/cellar/online", `false`, "-link !sensor_unreachable"},
			{"shellies/cellar/sensor/act_reasons", `["sensor"]`, "~sensor_unreachable"},
			{"shellies/cellar/online", `false`, ""},
		},
		"of a later one": {
			{"shellynew-1/online", `false`, "-link !sensor_unreachable"},
			{"shellynew-1/events/rpc", full(`"sys":{"wakeup_period":7200}`), "~sensor_unreachable"},
			{"shellynew-1/online", `false`, ""},
		},
	})
}

func TestLongNamesDoNotFillTheMemory(t *testing.T) {
	h := newHome(t)
	long := strings.Repeat("long", 10_000)
	for i := range 20 {
		h.hear(fmt.Sprint("shellies/", long, i, "/sensor/smoke"), `true`, false)
		h.hear("shellies/announce", fmt.Sprintf(`{"id":"x","model":%q}`, long), false)
		h.hear("shellyx-1/events/rpc", change(fmt.Sprintf(`"smoke:%s%d":{"alarm":false,"errors":[%q]},"co:%s%d":{"alarm":true}`, long, i, long, long, i)), false)
		h.hear("shellyx-1/events/rpc", change(fmt.Sprintf(`"flood:%d":{"alarm":false,"errors":[%q]}`, i, long)), false)
	}
	if kept, err := json.Marshal(h.d); err != nil || len(kept) > 100_000 {
		t.Errorf("%v; %d bytes are remembered", err, len(kept))
	}
}
