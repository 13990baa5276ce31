package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/language"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
)

// A paperBroker notes what is published, and can be away, refuse or hang.
type paperBroker struct {
	mu      sync.Mutex
	said    []told            // everything, in order
	kept    map[string]string // what is retained
	away    bool
	refuses bool
	hangs   chan struct{} // not nil: a publish waits for it
}

func (b *paperBroker) publish(topic string, payload []byte, retain bool) error {
	b.mu.Lock()
	hangs := b.hangs
	b.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
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

// aTeller tells about a home with one siren.
func aTeller() teller {
	english, _ := language.Parse("en")
	t := teller{
		dwelling: "home", prefixes: []string{"homeassistant"}, language: english, location: time.UTC, version: "test",
		speakers: []configs.Speaker{{
			Topic: siren, PreAlarm: "beep", Alarm: "howl", Quiet: "hush", Rules: []string{"fire", "inactivity", "fall"},
		}},
	}
	t.announcement = t.discovery()
	return t
}

// aBenchThatSpeaks is a bench whose home hears it through a paper broker.
func aBenchThatSpeaks(t *testing.T) (*bench, *paperBroker) {
	t.Helper()
	b, paper := newBench(), &paperBroker{kept: map[string]string{}}
	b.watch.homes = newHomes([]teller{aTeller()}, b.watch.faults, discard())
	b.watch.homes.speakThrough(way{"paper", paper.publish, paper.open})
	return b, paper
}

// speak runs the voices; the returned func ends them.
func (b *bench) speak(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, len(b.watch.homes.voices))
	for _, v := range b.watch.homes.voices {
		go func() { ended <- v.run(ctx) }()
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		for range b.watch.homes.voices {
			<-ended
		}
	}
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
	if err := json.Unmarshal([]byte(b.keeps(gatewayTopic("home", what))), &e); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return e.State, e.Attributes
}

func TestTheHomeSeesAPreAlarmAndCanEndIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		policy := b.watch.fold.policy
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
		policy := b.watch.fold.policy
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
			if !strings.Contains(said, "only a drill") || !strings.Contains(said, "훈련입니다") {
				t.Errorf("what is said of a drill does not say so: %s", said)
			}
		}
		passes(drillSounds + time.Second)
		if got, want := paper.on(siren), []string{"hush", "beep", "hush"}; !slices.Equal(got, want) {
			t.Errorf("the device was told %q, want %q", got, want)
		}
		passes(drillStands)
		if state, _ := stateOf(t, paper, "alarm"); state != "OFF" {
			t.Errorf("a drill that nobody closes is %v for good", state)
		}
	})
}

func TestABrokerThatHangsDelaysNoAlarmAndNoOtherVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		stuck := &paperBroker{kept: map[string]string{}, hangs: make(chan struct{})}
		b.watch.homes.speakThrough(way{"stuck", stuck.publish, stuck.open})
		b.run(t)
		stop := b.speak(t)
		passes(2 * time.Second)
		const many = mostSaid + 10
		began := time.Now()
		for range many { // more than a queue holds
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
		if took := time.Since(began); took > farewell {
			t.Errorf("the end waited %v for a broker that hangs", took)
		}
		close(stuck.hangs)
	})
}

func TestABrokerThatComesBackIsToldEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, paper := aBenchThatSpeaks(t)
		b.run(t)
		paper.set(func(b *paperBroker) { b.away = true })
		stop := b.speak(t)
		b.hear(t, reading("kitchen", "smoke", true))
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
		if len(paper.kept) != len(aTeller().topics()) {
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
		b, paper := aBenchThatSpeaks(t)
		paper.refuses = true
		b.run(t)
		b.speak(t)
		passes(3 * time.Second)
		paper.set(func(b *paperBroker) { b.refuses = false })
		passes(afterFailure + time.Second)
		if got := paper.on(siren); !slices.Equal(got, []string{"hush"}) || paper.keeps("ucare/home/gateway/status") != "online" {
			t.Errorf("after a refusal the device was told %q and the broker keeps %v", got, paper.kept)
		}
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

func TestWhatIsNoLongerConfiguredIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), toldFile)
		former := aTeller()
		former.dwelling = "former"
		newHomes([]teller{former, aTeller()}, nil, discard()).retire(path)

		b, paper := newBench(), &paperBroker{kept: map[string]string{}, away: true}
		h := newHomes([]teller{aTeller()}, b.watch.faults, discard())
		h.retire(path)
		h.speakThrough(way{"paper", paper.publish, paper.open})
		b.watch.homes = h
		for _, topic := range former.topics() {
			paper.kept[topic] = "something"
		}
		b.run(t)
		b.speak(t)
		passes(time.Minute)
		if left := leftOver(t, path); !slices.Contains(left, "homeassistant/device/ucare_former/config") {
			t.Errorf("before the broker is back, the list of what it keeps has forgotten the former dwelling: %v", left)
		}
		paper.set(func(b *paperBroker) { b.away = false })
		passes(2 * time.Second)
		for _, topic := range former.topics() {
			if got := paper.keeps(topic); got != "" {
				t.Errorf("the broker still keeps %q on %s", got, topic)
			}
		}
		if left := leftOver(t, path); !slices.Equal(left, aTeller().topics()) {
			t.Errorf("afterwards the list is %v, want %v", left, aTeller().topics())
		}
	})
}

func leftOver(t *testing.T, path string) (topics []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &topics)
	}
	if err != nil {
		t.Fatal(err)
	}
	return topics
}

func TestWhatSounds(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	ago := func(d time.Duration, rule ucare.Rule) ucare.Alarm {
		return ucare.Alarm{Rule: rule, RaisedAt: now.Add(-d)}
	}
	with := func(a ucare.Alarm, change func(*ucare.Alarm)) ucare.Alarm {
		change(&a)
		return a
	}
	seen := func(a *ucare.Alarm) { a.AcknowledgedAt = now }
	gone := func(a *ucare.Alarm) { a.RestoredAt = now }
	drill := func(a *ucare.Alarm) { a.Drill = true }
	asked := []rules.Pending{{Rule: ucare.Inactivity}}
	for name, c := range map[string]struct {
		state homeState
		want  sound
	}{
		"nothing":                     {homeState{}, quiet},
		"a fire":                      {homeState{alarms: []ucare.Alarm{ago(time.Minute, ucare.Fire)}}, soundAlarm},
		"a fire that was seen":        {homeState{alarms: []ucare.Alarm{with(ago(time.Minute, ucare.Fire), seen)}}, quiet},
		"a fire that is out":          {homeState{alarms: []ucare.Alarm{with(ago(time.Minute, ucare.Fire), gone)}}, quiet},
		"a fire of long ago":          {homeState{alarms: []ucare.Alarm{ago(soundsFor, ucare.Fire)}}, quiet},
		"a call for help":             {homeState{alarms: []ucare.Alarm{ago(0, ucare.Help)}}, quiet},
		"a pre-alarm":                 {homeState{pending: asked}, soundPreAlarm},
		"a pre-alarm beside a fire":   {homeState{pending: asked, alarms: []ucare.Alarm{ago(0, ucare.Fire)}}, soundAlarm},
		"a drill of help":             {homeState{alarms: []ucare.Alarm{with(ago(0, ucare.Help), drill)}}, soundPreAlarm},
		"a drill of fire, afterwards": {homeState{alarms: []ucare.Alarm{with(ago(drillSounds, ucare.Fire), drill)}}, quiet},
		"a drill does not hide a fire": {
			homeState{alarms: []ucare.Alarm{with(ago(0, ucare.Help), drill), ago(0, ucare.Fire)}}, soundAlarm,
		},
	} {
		if got := soundOf(c.state, configs.LoudRules(), now); got != c.want {
			t.Errorf("%s sounds %q, want %q", name, got, c.want)
		}
	}
	if got := soundOf(homeState{alarms: []ucare.Alarm{ago(0, ucare.Help)}}, []ucare.Rule{ucare.Help}, now); got != soundAlarm {
		t.Errorf("a speaker that is to sound for help sounds %q", got)
	}
}

// A device without words for a sound must not go on with the one before.
func TestADeviceWithoutAPreAlarmFallsSilent(t *testing.T) {
	s := configs.Speaker{Alarm: "howl", Quiet: "hush"}
	if got := commandFor(s, soundPreAlarm, soundAlarm); got != "hush" {
		t.Errorf("from alarm to pre-alarm it is told %q", got)
	}
	if got := commandFor(s, soundPreAlarm, quiet); got != "" {
		t.Errorf("from quiet to pre-alarm it is told %q", got)
	}
}

// The keys are those of Home Assistant's device discovery. Nothing in what is
// kept tells who lives there.
func TestTheAnnouncementToHomeAssistant(t *testing.T) {
	names := map[string]string{}
	for _, tag := range []string{"en", "ko"} {
		spoken, _ := language.Parse(tag)
		teller := aTeller()
		teller.language = spoken
		var doc struct {
			Dev map[string]any            `json:"dev"`
			O   map[string]any            `json:"o"`
			Av  string                    `json:"availability_topic"`
			C   map[string]map[string]any `json:"cmps"`
		}
		if err := json.Unmarshal([]byte(teller.discovery()), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Dev["ids"] == nil || doc.O["name"] == nil || doc.Av != "ucare/home/gateway/status" {
			t.Errorf("the announcement says %+v", doc)
		}
		ids := map[any]bool{}
		for name, e := range doc.C {
			ids[e["unique_id"]] = true
			names[tag+name] = e["name"].(string)
			for _, key := range []string{"state_topic", "json_attributes_topic"} {
				if topic, has := e[key].(string); has && !slices.Contains(teller.topics(), topic) {
					t.Errorf("%s looks on %s, where nothing is told", name, topic)
				}
			}
		}
		for name, platform := range map[string]string{
			"alarm": "binary_sensor", "prealarm": "binary_sensor", "problem": "binary_sensor", "faults": "sensor",
			"last_sign": "sensor", "away": "switch", "cancel": "button", "test": "button",
		} {
			if doc.C[name]["p"] != platform {
				t.Errorf("%s is a %v, want a %s", name, doc.C[name]["p"], platform)
			}
		}
		if len(ids) != 8 || len(doc.C) != 8 {
			t.Errorf("%d entities have %d different ids, want 8", len(doc.C), len(ids))
		}
	}
	for name, en := range names {
		if ko := names["ko"+strings.TrimPrefix(name, "en")]; strings.HasPrefix(name, "en") && (ko == en || ko == "") {
			t.Errorf("%s is called %q in both languages", name, en)
		}
	}
}

func TestFaultsAreToldInTheLanguageOfTheHome(t *testing.T) {
	teller := aTeller()
	teller.language, _ = language.Parse("ko")
	faults := []ucare.Fault{
		{Code: ucare.FaultBattery, Dwelling: "home", Subject: "hall"}, {Code: ucare.FaultDisk}, {Code: ucare.FaultBattery, Dwelling: "other"},
	}
	e := teller.faults(faults)
	about := e.Attributes.(faultAttributes)
	if e.State != switchOn || about.Count != 2 || !strings.Contains(about.Titles[0], "hall") || strings.Contains(about.Titles[0], "Battery") {
		t.Errorf("told %+v", e)
	}
	if e := teller.faults(nil); e.State != switchOff {
		t.Errorf("without a fault the home is told %+v", e)
	}
}

// What the gateway says of itself comes back to it through the household's broker.
// It must neither take itself for a device nor complain.
func TestTheGatewayDoesNotTakeItselfForADevice(t *testing.T) {
	c := &configs.Gateway{Box: configs.Box{Language: "ko", TimeZone: configs.TimeZone{Location: time.UTC}}, Dwellings: []configs.Dwelling{{ID: "home"}}}
	decoder := NewDecoder(c)
	teller := tellersOf(c, "test")[0]
	now := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	state := homeState{lastSign: now, alarms: []ucare.Alarm{{Rule: ucare.Fire, RaisedAt: now}}}
	said := teller.told(state, nil, now)
	if !slices.ContainsFunc(said, func(s told) bool { return s.topic == "homeassistant/device/ucare_home/config" }) {
		t.Fatalf("the only home of a gateway is not announced: %v", said)
	}
	for _, s := range slices.Backward(said) { // the announcement first
		h := decoder.Hear(sensors.Message{At: now, Source: "client:test", Topic: s.topic, Payload: []byte(s.payload), QoS: 1, Retained: true})
		if len(h.Readings)+len(h.Faults)+len(h.Seen) != 0 {
			t.Errorf("%s: heard %+v", s.topic, h)
		}
	}
	for _, f := range decoder.Filters() {
		if sensors.Covers(f, gatewayTopic("home", "alarm")) {
			t.Errorf("%s listens to what we say ourselves", f)
		}
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
	h := newHomes([]teller{aTeller()}, nil, discard())
	for b.Loop() {
		h.show(f, open, "home")
	}
}
