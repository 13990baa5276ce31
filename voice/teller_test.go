package voice

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// A paperBroker notes what is published, and can be away or refuse.
type paperBroker struct {
	mu      sync.Mutex
	said    []told            // everything, in order
	kept    map[string]string // what is retained
	away    bool
	refuses bool
}

func newPaperBroker() *paperBroker { return &paperBroker{kept: map[string]string{}} }

func (b *paperBroker) publish(topic string, payload []byte, retain bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuses || b.away {
		return errors.New("not now")
	}
	b.said = append(b.said, told{topic, string(payload)})
	if retain {
		b.kept[topic] = string(payload)
	}
	return nil
}

func (b *paperBroker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.away
}

func (b *paperBroker) set(change func(*paperBroker)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// on is what was published on a topic, in order.
func (b *paperBroker) on(topic string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, s := range b.said {
		if s.topic == topic {
			all = append(all, s.payload)
		}
	}
	return all
}

func (b *paperBroker) keeps(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[topic]
}

const siren = "zigbee2mqtt/siren/set"

// loud are the rules that sound in the tests' homes.
var loud = []ucare.Rule{ucare.Fire, ucare.Inactivity, ucare.Fall}

// aHome is a home with one siren.
func aHome(id string) Home {
	english, _ := language.Parse("en")
	return Home{
		Dwelling: id, Prefixes: []string{"homeassistant"}, Language: english, Version: "test", Siren: loud,
		Speakers:    []Speaker{{Topic: siren, PreAlarm: "beep", Alarm: "howl", Quiet: "hush", Rules: loud}},
		Commands:    Commands{Away: "set/away", Cancel: "set/cancel", CheckIn: "set/checkin", Test: "set/test"},
		ConcernText: func(c ucare.Concern) string { return string(c.Rule) + " " + c.Room },
		AlarmTexts:  func(a ucare.Alarm) map[string]string { return map[string]string{"en": string(a.Rule)} },
	}
}

// aVoice speaks to a home where nothing is wrong.
func aVoice(b *paperBroker, topicsFile string) (*Voice, *Teller) {
	return aVoiceOf(Config{Homes: []Home{aHome("home")}, TopicsFile: topicsFile}, b)
}

func aVoiceOf(c Config, b *paperBroker) (*Voice, *Teller) {
	c.Logger, c.Faults = slog.New(slog.DiscardHandler), func() []ucare.Fault { return nil }
	v := New(c)
	for _, h := range c.Homes {
		v.Show(map[string]State{h.Dwelling: {}})
	}
	return v, v.Through(Broker{"paper", b.publish, b.open})
}

// run runs the teller; the returned func ends it.
func run(t *testing.T, teller *Teller) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- teller.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(stop)
	return stop
}

// passes lets time pass, and everybody come to rest.
func passes(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// stateOf is the state of an entity as the broker keeps it.
func stateOf(t *testing.T, b *paperBroker, what string) (state any, attributes map[string]any) {
	t.Helper()
	var e struct {
		State      any            `json:"state"`
		Attributes map[string]any `json:"attributes"`
	}
	if err := json.Unmarshal([]byte(b.keeps(gatewayTopic("home", what))), &e); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return e.State, e.Attributes
}

func TestABrokerThatComesBackIsToldEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paper := newPaperBroker()
		paper.away = true
		v, teller := aVoice(paper, "")
		stop := run(t, teller)
		v.Show(map[string]State{"home": {Alarms: []ucare.Alarm{{Rule: ucare.Fire, RaisedAt: time.Now()}}}})
		passes(time.Minute)
		if len(paper.said) != 0 {
			t.Fatalf("a broker that is away was told %v", paper.said)
		}
		paper.set(func(b *paperBroker) { b.away = false })
		passes(2 * time.Second)
		if state, _ := stateOf(t, paper, "alarm"); state != "ON" || paper.keeps("ucare/home/gateway/status") != "online" {
			t.Fatalf("the broker that is back keeps %v", paper.kept)
		}
		told := len(paper.said)
		passes(30 * time.Second)
		if len(paper.said) != told {
			t.Errorf("nothing is new, and the broker is told %v", paper.said[told:])
		}
		paper.set(func(b *paperBroker) { b.away = true })
		passes(2 * time.Second)
		paper.set(func(b *paperBroker) { b.away, b.kept = false, map[string]string{} }) // it lost what it kept
		passes(2 * time.Second)
		if len(paper.kept) != len(v.topics()) {
			t.Errorf("a broker that lost everything keeps %v", paper.kept)
		}
		stop()
		if paper.keeps("ucare/home/gateway/status") != "offline" || paper.keeps("ucare/home/gateway/siren") != "off" {
			t.Errorf("after the end the broker keeps %v", paper.kept)
		}
		if got := paper.on(siren); got[len(got)-1] != "hush" {
			t.Errorf("the gateway ended and left the siren at %q", got)
		}
	})
}

func TestABrokerThatRefusesIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paper := newPaperBroker()
		paper.refuses = true
		_, teller := aVoice(paper, "")
		run(t, teller)
		passes(3 * time.Second)
		paper.set(func(b *paperBroker) { b.refuses = false })
		passes(afterFailure + time.Second)
		if got := paper.on(siren); !slices.Equal(got, []string{"hush"}) || paper.keeps("ucare/home/gateway/status") != "online" {
			t.Errorf("after a refusal the device was told %q and the broker keeps %v", got, paper.kept)
		}
	})
}

// A connection that broke for less than a look is noticed by the new one: our last
// will may have been published in between.
func TestANewConnectionIsToldEverythingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		paper := newPaperBroker()
		v, teller := aVoice(paper, "")
		run(t, teller)
		passes(2 * time.Second)
		paper.set(func(b *paperBroker) { b.kept = map[string]string{StatusTopic("home"): Offline} })
		teller.Again()
		synctest.Wait()
		if paper.keeps(StatusTopic("home")) != Online || len(paper.kept) != len(v.topics()) {
			t.Errorf("at once after a new connection the broker keeps %v", paper.kept)
		}
		before := paper.on(siren)
		paper.set(func(b *paperBroker) { b.refuses = true })
		v.Show(map[string]State{"home": {Away: Away{Since: time.Now()}}})
		passes(2 * time.Second) // what fails is not tried again for a while
		paper.set(func(b *paperBroker) { b.refuses = false })
		teller.Again()
		synctest.Wait()
		if state, _ := stateOf(t, paper, "away"); state != switchOn {
			t.Errorf("after a failure on the connection before, the new one is told %v", paper.kept)
		}
		if after := paper.on(siren); !slices.Equal(before, after) {
			t.Errorf("for a new connection the siren is told %q, before it was %q", after, before)
		}
	})
}

// One last will has to do for several homes: it is for a topic of the gateway.
func TestTheGatewaysOwnStatusIsToldForSeveralHomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const status = "ucare/gw/gateway/connection"
		paper := newPaperBroker()
		v, teller := aVoiceOf(Config{Homes: []Home{aHome("one"), aHome("two")}, Status: status}, paper)
		stop := run(t, teller)
		passes(2 * time.Second)
		if got := paper.keeps(status); got != Online || !slices.Contains(v.topics(), status) {
			t.Errorf("the gateway's own status is %q; told are %v", got, v.topics())
		}
		for _, h := range v.homes {
			if got := paper.keeps(discoveryTopic("homeassistant", h.Dwelling)); !strings.Contains(got, status) || !strings.Contains(got, StatusTopic(h.Dwelling)) {
				t.Errorf("the announcement of %s does not name both topics: %s", h.Dwelling, got)
			}
		}
		stop()
		for _, topic := range []string{status, StatusTopic("one"), StatusTopic("two")} {
			if got := paper.keeps(topic); got != Offline {
				t.Errorf("after the end %s is %q", topic, got)
			}
		}
	})
}
