package zigbee2mqtt

import (
	"encoding/json"
	"fmt"
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
	// CountedAt is when bridge/health last counted the devices' messages, live.
	CountedAt time.Time `json:"counted_at,omitzero"`
}

func newMemory() memory { return memory{Devices: map[string]*device{}} }

// A device is what is remembered of one Zigbee device.
type device struct {
	Listed     bool       `json:"listed,omitempty"` // described in bridge/devices; else a stranger
	LeftAt     time.Time  `json:"left_at,omitzero"` // when it left the network by itself
	Address    string     `json:"address,omitempty"`
	Model      string     `json:"model,omitempty"`
	About      string     `json:"about,omitempty"` // the definition's description of the model
	Properties []property `json:"properties,omitempty"`

	HeardAt     time.Time                  `json:"heard_at,omitzero"` // its last state in JSON
	AttributeAt map[string]time.Time       `json:"attribute_at,omitempty"`
	LastSeen    time.Time                  `json:"last_seen,omitzero"` // the bridge's own stamp of the last radio contact
	ToldAt      time.Time                  `json:"told_at,omitzero"`   // what its newest readings bear, or would
	Messages    int64                      `json:"messages,omitempty"` // as bridge/health last counted them
	Values      map[string]string          `json:"values,omitempty"`   // the last value of each property with a meaning, as canonical JSON
	Bad         map[string]string          `json:"bad,omitempty"`      // those whose last value their table does not have
	Trouble     map[string]string          `json:"trouble,omitempty"`  // what it says to be wrong with itself, by property
	Last        map[ucare.Kind]ucare.State `json:"last,omitempty"`
	Others      uint64                     `json:"others,omitempty"` // hash of the attributes without a meaning
	TestSince   time.Time                  `json:"test_since,omitzero"`
	Drills      map[ucare.Kind]bool        `json:"drills,omitempty"` // whose alarm belongs to a test
	Pressed     pressed                    `json:"pressed,omitzero"`

	// Derived from Model, About and Properties.
	meanings map[string][]meaning // by property
	unclear  []string             // properties that only the household can tell the meaning of
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
			if m.kind != "" {
				ks = append(ks, m.kind)
			}
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
