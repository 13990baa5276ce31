package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// An Announcement is what a speaker in the home may say. It is published on
// ucare/<dwelling>/gateway/announce.
type Announcement struct {
	At    time.Time         `json:"at"`
	Verb  string            `json:"verb"` // prealarm, raise, restore, cancel, acknowledged
	Rule  ucare.Rule        `json:"rule"`
	Room  string            `json:"room,omitempty"`
	Alarm string            `json:"alarm,omitempty"`
	Drill bool              `json:"drill,omitempty"`
	Texts map[string]string `json:"texts"` // by language
}

// verbAcknowledged is announced when an operator has taken an alarm.
const verbAcknowledged = "acknowledged"

// An announcer publishes to the home's speakers from its own goroutine, so
// that a broker that is away delays nothing.
type announcer struct {
	queue   chan topicAnnouncement
	publish func(topic string, payload []byte) error
	logger  *slog.Logger
}

type topicAnnouncement struct {
	topic string
	said  Announcement
}

func newAnnouncer(publish func(string, []byte) error, logger *slog.Logger) *announcer {
	return &announcer{queue: make(chan topicAnnouncement, 64), publish: publish, logger: logger}
}

// decided announces what the resident should hear of a decision.
func (a *announcer) decided(d ucare.Decision) {
	if d.Verb == ucare.TellFault {
		return
	}
	a.say(d.Dwelling, Announcement{
		At: d.At, Verb: string(d.Verb), Rule: d.Rule, Room: d.Room, Alarm: d.Alarm, Drill: d.Drill,
		Texts: textsFor("announce." + string(d.Verb) + "." + string(d.Rule)),
	})
}

// acknowledged tells the resident that help has heard.
func (a *announcer) acknowledged(alarm ucare.Alarm) {
	a.say(alarm.Dwelling, Announcement{
		At: alarm.AcknowledgedAt, Verb: verbAcknowledged, Rule: alarm.Rule, Room: alarm.Room, Alarm: alarm.ID,
		Drill: alarm.Drill, Texts: textsFor("announce." + verbAcknowledged),
	})
}

// say queues an announcement, or drops it when the queue is full: what was
// worth saying a long time ago is not worth saying now.
func (a *announcer) say(dwelling string, said Announcement) {
	select {
	case a.queue <- topicAnnouncement{"ucare/" + dwelling + "/gateway/announce", said}:
	default:
		a.logger.Warn("an announcement was dropped because the broker takes none", "dwelling", dwelling, "verb", said.Verb)
	}
}

func (a *announcer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case next := <-a.queue:
			payload, err := json.Marshal(next.said)
			if err == nil {
				err = a.publish(next.topic, payload)
			}
			if err != nil {
				a.logger.Warn("an announcement was not published", "topic", next.topic, "error", err)
			}
		}
	}
}

// textsFor is one text in every language.
func textsFor(key string) map[string]string {
	texts := make(map[string]string)
	for _, l := range language.All() {
		texts[l.Tag()] = l.Text(key)
	}
	return texts
}
