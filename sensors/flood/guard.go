// Package flood keeps a device that sends far too much from delaying the alarms
// of others, and from filling the disk.
//
// A [Guard] stands in front of the inbox. As long as a device keeps within its
// budget, each message is stored before it is acknowledged, and the guard is not
// noticed. Beyond that three things hold:
//
//   - What a quiet topic says is stored at once, whoever else floods.
//   - Of a topic that floods, what is unlike that which it said just before is
//     stored at once: "smoke":true among a thousand "smoke":false.
//   - What is like it waits. Only the newest is kept, and is stored soon: the last
//     word of a topic is never lost.
//
// Where the sender is connected to us and wants an acknowledgement, it is made to
// wait for it instead, and nothing at all is passed over. Behind a household's broker
// nobody can be made to wait: what is held there holds up everything behind it.
//
// docs/decisions/0014 says why it is like this.
package flood

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Config is how much is too much.
type Config struct {
	// Dwellings is for how many homes the budgets are; 0 means one.
	Dwellings int
	// Connected says that each source is a connection of our own broker. Then the
	// sender of a message with QoS 1 or 2 is made to wait, and the fault names the
	// sender; otherwise it names the topic.
	Connected bool
	// Faults is told of a flood, and again what it amounts to; Cleared of its end.
	// Both may be nil, and must not block.
	Faults, Cleared func(ucare.Fault)
}

// The budgets.
const (
	// perDay is how much of one source, for each dwelling, is stored in the long run:
	// 23 a second, some 400 MB a day. As much is in reserve at the start.
	perDay = 2_000_000
	// perSecond is what a source may say in any case, however slow the disk is.
	perSecond, atOnce = 100, 300
	// share is how much of its time a source that says more may keep the disk busy,
	// and busyAtOnce for how many seconds without a pause. Behind a household's broker
	// everybody else waits for as long; a connection of our own keeps only itself waiting.
	share, busyAtOnce                   = 0.25, 0.25
	shareConnected, busyAtOnceConnected = 0.5, 2

	// A topic by itself: more than any sensor has to say, and enough for what many
	// sensors share, such as that of a radio receiver.
	topicPerSecond, topicAtOnce = 20, 200
	// What a topic may say when its source has spent its budget: so much is a quiet
	// one. A new topic has quietNew of it, and has to earn the rest.
	quietPerSecond, quietAtOnce, quietNew = 1. / 60, 10, 2
	// What is unlike the rest, of one source in a flood: of topics that were heard
	// before, and of others.
	oddPerSecond, oddAtOnce = 5, 200
	// Last words that are stored in any case.
	lastPerSecond, lastAtOnce = 5, 20
)

// Guard is a sensors.Inbox in front of another. It needs Run.
type Guard struct {
	config Config
	inbox  sensors.Inbox
	log    *slog.Logger
	began  time.Time

	mu      sync.Mutex
	sources map[string]*source
	topics  map[string]*topic // those heard before there was a flood
	stormy  map[*topic]bool   // those with a storm
	held    int               // bytes of the messages that wait
	reports map[string]*report
	swept   time.Duration
}

// New returns a Guard in front of the inbox.
func New(c Config, inbox sensors.Inbox, logger *slog.Logger) *Guard {
	c.Dwellings = max(1, c.Dwellings)
	if c.Faults == nil {
		c.Faults = func(ucare.Fault) {}
	}
	if c.Cleared == nil {
		c.Cleared = func(ucare.Fault) {}
	}
	return &Guard{
		config: c, inbox: inbox, log: logger.With("component", "flood guard"), began: time.Now(),
		sources: map[string]*source{}, topics: map[string]*topic{}, stormy: map[*topic]bool{}, reports: map[string]*report{},
	}
}

// Commit implements sensors.Inbox. It returns nil for what is stored, and for
// what does not have to be because of what is stored or about to be.
func (g *Guard) Commit(ctx context.Context, m sensors.Message) error {
	if m.Retained { // a broker's store is told once
		g.mu.Lock()
		g.known(m.Topic, g.now())
		g.mu.Unlock()
		return g.inbox.Commit(ctx, m)
	}
	if g.config.Connected && m.QoS > 0 {
		if err := g.await(ctx, m); err != nil {
			return err
		}
	}
	g.mu.Lock()
	s, t := g.find(m)
	if !g.stores(s, t, m, g.now()) {
		g.hold(s, t, m)
		g.mu.Unlock()
		return nil
	}
	g.mu.Unlock()
	return g.store(ctx, s, t, m)
}

// await lets a sender wait until its budget allows for another message. One on
// a quiet topic does not wait.
func (g *Guard) await(ctx context.Context, m sensors.Message) error {
	for {
		g.mu.Lock()
		now := g.now()
		s, t := g.find(m)
		wait := s.spentFor(now, g.config)
		if wait > 0 && (t == &s.strangers || !t.quiet.has(now, quietPerSecond, quietAtOnce)) {
			g.count(s, t, m, 0, 1)
		} else {
			wait = 0
		}
		g.mu.Unlock()
		if wait == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(wait, time.Second)):
		}
	}
}

// stores decides whether a message is stored at once, and draws on the budgets.
func (g *Guard) stores(s *source, t *topic, m sensors.Message, now time.Duration) bool {
	calm, quiet := t.calm.take(now, topicPerSecond, topicAtOnce), t.quiet.take(now, quietPerSecond, quietAtOnce)
	spent := s.spentFor(now, g.config) > 0
	if t == &s.strangers { // many topics, of which none has shown to be quiet
		calm, quiet = true, false
	}
	kind := likeness(m.Payload)
	store := true
	switch {
	case g.config.Connected && m.QoS > 0: // it has waited
	case quiet, calm && !spent:
	default:
		odd := &s.odd
		if t == &s.strangers {
			odd = &s.oddStrangers
		}
		store = !g.storm(t, now).like(kind, now, t == &s.strangers) && odd.take(now, oddPerSecond, oddAtOnce)
	}
	beyond := 1
	if store {
		t.note(kind, now)
		beyond = 0
	}
	g.count(s, t, m, 1, beyond)
	return store
}

// store hands a message to the inbox. In a storm it goes in its turn, so that
// the topic's messages keep their order.
func (g *Guard) store(ctx context.Context, s *source, t *topic, m sensors.Message) error {
	g.mu.Lock()
	storm := t.storm
	g.mu.Unlock()
	if storm != nil {
		select {
		case storm.turn <- struct{}{}:
			defer func() { <-storm.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
		g.mu.Lock()
		if older := storm.held[m.Topic]; !older.At.After(m.At) {
			g.drop(storm, m.Topic)
		}
		g.mu.Unlock()
	}
	began := g.now()
	err := g.inbox.Commit(ctx, m)
	g.mu.Lock()
	s.stored(began, g.now(), g.config)
	g.mu.Unlock()
	return err
}

func (g *Guard) now() time.Duration { return time.Since(g.began) }

// subject is what a flood is called by.
func (g *Guard) subject(s *source, t *topic) string {
	switch {
	case g.config.Connected:
		return strings.TrimPrefix(s.name, "broker:")
	case t == &s.strangers:
		return "…" // somebody makes up topics
	}
	return t.name
}
