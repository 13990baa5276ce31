package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/ucare-project/ucare"
)

// A way is a broker through which the gateway can speak to the home.
type way struct {
	name    string
	publish func(topic string, payload []byte, retain bool) error
	open    func() bool // whether it is worth trying
}

const (
	// lookEvery is how often a voice looks what is new by itself: faults, the end of
	// a sound, a broker that is back.
	lookEvery = time.Second
	// tellAgain is how often everything is told again, for a broker that lost what it kept.
	tellAgain = 5 * time.Minute
	// afterFailure is how long a voice waits after a broker took nothing.
	afterFailure = 5 * time.Second
	// farewell bounds how long the gateway's end waits for a broker.
	farewell = 2 * time.Second
	// mostSaid bounds the announcements that wait for a broker.
	mostSaid = 64
)

// A voice tells the home, through one broker, what holds. It has a goroutine of
// its own, so that a broker that is away delays nothing and no other voice; and it
// tells only what holds by then, so that nothing piles up.
type voice struct {
	way
	homes *homes
	queue chan announced
	woken chan struct{}
	log   *slog.Logger

	kept    map[string]string   // what the broker keeps of us, by topic
	sounds  map[string]sounding // what the devices do, by topic
	retired []string            // topics on which the broker may still keep something from before
	wasOpen bool
	round   int
	fullAt  time.Time // when everything was told
	pause   time.Time // until then nothing is tried
}

// An announced is an announcement on its way to a broker.
type announced struct {
	topic string
	said  Announcement
}

func newVoice(w way, h *homes) *voice {
	return &voice{
		way: w, homes: h, queue: make(chan announced, mostSaid), woken: make(chan struct{}, 1), log: h.logger.With("broker", w.name),
		kept: map[string]string{}, sounds: map[string]sounding{}, retired: h.retired.topics,
	}
}

// nudge lets the voice look at once.
func (v *voice) nudge() {
	select {
	case v.woken <- struct{}{}:
	default:
	}
}

// announce queues an announcement, or drops it when the queue is full: what was
// worth saying a long time ago is not worth saying now.
func (v *voice) announce(a announced) {
	select {
	case v.queue <- a:
	default:
		v.log.Warn("an announcement was dropped because the broker takes none", "topic", a.topic, "verb", a.said.Verb)
	}
}

// run speaks until the context ends. It does not wait for a broker that hangs
// longer than farewell.
func (v *voice) run(ctx context.Context) error {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		v.speakUntil(ctx)
		v.leave()
	}()
	<-ctx.Done()
	select {
	case <-gone:
	case <-time.After(farewell):
		v.log.Warn("the broker did not take our goodbye in time")
	}
	return ctx.Err()
}

func (v *voice) speakUntil(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-v.queue:
			v.speak(next)
		case <-v.woken:
		case <-look.C:
		}
		v.update(time.Now())
	}
}

func (v *voice) speak(a announced) {
	payload, err := json.Marshal(a.said)
	if err == nil {
		err = v.publish(a.topic, payload, false)
	}
	if err != nil {
		v.log.Warn("an announcement was not published", "topic", a.topic, "error", err)
	}
}

// update tells what the broker does not know yet, sirens first.
func (v *voice) update(now time.Time) {
	if !v.open() {
		v.wasOpen = false
		return
	}
	if now.Before(v.pause) {
		return
	}
	if !v.wasOpen || now.Sub(v.fullAt) >= tellAgain {
		clear(v.kept)
		v.wasOpen, v.fullAt = true, now
	}
	err := v.sound(now)
	if err == nil {
		err = v.tell(now)
	}
	if err == nil {
		err = v.retire()
	}
	if err != nil {
		v.pause = now.Add(afterFailure)
		v.log.Warn("the home could not be told what holds; it is tried again", "error", err)
	}
}

// sound tells the sirens and speakers what to do.
func (v *voice) sound(now time.Time) error {
	for _, t := range v.homes.tellers {
		state, known, _ := v.homes.now(t.dwelling)
		for _, s := range t.speakers {
			want, before := soundOf(state, rulesOfSpeaker(s), now), v.sounds[s.Topic]
			if !known || !before.due(want, now) {
				continue
			}
			if command := commandFor(s, want, before.sound); command != "" {
				if err := v.publish(s.Topic, []byte(command), false); err != nil {
					return err
				}
			}
			v.sounds[s.Topic] = sounding{want, now}
		}
	}
	return nil
}

// tell lets the broker keep what is new.
func (v *voice) tell(now time.Time) error {
	var faults []ucare.Fault
	if len(v.homes.tellers) > 0 {
		faults = v.homes.faults.Standing("")
	}
	for _, t := range v.homes.tellers {
		state, known, round := v.homes.now(t.dwelling)
		if !known {
			continue
		}
		if round != v.round {
			clear(v.kept)
			v.round = round
		}
		for _, what := range t.told(state, faults, now) {
			if err := v.keep(what); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep publishes a state that the broker shall keep, unless it does.
func (v *voice) keep(what told) error {
	if kept, is := v.kept[what.topic]; is && kept == what.payload {
		return nil
	}
	if err := v.publish(what.topic, []byte(what.payload), true); err != nil {
		return err
	}
	v.kept[what.topic] = what.payload
	return nil
}

// retire takes back what the broker keeps from a former configuration.
func (v *voice) retire() error {
	for len(v.retired) > 0 {
		if err := v.publish(v.retired[0], nil, true); err != nil {
			return err
		}
		if v.retired = v.retired[1:]; len(v.retired) == 0 {
			v.homes.retired.done()
		}
	}
	return nil
}

// leave says that nobody watches any more, and ends what sounds: nobody would end
// it later.
func (v *voice) leave() {
	if !v.open() {
		return
	}
	for _, t := range v.homes.tellers {
		for _, s := range t.speakers {
			if last := v.sounds[s.Topic].sound; last != "" && last != quiet {
				_ = v.publish(s.Topic, []byte(s.Quiet), false) // what fails now has no later
			}
		}
		if _, told := v.kept[gatewayTopic(t.dwelling, "status")]; told {
			_ = v.publish(gatewayTopic(t.dwelling, "siren"), []byte(quiet), true)
			_ = v.publish(gatewayTopic(t.dwelling, "status"), []byte(offline), true)
		}
	}
}
