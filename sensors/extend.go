package sensors

import (
	"slices"

	"github.com/ucare-project/ucare"
)

// extend adds what a further ecosystem hears in the same message, after one that
// has said something of it without taking it for its own. Of a kind of a sensor
// that the first has spoken of the second has no say.
func (h *Heard) extend(b Heard) {
	if h.nothing() {
		*h = b
		return
	}
	spoken := func(r ucare.Reading) bool {
		return slices.ContainsFunc(h.Seen, func(s Seen) bool {
			return s.Sensor == r.Sensor && s.Dwelling == r.Dwelling && slices.Contains(s.Kinds, r.Kind)
		})
	}
	b.Readings, b.Repeated = without(b.Readings, spoken), without(b.Repeated, spoken)
	b.Faults = without(b.Faults, func(f ucare.Fault) bool {
		return f.Code == ucare.FaultNeedsMapping && slices.ContainsFunc(h.Seen, func(s Seen) bool { return s.Sensor == f.Subject })
	})
	h.add(b)
}

// without is a new list, since the first one may be somebody's memory.
func without[E any](list []E, drop func(E) bool) []E {
	return slices.DeleteFunc(slices.Clone(list), drop)
}

// nothing reports whether nothing was heard.
func (h *Heard) nothing() bool {
	return len(h.Readings)+len(h.Repeated)+len(h.Faults)+len(h.Cleared)+len(h.Seen) == 0
}
