package sensors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

func TestNamesAreBounded(t *testing.T) {
	long := strings.Repeat("거실", 5_000) // three bytes a character
	for _, c := range []struct{ name, topic, payload string }{
		{"a room in the payload", "ucare/kim/s1", `{"kind":"smoke","active":true,"room":"` + long + `"}`},
		{"a sensor in the topic", "ucare/kim/" + long, `{"kind":"smoke","active":true}`},
		{"both", "ucare/kim/" + long, `{"kind":"smoke","active":true,"room":"` + long + `"}`},
		{"with a fault that follows", "ucare/kim/" + long, `{"kind":"link","active":false}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewDecoder(kim)
			for range 2 {
				h := d.Hear(said(c.topic, c.payload))
				if len(h.Readings) != 1 {
					t.Fatalf("%d readings", len(h.Readings))
				}
				r := h.Readings[0]
				for _, name := range []string{r.Sensor, r.Room} {
					if len(name) > maxName || !utf8.ValidString(name) {
						t.Errorf("a name of %d bytes, whole characters: %v", len(name), utf8.ValidString(name))
					}
				}
				i := slices.IndexFunc(h.Faults, func(f ucare.Fault) bool { return f.Code == ucare.FaultUnknownValue })
				if i < 0 || h.Faults[i].Subject != r.Sensor || !strings.Contains(h.Faults[i].Detail, "30000 bytes") || len(h.Faults[i].Detail) > 500 {
					t.Errorf("faults %+v", h.Faults)
				}
				for _, f := range h.Faults {
					if len(f.Subject) > maxName {
						t.Errorf("%s has a subject of %d bytes", f.Code, len(f.Subject))
					}
				}
				if len(h.Cleared) != 0 {
					t.Errorf("ended in the message that shows it: %+v", h.Cleared)
				}
			}
			kept, err := json.Marshal(d)
			if err != nil || len(kept) > 4_000 {
				t.Errorf("%d bytes are remembered (%v)", len(kept), err)
			}
		})
	}
	d := NewDecoder(kim)
	if h := d.Hear(said("ucare/kim/"+long, "nonsense")); codes(h.Faults) != "not_understood" || len(h.Faults[0].Subject) > maxName {
		t.Errorf("a fault without a reading: %+v", h.Faults)
	}
	if h := d.Hear(said("ucare/kim/"+long, `{"kind":"smoke","active":true}`)); codes(h.Cleared) != "not_understood" {
		t.Errorf("and its end: %+v", h.Cleared)
	}
	d = NewDecoder(kim)
	d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":true,"room":"`+long+`"}`))
	if h := d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":true}`)); codes(h.Cleared) != "unknown_value" {
		t.Errorf("after a good room: %+v", h)
	}
	if h := NewDecoder(kim).Hear(said(long, "x")); codes(h.Faults) != "unknown_topic" || len(h.Faults[0].Subject) > maxName || len(h.Faults[0].Detail) > 500 {
		t.Errorf("an unknown topic: %+v", h.Faults)
	}
}

func TestAClippedNameEndsWithAWholeCharacter(t *testing.T) {
	for name, want := range map[string]int{
		strings.Repeat("a", 128): 128, strings.Repeat("a", 129): 128, strings.Repeat("화", 43): 126, "a" + strings.Repeat("화", 43): 127,
		strings.Repeat("🔥", 33): 128, "a" + strings.Repeat("🔥", 32): 125, strings.Repeat("\x80", 200): 124,
	} {
		if got := clip(name); len(got) != want || !strings.HasPrefix(name, got) {
			t.Errorf("%q: %d bytes, want %d", name, len(got), want)
		}
	}
}

func TestAConfiguredSensorIsListedBeforeItIsHeard(t *testing.T) {
	places := func(d *Decoder) (all string) {
		for _, s := range d.Sensors() {
			all += fmt.Sprintf("%s/%s/%s %v; ", s.Dwelling, s.ID, s.Room, !s.LastHeard.IsZero())
		}
		return all
	}
	d := NewDecoder(kim)
	if got := places(d); got != "kim/front/living false; kim/s1/kitchen false; " {
		t.Errorf("never heard: %s", got)
	}
	d.Hear(said("ucare/kim/0x17", `{"kind":"door","active":true}`))
	const heard = "kim/front/living true; kim/s1/kitchen false; "
	if got := places(d); got != heard {
		t.Errorf("one heard: %s", got)
	}
	kept, err := json.Marshal(d)
	if err != nil || strings.Contains(string(kept), `"s1"`) {
		t.Errorf("%v: what only the configuration says is remembered: %s", err, kept)
	}
	after := NewDecoder(kim)
	if err := json.Unmarshal(kept, after); err != nil {
		t.Fatal(err)
	}
	if got := places(after); got != heard {
		t.Errorf("after a restart: %s", got)
	}
	for i := range 2 * maxSensors {
		d.Hear(said(fmt.Sprintf("ucare/kim/made-up-%d", i), `{"kind":"motion","active":true}`))
	}
	d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":false}`))
	if got := places(d); !strings.Contains(got, "kim/s1/kitchen true; ") {
		t.Error("made-up sensors took the place of a configured one")
	}
	// A name with spaces around it on the bridge is the same sensor.
	d = NewDecoder(kim)
	d.Hear(said("ucare/kim/s1 ", `{"kind":"smoke","active":false}`))
	if got := places(d); got != "kim/front/living false; kim/s1 /kitchen true; " {
		t.Errorf("with spaces: %s", got)
	}
}
