package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A paperReader is the chronicle's port to the journal in memory.
type paperReader struct {
	*paperLog
	identity string
	hangs    atomic.Bool
	release  chan struct{}
}

func (r *paperReader) Identity(context.Context) (string, error) { return r.identity, nil }

func (r *paperReader) After(ctx context.Context, seq int64, most int) ([]journal.Entry, error) {
	if r.hangs.Load() {
		<-r.release // not even its context moves it
	}
	return r.paperLog.After(ctx, seq, most)
}

func (r *paperReader) Close() error { return nil }

// A paperHistory is the chronicle's port to the history in memory.
type paperHistory struct {
	mu       sync.Mutex
	place    history.Place
	readings []ucare.Reading
	appends  int
	refuses  func(ucare.Reading) error // nil: none
	failing  bool
	hangs    atomic.Bool
	release  chan struct{}
}

var errNoRoom = errors.New("no room")

func (h *paperHistory) Place(context.Context) (history.Place, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.place, nil
}

func (h *paperHistory) SavePlace(_ context.Context, p history.Place) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failing {
		return errNoRoom
	}
	h.place = p
	return nil
}

func (h *paperHistory) Append(_ context.Context, readings []ucare.Reading, _ int64) error {
	if h.hangs.Load() {
		<-h.release
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failing {
		return errNoRoom
	}
	for _, r := range readings {
		if h.refuses != nil {
			if err := h.refuses(r); err != nil {
				return err
			}
		}
	}
	h.appends++
	h.readings = append(h.readings, readings...)
	return nil
}

func (h *paperHistory) fail(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing = yes
}

func (h *paperHistory) all() []ucare.Reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.readings)
}

// A paperChronicle is a chronicle on paper, with the faults that stand.
type paperChronicle struct {
	*chronicle
	log     *paperReader
	history *paperHistory
	faults  *Faults
	full    atomic.Bool // the disk
}

func newPaperChronicle(entries []journal.Entry, h *paperHistory, fresh func() *sensors.Decoder) *paperChronicle {
	log := &paperReader{paperLog: &paperLog{entries: entries}, identity: "the journal", release: make(chan struct{})}
	h.release = make(chan struct{})
	p := &paperChronicle{log: log, history: h, faults: newFaults(discard(), nil)}
	p.chronicle = newChronicle(chronicleParts{
		open:    func(context.Context) (logReader, error) { return log, nil },
		history: h, file: "history.db", fresh: fresh, short: p.full.Load, fault: p.faults.Set, logger: discard(),
	})
	return p
}

// follow lets the chronicle go on to the end of its journal.
func (p *paperChronicle) follow(t *testing.T) {
	t.Helper()
	for {
		more, err := p.step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// kept are readings by what they are: who says again what he said is not counted twice.
func kept(readings []ucare.Reading) map[string]int {
	out := make(map[string]int)
	for _, r := range readings {
		text, _ := json.Marshal(r)
		out[string(text)+r.State.String()] = 1
	}
	return out
}

// severalEcosystems is a home in which many systems speak.
func severalEcosystems() *configs.Gateway {
	c := withAll(nil)
	c.Dwellings[0].Rooms = append(c.Dwellings[0].Rooms, configs.Room{ID: "kitchen"})
	c.Dwellings[0].Sensors = []configs.Sensor{{ID: "listed", Room: "kitchen", Topic: "house/listed"}}
	c.Dwellings[0].Mappings = append(c.Dwellings[0].Mappings,
		configs.Mapping{Topic: configs.Values{configs.Value("house/leak")}, Kind: "water_leak", Room: "kitchen", Event: true, ClearAfter: 10 * time.Minute},
		configs.Mapping{Topic: configs.Values{configs.Value("house/pir")}, Kind: "motion", Room: "hall", On: configs.Values{"on"}, Event: true, ClearAfter: time.Minute},
	)
	return c
}

// manyMessages is a journal with everything in it that a decoder remembers: devices
// that are listed, discovered and seen, states that expire by themselves, old news, what
// cannot be read, a resident who goes out, gaps, and a clock that is set, also twice.
func manyMessages() []journal.Entry {
	var log []journal.Entry
	at := spring
	add := func(after time.Duration, e journal.Entry) {
		at = at.Add(after)
		if e.At.IsZero() {
			e.At = at
		}
		e.Seq = int64(len(log) + 1)
		log = append(log, e)
	}
	say := func(topic, payload string) {
		add(7*time.Second, journal.Entry{Kind: journal.Message, Topic: topic, Payload: []byte(payload)})
	}
	tick := func(after time.Duration) { add(after, journal.Entry{Kind: journal.Tick, Payload: []byte("{}")}) }
	say("zigbee2mqtt/kitchen", `{"smoke":true}`) // not known yet
	say("zigbee2mqtt/bridge/devices", twoDevices)
	say("zigbee2mqtt/kitchen", `{"smoke":false,"battery":97}`)
	say("zigbee2mqtt/kitchen", `{"smoke":false,"battery":97}`) // the same again
	add(time.Second, journal.Entry{Kind: journal.Message, Topic: "zigbee2mqtt/hall", Payload: []byte(`{"occupancy":true}`), Retained: true})
	say("zigbee2mqtt/hall", `{"occupancy":true}`)
	say("zigbee2mqtt/hall", `{"occupancy":false}`)
	say("homeassistant/binary_sensor/door/config", `{"name":"door","unique_id":"d1","device_class":"door","state_topic":"esp/door","device":{"name":"Entrance","identifiers":["d1"]}}`)
	say("esp/door", "ON")
	say("esp/door", "OFF")
	say("ucare/kim/pendant", `{"room":"hall","kind":"help","active":true}`)
	say("ucare/kim/pendant", `{"room":"hall","kind":"help","active":"yes"}`) // not understood
	say("ucare/kim/pendant", `{{{`)
	say("house/leak", "wet")
	say("house/pir", "on")
	tick(2 * time.Minute) // the motion is over
	add(0, journal.Entry{Kind: journal.Start, Payload: []byte(`{"from":"2026-03-02T08:00:00Z","to":"2026-03-02T09:00:00Z"}`)})
	tick(10 * time.Minute) // and the leak
	say("house/pir", "on")
	at = at.Add(2*time.Minute - time.Hour)
	set := journal.Entry{At: at.Add(time.Second), Kind: journal.ClockSet, Payload: []byte(`{"by_ns":-3600000000000}`)}
	add(time.Second, set) // set back; the motion was over before, by the clock of then
	say("house/pir", "on")
	add(time.Second, set) // it was stored late as well: this motion is not over
	say("house/pir", "on")
	add(time.Second, journal.Entry{Kind: journal.ClockSet, Payload: []byte(`not even JSON`)})
	tick(2 * time.Minute)
	say(sensors.CommandTopic("kim", "away"), "ON")
	add(time.Minute, journal.Entry{Kind: journal.Answer, Payload: []byte(`{"alarm":"none"}`)})
	add(time.Minute, journal.Entry{Kind: journal.Deaf, Payload: []byte(`{"from":"2026-03-02T10:00:00Z","to":"2026-03-02T10:05:00Z"}`)})
	add(time.Minute, journal.Entry{Kind: journal.Profile, Payload: []byte(`{"dwelling":"kim","profile":{}}`)})
	say(sensors.CommandTopic("kim", "away"), "OFF")
	add(time.Minute, journal.Entry{Kind: "of a later version", Payload: []byte(`{}`)})
	for _, name := range configs.ReadyNames() {
		ready, _ := configs.ReadyMapping(name)
		for _, s := range ready.Samples {
			say(s.Topic, s.Payload)
		}
		tick(time.Minute)
	}
	return log
}

const twoDevices = `[{"friendly_name":"kitchen","ieee_address":"0x01","type":"EndDevice","supported":true,"definition":{"model":"m","vendor":"v","exposes":[
	{"type":"binary","name":"smoke","property":"smoke","access":1,"value_on":true,"value_off":false},
	{"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%"}]}},
	{"friendly_name":"hall","ieee_address":"0x02","type":"EndDevice","supported":true,"definition":{"model":"m","vendor":"v","exposes":[
	{"type":"binary","name":"occupancy","property":"occupancy","access":1,"value_on":true,"value_off":false}]}}]`

// seen are the readings that a watch sees in entries, when it is started anew behind
// one of them.
func seen(t *testing.T, c *configs.Gateway, entries []journal.Entry, restart int) (all []ucare.Reading) {
	t.Helper()
	policy := rules.Default()
	fresh := func() *fold {
		return newFold(NewDecoder(c), supervision.New(topicsOf(c)), onePolicy(&policy), []string{"kim"})
	}
	f := fresh()
	for i, e := range entries {
		if i == restart {
			checkpoint := saved(t, f)
			f = fresh()
			if err := f.load(checkpoint); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, f.entry(e).readings...)
	}
	return all
}

// The history has what the rules have seen, no more and no less: wherever the gateway
// stops or is killed.
func TestTheChronicleDecodesWhatTheWatchSees(t *testing.T) {
	config, entries := severalEcosystems(), manyMessages()
	fresh := func() *sensors.Decoder { return NewDecoder(config) }
	want := seen(t, config, entries, -1)
	kinds := make(map[ucare.Kind]bool)
	for _, r := range want {
		kinds[r.Kind] = true
	}
	if len(want) < 50 || len(kinds) < 12 || !kinds[ucare.Away] || !kinds[ucare.WaterLeak] {
		t.Fatalf("%d readings of %v: this journal proves little", len(want), kinds)
	}
	for stop := range entries {
		if !slices.EqualFunc(seen(t, config, entries, stop), want, sameReading) {
			t.Fatalf("a watch that starts after entry %d sees something else: the test is wrong", stop)
		}
		h := &paperHistory{}
		before := newPaperChronicle(entries[:stop/2], h, fresh)
		before.follow(t)
		before.end() // its place is saved
		before.log.entries = entries[:stop]
		before.follow(t) // and here it is killed
		after := newPaperChronicle(entries, h, fresh)
		after.follow(t)
		if after.position != int64(len(entries)) || after.place.Seq != int64(stop/2) {
			t.Fatalf("it went on from %d to %d", after.place.Seq, after.position)
		}
		if got := h.all(); !maps.Equal(kept(got), kept(want)) {
			t.Fatalf("killed after entry %d, with its place at %d: the history has\n%v\nwant\n%v", stop, stop/2, got, want)
		}
		orderly := &paperHistory{}
		first := newPaperChronicle(entries[:stop], orderly, fresh)
		first.follow(t)
		first.end()
		newPaperChronicle(entries, orderly, fresh).follow(t)
		if !slices.EqualFunc(orderly.all(), want, sameReading) {
			t.Fatalf("stopped after entry %d: the history has\n%v\nwant\n%v", stop, orderly.all(), want)
		}
	}
}

func sameReading(a, b ucare.Reading) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y) && a.State == b.State
}

// A simulated home says months of ordinary things, and a large journal is read in parts.
func TestTheChronicleOfASimulatedHome(t *testing.T) {
	s := troubledStory(t, 3, storyDays)
	if len(s.entries) < 3*readMost {
		t.Fatalf("only %d entries", len(s.entries))
	}
	f, h := s.fresh(), &paperHistory{}
	var want []ucare.Reading
	for _, e := range s.entries {
		want = append(want, f.entry(e).readings...)
	}
	newPaperChronicle(s.entries, h, func() *sensors.Decoder { return s.fresh().decoder }).follow(t)
	if got := h.all(); !slices.EqualFunc(got, want, sameReading) {
		t.Fatalf("the history has %d readings, the watch saw %d", len(got), len(want))
	}
	if least := len(s.entries) / readMost; h.appends < least {
		t.Errorf("%d entries came in %d parts, want %d at least", len(s.entries), h.appends, least)
	}
}

// Decoded anew by another program the same messages may say something else: it would
// stand beside what is there.
func TestAnotherVersionDecodesAgainAndAppendsOnlyWhatIsNew(t *testing.T) {
	config, entries := severalEcosystems(), manyMessages()
	fresh := func() *sensors.Decoder { return NewDecoder(config) }
	want := seen(t, config, entries, -1)
	half := len(entries) / 2
	for name, old := range map[string]func(chronicleState) any{
		"another version":  func(s chronicleState) any { s.Version = "gateway/1"; return s },
		"a broken memory":  func(s chronicleState) any { s.Decoder = []byte(`{"sensors":7}`); return s },
		"another journal":  func(s chronicleState) any { s.Journal = "of an old card"; return s },
		"not even a state": func(chronicleState) any { return "?" },
	} {
		t.Run(name, func(t *testing.T) {
			h := &paperHistory{}
			first := newPaperChronicle(entries[:half], h, fresh)
			first.follow(t)
			first.end()
			appended := len(h.readings)
			var state chronicleState
			if err := json.Unmarshal(h.place.State, &state); err != nil {
				t.Fatal(err)
			}
			h.place.State, _ = json.Marshal(old(state))
			second := newPaperChronicle(entries, h, fresh)
			second.follow(t)
			got := h.all()
			if name == "another journal" || name == "not even a state" {
				got = got[appended:] // all of it is new
			}
			if !slices.EqualFunc(got, want, sameReading) {
				t.Errorf("the history has %d readings, want the %d that the watch sees", len(got), len(want))
			}
			second.end()
			if h.place.Seq != int64(len(entries)) || second.safe.Load() != h.place.Seq {
				t.Errorf("its place is %d, want %d", h.place.Seq, len(entries))
			}
		})
	}
}

// run starts the chronicle, and returns a stop that says how long it took.
func (p *paperChronicle) start(t *testing.T) (stop func() time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	return func() time.Duration {
		began := time.Now()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		return time.Since(began)
	}
}

func smokeLog(n int) (log []journal.Entry) {
	for i := range n {
		e := entryOf(readingAt(fmt.Sprint("room-", i), "motion", true, spring.Add(time.Duration(i)*time.Second)))
		e.Seq = int64(i + 1)
		log = append(log, e)
	}
	return log
}

func benchDecoder() *sensors.Decoder { return benchFold().decoder }

func TestTheChronicleSavesItsPlaceNowAndThenAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &paperHistory{}
		p := newPaperChronicle(smokeLog(3), h, benchDecoder)
		stop := p.start(t)
		synctest.Wait()
		if len(h.all()) != 3 || p.read.Load() != 3 || h.place.Seq != 0 {
			t.Errorf("%d readings, read up to %d, place %d", len(h.all()), p.read.Load(), h.place.Seq)
		}
		select {
		case <-p.caught:
		default:
			t.Error("it does not say that it is as far as the journal")
		}
		time.Sleep(placeEvery + 2*lookEvery)
		synctest.Wait()
		if h.place.Seq != 3 || p.safe.Load() != 3 {
			t.Errorf("after five minutes its place is %d, and it is told as %d", h.place.Seq, p.safe.Load())
		}
		if _, err := p.log.Append(t.Context(), smokeLog(4)[3]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookEvery)
		synctest.Wait()
		if len(h.all()) != 4 {
			t.Errorf("within a second the history has %d readings, want 4", len(h.all()))
		}
		if took := stop(); took > 0 || h.place.Seq != 4 {
			t.Errorf("it ended after %v with its place at %d", took, h.place.Seq)
		}
	})
}

func TestAChronicleWhoseDiskHangsEndsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, which := range []string{"history", "journal"} {
			h := &paperHistory{}
			p := newPaperChronicle(smokeLog(3), h, benchDecoder)
			hangs := map[string]*atomic.Bool{"history": &h.hangs, "journal": &p.log.hangs}[which]
			hangs.Store(true)
			stop := p.start(t)
			time.Sleep(time.Minute)
			standing := p.faults.Standing("")
			if len(standing) != 1 || standing[0].Code != ucare.FaultHistory || standing[0].Subject != which+".db" || standing[0].Detail != errHangs.Error() {
				t.Errorf("%s: the faults are %+v", which, standing)
			}
			if took := stop(); took >= time.Second {
				t.Errorf("%s: it took %v to end", which, took)
			}
			close(h.release)
			close(p.log.release)
		}
	})
}

// What hangs for a while and comes back costs nothing but time.
func TestAHistoryThatComesBackHasEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &paperHistory{}
		p := newPaperChronicle(smokeLog(2*readMost+7), h, benchDecoder)
		h.fail(true)
		stop := p.start(t)
		time.Sleep(time.Hour)
		if f := p.faults.Standing(""); len(f) != 1 || f[0].Detail != errNoRoom.Error() || len(h.all()) != 0 {
			t.Errorf("the faults are %+v, and the history has %d readings", f, len(h.all()))
		}
		if p.position != readMost {
			t.Errorf("%d entries are in memory, want one part", p.position)
		}
		h.fail(false)
		time.Sleep(longestRest)
		synctest.Wait()
		if f := p.faults.Standing(""); len(f) != 0 || len(h.all()) != 2*readMost+7 {
			t.Errorf("the faults are %+v, and the history has %d readings", f, len(h.all()))
		}
		stop()
	})
}

// One reading that no store takes must not keep all that follow it waiting.
func TestAReadingThatIsRefusedIsLeftOutAndTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &paperHistory{refuses: func(r ucare.Reading) error {
			if r.Sensor == "room-2" || r.Sensor == "room-4" {
				return errors.New("it is no number")
			}
			return nil
		}}
		p := newPaperChronicle(smokeLog(5), h, benchDecoder)
		stop := p.start(t)
		time.Sleep(time.Minute)
		var in []string
		for _, r := range h.all() {
			in = append(in, r.Sensor)
		}
		if want := []string{"room-0", "room-1", "room-3"}; !slices.Equal(in, want) || p.lost.Load() != 2 {
			t.Errorf("the history has %v, and %d are lost; want %v and two", in, p.lost.Load(), want)
		}
		if f := p.faults.Standing("home"); len(f) != 2 || f[0].Code != ucare.FaultHistoryGap || f[0].Subject != "room-2" {
			t.Errorf("the faults are %+v", f)
		}
		stop()
	})
}

// A disk that is full for a reading may have room for a place, and a backup that holds
// the file may let go of it between the two. Neither costs a reading.
func TestNoReadingIsLeftOutForWhatTheDiskDoes(t *testing.T) {
	for name, refuses := range map[string]func(try int) error{
		"full": func(int) error { return &os.PathError{Op: "write", Path: "history.db", Err: syscall.ENOSPC} },
		"now and then": func(try int) error {
			if try%2 == 0 {
				return nil
			}
			return errors.New("just so")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries, over := 0, false
				h := &paperHistory{refuses: func(ucare.Reading) error {
					if tries++; over {
						return nil
					}
					return refuses(tries)
				}}
				p := newPaperChronicle(smokeLog(5), h, benchDecoder)
				stop := p.start(t)
				time.Sleep(time.Hour)
				h.mu.Lock()
				over = true
				h.mu.Unlock()
				time.Sleep(time.Minute)
				if len(h.all()) != 5 || p.lost.Load() != 0 {
					t.Errorf("the history has %d readings, and %d are lost; want all five", len(h.all()), p.lost.Load())
				}
				stop()
			})
		})
	}
}

// What is left of a disk that is nearly full is for alarms.
func TestTheHistoryLeavesTheRestOfTheDiskToAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &paperHistory{}
		p := newPaperChronicle(smokeLog(5), h, benchDecoder)
		p.full.Store(true)
		stop := p.start(t)
		time.Sleep(time.Hour)
		if f := p.faults.Standing(""); len(f) != 1 || f[0].Code != ucare.FaultHistory || f[0].Detail != errShort.Error() || len(h.all()) != 0 {
			t.Errorf("the faults are %+v, and the history has %d readings", f, len(h.all()))
		}
		p.full.Store(false)
		time.Sleep(longestRest)
		synctest.Wait()
		if f := p.faults.Standing(""); len(f) != 0 || len(h.all()) != 5 || p.lost.Load() != 0 {
			t.Errorf("the faults are %+v, and the history has %d readings", f, len(h.all()))
		}
		stop()
	})
}

// In another journal the old place means nothing, and nothing must be removed for its sake.
func TestSiftingDoesNotSayThatAnotherJournalWasRead(t *testing.T) {
	h := &paperHistory{
		place:   history.Place{Seq: 1000, State: []byte(`{"journal":"the one before"}`)},
		refuses: func(ucare.Reading) error { return errors.New("it is no number") },
	}
	p := newPaperChronicle(smokeLog(5), h, benchDecoder)
	for range siftAfter {
		_, _ = p.step(t.Context())
	}
	if p.lost.Load() != 5 || p.safe.Load() != 0 {
		t.Errorf("%d readings are left out, and the journal is needed after %d; want 5 and 0", p.lost.Load(), p.safe.Load())
	}
}

// brittle is an ecosystem that breaks outside of where a decoder expects it.
type brittle struct{}

func (brittle) Hear(m sensors.Message) (sensors.Heard, bool) {
	if m.Topic == "ucare/home/breaks" {
		panic("broken")
	}
	return sensors.Heard{}, false
}

func (brittle) Next() (time.Time, bool) { panic("broken") }

func (brittle) Tick(time.Time) sensors.Heard { return sensors.Heard{} }

func TestAnEntryThatBreaksTheDecoderHarmsNobody(t *testing.T) {
	log := smokeLog(4)
	log[1].Topic = "ucare/home/breaks"
	log[2].Kind = journal.Tick // a decoder does not expect to be broken here
	h := &paperHistory{}
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home"}}}
	p := newPaperChronicle(log, h, func() *sensors.Decoder { return sensors.NewDecoder(topics, brittle{}) })
	p.follow(t)
	if got := h.all(); len(got) < 2 || got[0].Sensor != "room-0" || got[len(got)-1].Sensor != "room-3" {
		t.Errorf("the history has %v", got)
	}
}
