package voice

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
)

// A Broker is a way to the home.
type Broker struct {
	Name string // for the log
	// Publish hands a message to the broker. It may take its time, or hang.
	Publish func(topic string, payload []byte, retain bool) error
	Open    func() bool // whether it is worth trying
}

const (
	// lookEvery is how often a teller looks what is new by itself: faults, the end of
	// a sound, a broker that is back.
	lookEvery = time.Second
	// tellAgain is how often everything is told again, for a broker that lost what it kept.
	tellAgain = 5 * time.Minute
	// afterFailure is how long a teller waits after a broker took nothing.
	afterFailure = 5 * time.Second
	// farewell bounds how long the gateway's end waits for a broker.
	farewell = 2 * time.Second
	// mostSaid bounds the announcements that wait for a broker.
	mostSaid = 64
)

// A Teller tells the homes, through one broker, what holds. It has a goroutine of
// its own, so that a broker that is away delays nothing and no other teller; and it
// tells only what holds by then, so that nothing piles up.
type Teller struct {
	Broker
	voice *Voice
	queue chan announced
	woken chan struct{}
	log   *slog.Logger

	kept    map[string]string   // what the broker keeps of us, by topic
	sounds  map[string]sounding // what the devices do, by topic
	retired []string            // topics on which the broker may still keep something from before
	wasOpen bool
	anew    atomic.Bool // the broker has taken a connection since the last look
	round   int
	fullAt  time.Time // when everything was told
	pause   time.Time // until then nothing is tried
}

// An announced is an announcement on its way to a broker.
type announced struct {
	topic string
	said  Announcement
}

func newTeller(b Broker, v *Voice) *Teller {
	return &Teller{
		Broker: b, voice: v, queue: make(chan announced, mostSaid), woken: make(chan struct{}, 1), log: v.logger.With("broker", b.Name),
		kept: map[string]string{}, sounds: map[string]sounding{}, retired: v.retired.topics,
	}
}

// nudge lets the teller look at once.
func (t *Teller) nudge() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

// Again lets everything be told once more, at once: the broker has taken a new
// connection. Meanwhile it may have published our last will, and a look once in a
// second does not see every connection that breaks. It never blocks.
func (t *Teller) Again() {
	t.anew.Store(true)
	t.nudge()
}

// announce queues an announcement, or drops it when the queue is full: what was
// worth saying a long time ago is not worth saying now.
func (t *Teller) announce(a announced) {
	select {
	case t.queue <- a:
	default:
		t.log.Warn("an announcement was dropped because the broker takes none", "topic", a.topic, "verb", a.said.Verb)
	}
}

// Run speaks until the context ends. It does not wait for a broker that hangs
// longer than farewell.
func (t *Teller) Run(ctx context.Context) error {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		t.speakUntil(ctx)
		t.leave()
	}()
	<-ctx.Done()
	select {
	case <-gone:
	case <-time.After(farewell):
		t.log.Warn("the broker did not take our goodbye in time")
	}
	return ctx.Err()
}

func (t *Teller) speakUntil(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-t.queue:
			t.speak(next)
		case <-t.woken:
		case <-look.C:
		}
		t.update(time.Now())
	}
}

func (t *Teller) speak(a announced) {
	payload, err := json.Marshal(a.said)
	if err == nil {
		err = t.Publish(a.topic, payload, false)
	}
	if err != nil {
		t.log.Warn("an announcement was not published", "topic", a.topic, "error", err)
	}
}

// update tells what the broker does not know yet, sirens first.
func (t *Teller) update(now time.Time) {
	if t.anew.Swap(false) {
		t.wasOpen, t.pause = false, time.Time{}
	}
	if !t.Open() {
		t.wasOpen = false
		return
	}
	if now.Before(t.pause) {
		return
	}
	if !t.wasOpen || now.Sub(t.fullAt) >= tellAgain {
		clear(t.kept)
		t.wasOpen, t.fullAt = true, now
	}
	err := t.sound(now)
	if err == nil {
		err = t.tell(now)
	}
	if err == nil {
		err = t.retire()
	}
	if err != nil {
		t.pause = now.Add(afterFailure)
		t.log.Warn("the home could not be told what holds; it is tried again", "error", err)
	}
}

// sound tells the sirens and speakers what to do.
func (t *Teller) sound(now time.Time) error {
	for _, h := range t.voice.homes {
		state, known, _ := t.voice.now(h.Dwelling)
		for _, s := range h.Speakers {
			want, before := soundOf(state, s.Rules, now), t.sounds[s.Topic]
			if !known || !before.due(want, now) {
				continue
			}
			if command := commandFor(s, want, before.sound); command != "" {
				if err := t.Publish(s.Topic, []byte(command), false); err != nil {
					return err
				}
			}
			t.sounds[s.Topic] = sounding{want, now}
		}
	}
	return nil
}

// tell lets the broker keep what is new.
func (t *Teller) tell(now time.Time) error {
	var faults []ucare.Fault
	if len(t.voice.homes) > 0 {
		faults = t.voice.faults()
	}
	if t.voice.status != "" {
		if err := t.keep(told{t.voice.status, Online}); err != nil {
			return err
		}
	}
	for _, h := range t.voice.homes {
		state, known, round := t.voice.now(h.Dwelling)
		if !known {
			continue
		}
		if round != t.round {
			clear(t.kept)
			t.round = round
		}
		for _, what := range h.told(state, faults, now) {
			if err := t.keep(what); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep publishes a state that the broker shall keep, unless it does.
func (t *Teller) keep(what told) error {
	if kept, is := t.kept[what.topic]; is && kept == what.payload {
		return nil
	}
	if err := t.Publish(what.topic, []byte(what.payload), true); err != nil {
		return err
	}
	t.kept[what.topic] = what.payload
	return nil
}

// retire takes back what the broker keeps from a former configuration.
func (t *Teller) retire() error {
	for len(t.retired) > 0 {
		if err := t.Publish(t.retired[0], nil, true); err != nil {
			return err
		}
		if t.retired = t.retired[1:]; len(t.retired) == 0 {
			t.voice.retired.done()
		}
	}
	return nil
}

// leave says that nobody watches any more, and ends what sounds: nobody would end
// it later.
func (t *Teller) leave() {
	if !t.Open() {
		return
	}
	for _, h := range t.voice.homes {
		for _, s := range h.Speakers {
			if last := t.sounds[s.Topic].sound; last != "" && last != quiet {
				_ = t.Publish(s.Topic, []byte(s.Quiet), false) // what fails now has no later
			}
		}
		if _, told := t.kept[StatusTopic(h.Dwelling)]; told {
			_ = t.Publish(gatewayTopic(h.Dwelling, "siren"), []byte(quiet), true)
			_ = t.Publish(StatusTopic(h.Dwelling), []byte(Offline), true)
		}
	}
	if _, told := t.kept[t.voice.status]; told {
		_ = t.Publish(t.voice.status, []byte(Offline), true)
	}
}
