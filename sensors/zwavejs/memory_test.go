package zwavejs

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
		rnd := rand.New(rand.NewPCG(seed, 2))
		running, kept, m := fresh(), fresh(), sensors.Message{At: noon, Source: "test"}
		for i := range 150 {
			m.At = m.At.Add(time.Duration(rnd.IntN(300)-30) * time.Second / time.Duration(1+rnd.IntN(100))) // a clock may be set back
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

// anyMessage is something that a bridge with three nodes may say.
func anyMessage(rnd *rand.Rand, now time.Time) (topic string, payload []byte) {
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	node := one("5", "Kitchen/Smoke", "nodeID_7", "_", "Kitchen")
	then := now.Add(-time.Duration(rnd.IntN(300)-10) * time.Second).UnixMilli()
	value := func(of ...string) []byte {
		v := one(of...)
		switch rnd.IntN(4) {
		case 0:
			return []byte(v)
		case 1:
			return fmt.Appendf(nil, `{"value":%s,"lastUpdate":%d,"nodeId":%s,"commandClass":113,"property":"x","nodeName":%q,"nodeLocation":"Hall"}`, v, then, one("5", "7", "8"), one("", "연기"))
		default:
			return fmt.Appendf(nil, `{"time":%d,"value":%s}`, then, v)
		}
	}
	switch rnd.IntN(14) {
	case 0:
		topic, payload = "driver/status", []byte(one("true", "false", "null"))
	case 1:
		topic, payload = "_CLIENTS/ZWAVE_GATEWAY-"+one("a", "b")+"/status", []byte(one(`{"value":true}`, `{"value":false}`))
	case 2:
		topic, payload = node+"/status", fmt.Appendf(nil, `{"time":%d,"value":true,"status":%q,"nodeId":%s}`, then, one("Alive", "Dead", "Asleep"), one("5", "7"))
	case 3:
		topic, payload = node+"/lastActive", fmt.Appendf(nil, `{"time":%d,"value":%d}`, then, then)
	case 4:
		topic, payload = node+"/nodeinfo", fmt.Appendf(nil, `{"id":%s,"name":%q,"loc":"Hall","manufacturer":"M","productLabel":%q}`, one("5", "7"), one("", "Smoke"), one("X1", "Panic button"))
	case 5:
		topic, payload = node+"/113/0/"+one("Home_Health/Fall_detected", "Emergency_Alarm/Panic_alert"), value("{}", "1")
	case 6:
		topic, payload = "_EVENTS/ZWAVE_GATEWAY-a/node/node_notification", fmt.Appendf(nil, `{"data":[{"id":%s,"name":"Smoke","loc":"Kitchen"},{"commandClass":113,"property":"Home Health","propertyKey":"Fall detected"}]}`, one("5", "7"))
	case 7:
		topic, payload = node+"/128/0/"+one("level", "isLow"), value("5", "12", "80", "255", "true", "false", "null")
	case 8:
		topic, payload = node+"/"+one("48/0/Any", "113/0/alarmType", "91/0/scene/001"), value("true", "false", "0", "1", "7")
	case 9:
		topic, payload = node+"/113/0/"+one("Smoke_Alarm/Alarm_status", "CO_Alarm/Test_status", "Smoke_Alarm/Maintenance_status", "Smoke_Alarm/unknown"), value("0", "3", "4", "null")
	case 10:
		topic, payload = node+"/113/0/"+one("Home_Security/Motion_sensor_status", "Access_Control/Door_state"), value("0", "8", "22", "23", "null")
	default:
		topic, payload = node+"/113/0/"+one("Smoke_Alarm/Sensor_status", "CO_Alarm/Sensor_status", "Gas_alarm/Combustible_gas_status"), value("0", "1", "2", `"2"`, "null")
	}
	return "zwave/" + topic, payload
}
