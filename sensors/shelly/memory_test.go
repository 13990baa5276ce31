package shelly

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// A decoder whose memory goes through JSON after each message hears what one hears that
// never stopped, whatever comes.
func TestAMemoryKeptAtEachStepHearsTheSame(t *testing.T) {
	fresh := func() *sensors.Decoder { return newHome(t).d }
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		running, kept, m := fresh(), fresh(), sensors.Message{At: noon, Source: "test"}
		for i := range 150 {
			m.At = m.At.Add(time.Duration(rnd.IntN(300)-30) * time.Second) // a clock may be set back
			m.Retained = rnd.IntN(6) == 0
			if rnd.IntN(3) > 0 { // else the same once more
				m.Topic, m.Payload = anyMessage(rnd)
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

// anyMessage is something that the devices of a home may say.
func anyMessage(rnd *rand.Rand) (topic string, payload []byte) {
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	old, later := "shellies/"+one("shellysmoke-1", "shellygas-1", "cellar"), one("shellyplussmoke-1", "hall", "shellyblugw-1")
	components := one(
		`"smoke:0":{"alarm":`+one("true", "false", "null")+`}`,
		`"flood:0":{"alarm":`+one("true", "false")+`,"errors":`+one(`["x"]`, `[]`, `7`)+`}`,
		`"devicepower:0":{"battery":{"percent":`+one("5", "12", "80", "null")+`},"external":{"present":`+one("true", "false")+`}}`,
		`"sys":{"wakeup_period":`+one("0", "3600")+`}`, `"input:0":{"state":`+one("true", "false")+`}`, `"co:0":{"alarm":true}`,
		`"bthomesensor:200":{"value":`+one("true", "false")+`}`, `"bthomedevice:200":{"battery":50,"last_updated_ts":`+one("1", "2")+`}`,
		`"presence:0":{"num_objects":`+one("0", "2")+`}`, `"temperature:0":{"tC":`+one("20", "21", "null")+`}`,
	)
	switch rnd.IntN(12) {
	case 0:
		topic, payload = old+"/sensor/gas", []byte(one("none", "mild", "heavy", "test", "x"))
	case 1:
		topic, payload = old+"/sensor/"+one("flood", "motion", "state", "error", "operation", "act_reasons"), []byte(one("true", "false", "open", "close", "fault", "normal", "1"))
	case 2:
		topic, payload = old+"/info", fmt.Appendf(nil, `{"is_valid":%s,"smoke":%s,"bat":{"value":%s},"tmp":{"value":70,"units":%q}}`, one("true", "false"), one("true", "false"), one("5", "80"), one("C", "F"))
	case 3:
		topic, payload = old+"/status", fmt.Appendf(nil, `{"motion":%s,"timestamp":%s,"active":%s}`, one("true", "false"), one("1", "2"), one("true", "false"))
	case 4:
		topic, payload = one(old, later)+"/online", []byte(one("true", "false"))
	case 5:
		topic, payload = one(old+"/input_event/0", old+"/input/0", "shellies/announce"), []byte(one(`{"event":"S","event_cnt":1}`, `{"event":"S","event_cnt":2}`, `1`, `0`, `{"id":"cellar","model":"SHWT-1"}`))
	case 6:
		topic, payload = later+"/events/rpc", []byte(happened(one("smoke:0", "input:0", "bthomedevice:200"), one("alarm", "alarm_off", "alarm_test", "single_push")))
	case 7:
		topic, payload = later+"/status/smoke:0", fmt.Appendf(nil, `{"alarm":%s}`, one("true", "false"))
	case 8:
		topic, payload = later+"/rpc", []byte(`{"src":"shellydevice-a1b2","result":{"components":[{"key":"bthomesensor:200","config":{"obj_id":`+one("45", "41")+`,"addr":"b"}}]}}`)
	case 9:
		topic, payload = later+"/events/rpc", []byte(full(components))
	case 10:
		topic, payload = later+"/events/rpc", []byte(change(components))
	default:
		topic, payload = old+"/sensor/"+one("smoke", "battery", "temperature"), []byte(one("true", "false", "5", "12", "80", "null"))
	}
	return topic, payload
}
