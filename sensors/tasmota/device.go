package tasmota

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bounds on what somebody who makes up names can make us remember.
const (
	maxDevices  = 200
	maxNodes    = 300 // Zigbee, LoRaWAN and Bluetooth devices behind all of them
	maxFields   = 20  // fields of one device that are not understood
	maxSwitches = 32
	maxPath     = 256 // bytes of a device's name; the firmware has at most 100 for a topic
)

// memory is what is remembered of the devices. It survives JSON.
type memory struct {
	Devices map[string]*device `json:"devices"` // by name: the full topic without its prefix
	Nodes   int                `json:"nodes,omitempty"`

	prefixes map[string]address // by the announced beginning of a topic, with its "/"
}

func newMemory() memory { return memory{Devices: map[string]*device{}, prefixes: map[string]address{}} }

// A device is what is remembered of one Tasmota device.
type device struct {
	Announced *announcement `json:"announced,omitempty"`
	Model     string        `json:"model,omitempty"`
	// Sleeps: it wakes up from time to time and is offline in between.
	Sleeps   bool            `json:"sleeps,omitempty"`
	Switches map[string]bool `json:"switches,omitempty"` // "Switch1" …, those it has ever shown
	ledger

	// Nodes speak through this device, by address.
	Nodes map[string]*node `json:"nodes,omitempty"`
}

// A node is a Zigbee, LoRaWAN or Bluetooth device behind a Tasmota device.
type node struct {
	Name  string `json:"name,omitempty"`
	Model string `json:"model,omitempty"`
	Maker string `json:"maker,omitempty"`
	// Zone is what a Zigbee alarm zone of this device is called: "Fire", "Water" …
	Zone string `json:"zone,omitempty"`
	// LowBit: its own battery flag says low, whatever the percentage says.
	LowBit      bool `json:"low_bit,omitempty"`
	Percentage  bool `json:"percentage,omitempty"` // it has told one
	Unreachable bool `json:"unreachable,omitempty"`
	MainsLost   bool `json:"mains_lost,omitempty"`
	Heard       bool `json:"heard,omitempty"`
	// TestSince is when it began to say that it is being tested.
	TestSince time.Time `json:"test_since,omitzero"`
	ledger
}

// A ledger is which fields of a sensor were not understood when they last came.
type ledger struct {
	Bad      map[string]string `json:"bad,omitempty"`      // a value that its table does not have
	Unmapped map[string]string `json:"unmapped,omitempty"` // a field of which only the household knows the meaning
}

// device gives the memory of a device, which is not kept when there are too many.
func (d *Devices) device(name string) *device {
	if known := d.Devices[name]; known != nil {
		return known
	}
	dev := &device{}
	if len(d.Devices) < maxDevices && len(name) <= maxPath {
		d.Devices[name] = dev
	}
	return dev
}

// owner is the device that a path is of when its payload cannot tell: the path
// itself, or a known bridge before its last level (docs Commands: SetOption89).
func (d *Devices) owner(path string) string {
	if cut := strings.LastIndexByte(path, '/'); cut > 0 && d.Devices[path] == nil {
		if bridge := d.Devices[path[:cut]]; bridge != nil && len(bridge.Nodes) > 0 {
			return path[:cut]
		}
	}
	return path
}

// node gives the memory of what speaks through a device.
func (d *Devices) node(dev *device, address string) *node {
	if known := dev.Nodes[address]; known != nil {
		return known
	}
	n := &node{}
	if d.Nodes < maxNodes && d.remembers(dev) {
		d.Nodes++
		put(&dev.Nodes, address, n)
	}
	return n
}

// remembers reports whether the device is one of those that are kept.
func (d *Devices) remembers(dev *device) bool {
	for _, known := range d.Devices {
		if known == dev {
			return true
		}
	}
	return false
}

// shows remembers which switches the device has.
func (dev *device) shows(switchName string) {
	if len(dev.Switches) < maxSwitches {
		put(&dev.Switches, shorten(switchName), true)
	}
}

// MarshalJSON writes the memory.
func (d *Devices) MarshalJSON() ([]byte, error) { return json.Marshal(d.memory) }

// UnmarshalJSON takes over a memory that MarshalJSON wrote.
func (d *Devices) UnmarshalJSON(data []byte) error {
	kept := newMemory()
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("the memory of the Tasmota devices below %q: %w", d.base, err)
	}
	if kept.Devices == nil {
		kept.Devices = map[string]*device{}
	}
	for name, dev := range kept.Devices {
		if dev == nil {
			return fmt.Errorf("the memory of the Tasmota devices below %q: device %q is null", d.base, name)
		}
		for address, n := range dev.Nodes {
			if n == nil {
				return fmt.Errorf("the memory of the Tasmota device %q: device %q behind it is null", name, address)
			}
		}
	}
	d.memory = kept
	d.index()
	return nil
}

// index derives the topics of the announced devices.
func (d *Devices) index() {
	d.prefixes = map[string]address{}
	for _, name := range slices.Sorted(maps.Keys(d.Devices)) { // two may have announced the same
		for i, prefix := range d.Devices[name].Announced.topics() {
			d.prefixes[prefix] = address{device: name, command: i == 0}
		}
	}
}

// put writes into a map that may not be there yet.
func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
