package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/voice"
)

// A said is a message that was published.
type said struct{ topic, payload string }

// A paperBroker notes what is published, and can hang.
type paperBroker struct {
	mu    sync.Mutex
	said  []said            // everything, in order
	kept  map[string]string // what is retained
	hangs chan struct{}     // not nil: a publish waits for it
}

func (b *paperBroker) publish(topic string, payload []byte, retain bool) error {
	if b.hangs != nil {
		<-b.hangs
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, said{topic, string(payload)})
	if retain {
		b.kept[topic] = string(payload)
	}
	return nil
}

// way is the paper broker as the voice sees it.
func (b *paperBroker) way() voice.Broker {
	return voice.Broker{Name: "paper", Publish: b.publish, Open: func() bool { return true }}
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

// aConfig is one home with a siren.
func aConfig() *configs.Gateway {
	return &configs.Gateway{
		Box: configs.Box{Language: "en", TimeZone: configs.TimeZone{Location: time.UTC}},
		Dwellings: []configs.Dwelling{{ID: "home", Speakers: []configs.Speaker{{
			Topic: siren, PreAlarm: "beep", Alarm: "howl", Quiet: "hush", Rules: []string{"fire", "inactivity", "fall"},
		}}}},
	}
}

// A benchThatSpeaks is a bench whose home hears it.
type benchThatSpeaks struct {
	*bench
	tellers []*voice.Teller
}

// aBenchThatSpeaks speaks through a paper broker, and through others if there are.
func aBenchThatSpeaks(t *testing.T, others ...*paperBroker) (*benchThatSpeaks, *paperBroker) {
	t.Helper()
	b, paper := &benchThatSpeaks{bench: newBench()}, &paperBroker{kept: map[string]string{}}
	faults := b.watch.faults
	b.watch.voice = voice.New(voice.Config{
		Homes: homesOf(aConfig(), "test"), Logger: discard(), Faults: func() []ucare.Fault { return faults.Standing("") },
	})
	for _, p := range append(others, paper) {
		b.tellers = append(b.tellers, b.watch.voice.Through(p.way()))
	}
	return b, paper
}

// speak runs the tellers; the returned func ends them.
func (b *benchThatSpeaks) speak(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, len(b.tellers))
	for _, teller := range b.tellers {
		go func() { ended <- teller.Run(ctx) }()
	}
	stop = sync.OnceFunc(func() {
		cancel()
		for range b.tellers {
			<-ended
		}
	})
	t.Cleanup(stop)
	return stop
}

func (b *bench) hear(t *testing.T, m sensors.Message) {
	t.Helper()
	if err := b.inbox.Commit(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func commanded(name, payload string) sensors.Message {
	return sensors.Message{At: time.Now(), Topic: sensors.CommandTopic("home", name), Payload: []byte(payload), QoS: 1}
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
	if err := json.Unmarshal([]byte(b.keeps("ucare/home/gateway/"+what)), &e); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return e.State, e.Attributes
}

func TestTheHomeSeesAPreAlarmAndCanEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		policy := b.watch.fold.policies.all
		policy.Silence.After, policy.Silence.Settle, policy.Silence.NightTo = 20*time.Minute, 0, policy.Silence.NightFrom
		b.run(t)
		b.speak(t)
		passes(2 * time.Second)
		b.hear(t, reading("hall", "motion", true))
		passes(20*time.Minute + time.Second)
		if state, about := stateOf(t, paper, "prealarm"); state != "ON" || about["rule"] != "inactivity" || about["room"] != "hall" {
			t.Fatalf("after the silence the home is told of the pre-alarm %v %v", state, about)
		}
		if got := paper.keeps("ucare/home/gateway/siren"); got != "prealarm" {
			t.Errorf("the siren is told %q", got)
		}
		passes(2*time.Minute + 30*time.Second)
		if got, want := paper.on(siren), []string{"hush", "beep", "beep", "beep"}; !slices.Equal(got, want) {
			t.Errorf("the device was told %q, want %q: quiet at first, then once a minute", got, want)
		}
		b.hear(t, commanded("cancel", "PRESS"))
		synctest.Wait()
		if state, _ := stateOf(t, paper, "prealarm"); state != "OFF" || paper.keeps("ucare/home/gateway/siren") != "off" {
			t.Errorf("after the cancel the pre-alarm is %v, the siren %s", state, paper.keeps("ucare/home/gateway/siren"))
		}
		if got := paper.on(siren); got[len(got)-1] != "hush" {
			t.Errorf("after the cancel the device was told %q", got)
		}
		last := b.log.decisions()[len(b.log.decisions())-1]
		if last.Verb != ucare.Cancel || last.Because[0].Sensor != "cancel" {
			t.Errorf("the last decision is %+v, want the cancel by the button", last)
		}
		if d := <-b.sent; d.Alarm != last.Alarm {
			t.Errorf("the centre hears of %s, want the cancel of %s", d.Alarm, last.Alarm)
		}
	})
}

// A fall is asked about in the home; the button, or walking away, ends it, and the
// centre is told of either. Nobody is asked who does neither: help is called.
func TestTheHomeIsAskedAboutAFall(t *testing.T) {
	for how, c := range map[string]struct {
		answer *sensors.Message
		verb   ucare.Verb
		sounds []string
	}{
		"button": {new(commanded("cancel", "PRESS")), ucare.Cancel, []string{"hush", "beep", "hush"}},
		"walk":   {new(reading("hall", "motion", true)), ucare.Cancel, []string{"hush", "beep", "hush"}},
		"lie":    {nil, ucare.Raise, []string{"hush", "beep", "howl"}},
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, paper := aBenchThatSpeaks(t)
				b.run(t)
				b.speak(t)
				passes(2 * time.Second)
				b.hear(t, reading("bathroom", "fall", true))
				passes(30 * time.Second)
				state, about := stateOf(t, paper, "prealarm")
				if state != "ON" || about["rule"] != "fall" || about["room"] != "bathroom" {
					t.Fatalf("the home is told of the pre-alarm %v %v", state, about)
				}
				if c.answer != nil {
					c.answer.At = time.Now()
					b.hear(t, *c.answer)
				}
				passes(31 * time.Second)
				if state, _ := stateOf(t, paper, "prealarm"); state != "OFF" {
					t.Errorf("afterwards the pre-alarm is %v", state)
				}
				// It is told again after a minute, which is when the alarm is raised.
				if got := slices.Compact(paper.on(siren)); !slices.Equal(got, c.sounds) {
					t.Errorf("the siren was told %q, want %q", got, c.sounds)
				}
				said := paper.on("ucare/home/gateway/announce")
				if len(said) != 2 || !strings.Contains(said[0], `"prealarm"`) || !strings.Contains(said[1], string(c.verb)) {
					t.Errorf("announced was %q", said)
				}
				if d := <-b.sent; !strings.Contains(string(d.Body), fmt.Sprintf(`"verb":%q`, c.verb)) {
					t.Errorf("the centre hears %s, want the %s", d.Body, c.verb)
				}
			})
		})
	}
}

func TestCancelEndsNoFireAndNoCallForHelp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		b.run(t)
		b.speak(t)
		b.hear(t, reading("kitchen", "smoke", true))
		b.hear(t, reading("pendant", "help", true))
		b.hear(t, commanded("cancel", "PRESS"))
		passes(time.Second)
		for _, d := range b.log.decisions() {
			if d.Verb != ucare.Raise {
				t.Errorf("the cancel led to %+v", d)
			}
		}
		state, about := stateOf(t, paper, "alarm")
		if state != "ON" || about["rule"] != "fire" || about["open"] != 2.0 {
			t.Errorf("the alarm is %v %v, want ON for the fire, of two", state, about)
		}
		if got := paper.on(siren); !slices.Equal(got, []string{"howl"}) {
			t.Errorf("the device was told %q, want the alarm", got)
		}
	})
}

func TestTheSwitchForBeingAwayShowsWhatHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		policy := b.watch.fold.policies.all
		policy.Away.AtMost, policy.Silence.After, policy.Silence.NightTo = 2*time.Hour, time.Hour, policy.Silence.NightFrom
		b.run(t)
		b.speak(t)
		b.hear(t, reading("hall", "motion", true))
		b.hear(t, commanded("away", "ON"))
		synctest.Wait()
		if state, about := stateOf(t, paper, "away"); state != "ON" || about["until"] == nil {
			t.Fatalf("the switch shows %v %v", state, about)
		}
		passes(2*time.Hour - time.Minute)
		for _, d := range b.log.decisions() {
			t.Errorf("while the resident is away, %+v was decided", d)
		}
		passes(time.Minute + 2*time.Second)
		if state, _ := stateOf(t, paper, "away"); state != "OFF" {
			t.Errorf("after the time it is believed for, the switch shows %v", state)
		}
	})
}

func TestTheTestButtonIsADrillThatSoundsForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		b.run(t)
		b.speak(t)
		passes(time.Second)
		b.hear(t, commanded("test", "PRESS"))
		synctest.Wait()
		state, about := stateOf(t, paper, "alarm")
		if state != "ON" || about["drill"] != true || !strings.Contains(about["texts"].(map[string]any)["en"].(string), "DRILL") {
			t.Errorf("the alarm is %v %v, want a drill that says so", state, about)
		}
		for _, said := range paper.on("ucare/home/gateway/announce") {
			only := strings.Contains(said, "only a drill") && strings.Contains(said, "훈련입니다")
			if more := strings.Contains(said, "elp is") || strings.Contains(said, "도움"); !only || more {
				t.Errorf("of a drill more or less is said than that it is one: %s", said)
			}
		}
		passes(11 * time.Second)
		if got, want := paper.on(siren), []string{"hush", "beep", "hush"}; !slices.Equal(got, want) {
			t.Errorf("the device was told %q, want %q", got, want)
		}
		passes(10 * time.Minute)
		if state, _ := stateOf(t, paper, "alarm"); state != "OFF" {
			t.Errorf("a drill that nobody closes is %v for good", state)
		}
	})
}

func TestABrokerThatHangsDelaysNoAlarmAndNoOtherVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := &paperBroker{kept: map[string]string{}, hangs: make(chan struct{})}
		b, paper := aBenchThatSpeaks(t, stuck)
		b.run(t)
		stop := b.speak(t)
		passes(2 * time.Second)
		const many = 100
		began := time.Now()
		for range many { // more than a teller's queue holds
			b.hear(t, reading("kitchen", "smoke", true))
			<-b.sent
			b.hear(t, reading("kitchen", "smoke", false))
			passes(2 * time.Minute) // restored
			<-b.sent
		}
		if waited := time.Since(began) - many*2*time.Minute; waited != 0 {
			t.Errorf("the alarms waited %v for a broker that hangs", waited)
		}
		if got := len(paper.on("ucare/home/gateway/announce")); got != many*2 {
			t.Errorf("the other broker heard %d announcements, want %d", got, many*2)
		}
		began = time.Now()
		stop()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the end waited %v for a broker that hangs", took)
		}
		close(stuck.hangs)
	})
}

func TestHomeAssistantIsToldAgainWhenItStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		b.run(t)
		b.speak(t)
		passes(2 * time.Second)
		before := len(paper.on("homeassistant/device/ucare_home/config"))
		for _, m := range []sensors.Message{
			{Topic: "homeassistant/status", Payload: []byte("offline")}, {Topic: "other/status", Payload: []byte("online")},
		} {
			m.At = time.Now()
			b.hear(t, m)
		}
		synctest.Wait()
		if got := len(paper.on("homeassistant/device/ucare_home/config")); got != before {
			t.Errorf("nobody has started, and the gateway announces itself again")
		}
		b.hear(t, sensors.Message{At: time.Now(), Topic: "homeassistant/status", Payload: []byte("online")})
		synctest.Wait()
		if got := len(paper.on("homeassistant/device/ucare_home/config")); got != before+1 {
			t.Errorf("Home Assistant has started and was told %d times before, %d times after", before, got)
		}
	})
}

// What the gateway says of itself comes back to it through the household's broker.
// It must neither take itself for a device nor complain.
func TestTheGatewayDoesNotTakeItselfForADevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		b.run(t)
		b.speak(t)
		b.hear(t, reading("kitchen", "smoke", true))
		passes(2 * time.Second)
		if paper.keeps("homeassistant/device/ucare_home/config") == "" {
			t.Fatalf("the only home of a gateway is not announced: %v", paper.kept)
		}
		decoder := NewDecoder(aConfig())
		for _, s := range slices.Backward(paper.said) { // the announcement first
			h := decoder.Hear(sensors.Message{At: time.Now(), Source: "client:test", Topic: s.topic, Payload: []byte(s.payload), QoS: 1, Retained: true})
			if len(h.Readings)+len(h.Faults)+len(h.Seen) != 0 {
				t.Errorf("%s: heard %+v", s.topic, h)
			}
		}
		for _, f := range decoder.Filters() {
			if sensors.Covers(f, "ucare/home/gateway/alarm") {
				t.Errorf("%s listens to what we say ourselves", f)
			}
		}
	})
}

// A client has one last will. It must say offline where each home looks, on a
// topic that the access lists of deploy and docs allow, and that is no other's.
func TestTheLastWillIsForATopicThatEachHomeLooksAt(t *testing.T) {
	several := aConfig()
	several.Dwellings = append(several.Dwellings, configs.Dwelling{ID: "gw"}) // as the client
	for name, c := range map[string]struct {
		config *configs.Gateway
		client *configs.Client
		want   string
	}{
		"one home":            {aConfig(), &configs.Client{ClientID: "gw"}, "ucare/home/gateway/status"},
		"several":             {several, &configs.Client{ClientID: "gw"}, "ucare/gw/gateway/connection"},
		"our own broker only": {aConfig(), nil, ""},
	} {
		c.config.Sensors.Client = c.client
		will, beside := statusOf(c.config)
		if will != c.want || beside != "" && beside != will {
			t.Errorf("%s: the will is for %q, told beside the homes' own is %q, want %q", name, will, beside, c.want)
		}
	}
}

// The household reads the names that it gave its rooms.
func TestRoomsAreCalledAsTheHouseholdCallsThem(t *testing.T) {
	c := aConfig()
	c.Dwellings[0].Rooms = []configs.Room{{ID: "kitchen", Name: "주방"}}
	for dwelling, want := range map[string]string{"home": "주방에서 연기", "another": "부엌에서 연기"} {
		smoke := ucare.Alarm{Dwelling: dwelling, Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: spring}
		if got := homesOf(c, "test")[0].AlarmTexts(smoke)["ko"]; !strings.Contains(got, want) {
			t.Errorf("%s is told %q, want %q", dwelling, got, want)
		}
	}
	smoke := ucare.Alarm{Dwelling: "home", Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: spring}
	if got := routesOf(c).Texts(ucare.Raise, smoke)["en"]; !strings.Contains(got, "주방") {
		t.Errorf("the centre is told %q", got)
	}
}

// What telling the home costs the alarm path: one look at the open alarms, after
// the reports are on their way.
func BenchmarkTheHomeIsShownAnAlarm(b *testing.B) {
	f := benchFold()
	open := make(map[string]ucare.Alarm)
	for i := range 5000 {
		id := strconv.Itoa(i)
		open[id] = ucare.Alarm{ID: id, Dwelling: "other", Rule: ucare.Fire}
	}
	open["this"] = ucare.Alarm{ID: "this", Dwelling: "home", Rule: ucare.Fire}
	w := &watch{watchParts: watchParts{voice: voice.New(voice.Config{Homes: homesOf(aConfig(), "test"), Logger: discard()})}, fold: f, cases: newCases(nil, nil)}
	w.cases.open = open
	for b.Loop() {
		w.showHomes("home")
	}
}
