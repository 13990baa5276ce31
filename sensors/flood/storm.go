package flood

import (
	"time"

	"github.com/ucare-project/ucare/sensors"
)

const (
	// kindsKept is how many kinds of message of a topic are told apart in a flood.
	kindsKept = 8
	// kindFor is for how long a message is like one that was stored before it.
	kindFor = 10 * time.Second
	// strangersAlike is how many messages of one kind are stored, within kindFor, of
	// topics that were never heard: they may be of as many devices.
	strangersAlike = 20
	// heldMost and heldBytes bound what waits: topics of strangers, bytes in all.
	heldMost, heldBytes = 5_000, 16 << 20
)

// A storm is what is remembered of a topic while it floods.
type storm struct {
	source *source
	until  time.Duration // the last message beyond the budget
	kinds  [kindsKept]kind
	// held is the newest message that waits, by topic: one, or those of strangers.
	held map[string]sensors.Message
	// turn is held by whoever stores a message of the topic.
	turn    chan struct{}
	storing string // the topic whose last word is being stored
}

// waits reports whether a message of the topic is still to be stored: until it
// is, a newer one has to queue behind it.
func (s *storm) waits(name string) bool {
	if s == nil {
		return false
	}
	_, held := s.held[name]
	return held || s.storing == name
}

// A kind is one likeness, when it was stored last, and how often in a row.
type kind struct {
	likeness uint64
	at       time.Duration
	stored   int
}

// storm gives the topic's storm, which begins if there was none.
func (g *Guard) storm(t *topic, now time.Duration) *storm {
	if t.storm == nil {
		t.storm = &storm{held: map[string]sensors.Message{}, turn: make(chan struct{}, 1)}
		t.storm.kinds[0] = t.last
		g.stormy[t] = true
	}
	t.storm.until = now
	return t.storm
}

// like reports whether a message like this was stored just before.
func (s *storm) like(likeness uint64, now time.Duration, strangers bool) bool {
	most := 1
	if strangers {
		most = strangersAlike
	}
	for _, k := range s.kinds {
		if k.stored > 0 && k.likeness == likeness && now-k.at < kindFor {
			return k.stored >= most
		}
	}
	return false
}

// note takes down that such a message is being stored.
func (t *topic) note(likeness uint64, now time.Duration) {
	t.last = kind{likeness, now, 1}
	if t.storm != nil {
		t.storm.note(likeness, now)
	}
}

// note lets the kind that was stored longest ago make room.
func (s *storm) note(likeness uint64, now time.Duration) {
	oldest := 0
	for i, k := range s.kinds {
		if k.stored > 0 && k.likeness == likeness {
			if now-k.at >= kindFor {
				k.stored = 0
			}
			s.kinds[i] = kind{likeness, now, k.stored + 1}
			return
		}
		if k.at < s.kinds[oldest].at {
			oldest = i
		}
	}
	s.kinds[oldest] = kind{likeness, now, 1}
}

// hold keeps a message until it can be stored, instead of an older one of its topic.
func (g *Guard) hold(s *source, t *topic, m sensors.Message) {
	g.drop(t.storm, m.Topic)
	if len(t.storm.held) >= heldMost || g.held+len(m.Topic)+len(m.Payload) > heldBytes {
		return // counted as passed over, like all the others
	}
	t.storm.source = s
	t.storm.held[m.Topic] = m
	g.held += len(m.Topic) + len(m.Payload)
}

// drop takes a message out of those that wait.
func (g *Guard) drop(s *storm, name string) (m sensors.Message, was bool) {
	m, was = s.held[name]
	if was {
		delete(s.held, name)
		g.held -= len(m.Topic) + len(m.Payload)
	}
	return m, was
}

// likenessOf bounds how much of a payload is looked at.
const likenessOf = 4 << 10

// likeness is a hash of the payload in which long numbers count as the same: a
// measured value, a time, a counter. Numbers of one or two digits are kept,
// because they may be a state: 0 and 2 of a smoke detector, 22 and 23 of a door.
func likeness(payload []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	add := func(b byte) { hash = (hash ^ uint64(b)) * prime }
	payload = payload[:min(len(payload), likenessOf)]
	for i := 0; i < len(payload); {
		end := i
		for end < len(payload) && (payload[end] >= '0' && payload[end] <= '9' || payload[end] == '.') {
			end++
		}
		if end-i > 2 {
			add('#')
			i = end
			continue
		}
		add(payload[i])
		i++
	}
	return hash
}
