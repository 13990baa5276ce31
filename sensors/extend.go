package sensors

import (
	"slices"

	"github.com/ucare-project/ucare"
)

// extend adds what a further ecosystem hears in the same message, after one that
// has said something of it without taking it for its own. Of a kind of a sensor
// that the first has spoken of the second has no say, but for danger or a call for help
// where the first has not understood the sensor.
func (h *Heard) extend(b Heard) {
	if h.nothing() {
		*h = b
		return
	}
	spoken := func(r ucare.Reading) bool {
		if r.State == ucare.Active && IsDetector(r.Kind) && h.doubts(r) {
			return false
		}
		return slices.ContainsFunc(h.Seen, func(s Seen) bool {
			return s.Sensor == r.Sensor && s.Dwelling == r.Dwelling && slices.Contains(s.Kinds, r.Kind)
		})
	}
	b.Readings, b.Repeated = without(b.Readings, spoken), without(b.Repeated, spoken)
	h.add(b)
}

// doubts reports whether a value of the reading's sensor was not understood.
func (h *Heard) doubts(r ucare.Reading) bool {
	return slices.ContainsFunc(h.Faults, func(f ucare.Fault) bool {
		return f.Code == ucare.FaultUnknownValue && f.Subject == r.Sensor && f.Dwelling == r.Dwelling
	})
}

// An Answerer is an ecosystem in which the household says what no decoder can
// know. Answers takes out of a fault that a sensor needs a mapping what is
// mapped, and reports whether anything is left of it.
type Answerer interface {
	Answers(f ucare.Fault) (left ucare.Fault, open bool)
}

// answer lets what the household has said end the faults that ask for it.
func (d *Decoder) answer(h *Heard) {
	asks := func(f ucare.Fault) bool { return f.Code == ucare.FaultNeedsMapping }
	if !slices.ContainsFunc(h.Faults, asks) {
		return
	}
	faults := h.Faults
	h.Faults = nil
	for _, f := range faults {
		open := true
		for _, e := range d.ecosystems {
			if by, answers := e.(Answerer); answers && open && asks(f) {
				f, open = by.Answers(f)
			}
		}
		if open {
			h.Faults = append(h.Faults, f)
		} else {
			h.Cleared = append(h.Cleared, f)
		}
	}
}

// without is a new list, since the first one may be somebody's memory.
func without[E any](list []E, drop func(E) bool) []E {
	return slices.DeleteFunc(slices.Clone(list), drop)
}

// nothing reports whether nothing was heard.
func (h *Heard) nothing() bool {
	return len(h.Readings)+len(h.Repeated)+len(h.Faults)+len(h.Cleared)+len(h.Seen) == 0
}
