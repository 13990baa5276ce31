package sensors

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	// maxUnknownTopics is how many unknown topics are told of by name: a list of
	// more helps nobody.
	maxUnknownTopics = 100
	// strayFor is how long the fault of an unknown topic stands behind its last
	// message. Somebody's try of yesterday is nothing to be mended.
	strayFor = 24 * time.Hour
	// others is the subject of the unknown topics that are too many.
	others = "…"
)

// strays are the topics that belong to no sensor, with when they were last heard.
type strays map[string]time.Time

// hear gives the fault of a message on such a topic.
func (s strays) hear(topic string, m Message) ucare.Fault {
	f := ucare.Fault{Code: ucare.FaultUnknownTopic, Subject: topic, Since: m.At, Detail: topic + " " + Excerpt(m.Payload)}
	if _, known := s[topic]; !known && len(s) >= maxUnknownTopics {
		f.Subject = others
	}
	s[f.Subject] = m.At
	return f
}

// claimed ends the fault of a topic that belongs to a sensor since.
func (s strays) claimed(topic string) []ucare.Fault {
	if _, was := s[topic]; !was {
		return nil
	}
	delete(s, topic)
	return []ucare.Fault{{Code: ucare.FaultUnknownTopic, Subject: topic}}
}

// forget ends the faults of the topics on which nothing came for long.
func (s strays) forget(now time.Time) (ended []ucare.Fault) {
	var old []string
	for topic, heard := range s {
		if now.Sub(heard) >= strayFor {
			old = append(old, topic)
		}
	}
	slices.Sort(old)
	for _, topic := range old {
		ended = append(ended, s.claimed(topic)...)
	}
	return ended
}
