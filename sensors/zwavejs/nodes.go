package zwavejs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what a misbehaving client can make a bridge remember. A Z-Wave
// network has 232 nodes, and a node some twenty values that matter.
const (
	maxNodes  = 300
	maxValues = 100 // of one node
	maxGates  = 10
	maxName   = 256 // bytes of a name, or of a value id
)

// memory is what a Bridge remembers. It survives JSON.
type memory struct {
	// StartedAt is when the bridge last said, live, that it is ready: it may be
	// publishing its cache then.
	StartedAt time.Time `json:"started_at,omitzero"`
	// Behind is by how much its clock is behind ours, as the last message with a time of its own showed.
	Behind time.Duration    `json:"behind,omitempty"`
	Nodes  map[string]*node `json:"nodes"`          // by path
	Down   map[string]bool  `json:"down,omitempty"` // "driver", or the name of a client that is not connected
	Recent []emitted        `json:"recent,omitempty"`
}

func newMemory() memory { return memory{Nodes: map[string]*node{}} }

// A node is what is remembered of one Z-Wave device.
type node struct {
	ID       int                  `json:"id,omitempty"`
	Name     string               `json:"name,omitempty"` // as its owner wrote it, unlike the path
	Location string               `json:"location,omitempty"`
	Model    string               `json:"model,omitempty"`
	Battery  *float64             `json:"battery,omitempty"`
	Values   map[string]string    `json:"values,omitempty"`   // the last value of each variable, as canonical JSON, by value id
	Bad      map[string]string    `json:"bad,omitempty"`      // those whose last value their table does not have
	Unmapped map[string]string    `json:"unmapped,omitempty"` // what only the household can explain, in words
	Events   map[ucare.Kind]bool  `json:"events,omitempty"`   // the kinds of events it was heard with
	Timeless map[string]time.Time `json:"timeless,omitempty"` // when a variable last came live without a time
	Doubted  map[ucare.Kind]bool  `json:"doubted,omitempty"`  // the kinds of which the last word was old
	Calls    bool                 `json:"calls,omitempty"`    // sold as a button to call for help
}

// node gives the memory of a node. What is over the bound is not kept.
func (b *Bridge) node(path string, p payload) (string, *node) {
	key := b.keyOf(path, p)
	n, known := b.Nodes[key]
	if !known {
		n = &node{}
		if len(b.Nodes) < maxNodes && len(key) <= maxName {
			b.Nodes[key] = n
		}
	}
	if p.nodeID != 0 {
		n.ID = p.nodeID
	}
	if p.name != "" && len(p.name)+len(p.location) <= maxName {
		n.Name, n.Location = p.name, p.location
	}
	return key, n
}

// keyOf is the name a node goes by: its path, or what the bridge tells of it where
// nothing of its name is left in the path.
func (b *Bridge) keyOf(path string, p payload) string {
	switch {
	case isReadable(path):
		return path
	case p.name != "":
		return join(p.location, p.name)
	}
	if p.nodeID != 0 {
		if key, known := b.byID(p.nodeID); known {
			return key
		}
		return "node " + strconv.Itoa(p.nodeID)
	}
	return path
}

// byID finds a node by its number.
func (b *Bridge) byID(id int) (key string, known bool) {
	for _, key := range slices.Sorted(maps.Keys(b.Nodes)) {
		if b.Nodes[key].ID == id {
			return key, true
		}
	}
	return "", false
}

func join(location, name string) string {
	if location == "" {
		return name
	}
	return location + "/" + name
}

// sensor gives the ID and room of a node. Its location is its room where the
// dwelling has no room of that name: it is what the household calls the place.
func (b *Bridge) sensor(key string, n *node) ucare.Sensor {
	name := key
	if strings.Trim(name, "/") == "" {
		name = "zwave " + strconv.Quote(key)
	}
	s := b.home.Sensor(b.base+"/"+key, name)
	location, _, two := strings.Cut(key, "/")
	if n.Name != "" {
		if s.Room == "" {
			s.Room = b.home.Sensor("", join(n.Location, n.Name)).Room
		}
		location, two = n.Location, n.Location != ""
	}
	if s.Room == "" && two && strings.Count(key, "/") == 1 {
		s.Room = strings.TrimSpace(strings.ReplaceAll(location, "_", " "))
	}
	return s
}

// hearStatus decodes the bridge's word whether it reaches a node. A sleeping node
// is fine; of one whose status is Unknown nothing has been heard yet.
func (b *Bridge) hearStatus(m sensors.Message, path string) sensors.Heard {
	p, err := readPayload(m.Payload)
	if p.removed {
		return sensors.Heard{}
	}
	key, n := b.node(path, p)
	t := b.telling(m, key, n)
	if err != nil {
		t.fault(ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))
		return t.h
	}
	t.cleared(ucare.FaultNotUnderstood)
	b.renamed(m, key, n, &t.h)
	word := p.status
	if word == "" {
		word = p.value
	}
	t.link(word, b.isStale(m, p.at))
	b.tellClock(m, p.at, true, &t.h)
	b.tellUnreadable(m, path, p, &t.h)
	return t.finish()
}

// link tells of the availability of the node.
func (t *telling) link(word string, stale bool) {
	r := t.reading(ucare.Link)
	r.UnknownAge = stale
	switch word {
	case "Alive", "Awake", "Asleep", "true":
		r.State = ucare.Active
	case "Dead", "false":
		r.State = ucare.Inactive
	case "Unknown":
		t.good("status")
		return
	default:
		t.bad("status", word)
		return
	}
	t.good("status")
	t.h.Repeated = append(t.h.Repeated, r)
}

// nodeInfo is the part of a node's description that is used.
type nodeInfo struct {
	ID           int    `json:"id"`
	Name         string `json:"name"`
	Location     string `json:"loc"`
	Status       string `json:"status"`
	Manufacturer string `json:"manufacturer"`
	Label        string `json:"productLabel"`
	Description  string `json:"productDescription"`
}

// callWords are in the description of a device that is sold as a button to call
// for help. Which of its presses is a call only the household can say.
var callWords = []string{"sos", "panic", "emergency", "help button", "alarm button"}

// hearNodeInfo decodes the description of a node. Its lastActive is not used: a
// bridge that starts writes its own time there, without having heard the node.
func (b *Bridge) hearNodeInfo(m sensors.Message, path string) sensors.Heard {
	if p, err := readPayload(m.Payload); err == nil && p.removed {
		return sensors.Heard{}
	}
	var info nodeInfo
	err := json.Unmarshal(m.Payload, &info)
	key, n := b.node(path, payload{nodeID: info.ID, name: info.Name, location: info.Location})
	t := b.telling(m, key, n)
	if err != nil {
		t.fault(ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))
		return t.h
	}
	t.cleared(ucare.FaultNotUnderstood)
	b.renamed(m, key, n, &t.h)
	if model := strings.TrimSpace(info.Manufacturer + " " + info.Label); len(model) <= maxName {
		n.Model = model
	}
	described := strings.ToLower(info.Label + " " + info.Description)
	n.Calls = slices.ContainsFunc(callWords, func(w string) bool { return strings.Contains(described, w) })
	if info.Status != "" {
		t.link(info.Status, m.Retained)
	}
	return t.finish()
}

// hearLastActive decodes when the node last spoke to the controller: the device's
// own sign of life, whatever it said.
func (b *Bridge) hearLastActive(m sensors.Message, path string) sensors.Heard {
	p, err := readPayload(m.Payload)
	if p.removed {
		return sensors.Heard{}
	}
	key, n := b.node(path, p)
	t := b.telling(m, key, n)
	ms, bad := strconv.ParseFloat(p.value, 64)
	if err != nil || bad != nil || ms <= 0 || ms > 1e14 {
		t.bad("lastActive", p.value)
		return t.finish()
	}
	t.good("lastActive")
	if spoke := time.UnixMilli(int64(ms)).UTC(); spoke.After(m.At) {
		t.seen.Heard = m.At
	} else {
		t.seen.Heard = spoke
	}
	if !m.Retained && m.At.Sub(t.seen.Heard) <= lag {
		t.seen.Heard = m.At
	}
	b.tellClock(m, p.at, true, &t.h)
	return t.finish()
}

// renamed finds a node under another path than before: its old name is gone. A
// retained message may itself be the old one. Nothing follows when several
// programs share the prefix, for each has a node 2.
func (b *Bridge) renamed(m sensors.Message, key string, n *node, h *sensors.Heard) {
	if m.Retained || n.ID == 0 || len(b.Down) > 2 {
		return
	}
	for _, old := range slices.Sorted(maps.Keys(b.Nodes)) {
		if old == key || b.Nodes[old].ID != n.ID {
			continue
		}
		h.Seen = append(h.Seen, sensors.Seen{Dwelling: b.home.Dwelling, Sensor: b.sensor(old, b.Nodes[old]).ID, Gone: true})
		delete(b.Nodes, old)
	}
}

// kinds are what the node was heard with, sorted.
func (n *node) kinds() []ucare.Kind {
	var ks []ucare.Kind
	for id := range n.Values {
		if v, is := parseID(id).variable(); is && v.kind != "" {
			ks = append(ks, v.kind)
		}
	}
	for kind := range n.Events {
		ks = append(ks, kind)
	}
	if n.Battery != nil {
		ks = append(ks, ucare.Battery)
	}
	slices.Sort(ks)
	return slices.Compact(ks)
}

// isClear reports whether the node says something about the home that is decoded.
func (n *node) isClear() bool {
	return slices.ContainsFunc(n.kinds(), func(k ucare.Kind) bool {
		return k != ucare.Battery && k != ucare.Tamper && k != ucare.Mains
	})
}

// MarshalJSON writes the bridge's memory.
func (b *Bridge) MarshalJSON() ([]byte, error) { return json.Marshal(b.memory) }

// UnmarshalJSON takes over a memory that MarshalJSON wrote.
func (b *Bridge) UnmarshalJSON(data []byte) error {
	kept := newMemory()
	if err := json.Unmarshal(data, &kept); err != nil {
		return fmt.Errorf("the memory of the bridge on %q: %w", b.base, err)
	}
	for path, n := range kept.Nodes {
		if n == nil {
			return fmt.Errorf("the memory of the bridge on %q: node %q is null", b.base, path)
		}
	}
	if kept.Nodes == nil {
		kept.Nodes = map[string]*node{}
	}
	b.memory = kept
	return nil
}
