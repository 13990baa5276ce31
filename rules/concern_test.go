package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// watched is a furnished home in which every concern is watched for.
func watched() (*rules.Policy, *rules.State, time.Time) {
	p, s, now := home()
	p.Concern.CheckIn.By, p.Concern.NightOut.Within = 10*time.Hour, 30*time.Minute
	for _, room := range []string{"bedroom", "kitchen", "living-room"} {
		for hour := range 80 {
			at := now.Add(time.Duration(hour) * time.Hour)
			p.Observe(s, degrees(room, 20, at), at, nil)
		}
	}
	now = now.Add(80 * time.Hour)
	p.Observe(s, ucare.Reading{At: now, Sensor: "mat", Room: "kitchen", Kind: ucare.WaterLeak, State: ucare.Active}, now, nil)
	now = now.Add(time.Second)
	p.Observe(s, ucare.Reading{At: now, Sensor: "checkin", Kind: ucare.Use, State: ucare.Active}, now, nil)
	return p, s, now.Add(time.Second)
}

func degrees(room string, value float64, at time.Time) ucare.Reading {
	return ucare.Reading{At: at, Sensor: "t-" + room, Room: room, Kind: ucare.Temperature, Value: value, Unit: "°C"}
}

func TestConcernsCostNothing(t *testing.T) {
	for name, r := range map[string]ucare.Reading{
		"warm":     degrees("bedroom", 20.5, time.Time{}),
		"cold":     degrees("bedroom", 12, time.Time{}),
		"balcony":  degrees("balcony", 5, time.Time{}),
		"check-in": {Sensor: "checkin", Kind: ucare.Use, State: ucare.Active},
		"door":     {Sensor: "0x00124b0024c3doo", Room: "hall", Kind: ucare.Door, State: ucare.Active},
		"still on": {Sensor: "mat", Room: "kitchen", Kind: ucare.WaterLeak, State: ucare.Active},
	} {
		t.Run(name, func(t *testing.T) {
			p, s, now := watched()
			now = now.Add(10 * time.Minute)
			p.Tick(s, now, nil)
			decidesNothing(t, p, s, r, now)
		})
	}
}

func BenchmarkObserveWithAllConcerns(b *testing.B) {
	for name, r := range map[string]ucare.Reading{
		"temperature": degrees("bedroom", 12, time.Time{}),
		"balcony":     degrees("balcony", 5, time.Time{}),
		"motion":      {Sensor: "0x00124b0024c0mot", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active},
	} {
		b.Run(name, func(b *testing.B) {
			p, s, now := watched()
			observeAgain(b, p, s, r, now)
		})
	}
}

// A flapping world of strangers: whatever comes, what is remembered stays small.
func TestConcernsAreBounded(t *testing.T) {
	p, s, now := watched()
	p.Silence.After = 0
	for i := range 5000 {
		now = now.Add(7 * time.Minute)
		room := fmt.Sprint("room ", i%100)
		p.Observe(s, degrees(room, float64(10+i%12), now), now, nil)
		p.Observe(s, ucare.Reading{At: now, Sensor: fmt.Sprint("mat ", i), Room: room, Kind: ucare.WaterLeak, State: ucare.StateOf(i%3 > 0)}, now, nil)
		p.Gap(s, now, now.Add(time.Second))
	}
	past := s.Concerns.Past
	if n := len(s.Concerns.Open); n > 16 {
		t.Errorf("%d concerns are open", n)
	}
	if n := len(past.Told); n > 32 {
		t.Errorf("%d tellings are remembered", n)
	}
	if a, b, c := len(past.Climate.Thermometers), len(past.Leak.Sensors), len(past.CheckIn.Deaf); a > 8 || b > 16 || c > 16 {
		t.Errorf("%d thermometers, %d water sensors and %d gaps are remembered", a, b, c)
	}
}

// Who moves a thermometer, or has more of them than are remembered, is not left
// without: one that has not been heard for a week makes room.
func TestAThermometerThatIsGoneMakesRoom(t *testing.T) {
	p := rules.Default()
	s, now := rules.NewState("home"), time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)
	for i := range 8 {
		p.Observe(s, degrees(fmt.Sprint("old ", i), 20, now), now, nil)
	}
	var got []ucare.Decision
	for hour := range 24 * 14 {
		at := now.Add(time.Duration(hour) * time.Hour)
		value := 20.0
		if hour > 24*13 {
			value = 10
		}
		got = p.Observe(s, degrees("bedroom", value, at), at, got)
	}
	if len(got) != 1 || got[0].Rule != ucare.Climate || got[0].Room != "bedroom" {
		t.Errorf("decided %+v", got)
	}
}

func TestAConcernAsksNoCentre(t *testing.T) {
	p, s, now := watched()
	now = now.Add(time.Minute)
	for _, d := range p.Observe(s, ucare.Reading{At: now, Sensor: "other", Room: "bathroom", Kind: ucare.WaterLeak, State: ucare.Active}, now, nil) {
		if d.Verb != ucare.TellConcern {
			t.Errorf("water decides %+v", d)
		}
	}
	if n := len(s.Concerns.Open); n != 2 {
		t.Errorf("%d concerns are open, of two rooms", n)
	}
}
