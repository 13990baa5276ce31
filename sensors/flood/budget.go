package flood

import (
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// A bucket is a budget that fills up with time. The zero value is full.
type bucket struct {
	used float64       // of the most it can hold
	at   time.Duration // when that was true
}

// fill lets time pass.
func (b *bucket) fill(now time.Duration, perSecond float64) {
	b.used = max(0, b.used-(now-b.at).Seconds()*perSecond)
	b.at = now
}

// has reports whether one more is in the budget.
func (b *bucket) has(now time.Duration, perSecond, atOnce float64) bool {
	b.fill(now, perSecond)
	return b.used+1 <= atOnce
}

// take takes one, if there is one.
func (b *bucket) take(now time.Duration, perSecond, atOnce float64) bool {
	if !b.has(now, perSecond, atOnce) {
		return false
	}
	b.used++
	return true
}

// draw takes so much, up to all that there is.
func (b *bucket) draw(now time.Duration, amount, perSecond, atOnce float64) {
	b.fill(now, perSecond)
	b.used = min(b.used+amount, atOnce)
}

// A source is one way by which messages come: a connection of our broker, or
// the household's broker with all that speaks there.
type source struct {
	name  string
	heard time.Duration
	few   bucket // messages
	busy  bucket // seconds of the disk's time
	day   bucket // messages
	odd   bucket // messages that are unlike the rest, in a flood
	last  bucket // last words stored in a flood

	oddStrangers bucket // odd, of the strangers
	// strangers are all topics that nobody had heard before the flood, as one.
	strangers topic
}

// limits are the budgets of a source, by what fills up a second and what it holds.
func (c Config) limits() (busyPerSecond, busyMost, dayPerSecond, dayMost float64) {
	dayMost = float64(perDay * c.Dwellings)
	dayPerSecond = dayMost / (24 * time.Hour).Seconds()
	if c.Connected {
		return shareConnected, busyAtOnceConnected, dayPerSecond, dayMost
	}
	return share, busyAtOnce, dayPerSecond, dayMost
}

// spentFor is how long it takes until the source may store something again;
// 0 when it may.
func (s *source) spentFor(now time.Duration, c Config) time.Duration {
	busyPerSecond, busyMost, dayPerSecond, dayMost := c.limits()
	s.few.fill(now, perSecond)
	s.busy.fill(now, busyPerSecond)
	s.day.fill(now, dayPerSecond)
	moment := min((s.few.used+1-atOnce)/perSecond, (s.busy.used-busyMost)/busyPerSecond)
	wait := max(moment, (s.day.used+1-dayMost)/dayPerSecond)
	return time.Duration(max(0, wait) * float64(time.Second))
}

// stored draws what storing a message took. A commit that hangs is not the
// device's doing: it counts as a slow one.
func (s *source) stored(from, to time.Duration, c Config) {
	busyPerSecond, busyMost, dayPerSecond, dayMost := c.limits()
	took := min(to-from, slowCommit).Seconds()
	s.few.draw(to, 1, perSecond, atOnce)
	s.busy.draw(to, took, busyPerSecond, busyMost+took)
	s.day.draw(to, 1, dayPerSecond, dayMost)
}

const slowCommit = 50 * time.Millisecond

// A topic is what is known of one topic. There may be very many: it is small
// until it floods.
type topic struct {
	name        string
	heard       time.Duration
	again       bool // heard more than once
	calm, quiet bucket
	last        kind // that was stored
	storm       *storm
}

const (
	// maxSources bounds the sources that are told apart, maxTopics the topics of
	// each dwelling.
	maxSources, maxTopics = 500, 5_000
	// maxName bounds the names that are remembered.
	maxName = 256
	// forgetAfter is for how long a topic is remembered once there is no more room,
	// onceAfter one that was heard a single time: a flood makes up many of those.
	forgetAfter, onceAfter = 24 * time.Hour, 10 * time.Minute
	sourceAfter            = 10 * time.Minute
	sweepEvery             = time.Minute
)

// find gives the source and topic of a message. A topic that was never heard
// is remembered, unless its source floods: made-up ones would be too many.
func (g *Guard) find(m sensors.Message) (*source, *topic) {
	now := g.now()
	s := g.source(m.Source, now)
	t := g.topics[m.Topic]
	if t != nil {
		t.again = true
	} else if s.spentFor(now, g.config) == 0 && !s.strangers.storm.waits(m.Topic) {
		t = g.known(m.Topic, now)
	}
	if t == nil {
		t = &s.strangers
	}
	t.heard = now
	return s, t
}

// known remembers a topic; nil when there is no room for it.
func (g *Guard) known(name string, now time.Duration) *topic {
	t := g.topics[name]
	if t == nil && len(name) <= maxName && g.roomForTopic(now) {
		t = &topic{name: name, heard: now, quiet: bucket{used: quietAtOnce - quietNew, at: now}}
		g.topics[name] = t
	}
	return t
}

func (g *Guard) source(name string, now time.Duration) *source {
	if len(g.sources) >= maxSources && g.sources[name] == nil {
		for other, s := range g.sources {
			if now-s.heard > sourceAfter && s.strangers.storm == nil {
				delete(g.sources, other)
			}
		}
		if len(g.sources) >= maxSources {
			name = "…"
		}
	}
	s := g.sources[name]
	if s == nil {
		s = &source{name: name}
		g.sources[name] = s
	}
	s.heard = now
	return s
}

// roomForTopic makes room by forgetting topics that have long been silent.
func (g *Guard) roomForTopic(now time.Duration) bool {
	most := maxTopics * g.config.Dwellings
	if len(g.topics) >= most && now-g.swept >= sweepEvery {
		g.swept = now
		for name, t := range g.topics {
			silent := now - t.heard
			if t.storm == nil && (silent > forgetAfter || silent > onceAfter && !t.again) {
				delete(g.topics, name)
			}
		}
	}
	return len(g.topics) < most
}
