package zigbee2mqtt

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// memory is what a Bridge remembers. It survives JSON.
type memory struct {
	// StartedAt is when the bridge last said, live, that it is online: it
	// started then and publishes its cached states, or only connected again.
	StartedAt time.Time          `json:"started_at,omitzero"`
	Devices   map[string]*device `json:"devices"` // by friendly name
	Groups    []string           `json:"groups,omitempty"`
}

func newMemory() memory { return memory{Devices: map[string]*device{}} }

// A device is what is remembered of one Zigbee device.
type device struct {
	Listed     bool       `json:"listed,omitempty"` // described in bridge/devices; else a stranger
	Address    string     `json:"address,omitempty"`
	Model      string     `json:"model,omitempty"`
	Properties []property `json:"properties,omitempty"`

	HeardAt     time.Time                  `json:"heard_at,omitzero"` // its last state in JSON
	AttributeAt map[string]time.Time       `json:"attribute_at,omitempty"`
	LastSeen    time.Time                  `json:"last_seen,omitzero"` // the bridge's own stamp of the last radio contact
	Values      map[string]string          `json:"values,omitempty"`   // the last value of each property with a meaning, as canonical JSON
	Bad         map[string]string          `json:"bad,omitempty"`      // those whose last value their table does not have
	Last        map[ucare.Kind]ucare.State `json:"last,omitempty"`
	Others      uint64                     `json:"others,omitempty"` // hash of the attributes without a meaning
	TestSince   time.Time                  `json:"test_since,omitzero"`
	Drill       bool                       `json:"drill,omitempty"`

	meanings map[string][]meaning // by property; derived from Model and Properties
}

// A property is the part of an expose that its meaning depends on.
type property struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"` // binary, enum, numeric, text
	Unit   string   `json:"unit,omitempty"`
	On     string   `json:"on,omitempty"` // canonical JSON, as are the following
	Off    string   `json:"off,omitempty"`
	Values []string `json:"values,omitempty"`
}

// learn derives the meanings of the device's properties.
func (d *device) learn() {
	d.meanings = map[string][]meaning{}
	if !d.Listed {
		maps.Copy(d.meanings, strangersMeanings())
		return
	}
	for _, p := range d.Properties {
		if ms := meaningsOf(d.Model, p, d.Properties); len(ms) > 0 {
			d.meanings[p.Name] = ms
		}
	}
}

// heard remembers when the device's state came, unless it came from a store:
// that is not the cache which a bridge publishes when it starts.
func (d *device) heard(m sensors.Message) {
	if !m.Retained {
		d.HeardAt = m.At
	}
}

func (d *device) says(property string) bool { return len(d.meanings[property]) > 0 }

// kinds are what the device can report, sorted.
func (d *device) kinds() []ucare.Kind {
	var ks []ucare.Kind
	for _, ms := range d.meanings {
		for _, m := range ms {
			ks = append(ks, m.kind)
		}
	}
	slices.Sort(ks)
	return slices.Compact(ks)
}

// MarshalJSON writes the bridge's memory.
func (b *Bridge) MarshalJSON() ([]byte, error) { return json.Marshal(b.memory) }

// UnmarshalJSON takes over a memory that MarshalJSON wrote.
func (b *Bridge) UnmarshalJSON(data []byte) error {
	kept := newMemory()
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("the memory of the bridge on %q: %w", b.base, err)
	}
	for name, d := range kept.Devices {
		if d == nil {
			return fmt.Errorf("the memory of the bridge on %q: device %q is null", b.base, name)
		}
		d.learn()
	}
	if kept.Devices == nil {
		kept.Devices = map[string]*device{}
	}
	b.memory = kept
	return nil
}
