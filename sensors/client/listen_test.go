package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestWhatIsNewIsAskedForAndWhatIsGoneIsGivenBack(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		b.last().session.connected()
		b.keeper.hears([]string{"zigbee2mqtt/#", "home/door/state", "home/window/state"})
		wait(2 * time.Second)
		b.keeper.hears([]string{"zigbee2mqtt/#", "home/#"})
		wait(2 * time.Second)
		b.keeper.hears([]string{"zigbee2mqtt/#", "home/#"})
		wait(2 * time.Second)
		want := "+[ucare/home-1/canary/+ zigbee2mqtt/#] -[], " +
			"+[home/door/state home/window/state] -[], " +
			"+[home/#] -[home/door/state home/window/state]"
		if got := b.asked(); got != want {
			t.Errorf("asked for %s\nwant      %s", got, want)
		}
		if b.lines() != 1 {
			t.Errorf("%d sessions for it", b.lines())
		}
	})
}

func TestANewConnectionAsksForEverythingAndANewSessionToo(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		b.keeper.hears([]string{"home/door/state"})
		wait(2 * time.Second)
		if got := b.asked(); got != "" {
			t.Errorf("without a connection it asked for %s", got)
		}
		b.last().session.connected()
		b.last().session.connected()
		b.set(func() { b.hears = false; b.wires[0].hears = false })
		wait(time.Minute)
		b.last().session.connected()
		all := "+[ucare/home-1/canary/+ home/door/state] -[]"
		if got := b.asked(); got != all+", "+all+", "+all {
			t.Errorf("asked for %s", got)
		}
	})
}

// A filter that is taken back and wanted again while the broker is slow ends as
// it was wanted last.
func TestTheLastWishCounts(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		b.last().session.connected()
		for i := range 10 {
			b.keeper.hears([]string{fmt.Sprintf("home/%d", i)})
		}
		wait(2 * time.Second)
		b.keeper.mu.Lock()
		defer b.keeper.mu.Unlock()
		heard := b.keeper.now.heard.granted
		if !heard["home/9"] || len(heard) != 2 {
			t.Errorf("heard: %v", heard)
		}
	})
}

func TestADiscoveredTopicIsHeardWithWhatTheBrokerHasStored(t *testing.T) {
	broker := startMosquitto(t)
	broker.say("home/door/state", "stored", true)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, nil)
	proved(t, c)

	c.Listen([]string{"home/door/state"})
	eventually(t, "the stored state is heard", func() bool { return in.has("stored") })
	broker.say("home/door/state", "live", false)
	eventually(t, "the live one is heard", func() bool { return in.has("live") })

	c.Listen([]string{"home/window/state"})
	eventually(t, "the other one is heard", func() bool {
		broker.say("home/window/state", "window", false)
		return in.has("window")
	})
	eventually(t, "the first one was given back", func() bool {
		c.alarm.mu.Lock()
		defer c.alarm.mu.Unlock()
		return !c.alarm.asked["home/door/state"]
	})
	broker.say("home/door/state", "gone", false)
	broker.say("home/window/state", "behind it", false)
	eventually(t, "what is behind it is heard", func() bool { return in.has("behind it") })
	if in.has("gone") {
		t.Error("a topic that nobody wants any more is still heard")
	}
}

func TestADiscoveredTopicIsHeardAfterTheBrokerForgotEverything(t *testing.T) {
	broker := startMosquitto(t)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, nil)
	proved(t, c)
	c.Listen([]string{"home/door/state"})
	eventually(t, "heard", func() bool {
		broker.say("home/door/state", "before", false)
		return in.has("before")
	})
	broker.kill()
	eventually(t, "its absence is noticed", func() bool { return !c.Connected() })
	broker.start()
	eventually(t, "connected again", c.Connected)
	proved(t, c)
	eventually(t, "heard after", func() bool {
		broker.say("home/door/state", "after", false)
		return in.has("after")
	})
}

func TestADiscoveredTopicIsHeardAfterTheSessionWasReplaced(t *testing.T) {
	broker := startMosquitto(t)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, nil)
	proved(t, c)
	c.Listen([]string{"home/door/state"})
	eventually(t, "heard", func() bool {
		broker.say("home/door/state", "before", false)
		return in.has("before")
	})
	c.alarm.mu.Lock()
	first := c.alarm.now
	first.failed, first.failedAt = errors.New("the disk was full"), time.Now()
	c.alarm.mu.Unlock()
	eventually(t, "the session is replaced", func() bool {
		c.alarm.mu.Lock()
		defer c.alarm.mu.Unlock()
		return c.alarm.now != first
	})
	eventually(t, "heard after", func() bool {
		broker.say("home/door/state", "after", false)
		return in.has("after")
	})
}

// The broker keeps the subscriptions of our session while we are not there, and
// cannot be asked for them.
func TestWhatAnEarlierRunSubscribedToIsGivenBack(t *testing.T) {
	broker := startMosquitto(t)
	file := filepath.Join(t.TempDir(), "subscriptions.json")
	ctx, cancel := context.WithCancel(t.Context())
	in := &inbox{}
	first := New(Config{Broker: broker.url(), ID: "home-1", Alarm: []string{"zigbee2mqtt/#", "old/#"}, SubscriptionsFile: file}, in, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- first.Run(ctx) }()
	proved(t, first)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	c := hear(t, broker, in, &faultList{}, func(c *Config) { c.SubscriptionsFile = file })
	eventually(t, "it is no longer written down", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && !strings.Contains(string(text), "old/#") && strings.Contains(string(text), "zigbee2mqtt/#")
	})
	proved(t, c)
	broker.say("old/door", "old", false)
	broker.say("zigbee2mqtt/door", "behind it", false)
	eventually(t, "what is behind it is heard", func() bool { return in.has("behind it") })
	if in.has("old") {
		t.Error("a filter of an earlier run is still subscribed to")
	}
}

func TestADiscoveredTopicThatIsRefusedIsAFault(t *testing.T) {
	watched(t, func(b *bench) { b.refuses = map[string]bool{"secret/door": true} }, func(t *testing.T, b *bench) {
		b.last().session.connected()
		wait(12 * time.Second)
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("a fault before anything is refused: %s", detail)
		}
		b.keeper.hears([]string{"zigbee2mqtt/#", "secret/door"})
		wait(2 * time.Second)
		if detail, _ := b.fault(ucare.FaultBrokerDeaf); !strings.Contains(detail, "secret/door") {
			t.Errorf("fault %q", detail)
		}
		b.keeper.hears([]string{"zigbee2mqtt/#"})
		wait(2 * time.Second)
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("a fault about what nobody wants any more: %s", detail)
		}
	})
}
