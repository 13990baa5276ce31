package homeassistant

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// An index is who listens where, derived from what was announced.
type index struct {
	states    map[string][]*entity // by the topic of their state
	patterns  map[string][]*entity // those with a "+" in it, as the gateways of beacons have
	available map[string][]*entity // by the topics of their availability
	bridges   map[string][]*sensor // availability topics that several sensors share
	sensors   map[string]*sensor   // by ID
	filters   []string
}

// A sensor is one device of the home with what was announced of it.
type sensor struct {
	ucare.Sensor
	model    string
	bridge   string // the availability topic that it shares with others
	entities []*entity
}

// arrange builds the index anew.
func (d *Discovery) arrange() {
	d.index = index{
		states: map[string][]*entity{}, patterns: map[string][]*entity{}, available: map[string][]*entity{},
		bridges: map[string][]*sensor{}, sensors: map[string]*sensor{},
	}
	d.nameDevices()
	filters := []string{d.prefix + "/#"}
	for _, topic := range slices.Sorted(maps.Keys(d.Announced)) {
		for _, e := range d.Announced[topic] {
			e.sensor = d.sensorOf(e)
			e.sensor.entities = append(e.sensor.entities, e)
			if strings.Contains(e.Topic, "+") {
				d.patterns[e.Topic] = append(d.patterns[e.Topic], e)
			} else {
				d.states[e.Topic] = append(d.states[e.Topic], e)
			}
			filters = append(filters, e.Topic)
			for _, a := range e.Available {
				if !slices.Contains(d.available[a.Topic], e) {
					d.available[a.Topic] = append(d.available[a.Topic], e)
				}
				filters = append(filters, a.Topic)
			}
		}
	}
	slices.Sort(filters)
	d.filters = slices.Compact(filters)
	d.findBridges()
}

// findBridges finds the availability topics that belong to more than one sensor.
func (d *Discovery) findBridges() {
	for topic, entities := range d.available {
		var all []*sensor
		for _, e := range entities {
			if !slices.Contains(all, e.sensor) {
				all = append(all, e.sensor)
			}
		}
		if len(all) > 1 {
			d.bridges[topic] = all
			for _, s := range all {
				if s.bridge == "" || topic < s.bridge {
					s.bridge = topic
				}
			}
		}
	}
}

// nameDevices gives each device the name that its sensor goes by: its own if no other device has it,
// else its identifier. Who came first keeps the name.
func (d *Discovery) nameDevices() {
	present := map[string]device{}
	for _, topic := range slices.Sorted(maps.Keys(d.Announced)) {
		for _, e := range d.Announced[topic] {
			if known, is := present[e.Device.Key]; !is || known.Name == "" {
				present[e.Device.Key] = e.Device
			}
		}
	}
	taken := map[string]bool{}
	for key, id := range d.Names {
		if dev, still := present[key]; still && (id == strings.TrimSpace(dev.Name) || id == key) {
			taken[id] = true
		} else {
			delete(d.Names, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(present)) {
		if _, named := d.Names[key]; named {
			continue
		}
		id := strings.TrimSpace(present[key].Name)
		if id == "" || taken[id] {
			id = key
		}
		taken[id] = true
		d.Names[key] = id
	}
}

// sensorOf finds the sensor that an entity belongs to: the one that is configured
// for its topic, else its device.
func (d *Discovery) sensorOf(e *entity) *sensor {
	place := d.place(e.Topic, d.Names[e.Device.Key])
	if place.Room == "" && e.Device.Area != "" {
		place.Room = d.place("", e.Device.Area).Room
	}
	s, known := d.sensors[place.ID]
	if !known {
		s = &sensor{Sensor: place}
		d.sensors[place.ID] = s
	}
	s.Room, s.model = cmp.Or(s.Room, place.Room), cmp.Or(s.model, e.Device.Model)
	return s
}

// place is what the configuration and the name say of a sensor. It is remembered, for each announcement
// asks it of all entities.
func (d *Discovery) place(topic, name string) ucare.Sensor {
	key := topic + "\x00" + name
	s, known := d.placed[key]
	if !known {
		if len(d.placed) >= 2*maxEntities {
			clear(d.placed)
		}
		s = d.home.Sensor(topic, name)
		d.placed[key] = s
	}
	return s
}

// listeners are the entities whose state is on the topic.
func (d *Discovery) listeners(topic string) []*entity {
	all := d.states[topic]
	for _, pattern := range slices.Sorted(maps.Keys(d.patterns)) {
		if sensors.Match(pattern, topic) {
			all = append(slices.Clip(all), d.patterns[pattern]...)
		}
	}
	return all
}
