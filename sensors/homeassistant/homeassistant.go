// Package homeassistant decodes what announces itself to Home Assistant over MQTT:
// ESPHome, Theengs and OpenMQTTGateway, ring-mqtt, PAI and a hundred others.
//
// A device publishes, retained, a JSON object for each thing that it can tell (an entity), on
// <prefix>/<component>/[<node>/]<object>/config, or one object for the whole device on
// <prefix>/device/[<node>/]<object>/config. In it are the topic to hear the entity on, what on and off are
// called there, perhaps a template to find them in a longer message, and the device it belongs to
// (home-assistant.io/integrations/mqtt, "MQTT discovery"). An empty message takes it back.
//
// Each device is one sensor here, and its entities are the kinds of that sensor. What an entity
// means comes from its component and device class (meaning.go); a name decides only where
// it can mean one thing. An entity that could be about danger, but does not say so clearly, is a visible
// fault (needs_mapping) and never a guess. So is one whose template cannot be evaluated
// (not_supervised): its last state does not become "off".
//
// A state that an entity publishes before it is announced is not heard. A broker delivers
// it again when its topic is subscribed to, if it was retained, as that of ESPHome is.
package homeassistant

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Bounds on what is remembered under one prefix. Of the topics with a wildcard each is
// held against each message.
const (
	maxEntities = 1_000
	maxPatterns = 100
)

// A Discovery hears all that is announced under one prefix. It implements
// sensors.Ecosystem, sensors.Listener, sensors.Ticker and sensors.Rememberer.
type Discovery struct {
	prefix string
	home   sensors.DwellingTopics
	memory
	index
	compiled compiledTemplates
	placed   map[string]ucare.Sensor // as the dwelling's configuration has it, by topic and name
}

// New returns the decoder of what is announced under the prefix in the dwelling.
func New(prefix string, home sensors.DwellingTopics) *Discovery {
	d := &Discovery{
		prefix: strings.TrimSuffix(prefix, "/"), home: home, memory: newMemory(), compiled: compiledTemplates{}, placed: map[string]ucare.Sensor{},
	}
	d.arrange()
	return d
}

// All returns a decoder for each discovery prefix of the configuration. They have to be asked after the
// ecosystems that decode topics natively.
func All(c sensors.Config) []sensors.Ecosystem {
	return sensors.ByBase(c, func(home sensors.DwellingTopics) []string { return home.HomeAssistant }, New)
}

// Name tells the memory of this prefix from that of others.
func (d *Discovery) Name() string { return "homeassistant:" + d.prefix }

// Filters implements sensors.Listener: the announcements, and the topics they name.
func (d *Discovery) Filters() []string { return slices.Clone(d.filters) }

// Hear implements sensors.Ecosystem. All below the prefix is ours, and what was announced.
func (d *Discovery) Hear(m sensors.Message) (sensors.Heard, bool) {
	d.keepTime(m.At)
	rest, below := strings.CutPrefix(m.Topic, d.prefix+"/")
	if below && rest == "status" {
		return sensors.Heard{}, true // Home Assistant's own word that it has started
	}
	if p, is := placeOf(rest); below && is {
		return d.hearAnnouncement(m, p), true
	}
	if d.passesOver(m.Topic) {
		return sensors.Heard{}, below
	}
	h, announced := d.hearState(m)
	return h, announced || below
}

// passesOver reports whether a topic is somebody else's: natively decoded, or our own.
func (d *Discovery) passesOver(topic string) bool {
	return d.home.Native(topic) || d.isShelly(topic) || d.isTasmota(topic) || strings.HasPrefix(topic, "ucare/")
}

// isShelly reports whether a Shelly of a later generation speaks on the topic. It may have any prefix, but
// only what is sure to be decoded counts: ha-shellies-discovery-gen2 announces all on the events.
func (d *Discovery) isShelly(topic string) bool {
	if len(d.home.Shelly) == 0 {
		return false
	}
	device, status, is := strings.Cut(topic, "/status/")
	named := strings.HasPrefix(device[strings.LastIndexByte(device, '/')+1:], "shelly")
	return strings.HasSuffix(topic, "/events/rpc") || is && named && strings.Contains(status, ":")
}

// isTasmota reports whether a Tasmota device speaks on the topic: all in its usual order is its decoder's.
func (d *Discovery) isTasmota(topic string) bool {
	return slices.ContainsFunc(d.home.Tasmota, func(base string) bool {
		return strings.HasPrefix(topic, sensors.Below(base, "tele/")) || strings.HasPrefix(topic, sensors.Below(base, "stat/"))
	})
}

// isOurs reports whether an announcement is one of the gateway's own.
func isOurs(a announcement) bool {
	origin, is := a["origin"].(map[string]any)
	return is && strings.EqualFold(textOf(origin["name"]), "u-Care")
}

// hearAnnouncement takes over an announcement in place of what was announced there before.
func (d *Discovery) hearAnnouncement(m sensors.Message, p place) sensors.Heard {
	if !slices.Contains([]string{"binary_sensor", "sensor", "event", "device_automation", "device"}, p.component) {
		return sensors.Heard{} // lamps, buttons to press in Home Assistant and the like
	}
	fault := func(code ucare.FaultCode, detail string) ucare.Fault {
		return ucare.Fault{Code: code, Subject: m.Topic, Dwelling: d.home.Dwelling, Since: m.At, Detail: detail}
	}
	if len(m.Payload) > maxConfig {
		return sensors.Heard{Faults: []ucare.Fault{fault(ucare.FaultTooLarge,
			fmt.Sprintf("the announcement has %d bytes; %d are allowed", len(m.Payload), maxConfig))}}
	}
	all, moved, err := announcements(p, m.Payload)
	if err != nil {
		return sensors.Heard{Faults: []ucare.Fault{fault(ucare.FaultNotUnderstood, sensors.NotUnderstood(err, m.Payload))}}
	}
	h := sensors.Heard{}
	entities, errs := d.entities(all, p, m.Topic)
	if len(errs) > 0 {
		h.Faults = append(h.Faults, fault(ucare.FaultNotUnderstood, strings.Join(errs, "; ")))
	} else {
		h.Cleared = append(h.Cleared, fault(ucare.FaultNotUnderstood, ""))
	}
	h.Cleared = append(h.Cleared, fault(ucare.FaultTooLarge, ""))
	d.replace(m, entities, moved, &h)
	return h
}

// entities are those of an announcement's that have a meaning and can be heard.
func (d *Discovery) entities(all map[string]announcement, p place, topic string) (list []*entity, errs []string) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a := all[key]
		if isOurs(a) {
			continue
		}
		e, err := newEntity(a, p, key, topic)
		switch {
		case err != nil && d.passesOver(e.Topic):
		case err != nil:
			errs = append(errs, fmt.Sprintf("%s (%s): %v", clip(e.label()), clip(e.Component), err))
		case e.meaning.how == nothing && e.meaning.unclear == "", d.passesOver(e.Topic):
		default:
			e.Available = slices.DeleteFunc(e.Available, func(a availability) bool { return d.passesOver(a.Topic) || strings.ContainsAny(a.Topic, "+#") })
			list = append(list, e)
		}
	}
	return list, errs
}

// replace puts entities in the place of what was announced on the topic before, and
// tells what follows for the devices.
func (d *Discovery) replace(m sensors.Message, entities []*entity, moved bool, h *sensors.Heard) {
	before := d.Announced[m.Topic]
	flood := ucare.Fault{Code: ucare.FaultFlood, Subject: d.prefix, Dwelling: d.home.Dwelling, Since: m.At}
	if kept := d.makeRoom(entities, before); len(kept) < len(entities) {
		flood.Detail = fmt.Sprintf("more than %d entities, or %d topics with wildcards, are announced; %s is not heard", maxEntities, maxPatterns, clip(m.Topic))
		h.Faults = append(h.Faults, flood)
		entities = kept
	} else if len(before) > len(entities) {
		h.Cleared = append(h.Cleared, flood)
	}
	for _, e := range entities {
		if i := slices.IndexFunc(before, e.same); i >= 0 {
			e.condition = before[i].condition
			e.keepAvailability(before[i])
			if e.Expire != before[i].Expire || e.OffDelay != before[i].OffDelay {
				e.startTimers(m.At)
			}
		}
		e.learn(d.compiled)
	}
	d.Announced[m.Topic] = entities
	if len(entities) == 0 {
		delete(d.Announced, m.Topic)
	}
	was := d.index
	d.arrange()
	h.Relisten = !slices.Equal(was.filters, d.filters)
	d.tellChanges(m, was, entities, moved, h)
}

// makeRoom gives those of the entities that there is room for, in the place of those before.
func (d *Discovery) makeRoom(entities, before []*entity) []*entity {
	room := maxEntities - d.count() + len(before)
	patterns := map[string]bool{}
	for pattern := range d.patterns {
		patterns[pattern] = true
	}
	return slices.DeleteFunc(slices.Clone(entities), func(e *entity) bool {
		if room--; room < 0 {
			return true
		}
		if strings.Contains(e.Topic, "+") {
			if !patterns[e.Topic] && len(patterns) >= maxPatterns {
				return true
			}
			patterns[e.Topic] = true
		}
		return false
	})
}

// tellChanges tells which sensors an announcement brought, changed and took away.
func (d *Discovery) tellChanges(m sensors.Message, was index, entities []*entity, moved bool, h *sensors.Heard) {
	for _, id := range slices.Sorted(maps.Keys(was.sensors)) {
		if _, still := d.sensors[id]; !still {
			delete(d.Links, id)
			if !moved {
				h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: id, Gone: true})
			}
		}
	}
	touched := map[*sensor]bool{}
	for _, e := range entities {
		touched[e.sensor] = true
	}
	for _, topic := range slices.Sorted(maps.Keys(d.available)) {
		was, is := was.bridges[topic] != nil, d.bridges[topic] != nil
		if was == is {
			continue
		}
		if is { // what was one sensor's affair is the bridge's now, or the other way round
			d.tellBridge(topic, m, h)
		}
		for _, e := range d.available[topic] {
			touched[e.sensor] = true
		}
	}
	for _, topic := range slices.Sorted(maps.Keys(was.bridges)) {
		if _, still := d.bridges[topic]; !still {
			h.Cleared = append(h.Cleared, d.bridgeFault(topic, m))
		}
	}
	for _, before := range was.sensors { // a sensor that lost an entity here
		if now := d.sensors[before.ID]; now != nil && len(now.entities) < len(before.entities) {
			touched[now] = true
		}
	}
	for _, s := range inOrder(touched) {
		h.Seen = append(h.Seen, d.seen(s))
		d.tellLink(m.At, m.Retained, s, h)
		d.tellFaults(m.At, s, h)
	}
}

// seen is what is known of a sensor from its announcements.
func (d *Discovery) seen(s *sensor) sensors.Seen {
	seen := sensors.Seen{Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Model: s.model, Bridge: s.bridge}
	for _, e := range s.entities {
		if k := e.meaning.kind; k != "" && k != ucare.Link && !slices.Contains(seen.Kinds, k) {
			seen.Kinds = append(seen.Kinds, k)
		}
	}
	slices.Sort(seen.Kinds)
	return seen
}

// inOrder are the sensors in the order of their IDs.
func inOrder(touched map[*sensor]bool) []*sensor {
	return slices.SortedFunc(maps.Keys(touched), func(a, b *sensor) int { return cmp.Compare(a.ID, b.ID) })
}
