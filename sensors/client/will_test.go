package client

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare/sensors/broker"
)

const status = "ucare/home-1/gateway/status"

func withWill(c *Config) { c.Will = Will{Topic: status, Payload: []byte("offline"), Retain: true} }

// watchTopic listens as the household does, and returns what came so far.
func (m *mosquitto) watchTopic(topic string) (came func() []string) {
	m.t.Helper()
	var mu sync.Mutex
	var all []string
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(m.url()).SetClientID("").SetConnectTimeout(5 * time.Second))
	if err := mqtt.WaitTokenTimeout(c.Connect(), 10*time.Second); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { c.Disconnect(100) })
	heard := func(_ mqtt.Client, message mqtt.Message) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, string(message.Payload()))
	}
	if err := mqtt.WaitTokenTimeout(c.Subscribe(topic, 1, heard), 10*time.Second); err != nil {
		m.t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// cut ends the alarm session's connection without a goodbye.
func cut(t *testing.T, c *Client) {
	t.Helper()
	c.alarm.mu.Lock()
	line, is := c.alarm.now.line.(*paho)
	c.alarm.mu.Unlock()
	if !is {
		t.Fatal("not a line over paho")
	}
	line.mu.Lock()
	defer line.mu.Unlock()
	if err := line.conn.SetReadDeadline(time.Unix(1, 0)); err != nil { // reading fails, and the library gives it up
		t.Fatal(err)
	}
}

func TestTheLastWillIsHeardWhenTheConnectionBreaks(t *testing.T) {
	m := startMosquitto(t)
	came := m.watchTopic(status)
	var connections atomic.Int32
	c := hear(t, m, &inbox{}, &faultList{}, func(c *Config) {
		withWill(c)
		c.Telemetry = []string{"weather/#"} // that session has no will
		c.Connected = func() { connections.Add(1) }
	})
	proved(t, c)
	eventually(t, "telemetry is connected", c.all[1].open)
	if got := came(); len(got) != 0 || connections.Load() != 1 {
		t.Fatalf("before, %q was heard and %d connections were told", got, connections.Load())
	}
	cut(t, c)
	eventually(t, "the will is heard", func() bool { return slices.Equal(came(), []string{"offline"}) })
	eventually(t, "the new connection is told", func() bool { return connections.Load() == 2 })
	kept := m.watchTopic(status)
	eventually(t, "the will is kept", func() bool { return slices.Equal(kept(), []string{"offline"}) })
}

func TestWhoSaysGoodbyeLeavesNoWill(t *testing.T) {
	m := startMosquitto(t)
	came := m.watchTopic(status)
	config := Config{Broker: m.url(), ID: "home-1", Alarm: []string{"zigbee2mqtt/#"}}
	withWill(&config)
	c := New(config, &inbox{}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	proved(t, c)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	m.say(status, "after the end", false)
	eventually(t, "what was said after the end is heard", func() bool { return len(came()) > 0 })
	if got := came(); !slices.Equal(got, []string{"after the end"}) {
		t.Errorf("heard %q: a will of who ended well", got)
	}
}

// Our own broker refuses whoever brings a will that it may not publish, as others
// do. To be heard is more than to be missed.
func TestABrokerThatRefusesTheWillIsHeardWithoutIt(t *testing.T) {
	for name, c := range map[string]struct {
		publish []string
		will    bool
	}{
		"forbidden": {[]string{"ucare/home-1/canary/+"}, false},
		"allowed":   {[]string{"ucare/home-1/canary/+", status}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := broker.New(broker.Config{
				Listeners: []broker.Listener{{Address: "127.0.0.1:0"}},
				Devices: []broker.Device{{
					ID: "home-1", Password: "secret", Publish: c.publish, Subscribe: []string{"ucare/home-1/canary/+", "zigbee2mqtt/#"},
				}},
			}, &inbox{}, slog.New(slog.DiscardHandler))
			if err == nil {
				err = b.Serve()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			client := hear(t, &mosquitto{t: t, port: portOf(t, b)}, &inbox{}, &faultList{}, func(c *Config) {
				withWill(c)
				c.Username, c.Password = "home-1", "secret"
			})
			proved(t, client)
			client.alarm.mu.Lock()
			defer client.alarm.mu.Unlock()
			if got := client.alarm.now.will; got != c.will {
				t.Errorf("heard with a last will: %v, want %v", got, c.will)
			}
		})
	}
}

// A wrong password is refused with the same words. Once it is right, the session
// has its will again.
func TestWhoIsRefusedForAnotherReasonKeepsTheWill(t *testing.T) {
	watched(t, func(b *bench) {
		b.open = false
		withWill(&b.keeper.config)
	}, func(t *testing.T, b *bench) {
		for _, want := range []bool{true, false} { // and then it stays
			if got := b.last().session.will; got != want {
				t.Fatalf("tried with a last will: %v, want %v", got, want)
			}
			b.last().session.notConnected(errors.New("not authorized"), true)
			wait(3 * time.Second)
		}
		if b.lines() != 2 {
			t.Errorf("%d sessions were opened at a broker that refuses all of them, want 2", b.lines())
		}
		b.set(func() { b.open = true; b.wires[1].open = true })
		wait(3 * time.Second)
		if got := b.last().session.will; !got || b.lines() != 3 {
			t.Errorf("once it is let in, with a last will: %v, on the %d. session", got, b.lines())
		}
		wait(time.Minute)
		if b.lines() != 3 {
			t.Errorf("%d sessions, want 3", b.lines())
		}
	})
}
