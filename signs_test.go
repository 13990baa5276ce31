package ucare_test

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestSigns(t *testing.T) {
	const active, inactive = ucare.Active, ucare.Inactive
	for _, c := range []struct {
		name   string
		kind   ucare.Kind
		states []ucare.State
		want   []bool
	}{
		{"motion counts each time", ucare.Motion, []ucare.State{active, active, inactive}, []bool{true, true, false}},
		{"a repeated door is nothing", ucare.Door, []ucare.State{inactive, inactive, active, active, inactive}, []bool{false, false, true, false, true}},
		{"what is heard first is no change", ucare.Bed, []ucare.State{active, inactive, inactive}, []bool{false, true, false}},
		{"presence counts when it begins", ucare.Presence, []ucare.State{active, inactive, active, active, inactive}, []bool{false, false, true, false, false}},
		{"smoke is not life", ucare.Smoke, []ucare.State{active, inactive}, []bool{false, false}},
		{"unknown is not life", ucare.Motion, []ucare.State{ucare.Unknown}, []bool{false}},
	} {
		var signs ucare.Signs
		for i, state := range c.states {
			if got := signs.Of(ucare.Reading{Sensor: "s", Kind: c.kind, State: state}); got != c.want[i] {
				t.Errorf("%s: reading %d (%s): %v, want %v", c.name, i, state, got, c.want[i])
			}
		}
	}
	var signs ucare.Signs
	if signs.Of(ucare.Reading{Kind: ucare.Motion, State: active, UnknownAge: true}) {
		t.Error("old news is no sign of life")
	}
	if signs.Of(ucare.Reading{Kind: ucare.HelpButton, State: active, Drill: true}) {
		t.Error("a test press is no sign of life")
	}
}

func TestAMotionSensorThatNeverClearsIsNotBelieved(t *testing.T) {
	var signs ucare.Signs
	motion := func(after time.Duration, state ucare.State) bool {
		return signs.Of(ucare.Reading{At: noon.Add(after), Kind: ucare.Motion, State: state})
	}
	motion(0, ucare.Inactive)
	if !motion(time.Hour, ucare.Active) || !motion(3*time.Hour, ucare.Active) {
		t.Error("motion within two hours is not believed")
	}
	if motion(3*time.Hour+1, ucare.Active) {
		t.Error("a sensor that has not cleared for over two hours is believed")
	}
	motion(4*time.Hour, ucare.Inactive)
	if !motion(5*time.Hour, ucare.Active) {
		t.Error("a sensor that has cleared again is not believed")
	}
}
