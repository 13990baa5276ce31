package flood

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// disk is an inbox that takes its time and remembers.
type disk struct {
	takes time.Duration
	hangs map[string]chan struct{} // by payload, until closed
	mu    sync.Mutex
	got   []sensors.Message
}

func (d *disk) Commit(_ context.Context, m sensors.Message) error {
	if until, hangs := d.hangs[string(m.Payload)]; hangs {
		<-until
	}
	if d.takes > 0 {
		<-time.After(d.takes)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, m)
	return nil
}

// payloads are what was stored of a topic, in order.
func (d *disk) payloads(topic string) (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.got {
		if m.Topic == topic {
			all = append(all, string(m.Payload))
		}
	}
	return all
}

// last is what was stored of a topic in the end.
func (d *disk) last(topic string) string {
	all := d.payloads(topic)
	return append([]string{"nothing"}, all...)[len(all)]
}

func (d *disk) stored() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.got)
}

// bench is a guard in front of a disk, in a bubble of fake time.
type bench struct {
	t      *testing.T
	guard  *Guard
	disk   *disk
	mu     sync.Mutex
	faults map[string]string // detail by subject
}

// watched runs do with a guard; a commit takes a millisecond.
func watched(t *testing.T, c Config, do func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, disk: &disk{takes: time.Millisecond}, faults: map[string]string{}}
		c.Faults = func(f ucare.Fault) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if f.Code != ucare.FaultFlood {
				t.Errorf("fault %+v", f)
			}
			b.faults[f.Subject] = f.Detail
		}
		c.Cleared = func(f ucare.Fault) {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.faults, f.Subject)
		}
		b.guard = New(c, b.disk, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = b.guard.Run(ctx) })
		do(b)
		cancel()
		wg.Wait()
	})
}

func (b *bench) say(topic, payload string) { b.sayQoS("client:tcp://broker:1883", topic, payload, 0) }

func (b *bench) sayQoS(source, topic, payload string, qos byte) {
	b.t.Helper()
	err := b.guard.Commit(b.t.Context(), sensors.Message{
		At: time.Now(), Source: source, Topic: topic, Payload: []byte(payload), QoS: qos,
	})
	if err != nil {
		b.t.Errorf("%s on %s: %v", payload, topic, err)
	}
}

// flood sends n messages, 10,000 a second where nobody makes it wait.
func (b *bench) flood(n int, noise func(i int) (topic, payload string)) {
	for i := range n {
		topic, payload := noise(i)
		b.say(topic, payload)
		if i%10 == 9 {
			wait(time.Millisecond)
		}
	}
}

func (b *bench) fault(subject string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.faults[subject]
}

func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func warm(i int) (topic, payload string) {
	return "home/warm", fmt.Sprintf(`{"temperature":%d.%d}`, 20+i%70, i)
}

func TestWhatKeepsWithinItsBudgetIsStoredWhole(t *testing.T) {
	watched(t, Config{}, func(b *bench) { b.busyMinute() })
	t.Run("with so many topics that these are not remembered", func(t *testing.T) {
		watched(t, Config{}, func(b *bench) {
			for i := range maxTopics {
				b.guard.known(fmt.Sprintf("town/%d", i), b.guard.now()).again = true
			}
			b.busyMinute()
		})
	})
}

// busyMinute is a busy home: ten messages a second on ten topics, for a minute.
func (b *bench) busyMinute() {
	for i := range 600 {
		b.say(fmt.Sprintf("home/%d", i%10), fmt.Sprintf(`{"on":true,"n":%d}`, i))
		wait(100 * time.Millisecond)
	}
	if got := b.disk.stored(); got != 600 {
		b.t.Errorf("%d of 600 stored", got)
	}
	if len(b.faults) > 0 {
		b.t.Errorf("faults %v", b.faults)
	}
}

// On a card that takes long for each message, a home that is only busy is no flood.
func TestASlowDiskMakesNoFlood(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.disk.takes = 8 * time.Millisecond
		for i := range 1_000 {
			b.sayQoS("client:x", fmt.Sprintf("home/room %d", 100+i), `{"smoke":true}`, 1)
			wait(2 * time.Millisecond)
		}
		if got := b.disk.stored(); got != 1_000 {
			t.Errorf("%d of 1000 alarms were stored before they were acknowledged", got)
		}
	})
}

func TestABridgeThatStartsMayTellAllItKnows(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.flood(2_000, func(i int) (string, string) {
			return fmt.Sprintf("zigbee2mqtt/device %d", i), fmt.Sprintf(`{"contact":%v,"battery":%d}`, i%2 == 0, i%100)
		})
		wait(5 * time.Minute)
		for i := range 2_000 {
			if got := b.disk.payloads(fmt.Sprintf("zigbee2mqtt/device %d", i)); len(got) != 1 {
				t.Fatalf("of device %d was stored: %v", i, got)
			}
		}
	})
}

func TestAQuietTopicIsStoredAtOnceWhoeverFloods(t *testing.T) {
	for name, noise := range map[string]func(int) (string, string){
		"one topic":      warm,
		"many topics":    func(i int) (string, string) { return fmt.Sprintf("home/noise/%d", i%1000), fmt.Sprint("noise ", i) },
		"made-up topics": func(i int) (string, string) { return fmt.Sprintf("home/noise/%d", i), fmt.Sprint("noise ", i) },
		"random words":   func(i int) (string, string) { return "home/noise", fmt.Sprintf("%x", uint64(i)*0x9E3779B97F4A7C15) },
	} {
		t.Run(name, func(t *testing.T) {
			watched(t, Config{}, func(b *bench) {
				b.say("home/kitchen", `{"smoke":false}`)
				wait(time.Hour)
				b.flood(20_000, noise)
				before := time.Now()
				for i := range 3 {
					b.say("home/kitchen", fmt.Sprintf(`{"smoke":true,"n":%d}`, 100+i))
				}
				if took := time.Since(before); took > 10*time.Millisecond {
					t.Errorf("three alarms took %v", took)
				}
				if got := b.disk.payloads("home/kitchen"); len(got) != 4 {
					t.Errorf("stored of the kitchen: %v", got)
				}
			})
		})
	}
}

// The handler of a household's broker takes one message after the other: what a
// flood takes of its time is how long an alarm has to wait.
func TestAFloodTakesLittleOfTheHandlersTime(t *testing.T) {
	for name, noise := range map[string]func(int) (string, string){
		"one topic":      warm,
		"many topics":    func(i int) (string, string) { return fmt.Sprintf("home/noise/%d", i%1000), fmt.Sprint("noise ", i) },
		"made-up topics": func(i int) (string, string) { return fmt.Sprintf("home/noise/%d", i), fmt.Sprint("noise ", i) },
	} {
		t.Run(name, func(t *testing.T) {
			watched(t, Config{}, func(b *bench) {
				b.flood(10_000, noise)
				began := time.Now()
				b.flood(50_000, noise)
				if took := time.Since(began); took > 7*time.Second {
					t.Errorf("five seconds of noise were taken in %v: an alarm would wait behind them", took)
				}
			})
		})
	}
}

func TestWhatIsUnlikeTheNoiseIsStoredAtOnce(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		shared := func(i int) (string, string) {
			return "rtl_433/events", fmt.Sprintf(`{"model":"Weather","temperature":%d}`, 100+i)
		}
		b.flood(20_000, shared)
		b.say("rtl_433/events", `{"model":"Smoke-GS558","id":12345}`)
		b.flood(1_000, shared)
		if got := b.disk.payloads("rtl_433/events"); !slices.Contains(got, `{"model":"Smoke-GS558","id":12345}`) {
			t.Errorf("the smoke is not among the %d that were stored", len(got))
		}
		// And of a topic that nobody has heard before.
		for _, topics := range []int{1_000, 20_000} {
			b.flood(20_000, func(i int) (string, string) {
				return fmt.Sprintf("home/noise/%d", i%topics), fmt.Sprint("noise ", 100+i)
			})
			sensor := fmt.Sprintf("home/new %d", topics)
			b.say(sensor, `{"smoke":true}`)
			if got := b.disk.payloads(sensor); len(got) != 1 {
				t.Errorf("stored of the new sensor: %v", got)
			}
		}
	})
}

func TestTheLastWordOfATopicIsStored(t *testing.T) {
	for n := 20_001; n < 20_009; n++ {
		watched(t, Config{}, func(b *bench) {
			b.flood(n, func(i int) (string, string) { return "home/door", []string{"OPEN", "CLOSED"}[i%2] })
			wait(3 * time.Second)
			if last, want := b.disk.last("home/door"), []string{"CLOSED", "OPEN"}[n%2]; last != want {
				t.Errorf("the door was left %s; stored last: %s", want, last)
			}
			if got := b.disk.stored(); got > 1_000 {
				t.Errorf("%d of %d were stored", got, n)
			}
		})
	}
}

// A topic's newer message is not stored before the last word that is on its way
// to the disk, and none of the older ones after it.
func TestATopicsMessagesKeepTheirOrder(t *testing.T) {
	for name, of := range map[string]func(i int) string{
		"a topic that floods": func(int) string { return "home/noise" },
		"made-up topics":      func(i int) string { return fmt.Sprintf("home/noise/%d", i) },
	} {
		const n = 500
		t.Run(name, func(t *testing.T) {
			watched(t, Config{}, func(b *bench) {
				topic, slow := "", make(chan struct{})
				b.disk.hangs = map[string]chan struct{}{fmt.Sprint("noise ", n-1): slow}
				b.flood(n, func(i int) (string, string) { topic = of(i); return topic, fmt.Sprint("noise ", i) })
				wait(time.Second) // the last one is on its way
				var alarm sync.WaitGroup
				alarm.Go(func() { b.say(topic, "SMOKE") })
				wait(time.Second)
				close(slow)
				alarm.Wait()
				wait(3 * time.Second)
				got := b.disk.payloads(topic)
				if end := fmt.Sprint(got[max(0, len(got)-2):]); end != fmt.Sprintf("[noise %d SMOKE]", n-1) {
					t.Errorf("stored in the end: %s", end)
				}
			})
		})
	}
}

func TestWhatWaitsIsNotStoredAfterSomethingNewer(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.flood(6_005, warm)
		b.say("home/warm", "SMOKE")
		wait(3 * time.Second)
		if last := b.disk.last("home/warm"); last != "SMOKE" {
			t.Errorf("stored last: %s", last)
		}
	})
}

func TestTheLastWordsAreStoredWhenWeStop(t *testing.T) {
	var d *disk
	watched(t, Config{}, func(b *bench) {
		d = b.disk
		b.flood(5_000, warm)
		_, last := warm(7_777)
		b.say("home/warm", last)
	})
	_, want := warm(7_777)
	if last := d.last("home/warm"); last != want {
		t.Errorf("stored last: %s, want %s", last, want)
	}
}

func TestAFloodIsAFaultUntilItIsOver(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.flood(30_000, warm)
		if b.fault("home/warm") == "" {
			t.Fatalf("faults %v", b.faults)
		}
		wait(30 * time.Second)
		if b.fault("home/warm") == "" {
			t.Error("over after half a minute")
		}
		wait(time.Minute)
		if len(b.faults) != 0 {
			t.Errorf("still %v", b.faults)
		}
		if len(b.guard.stormy) != 0 || b.guard.held != 0 {
			t.Errorf("%d storms and %d bytes are left", len(b.guard.stormy), b.guard.held)
		}
	})
}

// What a flood has made up is forgotten, so that new sensors become known again;
// and until they are, they are heard.
func TestAFloodLeavesRoomForSensorsThatComeAfterIt(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		made := func(i int) (string, string) { return fmt.Sprintf("home/made up/%d", i), fmt.Sprint("noise ", i) }
		for i := range 3 * maxTopics {
			b.flood(1, func(int) (string, string) { return made(i) })
			wait(10 * time.Millisecond)
		}
		for i := range 30 {
			b.say("home/new", fmt.Sprint(100+i))
			wait(time.Minute)
		}
		if got := b.disk.payloads("home/new"); len(got) != 30 {
			t.Errorf("%d of 30 stored of a new sensor", len(got))
		}
		b.guard.mu.Lock()
		defer b.guard.mu.Unlock()
		if b.guard.topics["home/new"] == nil {
			t.Error("the new sensor is not known")
		}
	})
}

func TestTheMemoryOfAFloodIsBounded(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.disk.takes = 0
		b.flood(100_000, func(i int) (string, string) {
			return fmt.Sprintf("home/%d/%0200d", i, i), fmt.Sprintf("%x %0400d", uint64(i)*0x9E3779B97F4A7C15, i)
		})
		b.guard.mu.Lock()
		defer b.guard.mu.Unlock()
		if n := len(b.guard.topics); n > maxTopics {
			t.Errorf("%d topics are remembered", n)
		}
		if b.guard.held > heldBytes {
			t.Errorf("%d bytes wait", b.guard.held)
		}
		if n := len(b.guard.reports); n > maxReports+1 {
			t.Errorf("%d reports", n)
		}
	})
}

func TestARogueFillsTheDiskWithNoMoreThanItsBudgetOfADay(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		b.disk.takes = 0
		s := b.guard.source("client:tcp://broker:1883", 0)
		s.day.used = perDay // what was in reserve is gone
		for range 600 {
			for i := range 500 {
				topic, payload := warm(i)
				b.say(topic, payload)
			}
			wait(time.Second)
		}
		got := b.disk.stored()
		if most := 600 * (perDay/86_400 + lastPerSecond + oddPerSecond); got > most {
			t.Errorf("%d stored in ten minutes, at most %d should be", got, most)
		}
	})
}

func TestAConnectedSenderIsMadeToWaitAndNothingOfItIsPassedOver(t *testing.T) {
	watched(t, Config{Connected: true}, func(b *bench) {
		const n = 20_000
		began := time.Now()
		for i := range n {
			topic, payload := warm(i)
			b.sayQoS("broker:rogue", topic, payload, 1)
		}
		if got := b.disk.stored(); got != n {
			t.Errorf("%d of %d stored", got, n)
		}
		// A commit takes a millisecond, and it may keep the disk busy for half of the time.
		if took := time.Since(began); took < 25*time.Second {
			t.Errorf("%d messages were taken within %v: nobody made it wait", n, took)
		}
		before := time.Now()
		b.sayQoS("broker:detector", "home/kitchen", `{"smoke":true}`, 1)
		if took := time.Since(before); took > 2*time.Millisecond {
			t.Errorf("another device waited %v", took)
		}
		wait(2 * time.Second)
		if b.fault("rogue") == "" || len(b.faults) != 1 {
			t.Errorf("faults %v", b.faults)
		}
	})
}

func TestWhatABrokerHadInItsStoreIsStoredWhole(t *testing.T) {
	watched(t, Config{}, func(b *bench) {
		for i := range 3_000 {
			err := b.guard.Commit(b.t.Context(), sensors.Message{
				At: time.Now(), Source: "client:x", Topic: fmt.Sprintf("homeassistant/sensor/%d/config", i), Payload: []byte("{}"), Retained: true,
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := b.disk.stored(); got != 3_000 {
			t.Errorf("%d of 3000 stored", got)
		}
	})
}

func TestNumbersMakeNoOtherKindOfMessageButSmallOnesDo(t *testing.T) {
	for _, c := range []struct {
		a, b string
		like bool
	}{
		{`{"temperature":21.4}`, `{"temperature":19.95}`, true},
		{`{"last_seen":"2026-11-26T10:11:12.345Z","smoke":false}`, `{"last_seen":"2026-11-26T10:11:12.399Z","smoke":false}`, true},
		{`{"smoke":false}`, `{"smoke":true}`, false},
		{`{"value":0}`, `{"value":2}`, false},
		{`{"value":22}`, `{"value":23}`, false},
		{`ON`, `OFF`, false},
		{``, `x`, false},
	} {
		if got := likeness([]byte(c.a)) == likeness([]byte(c.b)); got != c.like {
			t.Errorf("%s like %s: %v", c.a, c.b, got)
		}
	}
}

func BenchmarkAMessageInAFlood(b *testing.B) {
	g := New(Config{}, &disk{}, slog.New(slog.DiscardHandler))
	m := sensors.Message{Source: "client:x", Topic: "home/noise", Payload: []byte(`{"battery":97,"linkquality":131,"smoke":false,"temperature":21.45}`)}
	b.ReportAllocs()
	for b.Loop() {
		_ = g.Commit(b.Context(), m)
	}
}
