package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare"
)

// mouth is a voice over lines of the test, beside a keeper over wires.
type mouth struct {
	*voice
	bench *bench

	mu      sync.Mutex
	fails   error            // of an attempt to connect
	forbids map[string]bool  // topics for which the broker ends the connection
	broken  bool             // the connection is about to end for one
	errs    map[string]error // what else happens to a publication
	opened  int
	said    []string
	fault   ucare.Fault
	began   int // faults
}

// utterance is a line of the mouth.
type utterance struct {
	*mouth
	lost  chan struct{}
	close func()
}

// Ended and Close implement line.
func (u *utterance) Ended() <-chan struct{} { return u.lost }
func (u *utterance) Close()                 { u.close() }

// Publish implements line.
func (u *utterance) Publish(topic string, payload []byte, _ bool) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.broken:
		return errCut
	case u.forbids[topic]:
		u.broken = true
		time.AfterFunc(time.Millisecond, func() { // as mosquitto does: acknowledged before it ends
			u.close()
			u.nudge()
		})
		return nil
	case u.errs[topic] != nil:
		return u.errs[topic]
	}
	u.said = append(u.said, topic+" "+string(payload))
	return nil
}

func (m *mouth) detail() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault.Detail
}

// times is how often a connection was opened.
func (m *mouth) times() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opened
}

// tellAll speaks as a teller does: all of it, and what failed and what it told a
// connection that ended, later again.
func (m *mouth) tellAll(topics ...string) {
	for range 10 {
		failed := false
		for _, topic := range topics {
			failed = failed || m.publish(topic, []byte("x"), false) != nil
		}
		wait(afterFailure)
		if !failed && m.isOpen() {
			return
		}
	}
}

// afterFailure is how long a teller waits.
const afterFailure = 5 * time.Second

// speaking runs a voice beside an alarm session in a bubble of fake time.
func speaking(t *testing.T, do func(*testing.T, *mouth)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newMouth()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { m.bench.keeper.run(ctx) })
		synctest.Wait()
		wg.Go(func() { m.run(ctx) })
		synctest.Wait()
		do(t, m)
		cancel()
		wg.Wait()
	})
}

func newMouth() *mouth {
	m := &mouth{bench: newBench(), forbids: map[string]bool{}, errs: map[string]error{}}
	c := Config{
		ID: "home-1", Username: "ucare",
		Faults: func(f ucare.Fault) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.fault = f
			m.began++
		},
		Cleared: func(ucare.Fault) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.fault = ucare.Fault{}
		},
	}
	m.voice = newVoice(c, m.bench.keeper, slog.New(slog.DiscardHandler))
	m.connect = func(context.Context) (line, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.opened++
		m.broken = false
		lost := make(chan struct{})
		return &utterance{mouth: m, lost: lost, close: sync.OnceFunc(func() { close(lost) })}, m.fails
	}
	return m
}

func TestATopicThatTheBrokerForbidsIsAFaultAndStopsNothingElse(t *testing.T) {
	speaking(t, func(t *testing.T, m *mouth) {
		m.forbids["homeassistant/x"] = true
		m.tellAll("ucare/kim/a", "homeassistant/x", "ucare/kim/b", "ucare/kim/c")
		if d := m.detail(); !strings.Contains(d, "homeassistant/x") || strings.Contains(d, "ucare/kim") || strings.Contains(d, "another gateway") || m.fault.Code != ucare.FaultRefused || m.fault.Subject != "home-1-voice" {
			t.Errorf("fault %+v", m.fault)
		}
		opened := m.times()
		m.tellAll("zigbee2mqtt/siren/set")
		if m.publish("homeassistant/x", nil, false) != nil || m.times() != opened {
			t.Error("the forbidden topic is still tried")
		}
		if got := strings.Join(m.said, ", "); !strings.HasSuffix(got, "ucare/kim/b x, ucare/kim/c x, zigbee2mqtt/siren/set x") {
			t.Errorf("said %s", got)
		}
		if m.bench.lines() != 1 || len(m.bench.faults) != 0 {
			t.Errorf("the alarm session: %d lines, faults %v", m.bench.lines(), m.bench.faults)
		}
		wait(passedOver)
		m.forbids["homeassistant/x"] = false
		m.tellAll("homeassistant/x")
		if d := m.detail(); d != "" {
			t.Errorf("allowed now, and still %q", d)
		}
	})
}

func TestAForbiddenTopicThatNobodySaysAnyMoreIsForgotten(t *testing.T) {
	speaking(t, func(t *testing.T, m *mouth) {
		m.forbids["old/siren"] = true
		m.tellAll("old/siren")
		m.tellAll("old/siren")
		wait(remembered)
		if m.detail() == "" {
			t.Error("forgotten too early")
		}
		wait(2 * passedOver)
		if d := m.detail(); d != "" {
			t.Errorf("still %q", d)
		}
	})
}

// The network may end a connection as well.
func TestAConnectionThatEndsForAnotherReasonForbidsNothing(t *testing.T) {
	speaking(t, func(t *testing.T, m *mouth) {
		m.errs["a/b"] = mqtt.TimedOut
		for range 5 {
			if err := m.publish("a/b", nil, false); err == nil {
				t.Fatal("a publication that timed out is no error")
			}
			if m.isOpen() {
				t.Fatal("what was not acknowledged may still be sent later")
			}
			wait(connectAgain)
		}
		m.bench.set(func() { m.bench.wires[0].open = false }) // the alarm session's connection has ended too
		m.errs["a/b"] = errCut
		for range 5 {
			m.publish("a/b", nil, false)
			wait(connectAgain)
		}
		if len(m.refused) != 0 {
			t.Errorf("forbidden: %v", m.refused)
		}
	})
}

func TestAVoiceThatCannotConnectIsAFaultWhileTheGatewayHears(t *testing.T) {
	speaking(t, func(t *testing.T, m *mouth) {
		m.hangUp()
		m.mu.Lock()
		m.fails = errors.New("not authorized")
		m.mu.Unlock()
		wait(20 * time.Second)
		if d := m.detail(); !strings.Contains(d, "home-1-voice") || !strings.Contains(d, "not authorized") || m.began != 1 {
			t.Errorf("told %d times: %q", m.began, d)
		}
		m.mu.Lock()
		m.fails = nil
		m.mu.Unlock()
		wait(connectAgain + lookEvery)
		if d := m.detail(); d != "" || !m.isOpen() {
			t.Errorf("still %q", d)
		}
	})
}

func TestAVoiceThatThrowsTheAlarmSessionOutFallsSilent(t *testing.T) {
	speaking(t, func(t *testing.T, m *mouth) {
		m.hangUp()
		for range 2 {
			was := m.times()
			for m.times() == was {
				wait(lookEvery)
			}
			m.bench.last().session.lost(errors.New("EOF"))
			wait(lookEvery)
		}
		if d := m.detail(); !strings.Contains(d, "use_username_as_clientid") {
			t.Errorf("fault %q", d)
		}
		opened := m.times()
		wait(silentFor - time.Minute)
		if m.times() != opened {
			t.Error("it has thrown the alarm session out again")
		}
		wait(2 * time.Minute)
		if m.times() != opened+1 {
			t.Errorf("tried %d times after an hour", m.times()-opened)
		}
		wait(time.Minute)
		if d := m.detail(); d != "" {
			t.Errorf("still %q", d)
		}
	})
}

// mosquitto 2.0.11 with max_queued_messages 0 ends the connection for each
// publication that its access list forbids.
func TestWhatTheBrokerForbidsToSayMakesNobodyDeaf(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("topic read #\ntopic write ucare/#\ntopic write zigbee2mqtt/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMosquitto(t, "max_queued_messages 0", "acl_file "+acl)
	in, faults := &inbox{}, &faultList{}
	c := hear(t, m, in, faults, nil)
	proved(t, c)
	// How often it takes to be sure of the topic depends on when the broker's end of
	// the connection is seen; each time, alarms are heard.
	tries := 0
	eventually(t, "the fault names the topic", func() bool {
		if c.Speaks() {
			_ = c.Publish("homeassistant/x", []byte("forbidden"), true)
			tries++
			alarm := fmt.Sprint("smoke ", tries)
			m.say("zigbee2mqtt/kitchen", alarm, false)
			eventually(t, alarm+" is heard", func() bool { return in.has(alarm) })
		}
		return strings.Contains(faults.detail(ucare.FaultRefused), "homeassistant/x")
	})
	eventually(t, "it speaks", c.Speaks)
	if err := c.Publish("zigbee2mqtt/siren/set", []byte("ON"), false); err != nil {
		t.Error(err)
	}
	eventually(t, "the siren is told", func() bool { return in.has("ON") })
	c.alarm.mu.Lock()
	defer c.alarm.mu.Unlock()
	if n := len(c.alarm.losses); n != 0 {
		t.Errorf("the alarm session lost its connection %d times", n)
	}
}

// The canary is what the session that hears does say.
func TestAForbiddenCanaryMakesNobodyDeaf(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	if err := os.WriteFile(acl, []byte("topic read #\ntopic write zigbee2mqtt/#\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMosquitto(t, "max_queued_messages 0", "acl_file "+acl)
	in, faults := &inbox{}, &faultList{}
	hear(t, m, in, faults, nil)
	eventually(t, "the fault names the canary", func() bool {
		return strings.Contains(faults.detail(ucare.FaultBrokerDeaf), "ucare/home-1/canary/")
	})
	for i := range 3 {
		alarm := fmt.Sprint("smoke ", i)
		m.say("zigbee2mqtt/kitchen", alarm, false)
		eventually(t, alarm+" is heard", func() bool { return in.has(alarm) })
	}
	if d := faults.detail(ucare.FaultBrokerDown); strings.Contains(d, "another gateway") {
		t.Errorf("blamed on another gateway: %s", d)
	}
}

// A broker that makes user names client ids takes all our connections for one.
func TestABrokerThatTakesOurConnectionsForOneIsHeard(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	m := startMosquitto(t, fmt.Sprintf("listener %d 127.0.0.1", port), "use_username_as_clientid true")
	in, faults := &inbox{}, &faultList{}
	c := hear(t, m, in, faults, func(c *Config) {
		c.Broker, c.Username, c.Password = fmt.Sprintf("tcp://127.0.0.1:%d", port), "ucare", "secret"
	})
	proved(t, c)
	for i := range 40 {
		m.say("zigbee2mqtt/kitchen", fmt.Sprint("smoke ", i), false)
	}
	eventually(t, "the fault", func() bool {
		return strings.Contains(faults.detail(ucare.FaultRefused), "use_username_as_clientid")
	})
	m.say("zigbee2mqtt/kitchen", "the last one", false)
	eventually(t, "the last one is heard", func() bool { return in.has("the last one") })
	for i := range 40 {
		eventually(t, "all are heard", func() bool { return in.has(fmt.Sprint("smoke ", i)) })
	}
}
