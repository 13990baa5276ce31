package tasmota

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// discoveryTopic is where every device announces itself, retained, as
// tasmota/discovery/<mac>/config and …/sensors (firmware xdrv_12_discovery). It
// does not follow the device's FullTopic.
const discoveryTopic = "tasmota/discovery/"

// An announcement is what a device says of itself: the part that matters here.
type announcement struct {
	MAC      string   `json:"mac"`                // as in the topic
	Name     string   `json:"name,omitempty"`     // of the device
	Friendly []string `json:"friendly,omitempty"` // of its relays
	// Prefixes begin the topics of the device: commands, answers, telemetry.
	Prefixes []string `json:"prefixes,omitempty"`
	Offline  string   `json:"offline,omitempty"`
	Online   string   `json:"online,omitempty"`
	States   []string `json:"states,omitempty"` // its words for OFF, ON, TOGGLE, HOLD
	Modes    []int    `json:"modes,omitempty"`  // SwitchMode by switch, -1 for none
	Switches []string `json:"switches,omitempty"`
}

// discovery reads a topic of discovery; an early form of it had no last level.
func (d *Devices) discovery(topic string) (mac, about string, is bool) {
	rest, is := strings.CutPrefix(topic, discoveryTopic)
	if !is && d.base != "" {
		rest, is = strings.CutPrefix(topic, d.base+"/"+discoveryTopic)
	}
	mac, about, _ = strings.Cut(rest, "/")
	return mac, about, is && mac != ""
}

// hearDiscovery takes an announcement over. All dwellings of a broker share the
// topic: a device below the base of another is none of ours.
func (d *Devices) hearDiscovery(m sensors.Message, mac, about string) (sensors.Heard, bool) {
	before := d.announcedBy(mac)
	ownTopic := d.base == "" || strings.HasPrefix(m.Topic, d.base+"/")
	if about != "" && about != "config" || len(m.Payload) == 0 && before == "" {
		return sensors.Heard{}, ownTopic || before != ""
	}
	if len(m.Payload) == 0 {
		return d.forget(before), true
	}
	fault := ucare.Fault{Code: ucare.FaultNotUnderstood, Subject: m.Topic, Dwelling: d.home.Dwelling, Since: m.At}
	var w discoveryJSON
	if err := json.Unmarshal(m.Payload, &w); err != nil {
		fault.Detail = "the announcement of a device: " + err.Error()
		return sensors.Heard{Faults: []ucare.Fault{fault}}, ownTopic
	}
	name, said, err := w.announcement(mac)
	if err != nil {
		fault.Detail = "the announcement of a device: " + err.Error()
		return sensors.Heard{Faults: []ucare.Fault{fault}}, ownTopic
	}
	if d.base != "" && !strings.HasPrefix(m.Topic, d.base+"/") {
		if !strings.HasPrefix(said.Prefixes[2], d.base+"/") {
			return sensors.Heard{}, false
		}
		name = strings.TrimPrefix(name, d.base+"/")
	} else if d.base != "" { // the whole device was put below the base, so its topics are too
		for i, prefix := range said.Prefixes {
			said.Prefixes[i] = d.base + "/" + prefix
		}
	}
	h := sensors.Heard{Cleared: []ucare.Fault{fault}}
	if before != "" && before != name {
		h.Seen = d.forget(before).Seen
	}
	d.announce(m, name, said, w, &h)
	return h, true
}

// announce puts an announcement into the memory.
func (d *Devices) announce(m sensors.Message, name string, said *announcement, w discoveryJSON, h *sensors.Heard) {
	dev := d.device(name)
	dev.Announced = said
	if w.Module != "" {
		dev.Model = shorten(w.Module)
	}
	d.index()
	h.Relisten = true
	s := d.sensorOf(name, dev)
	h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Model: dev.Model})
	if w.DeepSleep != nil {
		d.sleeps(m, name, dev, *w.DeepSleep != 0, h)
	}
}

// announcedBy finds the device that announced itself under the address.
func (d *Devices) announcedBy(mac string) string {
	for name, dev := range d.Devices {
		if dev.Announced != nil && dev.Announced.MAC == mac {
			return name
		}
	}
	return ""
}

// forget drops a device whose announcement was removed, and what spoke through
// it. If it still lives, its next message brings it back.
func (d *Devices) forget(name string) sensors.Heard {
	dev := d.Devices[name]
	h := sensors.Heard{Relisten: true}
	h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: d.sensorOf(name, dev).ID, Gone: true})
	for _, address := range slices.Sorted(maps.Keys(dev.Nodes)) {
		s := d.sensorOfNode(name, address, dev.Nodes[address])
		h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: s.ID, Gone: true})
	}
	d.Nodes -= len(dev.Nodes)
	delete(d.Devices, name)
	d.index()
	return h
}

// discoveryJSON is the form on the wire, with the key names of the early one.
type discoveryJSON struct {
	DeviceName string    `json:"dn"`
	Friendly   []*string `json:"fn"`
	Host       string    `json:"hn"`
	Module     string    `json:"md"`
	Offline    string    `json:"ofln"`
	Online     string    `json:"onln"`
	States     []*string `json:"state"`
	Topic      string    `json:"t"`
	FullTopic  string    `json:"ft"`
	Prefixes   []string  `json:"tp"`
	Modes      []int     `json:"swc"`
	Switches   []*string `json:"swn"`
	DeepSleep  *int      `json:"dslp"`

	EarlyOffline string    `json:"of"`
	EarlyOnline  string    `json:"on"`
	EarlyStates  []*string `json:"st"`
}

// announcement gives the device's name and what to remember.
func (w discoveryJSON) announcement(mac string) (name string, a *announcement, err error) {
	a = &announcement{
		MAC: mac, Name: shorten(w.DeviceName), Friendly: texts(w.Friendly), Switches: texts(w.Switches), Modes: w.Modes[:min(len(w.Modes), maxSwitches)],
		Offline: shorten(cmp.Or(w.Offline, w.EarlyOffline)), Online: shorten(cmp.Or(w.Online, w.EarlyOnline)), States: texts(w.States),
	}
	if len(a.States) == 0 {
		a.States = texts(w.EarlyStates)
	}
	if len(w.Prefixes) != 3 {
		w.Prefixes = []string{command, status, telemetry}
	}
	full := w.fullTopic(mac)
	switch {
	case w.Topic == "":
		return "", nil, errors.New(`it has no topic ("t")`)
	case len(full)+len(strings.Join(w.Prefixes, "")) > maxPath:
		return "", nil, errors.New(`its full topic ("ft") is too long`)
	}
	for _, prefix := range w.Prefixes {
		a.Prefixes = append(a.Prefixes, strings.ReplaceAll(full, "%prefix%", prefix)+"/")
	}
	if name = strings.Trim(strings.ReplaceAll("/"+full+"/", "/%prefix%/", "/"), "/"); name == "" {
		return "", nil, errors.New(`its full topic ("ft") has no place for the device`)
	}
	return name, a, nil
}

// fullTopic is the FullTopic of the device with everything but %prefix% filled
// in. The firmware appends %prefix% where it is missing, and so do we.
func (w discoveryJSON) fullTopic(mac string) string {
	full := w.FullTopic
	if full == "" {
		full = "%prefix%/%topic%/"
	}
	full = strings.NewReplacer("%topic%", w.Topic, "%hostname%", w.Host, "%id%", mac).Replace(strings.Trim(full, "/"))
	if !strings.Contains(full, "%prefix%") {
		full += "/%prefix%"
	}
	return full
}

// texts replaces null, which stands for a place without a name, with "".
func texts(list []*string) []string {
	all := make([]string, min(len(list), maxSwitches))
	for i := range all {
		if list[i] != nil {
			all[i] = shorten(*list[i])
		}
	}
	return all
}

func (a *announcement) topics() []string {
	if a == nil {
		return nil
	}
	return a.Prefixes
}

// names are what the household calls the device.
func (a *announcement) names() []string {
	if a == nil {
		return nil
	}
	all := []string{a.Name}
	if len(a.Friendly) > 0 {
		all = append(all, a.Friendly[0])
	}
	return all
}
