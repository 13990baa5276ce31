package zwavejs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

const smoke = "a/113/0/Smoke_Alarm/Sensor_status"

// The rules believe no old "clear". If the live one behind it were taken for its
// repetition, the second fire would be taken for the first.
func TestALiveClearIsToldAfterAnOldOne(t *testing.T) {
	for name, old := range map[string]line{
		"from a store": {"(stored) " + smoke, `{"time":AGO,"value":0}`, "-smoke?"},
		"from a cache": {smoke, `{"time":AGO,"value":0}`, "-smoke?"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.converse([]line{
				{smoke, `{"time":NOW,"value":2}`, "smoke"},
				old, old.again(),
				{smoke, `{"time":NOW,"value":0}`, "-smoke"},
				{smoke, `{"time":NOW,"value":0}`, ""},
				{smoke, `{"time":NOW,"value":2}`, "smoke"},
			})
		})
	}
}

func TestALiveClearIsToldBehindATest(t *testing.T) {
	newHome(t).converse([]line{
		{smoke, `{"time":NOW,"value":2}`, "smoke"},
		{"a/113/0/Smoke_Alarm/Alarm_status", `{"time":NOW,"value":3}`, "smoke*"},
		{"a/113/0/Smoke_Alarm/Alarm_status", `{"time":NOW,"value":0}`, "-smoke*"},
		{"(stored) " + smoke, `{"time":AGO,"value":0}`, "-smoke?"}, // ends nothing
		{smoke, `{"time":NOW,"value":0}`, "-smoke"},
	})
}

// again is the same message when it says nothing new.
func (l line) again() line { return line{l.topic, l.payload, ""} }

// Without times only the first value behind a start may be the cache's.
func TestWhatIsBehindTheCacheIsNew(t *testing.T) {
	b, now := New("zwave", kim), noon
	for i, step := range []struct {
		after                 time.Duration
		topic, payload, heard string
	}{
		{time.Minute, smoke, `2`, "smoke"},
		{time.Minute, "driver/status", `true`, ""},
		{time.Second, smoke, `2`, "smoke?"},
		{time.Second, smoke, `2`, "smoke"},
		{time.Second, smoke, `0`, "-smoke"},
		{time.Second, smoke, `2`, "smoke"},
		{time.Second, "driver/status", `true`, ""},
		{time.Second, smoke, `0`, "-smoke?"},
		{time.Second, smoke, `0`, "-smoke"},
		{time.Second, smoke, `2`, "smoke"},
		{time.Second, "driver/status", `true`, ""}, // and with times that are of no use
		{time.Second, smoke, `{"time":4102444800000,"value":0}`, "-smoke? !sensor_clock"},
		{time.Second, smoke, `{"time":4102444800000,"value":0}`, "-smoke !sensor_clock"},
	} {
		now = now.Add(step.after)
		h, _ := b.Hear(sensors.Message{At: now, Topic: "zwave/" + step.topic, Payload: []byte(step.payload)})
		h.Readings, h.Cleared = append(h.Readings, h.Repeated...), nil
		if got := short(h); got != step.heard {
			t.Errorf("line %d: %s %s: heard %q, want %q", i+1, step.topic, step.payload, got, step.heard)
		}
	}
}

// What is told beside an alarm may be written as it likes.
func TestAnAlarmIsNotLostOverWhatIsBesideIt(t *testing.T) {
	newHome(t).converse([]line{
		{smoke, `{"time":"10:00","value":2,"nodeId":"5","unit":{}}`, "smoke"},
		{"b/113/0/Emergency_Alarm/Panic_alert", `help!`, "help !not_understood"},
		{"b/113/0/Home_Health/Fall_detected", `{"value":`, "fall !not_understood"},
		{
			"_EVENTS/ZWAVE_GATEWAY-home/node/node_notification",
			`{"data":[{"id":31,"status":4,"loc":null},{"commandClass":113,"property":"Home Health","propertyKey":"Fall detected"}]}`, "fall",
		},
	})
}

func TestLongNamesDoNotFillTheMemory(t *testing.T) {
	h := newHome(t)
	long := strings.Repeat("long", 10_000)
	for i := range 200 {
		h.hear(fmt.Sprint("zwave/", long, i, "/113/0/Smoke_Alarm/Sensor_status"), `2`, false)
		h.hear("zwave/_CLIENTS/"+long+"/status", `true`, false)
		h.hear("zwave/b/nodeinfo", fmt.Sprintf(`{"id":5,"name":%q,"loc":%q,"manufacturer":%q,"productLabel":"SOS"}`, long, long, long), false)
		h.hear(fmt.Sprint("zwave/b/91/0/scene/", i), `1`, false)
		h.hear(fmt.Sprint("zwave/b/91/0/scene/", long, i), `1`, false)
		h.hear(fmt.Sprint("zwave/b/49/0/Carbon_monoxide", long, i), `{"commandClass":49,"property":"x","value":"?","unit":"ppm"}`, false)
		h.hear(fmt.Sprint("zwave/", long, i, "/113/0/Emergency_Alarm/Panic_alert"), ``, false)
	}
	if kept, err := json.Marshal(h.d); err != nil || len(kept) > 150_000 {
		t.Errorf("%v; %d bytes are remembered", err, len(kept))
	}
}

// A clock that is behind by almost as much as is allowed makes no old news of what comes
// a little late.
func TestAClockThatIsAlmostTooSlow(t *testing.T) {
	h := newHome(t)
	late := func(by time.Duration) string { return fmt.Sprint(h.now.Add(time.Minute - by).UnixMilli()) }
	for _, want := range []string{"smoke", "-smoke", "smoke"} {
		h.hear("zwave/a/lastActive", `{"time":`+late(lag-time.Second)+`,"value":`+late(lag-time.Second)+`}`, false)
		value := map[string]string{"smoke": "2", "-smoke": "0"}[want]
		if got := short(h.hear("zwave/"+smoke, `{"time":`+late(lag+time.Second)+`,"value":`+value+`}`, false)); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}
