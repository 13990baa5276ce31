package zigbee2mqtt

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// corpus is a file of labelled messages from public sources, one JSON object a
// line, beside the definitions of devices. It is not part of the repository.
const corpus = "../../../shared/mqtt/"

// labelled is one line of it.
type labelled struct {
	ID        string `json:"id"`
	Ecosystem string `json:"ecosystem"`
	Topic     string `json:"topic"`
	Payload   string `json:"payload"`
	Kind      string `json:"kind"`
	Active    *bool  `json:"active"`
	Notes     string `json:"notes"`
	Retained  bool   `json:"retained"`
}

// kindsOf are the kinds of the labels that this package decodes.
var kindsOf = map[string][]ucare.Kind{
	"smoke": {ucare.Smoke}, "gas": {ucare.Gas}, "co": {ucare.CarbonMonoxide}, "heat": {ucare.Heat}, "motion": {ucare.Motion, ucare.Presence},
	"presence": {ucare.Presence, ucare.Motion}, "door": {ucare.Door}, "fall": {ucare.FallSensor}, "sos": {ucare.HelpButton}, "leak": {ucare.WaterLeak},
}

// open skips the test, in words, where the corpus is not there.
func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(corpus + name)
	if err != nil {
		t.Skipf("skipped: no corpus of messages here (%v)", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// models are the definitions by model, with the exposes as bridge/devices has them.
func models(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	var list []struct {
		Model   string          `json:"model"`
		Exposes json.RawMessage `json:"exposes"`
	}
	if err := json.NewDecoder(open(t, "z2m_devices.json")).Decode(&list); err != nil {
		t.Fatal(err)
	}
	all := map[string]json.RawMessage{}
	for _, d := range list {
		all[d.Model] = d.Exposes
	}
	return all
}

// ordinary is an expose for a property that its name describes on nearly all devices.
func ordinary(property string) string {
	switch property {
	case "contact":
		return `{"type":"binary","property":"contact","value_on":false,"value_off":true}`
	case "temperature":
		return `{"type":"numeric","property":"temperature","unit":"°C"}`
	case "battery":
		return `{"type":"numeric","property":"battery","unit":"%"}`
	case "action":
		return enum1("action", "emergency", "single")
	case "human_motion_state":
		return enum1(property, "none", "small", "large")
	default:
		return bool1(property)
	}
}

// definitionFor finds the device behind a message: the model that its notes
// name, else one with ordinary exposes for what it says.
func definitionFor(t *testing.T, l labelled, all map[string]json.RawMessage) string {
	t.Helper()
	note := l.Notes
	if strings.Contains(l.Payload, "fall_status") {
		note = "HS2FD-EF1-3.0"
	}
	if strings.Contains(note, "FDS315") || strings.Contains(l.Topic, "bedroom_fall_radar") {
		note = "FDS315"
	}
	for model, exposes := range all {
		if len(model) >= 6 && strings.Contains(note, model) {
			return `"definition":{"vendor":"v","model":"` + model + `","exposes":` + string(exposes) + `}`
		}
	}
	var said map[string]json.RawMessage
	_ = json.Unmarshal([]byte(l.Payload), &said) // what is no JSON has no exposes
	var exposes []string
	for property := range said {
		exposes = append(exposes, ordinary(property))
	}
	slices.Sort(exposes)
	return `"definition":{"vendor":"v","model":"ordinary","exposes":[` + strings.Join(exposes, ",") + `]}`
}

func TestLabelledMessagesFromPublicSources(t *testing.T) {
	all := models(t)
	lines := bufio.NewScanner(open(t, "payloads.jsonl"))
	lines.Buffer(nil, 1<<20)
	right, wanted := map[string]int{}, map[string]int{}
	for lines.Scan() {
		var l labelled
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		base, rest, _ := strings.Cut(l.Topic, "/")
		if l.Ecosystem != "zigbee2mqtt" || base == "homeassistant" {
			continue
		}
		readings := decodeAlone(t, l, base, rest, definitionFor(t, l, all))
		kinds, alarm := kindsOf[l.Kind], l.Kind != "none"
		if alarm && kinds != nil {
			wanted[l.Kind]++
			if fits(readings, kinds, l.Active) {
				right[l.Kind]++
			} else {
				t.Logf("%s %s %.100s: heard %+v, labelled %s %v", l.ID, l.Topic, l.Payload, readings, l.Kind, l.Active)
			}
		}
		for _, r := range readings {
			if isAlarm(r) && !slices.Contains(kinds, r.Kind) {
				t.Errorf("%s %s: a false alarm: %+v", l.ID, l.Topic, r)
			}
		}
	}
	names := make([]string, 0, len(wanted))
	for name := range wanted {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		t.Logf("%-9s %d of %d right", name, right[name], wanted[name])
	}
	if len(names) == 0 {
		t.Error("no message of this ecosystem in the corpus")
	}
}

// decodeAlone hears the message as the first one of its device.
func decodeAlone(t *testing.T, l labelled, base, rest, definition string) []ucare.Reading {
	t.Helper()
	b := New(base, sensors.DwellingTopics{Dwelling: "kim"})
	name, _ := json.Marshal(rest)
	list := `[{"ieee_address":"0x1","friendly_name":` + string(name) + `,"type":"EndDevice",` + definition + `}]`
	if !strings.HasPrefix(rest, "bridge/") && !strings.HasSuffix(rest, "/availability") && !isCommand(rest) {
		b.Hear(sensors.Message{At: noon, Topic: base + "/bridge/devices", Payload: []byte(list), Retained: true})
	}
	h, mine := b.Hear(sensors.Message{At: noon, Topic: l.Topic, Payload: []byte(l.Payload), Retained: l.Retained})
	if !mine {
		t.Errorf("%s: %s is nobody's", l.ID, l.Topic)
	}
	return h.Readings
}

// fits reports whether one of the readings is what the label says; a label
// without a state wants no state.
func fits(readings []ucare.Reading, kinds []ucare.Kind, active *bool) bool {
	i := slices.IndexFunc(readings, func(r ucare.Reading) bool { return slices.Contains(kinds, r.Kind) })
	if active == nil {
		return i < 0
	}
	return i >= 0 && readings[i].State == ucare.StateOf(*active)
}

func isAlarm(r ucare.Reading) bool {
	return r.State == ucare.Active && slices.Contains([]ucare.Kind{
		ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.FallSensor, ucare.HelpButton, ucare.WaterLeak,
	}, r.Kind)
}

// What a device list of the real program holds can be taken in whole.
func TestListsOfDevicesFromTheRealProgram(t *testing.T) {
	for _, name := range []string{"z2m_bridge_devices_from_test.json", "z2m_bridge_devices_generated.json"} {
		var raw json.RawMessage
		if err := json.NewDecoder(open(t, name)).Decode(&raw); err != nil {
			t.Fatal(err)
		}
		b := New("zigbee2mqtt", sensors.DwellingTopics{Dwelling: "kim"})
		h, _ := b.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: raw, Retained: true})
		for _, f := range h.Faults {
			if f.Code != ucare.FaultUnknownDevice && f.Code != ucare.FaultNeedsMapping {
				t.Errorf("%s: %+v", name, f)
			}
		}
		for _, s := range h.Seen {
			t.Logf("%s: %s %s: %v", name, s.Sensor, s.Model, s.Kinds)
		}
	}
}
