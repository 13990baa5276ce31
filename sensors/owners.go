package sensors

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// owners say which ecosystem a sensor's ID belongs to. A Zigbee detector and an
// ESPHome node that are both called "hall" are two sensors: taken for one, the
// "off" of one would end the fire of the other. The first keeps the name, the
// other goes by "hall@homeassistant". By dwelling and ID, for as many sensors as a
// home is believed to have.
type owners map[string]map[string]string

// settle gives the sensors in h that belong to another ecosystem an ID of their own.
func (o owners) settle(ecosystem string, h *Heard) {
	for i := range h.Seen {
		s := &h.Seen[i]
		s.Sensor = o.idOf(ecosystem, s.Dwelling, s.Sensor)
	}
	for _, readings := range [][]ucare.Reading{h.Readings, h.Repeated} {
		for i := range readings {
			r := &readings[i]
			r.Sensor = o.idOf(ecosystem, r.Dwelling, r.Sensor)
		}
	}
	for _, faults := range [][]ucare.Fault{h.Faults, h.Cleared} {
		for i := range faults {
			f := &faults[i]
			if by, owned := o[f.Dwelling][clip(f.Subject)]; owned {
				f.Subject = apart(f.Subject, by, ecosystem)
			}
		}
	}
	for _, s := range h.Seen {
		if s.Gone {
			delete(o[s.Dwelling], clip(s.Sensor))
		}
	}
}

// idOf is the ID under which the ecosystem's sensor goes.
func (o owners) idOf(ecosystem, dwelling, sensor string) string {
	home, name := o[dwelling], clip(sensor)
	if by, owned := home[name]; owned {
		return apart(sensor, by, ecosystem)
	}
	if len(home) < maxSensors {
		if home == nil {
			home = map[string]string{}
			o[dwelling] = home
		}
		home[name] = ecosystem
	}
	return sensor
}

// apart is the ID that a sensor of an ecosystem has beside the owner's of that name.
func apart(sensor, owner, ecosystem string) string {
	kind, _, _ := strings.Cut(ecosystem, ":")
	switch ownersKind, _, _ := strings.Cut(owner, ":"); {
	case owner == ecosystem:
		return sensor
	case ownersKind == kind:
		return sensor + "@" + ecosystem // two bridges of one kind
	default:
		return sensor + "@" + kind
	}
}

// disambiguate keeps apart what ecosystems call by one name. What the household
// maps itself, and our own form, may speak of any sensor.
func (d *Decoder) disambiguate(e Ecosystem, h Heard) Heard {
	r, remembers := e.(Rememberer)
	if _, household := e.(Answerer); !remembers || household {
		return h
	}
	// The slices may be the ecosystem's own.
	h.Seen, h.Readings, h.Repeated = slices.Clone(h.Seen), slices.Clone(h.Readings), slices.Clone(h.Repeated)
	h.Faults, h.Cleared = slices.Clone(h.Faults), slices.Clone(h.Cleared)
	d.owners.settle(r.Name(), &h)
	return h
}
