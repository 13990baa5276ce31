package sensors

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
)

// namesake is an ecosystem with one sensor, on a topic of its own.
type namesake struct{ name, topic string }

func (n *namesake) Hear(m Message) (Heard, bool) {
	if m.Topic != n.topic {
		return Heard{}, false
	}
	seen := Seen{Dwelling: "kim", Sensor: "hall", Kinds: []ucare.Kind{ucare.Smoke}, Heard: m.At, Gone: string(m.Payload) == "gone"}
	if seen.Gone {
		return Heard{Seen: []Seen{seen}}, true
	}
	fault := ucare.Fault{Code: ucare.FaultTrouble, Dwelling: "kim", Subject: "hall", Since: m.At}
	return Heard{
		Seen: []Seen{seen}, Faults: []ucare.Fault{fault},
		Repeated: []ucare.Reading{{At: m.At, Dwelling: "kim", Sensor: "hall", Kind: ucare.Smoke, State: ucare.StateOf(string(m.Payload) == "on")}},
	}, true
}
func (n *namesake) Name() string                 { return n.name }
func (n *namesake) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (n *namesake) UnmarshalJSON([]byte) error   { return nil }

// Two detectors of one name: the "off" of one must not end the fire of the other.
func TestTwoSensorsOfOneNameAreTwo(t *testing.T) {
	started := func() *Decoder {
		return NewDecoder(kim, &namesake{"zigbee2mqtt:one", "z/1"}, &namesake{"zigbee2mqtt:two", "z/2"}, &namesake{"homeassistant:ha", "h/1"})
	}
	d := started()
	for i, step := range []struct{ topic, payload, sensor string }{
		{"z/1", "on", "hall"},
		{"h/1", "off", "hall@homeassistant"},
		{"z/2", "off", "hall@zigbee2mqtt:two"},
		{"z/1", "on", "hall"},
		{"z/1", "gone", ""},
		{"h/1", "on", "hall"}, // nobody else is called so any more
		{"z/1", "on", "hall@zigbee2mqtt"},
	} {
		h := d.Hear(said(step.topic, step.payload))
		var got []string
		for _, r := range h.Readings {
			got = append(got, r.Sensor)
		}
		for _, f := range h.Faults {
			got = append(got, f.Subject)
		}
		if slices.ContainsFunc(got, func(id string) bool { return id != step.sensor }) || step.sensor != "" && len(got) < 2 {
			t.Errorf("step %d, %s %s: heard of %q, want %q", i, step.topic, step.payload, got, step.sensor)
		}
		kept, err := json.Marshal(d) // a start between any two messages changes nothing
		if err != nil {
			t.Fatal(err)
		}
		d = started()
		if err := json.Unmarshal(kept, d); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, s := range d.Sensors() {
		if strings.HasPrefix(s.ID, "hall") {
			ids = append(ids, s.ID+" "+s.Last[ucare.Smoke].State.String())
		}
	}
	if want := []string{"hall active", "hall@homeassistant inactive", "hall@zigbee2mqtt active", "hall@zigbee2mqtt:two inactive"}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q", ids, want)
	}
}
