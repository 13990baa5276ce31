package rules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A town-wide gateway, or a loop that comes up again and again, can have
// thousands of fires open in one state. None of them may make the others late.

var burning = time.Date(2025, 3, 3, 8, 0, 0, 0, time.UTC)

func smokeIn(room int, state ucare.State, at time.Time) ucare.Reading {
	name := fmt.Sprintf("room-%d", room*7919%100_003) // not in alphabetical order
	return ucare.Reading{At: at, Dwelling: "home", Sensor: name, Room: name, Kind: ucare.Smoke, State: state}
}

// burn lets smoke come up in that many rooms, a millisecond apart.
func burn(p *rules.Policy, rooms int) (s *rules.State, now time.Time, raised int) {
	s, now = rules.NewState("home"), burning
	var got []ucare.Decision
	for room := range rooms {
		now = now.Add(time.Millisecond)
		got = p.Observe(s, smokeIn(room, ucare.Active, now), now, got[:0])
		raised += len(got)
	}
	return s, now, raised
}

// With a look at all detectors for each episode this test does not end before
// the time limit of go test; BenchmarkManyRooms has the figures.
func TestThousandsOfFiresAreRaisedOneByOne(t *testing.T) {
	const rooms = 10_000
	p := rules.Default()
	s, now := rules.NewState("home"), burning
	for room := range rooms {
		now = now.Add(time.Millisecond)
		if got := p.Observe(s, smokeIn(room, ucare.Active, now), now, nil); len(got) != 1 || got[0].Verb != ucare.Raise {
			t.Fatalf("room %d: smoke decides %+v", room, got)
		}
	}
	if got := len(s.Fire.Episodes); got != rooms {
		t.Errorf("%d episodes, want %d", got, rooms)
	}
}

func TestAReadingAllocatesNothingWhileManyRoomsBurn(t *testing.T) {
	p := rules.Default()
	s, now, _ := burn(&p, 500)
	for name, r := range map[string]ucare.Reading{
		"motion": {Sensor: "m", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
		"repeat": smokeIn(400, ucare.Active, now),
	} {
		if n := testing.AllocsPerRun(100, func() {
			now = now.Add(time.Millisecond)
			r.At = now
			p.Observe(s, r, now, nil)
			p.Next(s)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestWhatIsRememberedOfTheDeadlineIsTrue compares the deadline that a live
// state remembers with the one that is worked out anew.
func TestWhatIsRememberedOfTheDeadlineIsTrue(t *testing.T) {
	clearing := 0
	stories(t, 30, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		w.policy.Silence.After = 0 // Only fire has deadlines.
		for i, b := range story {
			w.step(b)
			live, waiting := w.policy.Next(w.state)
			anew, due := w.policy.Next(restored(w.state))
			if waiting != due || !live.Equal(anew) {
				t.Fatalf("step %d: Next says %v %v, after JSON %v %v", i, live, waiting, anew, due)
			}
			if due {
				clearing++
			}
		}
	})
	if clearing < 300 {
		t.Errorf("only %d deadlines: these stories test nothing", clearing)
	}
}

func BenchmarkManyRooms(b *testing.B) {
	p := rules.Default()
	for b.Loop() {
		if _, _, raised := burn(&p, 10_000); raised != 10_000 {
			b.Fatal(raised)
		}
	}
}

func BenchmarkManyRoomsClear(b *testing.B) {
	p := rules.Default()
	for b.Loop() {
		b.StopTimer()
		s, now, _ := burn(&p, 10_000)
		b.StartTimer()
		var got []ucare.Decision
		for room := range 10_000 {
			now = now.Add(time.Millisecond)
			got = p.Observe(s, smokeIn(room, ucare.Inactive, now), now, got)
		}
		if got = p.Tick(s, now.Add(time.Hour), got); len(got) != 10_000 {
			b.Fatal(len(got))
		}
	}
}

func BenchmarkWhileManyRoomsBurn(b *testing.B) {
	p := rules.Default()
	s, now, _ := burn(&p, 5_000)
	for name, r := range map[string]ucare.Reading{
		"motion": {At: now, Dwelling: "home", Sensor: "m", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
		"repeat": smokeIn(4_000, ucare.Active, now),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Observe(s, r, now, nil)
				p.Next(s)
			}
		})
	}
}
