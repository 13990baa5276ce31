package homeassistant

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// memory is what a Discovery remembers. It survives JSON.
type memory struct {
	Announced map[string][]*entity   `json:"announced"` // by the topic of the announcement
	Names     map[string]string      `json:"names"`     // of the sensors, by the key of their device
	Links     map[string]ucare.State `json:"links"`     // whether each sensor was last reachable
	Now       time.Time              `json:"now"`       // the last time that was told
}

func newMemory() memory {
	return memory{Announced: map[string][]*entity{}, Names: map[string]string{}, Links: map[string]ucare.State{}}
}

func (m memory) count() int {
	n := 0
	for _, entities := range m.Announced {
		n += len(entities)
	}
	return n
}

// keepAvailability takes over what is known of the same topics.
func (e *entity) keepAvailability(before *entity) {
	for i := range e.Available {
		for _, known := range before.Available {
			if a := &e.Available[i]; a.Topic == known.Topic && a.Template == known.Template && a.Yes == known.Yes && a.No == known.No {
				a.State, a.Latest = known.State, known.Latest
			}
		}
	}
}

// MarshalJSON writes the memory.
func (d *Discovery) MarshalJSON() ([]byte, error) { return json.Marshal(d.memory) }

// UnmarshalJSON takes over a memory that MarshalJSON wrote.
func (d *Discovery) UnmarshalJSON(data []byte) error {
	kept := newMemory()
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("the memory of what is announced under %q: %w", d.prefix, err)
	}
	if kept.Announced == nil || kept.Names == nil || kept.Links == nil {
		return fmt.Errorf("the memory of what is announced under %q has a part that is null", d.prefix)
	}
	if n := kept.count(); n > maxEntities {
		return fmt.Errorf("the memory of what is announced under %q has %d entities; %d are allowed", d.prefix, n, maxEntities)
	}
	for topic, entities := range kept.Announced {
		for _, e := range entities {
			if e == nil {
				return fmt.Errorf("the memory of what is announced on %q has an entity that is null", topic)
			}
			e.learn(d.compiled)
		}
	}
	d.memory = kept
	d.arrange()
	return nil
}
