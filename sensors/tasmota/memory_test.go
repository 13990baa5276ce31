package tasmota

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
	fresh := func() *sensors.Decoder { return newHome(t).d }
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		running, kept, m := fresh(), fresh(), sensors.Message{At: noon, Source: "test"}
		for i := range 150 {
			m.At = m.At.Add(time.Duration(rnd.IntN(300)-30) * time.Second / time.Duration(1+rnd.IntN(30))) // a clock may be set back
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
	device := one("zb", "kitchen_pir", "tele", "stat", "zb/00AA")
	attributes := []string{
		`"ZoneStatusChange":` + one("0", "1", "5", "8", "257", "256", "64", "128", "null"), `"Fire":` + one("0", "1", "null"), `"CO":` + one("0", "1"),
		`"Occupancy":` + one("0", "1"), `"PersonalAlarm":1`, `"BatteryPercentage":` + one("5", "12", "80"), `"Tamper":` + one("0", "1"), `"Reachable":false`,
		`"0500<00":` + one(`"010000"`, `"000000"`, `"x"`), `"ModelId":` + one(`"lumi.sensor_smoke"`, `"GASSensor"`), `"Smoke":1`, `"LinkQuality":9`, `"ZoneType":` + one("40", "43"),
	}
	rnd.Shuffle(len(attributes), func(i, j int) { attributes[i], attributes[j] = attributes[j], attributes[i] })
	node := fmt.Sprintf(`{"Device":%q,"Name":%q,%s}`, one("0x00AA", "0x00AB"), one("", "Hall", "Bath"), strings.Join(attributes[:1+rnd.IntN(4)], ","))
	switch rnd.IntN(14) {
	case 0:
		topic, payload = one("tele/"+device, device+"/tele")+"/LWT", []byte(one("Online", "Offline", "x"))
	case 1:
		topic, payload = "tasmota/discovery/"+one("01", "02")+"/config", []byte(one("",
			fmt.Sprintf(`{"t":%q,"ft":%q,"dn":"Kitchen","swn":[%s,null],"swc":[%s],"dslp":%s}`, one("kitchen_pir", "tele", "stat"), one("%prefix%/%topic%/", "%topic%/%prefix%/"), one("null", `"door"`, `"PIR"`), one("1", "2"), one("0", "1"))))
	case 2:
		topic, payload = "tele/"+device+"/SENSOR", []byte(one(`{"Switch1":"ON"}`, `{"Switch1":"OFF"}`, `{"Switch2":"ON"}`, `{"AM2301":{"Temperature":21},"TempUnit":"C"}`, `{"LD2410":{"Distance":[1,0,0]}}`, `{`))
	case 3:
		topic, payload = "stat/"+device+"/"+one("LEAK", "PIR1", "SMOKE", "SWITCH1"), []byte(one("ON", "OFF", "1", "x"))
	case 4:
		topic, payload = "tele/"+device+"/STATE", []byte(one(`{"Wifi":{"DeepSleep":3}}`, `{}`))
	case 5:
		topic, payload = "stat/"+device+"/RESULT", []byte(one(`{"ZbStatus3":[{"Device":"0x00AA","Config":["A01.3"]}]}`, `{"ZbInfo":{"0x00AB":{"ZoneType":43,"ModelId":"GASSensor"}}}`, `{"Switch1":{"Action":"ON"}}`, `{"Button1":{"Action":"SINGLE"}}`))
	default:
		topic, payload = "tele/"+device+"/SENSOR", []byte(one(`{"ZbReceived":{"0x00AA":`+node+`}}`, `{"ZbReceived":{"Hall":`+node+`}}`, `{"0x00AB":`+node+`}`))
	}
	return topic, payload
}
