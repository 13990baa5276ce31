package shelly

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what a misbehaving client can make us remember.
const (
	maxDevices = 300
	maxValues  = 50  // of one device
	maxName    = 256 // bytes of a device's name, or of a property's
)

// memory is what is remembered. It survives JSON.
type memory struct {
	Devices map[string]*device `json:"devices"` // by what its topics begin with, below the base
}

func newMemory() memory { return memory{Devices: map[string]*device{}} }

// A device is what is remembered of one Shelly, or of one Bluetooth device behind it.
type device struct {
	RPC        bool                `json:"rpc,omitempty"` // of a later generation
	Source     string              `json:"src,omitempty"` // what it calls itself
	Model      string              `json:"model,omitempty"`
	Sleeper    bool                `json:"sleeper,omitempty"`    // on batteries, and connected only for moments
	External   bool                `json:"external,omitempty"`   // a battery device on a cable
	Fahrenheit bool                `json:"fahrenheit,omitempty"` // set to tell temperatures in °F
	Battery    *float64            `json:"battery,omitempty"`
	Kinds      map[ucare.Kind]bool `json:"kinds,omitempty"`    // what it was heard to report
	Contacts   map[string]contact  `json:"contacts,omitempty"` // what it last said, by property
	Values     map[string]string   `json:"values,omitempty"`   // other values that tell something new from a repetition
	Bad        map[string]string   `json:"bad,omitempty"`      // the properties whose last value their table does not have
	Troubles   map[string]string   `json:"troubles,omitempty"` // what it says of itself, in words
	Unmapped   map[string]string   `json:"unmapped,omitempty"` // what only the household can explain, in words
	Objects    map[string]object   `json:"objects,omitempty"`  // its Bluetooth sensors and devices, by component
	Doubted    map[ucare.Kind]bool `json:"doubted,omitempty"`  // whose last word was from a broker's store
}

// A contact is what one property of a device says.
type contact struct {
	Kind  ucare.Kind  `json:"kind"`
	State ucare.State `json:"state"`
	Drill bool        `json:"drill,omitempty"` // it says that this is a test
}

// stateOf is what a device says about a kind: active when one of its properties
// is, unknown when one was not understood, else inactive.
func (dev *device) stateOf(kind ucare.Kind) ucare.State {
	heard, doubt := false, false
	for _, c := range dev.Contacts {
		if c.Kind != kind {
			continue
		}
		if c.State == ucare.Active {
			return ucare.Active
		}
		heard, doubt = true, doubt || c.State == ucare.Unknown
	}
	if heard && !doubt {
		return ucare.Inactive
	}
	return ucare.Unknown
}

// device gives the memory of a device. What is over the bound is not kept.
func (d *Devices) device(id string) *device {
	dev, known := d.Devices[id]
	if !known {
		dev = &device{Model: modelOf(id)}
		dev.Sleeper = isSleeper(dev.Model)
		if len(d.Devices) < maxDevices && len(id) <= maxName {
			d.Devices[id] = dev
		}
	}
	return dev
}

// modelOf is the model in a device's own name: "shellyplussmoke" of
// "shellyplussmoke-80646fd1aabb", "" where somebody renamed it.
func modelOf(id string) string {
	name := id[strings.LastIndexByte(id, '/')+1:]
	model, _, more := strings.Cut(name, "-")
	if !more || !strings.HasPrefix(model, "shelly") {
		return ""
	}
	return model
}

// sleepers are the models that run on batteries and sleep, by the names in their
// IDs and in what they announce. Others are known by telling why they woke up. A
// motion sensor runs on batteries too, but is always connected.
var sleepers = []string{
	"shellyht", "shellysmoke", "shellyflood", "shellydw", "shellydw2", "shellybutton1", "shellybutton2",
	"SHHT-1", "SHSM-01", "SHSM-02", "SHWT-1", "SHDW-1", "SHDW-2", "SHBTN-1", "SHBTN-2",
	"shellyplusht", "shellyplussmoke", "shellyhtg3", "shellyfloodg4",
}

func isSleeper(model string) bool { return slices.Contains(sleepers, model) }

// sensor gives the ID and room of a device.
func (d *Devices) sensor(id string) ucare.Sensor {
	name := strings.TrimPrefix(id, "shellies/")
	if strings.Trim(name, "/") == "" {
		name = "shelly"
	}
	return d.home.Sensor(sensors.Below(d.base, id), name)
}

// kinds are what the device was heard with, sorted.
func (dev *device) kinds() []ucare.Kind { return slices.Sorted(maps.Keys(dev.Kinds)) }

// MarshalJSON writes the memory.
func (d *Devices) MarshalJSON() ([]byte, error) { return json.Marshal(d.memory) }

// UnmarshalJSON takes over a memory that MarshalJSON wrote.
func (d *Devices) UnmarshalJSON(data []byte) error {
	kept := newMemory()
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("the memory of the Shelly devices on %q: %w", d.base, err)
	}
	for id, dev := range kept.Devices {
		if dev == nil {
			return fmt.Errorf("the memory of the Shelly devices on %q: device %q is null", d.base, id)
		}
	}
	if kept.Devices == nil {
		kept.Devices = map[string]*device{}
	}
	d.memory = kept
	return nil
}

// put writes into a map that may not be there yet, as long as it is not too large, nor the key.
func put[K ~string, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	if _, known := (*m)[k]; known || len(*m) < maxValues && len(k) <= maxName {
		(*m)[k] = v
	}
}
