package gateway

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/mapping"
)

// withAll is one home with every ready mapping switched on.
func withAll(bases map[string]string) *configs.Gateway {
	home := configs.Dwelling{ID: "kim", Rooms: []configs.Room{{ID: "hall"}}}
	for _, name := range configs.ReadyNames() {
		home.Mappings = append(home.Mappings, configs.Mapping{Use: name, Base: bases[name]})
	}
	return &configs.Gateway{Dwellings: []configs.Dwelling{home}}
}

// mappingsOnly is the decoder of the home's mappings and of nothing else.
func mappingsOnly(c *configs.Gateway) *mapping.Home {
	home := topicsOf(c).Dwellings[0]
	home.Zigbee2MQTT, home.ZWaveJS, home.Shelly, home.Tasmota = nil, nil, nil, nil
	return mapping.New(mappingsOf(c)[home.Dwelling], home)
}

// hears is what is heard, as the samples of the ready mappings write it.
func hears(h sensors.Heard) []string {
	all := []string{}
	for _, r := range slices.Concat(h.Readings, h.Repeated) {
		if r.Unit != "" {
			all = append(all, fmt.Sprintf("%s %v %s", r.Kind, r.Value, r.Unit))
		} else {
			all = append(all, fmt.Sprintf("%s %s", r.Kind, r.State))
		}
	}
	for _, f := range h.Faults {
		all = append(all, string(f.Code))
	}
	slices.Sort(all)
	return all
}

// Each ready mapping hears in its samples what it says there, also when all the
// others listen too.
func TestTheSamplesOfTheReadyMappings(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, name := range configs.ReadyNames() {
		t.Run(name, func(t *testing.T) {
			ready, _ := configs.ReadyMapping(name)
			if len(ready.Samples) < 3 {
				t.Errorf("it has only %d samples", len(ready.Samples))
			}
			for _, s := range ready.Samples {
				h, _ := mappingsOnly(withAll(nil)).Hear(sensors.Message{At: at, Topic: s.Topic, Payload: []byte(s.Payload)})
				want := slices.Clone(s.Hears)
				slices.Sort(want)
				if got := hears(h); !slices.Equal(got, want) {
					t.Errorf("%s %s:\nheard %q\nwant  %q\nfaults %+v", s.Topic, s.Payload, got, want, h.Faults)
				}
			}
		})
	}
}

// Every entry of every ready mapping is shown by a sample: one that none reaches
// may be misspelt.
func TestEachEntryOfAReadyMappingHasASample(t *testing.T) {
	for _, name := range configs.ReadyNames() {
		ready, _ := configs.ReadyMapping(name)
		for i, m := range ready.Mappings {
			reached := slices.ContainsFunc(ready.Samples, func(s configs.Sample) bool {
				only := configs.Gateway{Dwellings: []configs.Dwelling{{ID: "kim"}}}
				home := topicsOf(&only).Dwellings[0]
				bases := ready.Bases
				if len(bases) == 0 {
					bases = []string{""}
				}
				for _, base := range bases {
					entry := configs.MappingInForce{Mapping: m, Ready: name}
					entry.Base = base
					h, _ := mapping.New([]mapping.Entry{mappingOf(entry)}, home).Hear(sensors.Message{Topic: s.Topic, Payload: []byte(s.Payload)})
					if len(h.Seen)+len(h.Faults) > 0 || m.Bridge && len(h.Cleared) > 0 {
						return true
					}
				}
				return false
			})
			if !reached {
				t.Errorf("%s: mappings[%d] (%s on %s) is reached by no sample", name, i, m.Kind, strings.Join(m.Topic.Strings(), ", "))
			}
		}
	}
}

// corpus is a file of labelled messages from public sources, one JSON object a
// line. It is not part of the repository.
const corpus = "../../shared/mqtt/payloads.jsonl"

// labelled is one line of it.
type labelled struct {
	ID        string `json:"id"`
	Ecosystem string `json:"ecosystem"`
	Topic     string `json:"topic"`
	Payload   string `json:"payload"`
	Encoding  string `json:"payload_encoding"`
	Kind      string `json:"kind"`
	Active    *bool  `json:"active"`
	Retained  bool   `json:"retained"`
}

// kindsOf are our kinds of a label.
var kindsOf = map[string][]ucare.Kind{
	"smoke": {ucare.Smoke}, "gas": {ucare.Gas}, "co": {ucare.CarbonMonoxide}, "heat": {ucare.Heat}, "motion": {ucare.Motion, ucare.Presence},
	"presence": {ucare.Presence, ucare.Motion, ucare.Bed}, "door": {ucare.Door}, "fall": {ucare.FallSensor}, "sos": {ucare.HelpButton},
	"leak": {ucare.WaterLeak}, "battery": {ucare.Battery}, "tamper": {ucare.Tamper}, "availability": {ucare.Link},
}

// mapped are the ecosystems that the ready mappings are for. Messages of all
// others must not be touched.
var mapped = []string{
	"rtl_433", "homie5", "paradox-pai", "mqtt-smarthome", "homematic", "lorawan-milesight", "milesight-vs373", "theengs/openmqttgateway",
	"theengs-gateway", "openmqttgateway", "vayyar-like", "carelink", "hue-mqtt-bridge", "ring-mqtt", "generic-fire", "esphome",
}

func TestTheReadyMappingsOnMessagesFromPublicSources(t *testing.T) {
	f, err := os.Open(corpus)
	if err != nil {
		t.Skipf("skipped: no corpus of messages here (%v)", err)
	}
	defer f.Close()
	right, all := map[string]int{}, map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l labelled
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		h, mine := mappingsOnly(withAll(map[string]string{"milesight_vs373": "<configured topic>"})).Hear(message(l))
		for _, r := range slices.Concat(h.Readings, h.Repeated) {
			if sensors.IsDetector(r.Kind) && r.State == ucare.Active && !slices.Contains(kindsOf[l.Kind], r.Kind) {
				t.Errorf("%s %s: a false alarm: %+v", l.ID, l.Topic, r)
			}
		}
		if !slices.Contains(mapped, l.Ecosystem) {
			if mine {
				t.Errorf("%s %s %.80s belongs to %s, and was taken: %v", l.ID, l.Topic, l.Payload, l.Ecosystem, hears(h))
			}
			continue
		}
		all[l.Ecosystem]++
		if isRight(l, h) {
			right[l.Ecosystem]++
		} else {
			t.Logf("%s %s %.100s: heard %v, labelled %s %v", l.ID, l.Topic, l.Payload, hears(h), l.Kind, l.Active)
		}
	}
	if len(all) == 0 {
		t.Fatal("no message of these ecosystems in the corpus")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Logf("%-24s %d of %d right", name, right[name], all[name])
	}
}

// message is a labelled message as it comes in. Those of LoRaWAN are only what
// the codec made of it; the network puts it under "object".
func message(l labelled) sensors.Message {
	m := sensors.Message{At: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Topic: l.Topic, Payload: []byte(l.Payload), Retained: l.Retained}
	if l.Ecosystem == "lorawan-milesight" {
		m.Topic, _, _ = strings.Cut(l.Topic, " ")
		m.Payload = []byte(`{"object":` + l.Payload + `}`)
	}
	return m
}

// isRight reports whether what is heard is what the label says.
func isRight(l labelled, h sensors.Heard) bool {
	readings := slices.Concat(h.Readings, h.Repeated)
	kinds := kindsOf[l.Kind]
	i := slices.IndexFunc(readings, func(r ucare.Reading) bool { return slices.Contains(kinds, r.Kind) })
	switch {
	case l.Kind == "none":
		return !slices.ContainsFunc(readings, func(r ucare.Reading) bool {
			return r.Unit == "" && !slices.Contains([]ucare.Kind{ucare.Battery, ucare.Mains, ucare.Link, ucare.Tamper}, r.Kind)
		})
	case l.Active == nil:
		return i < 0
	case i >= 0:
		return readings[i].State == ucare.StateOf(*l.Active)
	case l.Kind == "availability":
		isBridge := func(f ucare.Fault) bool { return f.Code == ucare.FaultBridge }
		return *l.Active && slices.ContainsFunc(h.Cleared, isBridge) || !*l.Active && slices.ContainsFunc(h.Faults, isBridge)
	default:
		return false
	}
}

// No message breaks a ready mapping, and none makes a detector active out of a
// value that no list has.
func FuzzReadyMappings(f *testing.F) {
	for _, name := range configs.ReadyNames() {
		ready, _ := configs.ReadyMapping(name)
		for _, s := range ready.Samples {
			f.Add(s.Topic, []byte(s.Payload))
		}
	}
	c := withAll(nil)
	raises := map[string]bool{} // texts in lower case
	wordless := func(m configs.MappingInForce) bool { return m.Event && len(m.On) == 0 }
	for _, m := range c.MappingsInForce(0) {
		for _, value := range slices.Concat(m.On, m.Drill) {
			raises[strings.ToLower(string(value))] = true
		}
	}
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		h, _ := mappingsOnly(c).Hear(sensors.Message{At: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Topic: topic, Payload: payload})
		for _, r := range slices.Concat(h.Readings, h.Repeated) {
			if r.State != ucare.Active || !sensors.IsDetector(r.Kind) {
				continue
			}
			isWordless := slices.ContainsFunc(c.MappingsInForce(0), func(m configs.MappingInForce) bool { return wordless(m) && m.Kind == string(r.Kind) })
			holds := func(word string) bool { return strings.Contains(strings.ToLower(string(payload)), word) }
			if !isWordless && !slices.ContainsFunc(slices.Collect(maps.Keys(raises)), holds) && !strings.Contains(string(payload), `\u`) {
				t.Errorf("%s %q raises %s", topic, payload, r.Kind)
			}
		}
	})
}

// What all ready mappings together cost a message that is none of theirs, and one
// that is.
func BenchmarkReadyMappings(b *testing.B) {
	h := mappingsOnly(withAll(nil))
	for name, m := range map[string]sensors.Message{
		"foreign": {Topic: "zigbee2mqtt/0x00158d0001020304", Payload: []byte(`{"occupancy":true}`)},
		"rtl_433": {Topic: "rtl_433/pi/events", Payload: []byte(`{"model":"Honeywell-Security","id":77120,"contact_open":1,"tamper":0,"battery_ok":1}`)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h.Hear(m)
			}
		})
	}
}
