package zigbee2mqtt

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// A decoder whose memory goes through JSON after each message hears what one hears that
// never stopped, whatever comes.
func TestAMemoryKeptAtEachStepHearsTheSame(t *testing.T) {
	fresh := func() *sensors.Decoder { return emptyHome(t).d }
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		running, kept, m := fresh(), fresh(), sensors.Message{At: noon, Source: "test"}
		for i := range 150 {
			m.At = m.At.Add(time.Duration(rnd.IntN(300)-30) * time.Second / time.Duration(1+rnd.IntN(30))) // a clock may be set back
			m.Retained = rnd.IntN(6) == 0
			if rnd.IntN(3) > 0 { // else the same once more
				m.Topic, m.Payload = anyMessage(rnd, m.At)
			}
			want, _ := json.Marshal(running.Hear(m))
			got, _ := json.Marshal(kept.Hear(m))
			if string(got) != string(want) {
				t.Fatalf("seed %d, message %d, %s %s:\nheard %s\nwant  %s", seed, i, m.Topic, m.Payload, got, want)
			}
			memory, err := json.Marshal(kept)
			if err != nil {
				t.Fatal(err)
			}
			kept = fresh()
			if err := json.Unmarshal(memory, kept); err != nil {
				t.Fatal(err)
			}
		}
		was, _ := json.Marshal(running)
		if is, _ := json.Marshal(kept); string(is) != string(was) {
			t.Errorf("seed %d: the memory is\n%s\nwant\n%s", seed, is, was)
		}
	}
}

// anyMessage is something that a bridge with three devices may say.
func anyMessage(rnd *rand.Rand, now time.Time) (topic string, payload []byte) {
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	exposes := exposesSmoke + "," + exposesMotion + "," + bool1("carbon_monoxide") + "," + bool1("sos") + "," + enum1("action", "emergency", "single") +
		"," + enum1("fall_status", "normal", "fall_warning", "fall_alarm") + "," + enum1("self_test_result", "checking", "success", "failure")
	name := one("a", "a/smoke", "부엌", "stranger", "renamed")
	seen := now.Add(-time.Duration(rnd.IntN(300)) * time.Second)
	attributes := []string{
		`"smoke":` + one("true", "false", "null", `"x"`), `"carbon_monoxide":` + one("true", "false"), `"test":` + one("true", "false"),
		`"sos":` + one("true", "false"), `"action":` + one(`"emergency"`, `""`, "null"), `"occupancy":` + one("true", "false"), `"illuminance":` + one("1", "2"),
		`"battery":` + one("5", "12", "80", `"9"`, "null"), `"fall_status":` + one(`"normal"`, `"fall_warning"`, `"fall_alarm"`), `"self_test_result":` + one(`"checking"`, `"success"`, `"failure"`),
		`"last_seen":` + one(seen.Format(`"2006-01-02T15:04:05Z07:00"`), fmt.Sprint(seen.UnixMilli()), `"2 minutes ago"`, `"2036-01-01T00:00:00Z"`),
	}
	rnd.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	switch rnd.IntN(20) {
	case 0:
		other := listed(one("b", "renamed"), "Maker", "X", exposes)
		topic, payload = "bridge/devices", []byte("["+strings.Join([]string{listed("a", "Maker", "X", exposes), listed("부엌", "Maker", "X", exposesSmoke), other, listed("a/smoke", "Maker", "X", bool1("gas"))}[:1+rnd.IntN(4)], ",")+"]")
	case 1:
		topic, payload = "bridge/state", []byte(one("online", "offline", `{"state":"online"}`))
	case 2:
		topic, payload = one("bridge/event", "bridge/response/device/remove"), []byte(one(`{"type":"device_leave","data":{"friendly_name":"a"}}`, `{"type":"device_announce","data":{"friendly_name":"a"}}`, `{"status":"ok","data":{"id":"a"}}`))
	case 3:
		topic, payload = "bridge/groups", []byte(one(`[]`, `[{"friendly_name":"stranger"}]`))
	case 4:
		topic, payload = "bridge/info", []byte(`{"config":{"advanced":{"last_seen":"`+one("disable", "ISO_8601")+`"}}}`)
	case 5:
		topic, payload = "bridge/health", []byte(`{"devices":{"a":{"messages":`+one("1", "2", "3")+`}}}`)
	case 6, 7, 8:
		key, value, _ := strings.Cut(attributes[0], ":")
		topic, payload = name+"/"+strings.Trim(key, `"`), []byte(strings.Trim(value, `"`))
	case 9:
		topic, payload = name+"/availability", []byte(one("online", "offline", ""))
	default:
		topic, payload = name, []byte("{"+strings.Join(attributes[:1+rnd.IntN(len(attributes))], ",")+"}")
	}
	return "zigbee2mqtt/" + topic, payload
}
