package zigbee

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/zigbee2mqtt"
)

// A line is one message as emit.js prints it.
type line struct {
	Model    string     `json:"model"`
	Topic    string     `json:"topic"` // "": something failed, and Payload says what
	Payload  string     `json:"payload"`
	Retained bool       `json:"retained"`
	About    string     `json:"about"` // what happened to the device
	Expected []expected `json:"expected"`
	Tested   bool       `json:"tested"` // a test press has to be seen
}

// expected is what has to be heard of a message.
type expected struct {
	Kind   ucare.Kind `json:"kind"`
	Active bool       `json:"active"`
}

// emitted runs the converters, or skips the test in words where they are not there.
func emitted(t *testing.T) []line {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("skipped: node is not installed, so the converters of Zigbee2MQTT cannot run")
	}
	if _, err := os.Stat("node_modules/zigbee-herdsman-converters"); err != nil {
		t.Skip("skipped: the converters of Zigbee2MQTT are not installed: npm ci --ignore-scripts in acceptance/zigbee")
	}
	out, err := exec.CommandContext(t.Context(), node, "emit.js").Output()
	if err != nil {
		t.Fatalf("node emit.js: %v", err)
	}
	var all []line
	scanner := bufio.NewScanner(strings.NewReader(string(out)))
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

func TestWhatRealDevicesSayIsHeardRight(t *testing.T) {
	var device *listener
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	models, messages, tests, heard := map[string]bool{}, 0, 0, map[expected]int{}
	for _, l := range emitted(t) {
		if l.Topic == "" {
			t.Errorf("%s: %s: %s", l.Model, l.About, l.Payload)
			continue
		}
		if strings.HasSuffix(l.Topic, "bridge/devices") {
			device = newListener()
		} else {
			now = now.Add(time.Minute)
			messages++
		}
		models[l.Model] = true
		if wrong := device.hear(l, now); wrong != "" {
			t.Errorf("%s: %s: %.300s\n%s", l.Model, l.About, l.Payload, wrong)
		}
		for _, e := range l.Expected {
			heard[e]++
		}
		if l.Tested {
			tests++
		}
	}
	t.Logf("%d messages of %d models, %d test presses; heard as expected: %v", messages, len(models), tests, heard)
	if messages < 4_000 || len(models) < 800 || tests < 10 {
		t.Errorf("only %d messages of %d models, %d test presses", messages, len(models), tests)
	}
}

// A listener is the decoder of one device, with what was heard of it.
type listener struct {
	decoder  *sensors.Decoder
	states   map[ucare.Kind]ucare.State
	standing map[ucare.Kind]bool // dangers that had to be raised and did not end: repeated with each message
}

func newListener() *listener {
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home", Zigbee2MQTT: []string{"zigbee2mqtt"}}}}
	return &listener{sensors.NewDecoder(c, zigbee2mqtt.All(c)...), map[ucare.Kind]ucare.State{}, map[ucare.Kind]bool{}}
}

// hear hears one message, and says what is not right about what was heard.
func (li *listener) hear(l line, now time.Time) string {
	delete(li.states, ucare.HelpButton) // each press is one
	h := li.decoder.Hear(sensors.Message{At: now, Topic: l.Topic, Payload: []byte(l.Payload), Retained: l.Retained})
	for _, r := range h.Readings {
		li.states[r.Kind] = r.State
	}
	var wrong []string
	if tested := slices.ContainsFunc(h.Seen, func(s sensors.Seen) bool { return s.Tested }); tested != l.Tested {
		wrong = append(wrong, fmt.Sprintf("a test press is seen: %v", tested))
	}
	for _, e := range l.Expected {
		li.standing[e.Kind] = e.Active && e.Kind != ucare.HelpButton
		if li.states[e.Kind] != ucare.StateOf(e.Active) {
			wrong = append(wrong, fmt.Sprintf("%s is %v and not %v", e.Kind, li.states[e.Kind], ucare.StateOf(e.Active)))
		}
	}
	for _, r := range h.Readings {
		if sensors.IsDetector(r.Kind) && r.State == ucare.Active && !li.standing[r.Kind] && !slices.Contains(l.Expected, expected{r.Kind, true}) {
			wrong = append(wrong, "a false alarm: "+string(r.Kind))
		}
	}
	for _, f := range h.Faults {
		if f.Code == ucare.FaultNotUnderstood {
			wrong = append(wrong, f.Detail)
		}
	}
	return strings.Join(wrong, "; ")
}

func TestALockFileNamesNoRegistry(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(lock), `"resolved"`) {
		t.Error("package-lock.json says where its packages were fetched: install with omit-lockfile-registry-resolved (.npmrc)")
	}
	if !strings.Contains(string(lock), `"integrity"`) {
		t.Error("package-lock.json pins no contents")
	}
}
