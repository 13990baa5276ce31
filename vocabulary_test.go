package ucare_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestAReadingSurvivesJSON(t *testing.T) {
	for name, r := range map[string]ucare.Reading{
		"contact":     {At: noon, Dwelling: "home", Sensor: "s", Room: "kitchen", Kind: ucare.Smoke, State: ucare.Active},
		"clear":       {At: noon, Dwelling: "home", Sensor: "s", Kind: ucare.Door, State: ucare.Inactive, UnknownAge: true},
		"measurement": {At: noon, Dwelling: "home", Sensor: "s", Kind: ucare.Temperature, Value: 0, Unit: "°C"},
		"samples":     {At: noon, Dwelling: "home", Sensor: "s", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: [][3]float64{{0, 0, 1}}},
		"unknown":     {At: noon, Dwelling: "home", Sensor: "s", Kind: ucare.Gas, Drill: true},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var back ucare.Reading
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, r) {
				t.Errorf("%s came back as %+v, want %+v", text, back, r)
			}
		})
	}
}

func TestAReadingThatIsNotUnderstoodIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"weather","active":true}`: `"weather"`,
		`{"kind":"smoke","active":"ON"}`:   "active",
		`{"kind":"smoke","active":1}`:      "active",
	} {
		var r ucare.Reading
		if err := json.Unmarshal([]byte(text), &r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error about %s", text, err, want)
		}
	}
	var r ucare.Reading
	if err := json.Unmarshal([]byte(`{"kind":"smoke","active":null}`), &r); err != nil || r.State != ucare.Unknown {
		t.Errorf("null is %v, %v; want unknown: it is neither safe nor an alarm", r.State, err)
	}
}

func TestAnAlarmIsNamedByWhatRaisedIt(t *testing.T) {
	name := ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "kitchen", noon)
	if again := ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "kitchen", noon.In(time.FixedZone("KST", 9*3600))); again != name {
		t.Errorf("the same alarm has the names %s and %s", name, again)
	}
	if len(name) != 26 {
		t.Errorf("%s has %d characters, want 26", name, len(name))
	}
	for what, other := range map[string]string{
		"dwelling": ucare.AlarmID("home2", ucare.Fire, ucare.Smoke, "kitchen", noon),
		"rule":     ucare.AlarmID("home", ucare.Help, ucare.Smoke, "kitchen", noon),
		"kind":     ucare.AlarmID("home", ucare.Fire, ucare.CarbonMonoxide, "kitchen", noon),
		"room":     ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "bedroom", noon),
		"onset":    ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "kitchen", noon.Add(time.Nanosecond)),
	} {
		if other == name {
			t.Errorf("an alarm of another %s has the same name", what)
		}
	}
}

func TestTheFirstAnswerStands(t *testing.T) {
	a := ucare.Answers{AcknowledgedAt: noon, AcknowledgedBy: "Park"}
	if a.Merge(ucare.Answers{AcknowledgedAt: noon.Add(time.Hour), AcknowledgedBy: "Lee"}) || a.AcknowledgedBy != "Park" {
		t.Errorf("a second acknowledgement took the place of the first: %+v", a)
	}
	if !a.Merge(ucare.Answers{ClosedAt: noon.Add(time.Hour), ClosedBy: "Lee", Outcome: "helped"}) || a.ClosedBy != "Lee" {
		t.Errorf("the close was not taken over: %+v", a)
	}
}
