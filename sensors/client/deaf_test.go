package client

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

func (b *bench) gaps() []gap {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.deaf)
}

func TestATimeInWhichNothingWasHeardIsTold(t *testing.T) {
	for _, c := range []struct {
		name       string
		away, back func(*bench)
	}{
		{"no canary", func(b *bench) { b.hears = false; b.wires[len(b.wires)-1].hears = false }, func(b *bench) { b.hears = true }},
		{"no connection", func(b *bench) { b.open = false; b.wires[len(b.wires)-1].open = false }, func(b *bench) { b.open = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched(t, asItIs, func(t *testing.T, b *bench) {
				wait(time.Minute)
				b.set(func() { c.away(b) })
				last := time.Now().Add(-b.keeper.canaryAge(time.Now()))
				wait(5 * time.Minute)
				if got := b.gaps(); len(got) != 0 {
					t.Errorf("told before its end: %v", got)
				}
				back := time.Now()
				b.set(func() { c.back(b) })
				wait(time.Minute)
				got := b.gaps()
				if len(got) != 1 {
					t.Fatalf("gaps %v, want one", got)
				}
				if late := got[0].to.Sub(back); !got[0].from.Equal(last) || late < 0 || late > deafAfter+2*lookEvery {
					t.Errorf("a gap from %v to %v, want from %v to soon after %v", got[0].from, got[0].to, last, back)
				}
			})
		})
	}
}

func TestAShortInterruptionIsNoGap(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		wait(time.Minute)
		b.set(func() { b.wires[0].open = false })
		wait(15 * time.Second)
		b.set(func() { b.wires[0].open = true })
		wait(5 * time.Minute)
		if got := b.gaps(); len(got) != 0 {
			t.Errorf("gaps %v", got)
		}
	})
}

func TestABrokerThatWasNotThereAtTheStartIsAGapFromTheStart(t *testing.T) {
	watched(t, func(b *bench) { b.open = false }, func(t *testing.T, b *bench) {
		began := time.Now()
		wait(10 * time.Minute)
		b.set(func() { b.open = true })
		wait(time.Minute)
		if got := b.gaps(); len(got) != 1 || !got[0].from.Equal(began) {
			t.Errorf("gaps %v, want one from %v", got, began)
		}
	})
}

// Whoever is told writes it to a disk, which may refuse for a while.
func TestTellingOfAGapHoldsUpNothing(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		b.keeper.config.Deaf = func(_, _ time.Time) { <-release }
		wait(time.Minute)
		b.set(func() { b.hears = false; b.wires[0].hears = false })
		wait(time.Minute)
		b.set(func() { b.hears = true })
		wait(5 * time.Minute)
		if !b.last().session.take(sensors.Message{Topic: "zigbee2mqtt/x", At: time.Now()}) {
			t.Error("a message was not taken")
		}
		if age := b.keeper.canaryAge(time.Now()); age > canaryEvery+lookEvery {
			t.Errorf("the supervision stands: the canary is %v old", age)
		}
		close(release)
	})
}

func TestOnlyTheAlarmSessionTellsOfGaps(t *testing.T) {
	told := 0
	c := New(Config{Broker: "tcp://b:1883", ID: "g", Alarm: []string{"a"}, Telemetry: []string{"t"}, Deaf: func(_, _ time.Time) { told++ }}, newBench(), slog.New(slog.DiscardHandler))
	for _, k := range c.all {
		k.config.Deaf(time.Time{}, time.Time{})
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
