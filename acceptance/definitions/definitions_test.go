package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// The definitions lie beside the repository, or do not.
const beside = "../../../shared/mqtt/z2m_devices.json"

func TestNoSafetyPropertyOfTheDefinitionsIsIgnored(t *testing.T) {
	definitions, err := readDefinitions(beside)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: there are no device definitions at " + beside)
	}
	if err != nil {
		t.Fatal(err)
	}
	var r report
	for _, d := range definitions {
		r.add(judge(d))
	}
	if err := r.failed(); err != nil {
		t.Error(err)
	}
	if len(definitions) < 500 || r.total.decoded < 1_500 || r.total.mapping == 0 {
		t.Errorf("of %d definitions, %d properties are decoded and %d need mapping", len(definitions), r.total.decoded, r.total.mapping)
	}
}

func TestWhatIsNotThereIsSaidAndIsNoFailure(t *testing.T) {
	var out strings.Builder
	if err := run(&out, "testdata/nothing.json"); err != nil || !strings.HasPrefix(out.String(), "skipped: there are no device definitions") {
		t.Errorf("%v: %q", err, out.String())
	}
	if err := run(&out, "main.go"); err == nil {
		t.Error("a file of something else is taken")
	}
}

// Each verdict, and each way to fail.
func TestTheVerdicts(t *testing.T) {
	binary := func(property string, categories ...string) expose {
		return expose{Property: property, Type: "binary", On: []byte(`true`), Off: []byte(`false`), Access: 1, Categories: categories}
	}
	for _, c := range []struct {
		about, description string
		exposes            []expose
		want               verdict // of the first
		wrong              bool
	}{
		{"a detector", "Smoke detector", []expose{binary("smoke", "smoke")}, decoded, false},
		{"a pad of the one model", "", []expose{binary("vibration", "vibration")}, needsMapping, false},
		{"a new name that nobody knows", "", []expose{binary("hazard_seen", "smoke")}, ignored, false},
		{"a state that is said to mean something else", "", []expose{binary("smoke", "contact")}, decoded, true},
		{"a contact that is said to be none", "", []expose{binary("contact", "occupancy")}, decoded, true},
		{"shaking beside a contact", "", []expose{binary("vibration", "vibration"), binary("contact", "contact")}, "an object shakes or moves: no sign of a person, beside what is one", false},
		{"a siren", "Loud siren", []expose{binary("alarm", "siren_or_generic_alarm")}, "the noise of a siren", false},
		{"an emergency button", "SOS button", []expose{{
			Property: "action", Type: "enum", Access: 1, Categories: []string{"sos", "action"}, Values: raws(`"single"`, `"release"`),
		}}, decoded, false},
		{"a setting", "", []expose{{
			Property: "fall_detection", Type: "binary", On: []byte(`"ON"`), Off: []byte(`"OFF"`), Access: 3, Categories: []string{"fall_config_or_other"},
		}}, "a setting or a command: it can be written", false},
	} {
		found := judge(definition{Vendor: "Somebody", Model: "X-1", Description: c.description, Exposes: c.exposes})
		if len(found) == 0 || found[0].verdict != c.want || (len(found[0].wrong) > 0) != c.wrong {
			t.Errorf("%s: %+v, want %q", c.about, found, c.want)
			continue
		}
		var r report
		r.add(found)
		if failed := r.failed() != nil; failed != (c.wrong || c.want == ignored) {
			t.Errorf("%s: failed %v", c.about, r.failures)
		}
	}
	ordinary := expose{Property: "action", Type: "enum", Access: 1, Categories: []string{"action"}, Values: raws(`"single"`)}
	if found := judge(definition{Model: "WXKG11LM", Exposes: []expose{ordinary}}); len(found) != 0 {
		t.Errorf("an ordinary button: %+v", found)
	}
}

func raws(values ...string) (all []json.RawMessage) {
	for _, v := range values {
		all = append(all, json.RawMessage(v))
	}
	return all
}
