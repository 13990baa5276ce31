package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

func TestOurOwnMessagesAreAllRight(t *testing.T) {
	var out strings.Builder
	if err := run(&out, "testdata/ours.jsonl", "testdata/no-definitions.json", false); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "exact messages right: 9 of 9. False alarms: 0.") {
		t.Errorf("one of ten has a placeholder in its topic:\n%s", &out)
	}
}

// A count that cannot fall counts nothing: each label of ours is turned round.
func TestAWrongLabelIsFound(t *testing.T) {
	messages, err := readMessages("testdata/ours.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if m.Active == nil {
			continue
		}
		turned := m
		turned.Active = new(!*m.Active)
		if v := judge(turned, homeOf(turned, messages, nil).hear(turned)); v.right {
			t.Errorf("%s is right as %v and as %v", m.ID, *m.Active, *turned.Active)
		}
	}
}

func TestAFalseAlarmFailsTheCorpus(t *testing.T) {
	reading := func(k ucare.Kind, s ucare.State) sensors.Heard {
		return sensors.Heard{Readings: []ucare.Reading{{Kind: k, State: s}}}
	}
	for _, c := range []struct {
		name           string
		label          message
		heard          sensors.Heard
		alarms, isGood bool
	}{
		{"smoke out of nothing", message{Kind: "none"}, reading(ucare.Smoke, ucare.Active), true, false},
		{"a fall from a motion sensor", message{Kind: "motion", Active: new(true)}, sensors.Heard{Readings: []ucare.Reading{
			{Kind: ucare.Motion, State: ucare.Active}, {Kind: ucare.FallSensor, State: ucare.Active},
		}}, true, false},
		{"a suspicion taken for a fall", message{Kind: "fall"}, reading(ucare.FallSensor, ucare.Active), true, false},
		{"a suspicion taken for no fall", message{Kind: "fall"}, reading(ucare.FallSensor, ucare.Inactive), false, false},
		{"a door out of nothing", message{Kind: "none"}, reading(ucare.Door, ucare.Inactive), false, false},
		{"a battery besides", message{Kind: "none"}, reading(ucare.Battery, ucare.Inactive), false, true},
		{"a drill is no alarm", message{Kind: "none"}, sensors.Heard{Readings: []ucare.Reading{{Kind: ucare.Smoke, State: ucare.Active, Drill: true}}}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s score
			v := judge(c.label, c.heard)
			s.add(v)
			if v.right != c.isGood || len(v.alarms) > 0 != c.alarms || (s.failed() == nil) != c.isGood {
				t.Errorf("%+v, %v", v, s.failed())
			}
		})
	}
}

func TestALineThatIsNoMessageIsNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"weather"}`: "line 2: kind \"weather\"", `{"kind":`: "line 2",
		`{"kind":"none","payload":"?","payload_encoding":"base64"}`: "line 2: the payload is not base64",
	} {
		file := filepath.Join(t.TempDir(), "bad.jsonl")
		if err := os.WriteFile(file, []byte(`{"kind":"none"}`+"\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readMessages(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	var out strings.Builder
	if err := run(&out, "testdata/nothing-here.jsonl", "", false); err != nil || !strings.Contains(out.String(), "skipped: ") {
		t.Errorf("a corpus that is not there: %v %q", err, &out)
	}
}

// The corpus beside the repository, where it is.
func TestLabelledMessages(t *testing.T) {
	const beside = "../../"
	if _, err := os.Stat(beside + corpusFile); err != nil {
		t.Skipf("skipped: no corpus of labelled messages here (%v)", err)
	}
	var out strings.Builder
	if err := run(&out, beside+corpusFile, beside+definitionsFile, false); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
}
