package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// mosquitto is a real broker on a free port of this machine.
type mosquitto struct {
	t            *testing.T
	binary, conf string
	port         int
	cmd          *exec.Cmd
}

// startMosquitto runs mosquitto with the further lines of configuration, or
// skips the test where there is none.
func startMosquitto(t *testing.T, lines ...string) *mosquitto {
	t.Helper()
	binary, err := exec.LookPath("mosquitto")
	if err != nil {
		if binary, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			t.Skip("skipped: no mosquitto on this machine (Debian: apt-get install mosquitto)")
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	all := append([]string{"listener " + strconv.Itoa(port) + " 127.0.0.1", "allow_anonymous true", "persistence false"}, lines...)
	if os.Geteuid() == 0 {
		all = append(all, "user root")
	}
	if err := os.WriteFile(conf, []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := &mosquitto{t: t, binary: binary, conf: conf, port: port}
	m.start()
	t.Cleanup(m.kill)
	return m
}

func (m *mosquitto) url() string { return fmt.Sprintf("tcp://127.0.0.1:%d", m.port) }

func (m *mosquitto) start() {
	m.t.Helper()
	m.cmd = exec.Command(m.binary, "-c", m.conf)
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	eventually(m.t, "mosquitto listens", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(m.url(), "tcp://"))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func (m *mosquitto) kill() {
	if m.cmd != nil {
		m.cmd.Process.Kill()
		m.cmd.Wait()
		m.cmd = nil
	}
}

// say publishes like a sensor, with QoS 1, and waits for the broker's acknowledgement.
func (m *mosquitto) say(topic, payload string, retain bool) {
	m.t.Helper()
	o := mqtt.NewClientOptions().AddBroker(m.url()).SetClientID("sensor").SetConnectTimeout(5 * time.Second)
	c := mqtt.NewClient(o)
	if err := mqtt.WaitTokenTimeout(c.Connect(), 10*time.Second); err != nil {
		m.t.Fatalf("the sensor does not get on: %v", err)
	}
	defer c.Disconnect(100)
	if err := mqtt.WaitTokenTimeout(c.Publish(topic, 1, retain, payload), 10*time.Second); err != nil {
		m.t.Fatalf("the sensor's message: %v", err)
	}
}

// eventually waits until a condition of a real process holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited a minute in vain: %s", what)
		}
	}
}

// inbox keeps what was committed, and refuses as often as it is told.
type inbox struct {
	mu     sync.Mutex
	refuse int
	asked  int
	got    []sensors.Message
}

func (i *inbox) Commit(_ context.Context, m sensors.Message) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	if i.refuse > 0 {
		i.refuse--
		return errors.New("the disk is full")
	}
	i.got = append(i.got, m)
	return nil
}

// payloads are those committed, in order.
func (i *inbox) payloads() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var all []string
	for _, m := range i.got {
		all = append(all, string(m.Payload))
	}
	return all
}

func (i *inbox) has(payload string) bool { return slices.Contains(i.payloads(), payload) }

// faultList keeps the faults that stand.
type faultList struct {
	mu  sync.Mutex
	all map[string]ucare.Fault
}

func (l *faultList) began(f ucare.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[string]ucare.Fault{}
	}
	l.all[f.Key()] = f
}

func (l *faultList) ended(f ucare.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, f.Key())
}

func (l *faultList) detail(code ucare.FaultCode) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if f.Code == code {
			return f.Detail
		}
	}
	return ""
}

// hear runs a client at the broker until the test ends.
func hear(t *testing.T, m *mosquitto, in *inbox, faults *faultList, change func(*Config)) *Client {
	t.Helper()
	c := Config{Broker: m.url(), ID: "home-1", Alarm: []string{"zigbee2mqtt/#"}, Faults: faults.began, Cleared: faults.ended}
	if change != nil {
		change(&c)
	}
	client := New(c, in, slog.New(slog.NewTextHandler(t.Output(), nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return client
}

// proved waits until the client's canary has come back.
func proved(t *testing.T, c *Client) {
	t.Helper()
	eventually(t, "the canary comes back", func() bool {
		c.alarm.mu.Lock()
		defer c.alarm.mu.Unlock()
		return c.alarm.now != nil && c.alarm.now.proved()
	})
}

func TestWhatWasNotCommittedComesAgainInItsOrder(t *testing.T) {
	broker := startMosquitto(t)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, nil)
	proved(t, c)

	in.mu.Lock()
	in.refuse = 1
	in.mu.Unlock()
	for _, payload := range []string{"first", "second", "third"} {
		broker.say("zigbee2mqtt/kitchen", payload, false)
	}
	eventually(t, "all three are committed", func() bool { return in.has("third") && in.has("first") })
	if got := strings.Join(in.payloads(), " "); got != "first second third" {
		t.Errorf("committed %s", got)
	}
	in.mu.Lock()
	again := in.got[0].Duplicate
	in.mu.Unlock()
	if !again {
		t.Error("the first message came again without the broker's mark that it did")
	}
}

func TestABrokerThatForgotEverythingIsHeardAgain(t *testing.T) {
	broker := startMosquitto(t)
	in, faults := &inbox{}, &faultList{}
	c := hear(t, broker, in, faults, nil)
	proved(t, c)
	broker.say("zigbee2mqtt/kitchen", "before", false)
	eventually(t, "heard before", func() bool { return in.has("before") })

	broker.kill()
	eventually(t, "its absence is a fault", func() bool { return faults.detail(ucare.FaultBrokerDown) != "" })
	broker.start()
	eventually(t, "connected again", c.Connected)
	proved(t, c)
	broker.say("zigbee2mqtt/kitchen", "after", false)
	eventually(t, "heard after", func() bool { return in.has("after") })
	eventually(t, "the fault ends", func() bool { return faults.detail(ucare.FaultBrokerDown) == "" })
}

func TestASilentlyFilteredSubscriptionIsNoticedByTheCanary(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	// What we publish is allowed, and so is to subscribe; nothing comes back.
	if err := os.WriteFile(acl, []byte("topic write #\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broker := startMosquitto(t, "acl_file "+acl)
	in, faults := &inbox{}, &faultList{}
	hear(t, broker, in, faults, nil)
	eventually(t, "a deaf session is a fault", func() bool { return faults.detail(ucare.FaultBrokerDeaf) != "" })
}

func TestARetainedMessageIsCalledRetainedAndALiveOneIsNot(t *testing.T) {
	broker := startMosquitto(t)
	broker.say("zigbee2mqtt/hall", "stored", true)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, nil)
	proved(t, c)
	eventually(t, "the stored one is heard", func() bool { return in.has("stored") })
	broker.say("zigbee2mqtt/hall", "live", true)
	eventually(t, "the live one is heard", func() bool { return in.has("live") })
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range in.got {
		if want := string(m.Payload) == "stored"; m.Retained != want {
			t.Errorf("%s: retained %v", m.Payload, m.Retained)
		}
		if m.QoS != 1 || m.Topic != "zigbee2mqtt/hall" || m.Source != "client:"+broker.url() {
			t.Errorf("message %+v", m)
		}
	}
}

func TestTheBrokerKeepsAlarmsForUsWhileWeAreAway(t *testing.T) {
	broker := startMosquitto(t)
	in := &inbox{}
	ctx, cancel := context.WithCancel(t.Context())
	first := New(Config{Broker: broker.url(), ID: "home-1", Alarm: []string{"zigbee2mqtt/#"}}, in, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- first.Run(ctx) }()
	proved(t, first)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	broker.say("zigbee2mqtt/kitchen", "while we were away", false)
	hear(t, broker, in, &faultList{}, nil)
	eventually(t, "it is heard", func() bool { return in.has("while we were away") })
}

func TestWhatWePublishArrivesAndTelemetryHasItsOwnSession(t *testing.T) {
	broker := startMosquitto(t)
	in := &inbox{}
	c := hear(t, broker, in, &faultList{}, func(c *Config) { c.Telemetry = []string{"weather/#"} })
	proved(t, c)
	eventually(t, "telemetry is connected", c.all[1].open)
	eventually(t, "it speaks", c.Speaks)
	if err := c.Publish("zigbee2mqtt/announcement", []byte("hello"), false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "heard back", func() bool { return in.has("hello") })
	eventually(t, "telemetry is heard", func() bool {
		broker.say("weather/outside", "rain", false)
		return in.has("rain")
	})
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, m := range in.got {
		if want := byte(1); string(m.Payload) == "rain" && m.QoS != 0 || string(m.Payload) == "hello" && m.QoS != want {
			t.Errorf("%s came with QoS %d", m.Payload, m.QoS)
		}
	}
}

func TestPublishingWithoutABrokerIsAnError(t *testing.T) {
	c := New(Config{Broker: "tcp://127.0.0.1:1", ID: "home-1", Alarm: []string{"a/#"}}, &inbox{}, slog.New(slog.DiscardHandler))
	if err := c.Publish("a/b", nil, false); !errors.Is(err, errNotConnected) {
		t.Errorf("error %v", err)
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	c := New(Config{Broker: "http://broker", ID: "a/b"}, &inbox{}, slog.New(slog.DiscardHandler))
	err := c.Run(t.Context())
	if err == nil {
		t.Fatal("it runs")
	}
	for _, part := range []string{"http://broker", `"a/b"`, "no topic filter"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not tell about %s", err, part)
		}
	}
}
