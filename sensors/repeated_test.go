package sensors

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// A bell says its state again and again: "smoke on", "motion off", or several after
// each other.
type bell struct{}

func (bell) Hear(m Message) (Heard, bool) {
	var h Heard
	for one := range strings.SplitSeq(string(m.Payload), ", ") {
		kind, state, _ := strings.Cut(one, " ")
		h.Repeated = append(h.Repeated, ucare.Reading{
			At: m.At, Dwelling: "kim", Sensor: "bell", Kind: ucare.Kind(kind), State: ucare.StateOf(state == "on"), UnknownAge: m.Retained,
		})
	}
	return h, true
}

// Each step is what is said, "stored" for a message from a broker's store, and the
// readings that come of it, "?" when nobody knows since when they hold. "back" sets the clock back.
func TestWhatIsNewOfWhatIsRepeated(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps [][2]string
	}{
		{"each on of a detector, and one off", [][2]string{
			{"smoke on", "smoke active"}, {"smoke on", "smoke active"}, {"smoke off", "smoke inactive"}, {"smoke off", ""},
		}},
		{"nobody knows since when the first on holds", [][2]string{
			{"motion on", "motion active?"}, {"motion on", ""}, {"motion off", "motion inactive"}, {"motion on", "motion active"},
		}},
		{"the first fresh off after one from the store", [][2]string{
			{"smoke on", "smoke active"},
			{"stored smoke off", "smoke inactive?"},
			{"stored smoke off", ""},
			{"smoke off", "smoke inactive"},
			{"smoke off", ""},
			{"stored smoke off", ""},
			{"smoke off", ""},
		}},
		{"no sign of life in the first fresh on after one from the store", [][2]string{
			{"motion off", "motion inactive"}, {"stored motion on", "motion active?"}, {"motion on", ""},
		}},
		{"on and off in one message", [][2]string{
			{"smoke off", "smoke inactive"},
			{"smoke on, smoke off", "smoke active, smoke inactive"},
			{"motion off", "motion inactive"},
			{"motion on, motion off", "motion active, motion inactive"},
			{"motion on", "motion active"},
			{"motion off, motion on", "motion inactive, motion active"},
			{"motion off", "motion inactive"},
		}},
		{"after the clock was set back", [][2]string{
			{"smoke off", "smoke inactive"},
			{"motion off", "motion inactive"},
			{"motion on", "motion active"},
			{"back", ""},
			{"motion off", "motion inactive"},
			{"motion on", "motion active"},
			{"smoke on", "smoke active"},
			{"smoke off", "smoke inactive"},
			{"smoke off", ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, now := NewDecoder(kim, bell{}), noon
			for i, step := range c.steps {
				now = now.Add(time.Second)
				if step[0] == "back" {
					now = now.Add(-time.Hour)
					continue
				}
				payload, stored := strings.CutPrefix(step[0], "stored ")
				if got := spoken(d.Hear(Message{At: now, Topic: "bell", Payload: []byte(payload), Retained: stored})); got != step[1] {
					t.Errorf("step %d, %s: heard %q, want %q", i, step[0], got, step[1])
				}
			}
		})
	}
}

func spoken(h Heard) string {
	var all []string
	for _, r := range h.Readings {
		text := string(r.Kind) + " " + r.State.String()
		if r.UnknownAge {
			text += "?"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// Somebody who makes up names takes no alarm from the sensors that find no place.
func TestADetectorIsHeardWhenTheRegisterIsFull(t *testing.T) {
	d := NewDecoder(kim, bell{})
	for i := range maxSensors {
		d.sensors.of("kim", "made up "+strings.Repeat("x", i))
	}
	for _, step := range [][2]string{{"smoke on", "smoke active"}, {"smoke on", "smoke active"}, {"smoke off", "smoke inactive"}} {
		if got := spoken(d.Hear(Message{At: noon, Topic: "bell", Payload: []byte(step[0])})); got != step[1] {
			t.Errorf("%s: heard %q, want %q", step[0], got, step[1])
		}
	}
	if slices.ContainsFunc(d.Sensors(), func(s SensorState) bool { return s.ID == "bell" }) {
		t.Error("the register was not full")
	}
}
