package sensors

import (
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
)

// A mapper is a household's own entry for what a native decoder speaks of too: "help
// active" is what it makes of the button, "unknown" that it does not know the value,
// "nothing" that the value means nothing.
type mapper struct{ makes string }

func (m mapper) Hear(msg Message) (Heard, bool) {
	h := Heard{Seen: []Seen{{Dwelling: "kim", Sensor: "button", Kinds: []ucare.Kind{ucare.HelpButton, ucare.Use}}}}
	switch m.makes {
	case "unknown":
		h.Faults = []ucare.Fault{{Code: ucare.FaultUnknownValue, Dwelling: "kim", Subject: "button", Since: msg.At}}
	case "help active":
		h.Readings = []ucare.Reading{{At: msg.At, Dwelling: "kim", Sensor: "button", Kind: ucare.HelpButton, State: ucare.Active}}
	}
	return h, false
}

type bridgeOf []ucare.Kind

func (b bridgeOf) Hear(msg Message) (h Heard, mine bool) {
	for _, kind := range b {
		h.Readings = append(h.Readings, ucare.Reading{At: msg.At, Dwelling: "kim", Sensor: "button", Kind: kind, State: ucare.Active})
	}
	return h, true
}

// The household has the say about a kind of a sensor, but what it has not thought of hides
// no call for help that the bridge's own decoder understands.
func TestTheHouseholdHidesNoCallThatItDoesNotKnow(t *testing.T) {
	for makes, want := range map[string]string{
		"help active": "help active, motion active",
		"nothing":     "motion active",
		"unknown":     "help active, motion active",
	} {
		d := NewDecoder(kim, mapper{makes}, bridgeOf{ucare.HelpButton, ucare.Use, ucare.Motion})
		if got := spoken(d.Hear(Message{At: noon, Topic: "zigbee2mqtt/button", Payload: []byte("x")})); strings.ReplaceAll(got, "?", "") != want {
			t.Errorf("%s: heard %q, want %q", makes, got, want)
		}
	}
}
