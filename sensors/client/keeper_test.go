package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// wire is a line that a test holds in its hand.
type wire struct {
	session *session
	open    bool
	hears   bool // publications come back
	closed  bool
	mu      *sync.Mutex
	bench   *bench
}

// Listen implements connection.
func (w *wire) Listen(add, drop []string) (map[string]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bench.listened = append(w.bench.listened, fmt.Sprintf("+%v -%v", add, drop))
	refused := map[string]string{}
	for _, f := range add {
		if w.bench.refuses[f] {
			refused[f] = "answer 0x80"
		}
	}
	return refused, nil
}

func (w *wire) Open() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open && !w.closed
}

// Prove implements connection.
func (w *wire) Prove(topic string) error {
	w.mu.Lock()
	hears, cuts := w.hears, w.bench.cuts
	w.bench.proofs++
	w.mu.Unlock()
	if cuts {
		w.cut()
		return errCut
	}
	if hears {
		w.session.take(sensors.Message{At: time.Now(), Topic: topic, Payload: []byte("1")})
	}
	return nil
}

// cut ends the connection, which is back after a while, where the test gave one.
func (w *wire) cut() {
	w.mu.Lock()
	away := w.bench.away
	w.open = away == 0
	w.mu.Unlock()
	w.session.lost(errCut)
	if away == 0 {
		return
	}
	time.AfterFunc(away, func() {
		w.mu.Lock()
		back := w.bench.open && !w.closed
		w.open = back
		w.mu.Unlock()
		if back {
			w.session.connected()
		}
	})
}

func (w *wire) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// bench is a keeper over wires, with what it told.
type bench struct {
	keeper *keeper
	inbox  func(sensors.Message) error

	mu     sync.Mutex
	wires  []*wire
	open   bool
	hears  bool
	faults map[ucare.FaultCode]string
	deaf   []gap

	cuts   bool          // the broker ends the connection for a canary
	away   time.Duration // so long it is closed then
	proofs int           // canaries

	refuses  map[string]bool // filters
	listened []string        // what was asked for, each time
}

func newBench() *bench {
	b := &bench{open: true, hears: true, faults: map[ucare.FaultCode]string{}, inbox: func(sensors.Message) error { return nil }}
	c := Config{
		Broker: "tcp://broker:1883", ID: "home-1", Alarm: []string{"zigbee2mqtt/#"}, MaxMessageBytes: 1000,
		Faults: func(f ucare.Fault) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.faults[f.Code] = f.Detail
		},
		Cleared: func(f ucare.Fault) {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.faults, f.Code)
		},
		Connected: func() {},
		Deaf: func(from, to time.Time) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.deaf = append(b.deaf, gap{from, to})
		},
	}
	b.keeper = newKeeper(c, "alarm", 1, c.Alarm, "client:tcp://broker:1883", b, slog.New(slog.DiscardHandler))
	b.keeper.connect = func(s *session) connection {
		b.mu.Lock()
		defer b.mu.Unlock()
		w := &wire{session: s, open: b.open, hears: b.hears, mu: &b.mu, bench: b}
		b.wires = append(b.wires, w)
		return w
	}
	return b
}

// Commit implements sensors.Inbox.
func (b *bench) Commit(_ context.Context, m sensors.Message) error { return b.inbox(m) }

func (b *bench) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *bench) last() *wire {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wires[len(b.wires)-1]
}

func (b *bench) lines() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.wires)
}

func (b *bench) fault(code ucare.FaultCode) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	detail, stands := b.faults[code]
	return detail, stands
}

// watched runs the keeper in a bubble of fake time, after before has set the bench up.
func watched(t *testing.T, before func(*bench), do func(*testing.T, *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench() // in the bubble, for its channel to belong there
		before(b)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { b.keeper.run(ctx) })
		synctest.Wait()
		do(t, b)
		cancel()
		wg.Wait()
	})
}

func asItIs(*bench) {}

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestASessionThatHearsItsCanaryIsLeftAlone(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		wait(10 * time.Minute)
		if b.lines() != 1 {
			t.Errorf("%d lines were opened in ten good minutes, want 1", b.lines())
		}
		if age := b.keeper.canaryAge(time.Now()); age > canaryEvery+lookEvery {
			t.Errorf("the canary is %v old", age)
		}
		if len(b.faults) != 0 {
			t.Errorf("faults %v", b.faults)
		}
	})
}

func TestADeafSessionIsAFaultAndIsReplaced(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		wait(time.Minute)
		b.set(func() { b.hears = false; b.wires[0].hears = false })
		wait(18 * time.Second)
		if _, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Error("called deaf before its time")
		}
		wait(15 * time.Second)
		if _, stands := b.fault(ucare.FaultBrokerDeaf); !stands {
			t.Error("a session that has been deaf for 30 s is no fault")
		}
		if b.lines() != 2 || !b.wires[0].closed {
			t.Errorf("%d lines, the first closed: %v", b.lines(), b.wires[0].closed)
		}
		b.set(func() { b.hears = true })
		wait(45 * time.Second)
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("still deaf: %s", detail)
		}
	})
}

func TestABrokerThatIsDownIsAFaultUntilItIsBack(t *testing.T) {
	watched(t, func(b *bench) { b.open = false }, func(t *testing.T, b *bench) {
		b.last().session.notConnected(errors.New("connection refused"), false)
		wait(2 * time.Second)
		if _, stands := b.fault(ucare.FaultBrokerDown); stands {
			t.Error("a fault after two seconds")
		}
		wait(10 * time.Second)
		if detail, _ := b.fault(ucare.FaultBrokerDown); detail != "connection refused" {
			t.Errorf("fault %q", detail)
		}
		b.set(func() { b.open = true; b.wires[len(b.wires)-1].open = true })
		wait(2 * time.Second)
		if _, stands := b.fault(ucare.FaultBrokerDown); stands {
			t.Error("down, though it is back")
		}
	})
}

func TestARefusedSubscriptionIsAFaultAndAskedForAgain(t *testing.T) {
	watched(t, func(b *bench) { b.refuses = map[string]bool{"zigbee2mqtt/#": true} }, func(t *testing.T, b *bench) {
		b.last().session.connected()
		for range 3 {
			wait(9 * time.Second)
			if detail, _ := b.fault(ucare.FaultBrokerDeaf); !strings.Contains(detail, "zigbee2mqtt/#") {
				t.Errorf("fault %q", detail)
			}
		}
		if got := b.asked(); got != "+[ucare/home-1/canary/+ zigbee2mqtt/#] -[]" {
			t.Errorf("asked for %s", got)
		}
		b.set(func() { b.refuses = nil })
		wait(10 * time.Second)
		if got := b.asked(); !strings.HasSuffix(got, ", +[zigbee2mqtt/#] -[]") {
			t.Errorf("asked for %s", got)
		}
		wait(2 * time.Second)
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("still %q", detail)
		}
		if b.lines() != 1 {
			t.Error("the session was given up, though the other filters were heard")
		}
	})
}

// A broker may end the connection for a canary that its access list forbids. If they went
// out as often as ever, little would be heard between them.
func TestAForbiddenCanaryDoesNotKeepTheConnectionDown(t *testing.T) {
	watched(t, func(b *bench) { b.cuts = true }, func(t *testing.T, b *bench) {
		wait(5 * time.Minute)
		b.set(func() {
			if b.proofs > 25 {
				t.Errorf("%d canaries in five minutes", b.proofs)
			}
			b.proofs = 0
		})
		detail, stands := b.fault(ucare.FaultBrokerDeaf)
		if !stands || !strings.Contains(detail, "ucare/home-1/canary/") && !strings.Contains(detail, "canary") {
			t.Errorf("fault %q", detail)
		}
		if detail, _ := b.fault(ucare.FaultBrokerDown); strings.Contains(detail, "another gateway") {
			t.Errorf("blamed on another gateway: %q", detail)
		}
		b.set(func() { b.cuts = false })
		wait(2 * time.Minute)
		b.set(func() {
			if b.proofs < 10 {
				t.Errorf("%d canaries in two minutes, though the broker takes them", b.proofs)
			}
		})
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("still deaf: %s", detail)
		}
	})
}

// Who is cut off for a canary is deaf, though each look may find the connection closed:
// it is cut off just before it is late.
func TestACanaryThatCutsUsOffIsAFaultHoweverLongTheWayBackIs(t *testing.T) {
	for away := 100 * time.Millisecond; away < downAfter; away += 300 * time.Millisecond {
		watched(t, func(b *bench) { b.cuts, b.away = true, away }, func(t *testing.T, b *bench) {
			wait(deafAfter + 2*downAfter)
			if detail, _ := b.fault(ucare.FaultBrokerDeaf); !strings.Contains(detail, "ucare/home-1/canary/") {
				t.Errorf("back after %v: fault %q", away, detail)
			}
		})
	}
}

func TestABrokerThatIsDownAfterItCutUsOffIsNotCalledDeaf(t *testing.T) {
	watched(t, func(b *bench) { b.cuts, b.away = true, time.Millisecond }, func(t *testing.T, b *bench) {
		wait(lookEvery)
		b.set(func() { b.open = false; b.wires[len(b.wires)-1].open = false })
		wait(10 * time.Minute)
		if detail, stands := b.fault(ucare.FaultBrokerDeaf); stands {
			t.Errorf("called deaf: %s", detail)
		}
		if _, stands := b.fault(ucare.FaultBrokerDown); !stands {
			t.Error("a broker that is away is no fault")
		}
	})
}

func (b *bench) asked() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.listened, ", ")
}

func TestAnotherClientOfOurNameIsAFault(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		for range 4 {
			b.last().session.lost(errors.New("EOF"))
			wait(2 * time.Second)
		}
		if detail, _ := b.fault(ucare.FaultBrokerDown); !strings.Contains(detail, "another gateway") {
			t.Errorf("fault %q", detail)
		}
		wait(2 * time.Minute)
		if detail, stands := b.fault(ucare.FaultBrokerDown); stands {
			t.Errorf("still %q", detail)
		}
	})
}

func TestNothingIsTakenAfterAFailedCommitUntilTheLineIsNew(t *testing.T) {
	refuse := true
	var committed []string
	inbox := func(m sensors.Message) error {
		if refuse {
			return errors.New("disk full")
		}
		committed = append(committed, m.Topic)
		return nil
	}
	watched(t, func(b *bench) { b.inbox = inbox }, func(t *testing.T, b *bench) {
		first := b.last().session
		if first.take(sensors.Message{Topic: "zigbee2mqtt/1", At: time.Now()}) {
			t.Error("a message that was not committed may be acknowledged")
		}
		refuse = false
		if first.take(sensors.Message{Topic: "zigbee2mqtt/2", At: time.Now()}) {
			t.Error("a later message went past the one that was not committed")
		}
		wait(3 * time.Second)
		if b.lines() != 2 {
			t.Fatalf("%d lines: the old one has to go, for the broker to send again", b.lines())
		}
		second := b.last().session
		for _, topic := range []string{"zigbee2mqtt/1", "zigbee2mqtt/2"} {
			if !second.take(sensors.Message{Topic: topic, At: time.Now()}) {
				t.Errorf("%s not taken", topic)
			}
		}
		if got := strings.Join(committed, " "); got != "zigbee2mqtt/1 zigbee2mqtt/2" {
			t.Errorf("committed %s", got)
		}
	})
}

func TestAStuckHandlerIsReplaced(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		b.inbox = func(sensors.Message) error {
			<-release
			return nil
		}
		var wg sync.WaitGroup
		s := b.last().session
		wg.Go(func() { s.take(sensors.Message{Topic: "zigbee2mqtt/x", At: time.Now()}) })
		wait(9 * time.Second)
		if b.lines() != 1 {
			t.Error("replaced too early")
		}
		wait(4 * time.Second)
		if b.lines() != 2 {
			t.Errorf("%d lines, the handler has been stuck for 13 s", b.lines())
		}
		close(release)
		wg.Wait()
	})
}

func TestATooLargeMessageIsKeptAsItsBeginningAndAcknowledged(t *testing.T) {
	watched(t, asItIs, func(t *testing.T, b *bench) {
		var kept int
		b.inbox = func(m sensors.Message) error { kept = len(m.Payload); return nil }
		s := b.last().session
		if !s.take(sensors.Message{Topic: "zigbee2mqtt/x", Payload: make([]byte, 1001), At: time.Now()}) {
			t.Error("not acknowledged: it would come again forever")
		}
		if _, stands := b.fault(ucare.FaultTooLarge); !stands || kept != 1000 {
			t.Errorf("fault %v, %d bytes kept", stands, kept)
		}
		s.take(sensors.Message{Topic: "zigbee2mqtt/x", Payload: make([]byte, 10), At: time.Now()})
		if _, stands := b.fault(ucare.FaultTooLarge); stands {
			t.Error("the fault stays after a message that fits")
		}
	})
}

func TestFiltersThatAnotherOneCoversAreDropped(t *testing.T) {
	got := strings.Join(distinct([]string{"zigbee2mqtt/#", "ucare/home/+", "ucare/#", "ucare/g/canary/+", "ucare/#"}), " ")
	if got != "zigbee2mqtt/# ucare/#" {
		t.Errorf("subscribes to %s", got)
	}
}
