package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// home is a furnished dwelling in which everything has been heard at least once.
func home() (*rules.Policy, *rules.State, time.Time) {
	p := rules.Default()
	p.Location = time.FixedZone("KST", 9*3600)
	s := rules.NewState("hwasun-0417")
	now := time.Date(2025, 3, 3, 8, 0, 0, 0, p.Location)
	for i, room := range []string{"kitchen", "bedroom", "living-room", "hall", "bathroom"} {
		for _, kind := range []ucare.Kind{ucare.Motion, ucare.Door} {
			p.Observe(s, ucare.Reading{At: now, Sensor: fmt.Sprintf("0x00124b0024c%d%s", i, kind[:3]), Room: room, Kind: kind, State: ucare.Inactive}, now, nil)
		}
		if i < 4 {
			p.Observe(s, ucare.Reading{At: now, Sensor: fmt.Sprintf("0x00124b0025d%d", i), Room: room, Kind: ucare.Smoke, State: ucare.Inactive}, now, nil)
		}
	}
	for _, room := range []string{"bathroom", "bedroom"} {
		p.Observe(s, ucare.Reading{At: now, Sensor: "radar-" + room, Room: room, Kind: ucare.FallSensor, State: ucare.Inactive}, now, nil)
	}
	p.Observe(s, ucare.Reading{At: now, Sensor: "radar-bathroom", Room: "bathroom", Kind: ucare.FallSensor, State: ucare.Active}, now, nil)
	now = now.Add(time.Minute)
	p.Observe(s, ucare.Reading{At: now, Sensor: "0x00124b0024c0mot", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active}, now, nil)
	p.Learn(s, learned())
	return &p, s, now
}

// learned is a profile in which nothing is missing.
func learned() rules.Profile {
	profile := rules.Profile{Days: 28, At: time.Date(2025, 3, 3, 3, 30, 0, 0, time.UTC), Outing: 5 * time.Hour}
	for place := range profile.Silences {
		for slot := range profile.Silences[place].Limit {
			profile.Silences[place].Longest[slot] = 111 // steps of 5 minutes
			profile.Silences[place].Limit[slot] = 254
		}
	}
	for i := range 8 {
		profile.Rooms = append(profile.Rooms, rules.RoomHabit{Room: fmt.Sprint("living-room-", i), Visits: 100 + i, Longest: time.Hour + time.Minute})
	}
	return profile
}

// everyday are readings that decide nothing.
var everyday = map[string]ucare.Reading{
	"motion":      {Sensor: "0x00124b0024c0mot", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active},
	"clear":       {Sensor: "0x00124b0024c0mot", Room: "kitchen", Kind: ucare.Motion, State: ucare.Inactive},
	"door":        {Sensor: "0x00124b0024c3doo", Room: "hall", Kind: ucare.Door, State: ucare.Active},
	"smoke clear": {Sensor: "0x00124b0025d1", Room: "bedroom", Kind: ucare.Smoke, State: ucare.Inactive},
	"fall over":   {Sensor: "radar-bedroom", Room: "bedroom", Kind: ucare.FallSensor, State: ucare.Inactive},
	"fall again":  {Sensor: "radar-bathroom", Room: "bathroom", Kind: ucare.FallSensor, State: ucare.Active},
	"temperature": {Sensor: "0x00124b0024c0mot", Room: "kitchen", Kind: ucare.Temperature, Value: 21.5, Unit: "°C"},
}

func TestAReadingThatDecidesNothingAllocatesNothing(t *testing.T) {
	for name, r := range everyday {
		t.Run(name, func(t *testing.T) {
			p, s, now := home()
			decidesNothing(t, p, s, r, now)
		})
	}
	t.Run("waiting", func(t *testing.T) {
		p, s, now := home()
		if n := testing.AllocsPerRun(100, func() { p.Next(s); p.Tick(s, now, nil) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// decidesNothing holds that a reading that comes each second decides nothing and
// allocates nothing.
func decidesNothing(t *testing.T, p *rules.Policy, s *rules.State, r ucare.Reading, now time.Time) {
	t.Helper()
	if n := testing.AllocsPerRun(500, func() {
		now = now.Add(time.Second)
		r.At = now
		if got := p.Observe(s, r, now, nil); got != nil {
			t.Fatalf("it decides %+v", got)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// observeAgain measures a reading that comes each millisecond.
func observeAgain(b *testing.B, p *rules.Policy, s *rules.State, r ucare.Reading, now time.Time) {
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Millisecond)
		r.At = now
		p.Observe(s, r, now, nil)
	}
}

func BenchmarkObserve(b *testing.B) {
	for name, r := range everyday {
		b.Run(name, func(b *testing.B) {
			p, s, now := home()
			observeAgain(b, p, s, r, now)
		})
	}
}

// BenchmarkObserveLate is the worst case: the morning after, so the exact
// deadline is worked out for each reading.
func BenchmarkObserveLate(b *testing.B) {
	p, s, now := home()
	now = now.Add(12 * time.Hour)
	r := everyday["door"]
	r.At = now
	p.Observe(s, r, now, nil)
	now = now.Add(12*time.Hour + 30*time.Minute)
	r = everyday["temperature"]
	b.ReportAllocs()
	for b.Loop() {
		if got := p.Observe(s, r, now, nil); got != nil {
			b.Fatal(got)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	p, s, _ := home()
	b.ReportAllocs()
	for b.Loop() {
		p.Next(s)
	}
}

func TestAHomeIsSmall(t *testing.T) {
	_, s, _ := home()
	memory := int(unsafe.Sizeof(*s)) + cap(s.Fire.Detectors)*int(unsafe.Sizeof(rules.Detector{})) +
		cap(s.Fall.Sensors)*int(unsafe.Sizeof(rules.FallSensor{})) + cap(s.Fall.Falls)*int(unsafe.Sizeof(rules.Fall{})) +
		cap(s.Silence.Contacts)*int(unsafe.Sizeof(rules.Contact{}))
	if memory > 4096 {
		t.Errorf("the state of a furnished home takes %d bytes", memory)
	}
	if text := mustJSON(s); len(text) > 4096 {
		t.Errorf("the state of a furnished home is %d bytes of JSON: %s", len(text), text)
	}
}

func TestTheStateIsBounded(t *testing.T) {
	p, s, now := home()
	p.Silence.Grace = 0
	for i := range 5000 {
		now = now.Add(20 * time.Minute)
		p.Observe(s, ucare.Reading{At: now, Sensor: fmt.Sprint("stranger ", i), Room: "hall", Kind: ucare.Motion, State: ucare.Active}, now, nil)
		r := ucare.Reading{At: now, Sensor: "0x00124b0025d0", Room: "kitchen", Kind: ucare.Smoke, State: ucare.StateOf(i%2 == 0)}
		p.Observe(s, r, now, nil)
		r = ucare.Reading{At: now, Sensor: "radar-bathroom", Room: "bathroom", Kind: ucare.FallSensor, State: ucare.StateOf(i%3 == 0)}
		p.Observe(s, r, now, nil)
		p.Gap(s, now, now.Add(time.Second))
	}
	if text := mustJSON(s); len(text) > 16<<10 {
		t.Errorf("after 5000 strangers the state is %d bytes of JSON", len(text))
	}
	if got := s.Silence.Last; !got.Equal(now) {
		t.Errorf("motion of a sensor too many is still a sign of life: last %v, want %v", got, now)
	}
}

func TestRestartsCannotPostponeThePreAlarm(t *testing.T) {
	// A gateway that dies every ten minutes is deaf for ten seconds each time.
	p, s, now := home()
	p.Silence.NightFrom, p.Silence.NightTo = 0, 0
	began := now
	p.Silence.Caution = 0
	for now.Sub(began) < 13*time.Hour {
		if got := p.Tick(s, now.Add(10*time.Minute), nil); len(got) > 0 {
			if late := got[0].At.Sub(began); got[0].Verb != ucare.PreAlarm || late > 12*time.Hour+2*time.Minute {
				t.Errorf("after %v: %+v", late, got[0])
			}
			return
		}
		p.Gap(s, now.Add(10*time.Minute), now.Add(10*time.Minute+10*time.Second))
		now = now.Add(10*time.Minute + 10*time.Second)
	}
	t.Error("no pre-alarm in 13 h of silence")
}

func TestDefaultPolicyIsValid(t *testing.T) {
	p := rules.Default()
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	p := rules.Default()
	p.Fire.HoldOff = 0
	p.Silence.After = 3 * time.Minute
	p.Silence.NightTo = 25 * time.Hour
	p.Concern.MostADay = 0
	p.Concern.CheckIn.By = 25 * time.Hour
	p.Concern.Climate.Cold = 31
	err := p.Validate()
	if err == nil {
		t.Fatal("a policy that makes no sense is valid")
	}
	for _, want := range []string{
		"fire hold-off is 0s", "silence after is 3m0s", "silence night-to is 25h",
		"concern most-a-day is 0", "concern check-in by is 25h", "concern climate is 31 to 32 °C",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestAnotherTimeZoneOrMonotonicClockDecidesAlike(t *testing.T) {
	// time.Now carries a monotonic reading and the machine's zone. Neither may
	// reach the state: it would not survive JSON.
	p, s, _ := home()
	now := time.Now().In(time.FixedZone("elsewhere", -5*3600))
	got := p.Observe(s, ucare.Reading{At: now, Sensor: "k", Room: "kitchen", Kind: ucare.Smoke, State: ucare.Active}, now, nil)
	last := got[len(got)-1]
	if last.At != last.At.Round(0).UTC() || last.Onset != last.Onset.Round(0).UTC() {
		t.Errorf("decided at %v since %v", last.At, last.Onset)
	}
}
