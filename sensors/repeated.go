package sensors

import (
	"github.com/ucare-project/ucare"
)

// A battery is low from lowFrom percent down and good again from goodFrom up;
// in between it stays what it was, so that it does not waver.
const lowFrom, goodFrom = 10, 15

// add puts b behind what h has.
func (h *Heard) add(b Heard) {
	h.Readings = append(h.Readings, b.Readings...)
	h.Repeated = append(h.Repeated, b.Repeated...)
	h.Faults = append(h.Faults, b.Faults...)
	h.Cleared = append(h.Cleared, b.Cleared...)
	h.Seen = append(h.Seen, b.Seen...)
	h.Relisten = h.Relisten || b.Relisten
}

// takeRepeated turns what is new of the repeated states into readings.
func (r register) takeRepeated(h *Heard) {
	for _, said := range h.Repeated {
		if news, is := newsOf(said, r.before(said, h.Readings)); is {
			h.Readings = append(h.Readings, news)
		}
	}
	h.Repeated = nil
}

// newsOf is what a repeated state says that its sensor has not said before. Of
// the first word of a sensor nobody knows since when it holds. An "off" from a
// broker's store ends no alarm, so that the first fresh one after it is news.
func newsOf(said, last ucare.Reading) (ucare.Reading, bool) {
	if said.Kind == ucare.Battery && said.Unit == "%" {
		said.State = BatteryState(said.Value, last.State)
		said.Value, said.Unit = 0, ""
	}
	switch {
	case said.Unit != "": // measured: each value is news
		return said, true
	case said.State == ucare.Unknown:
		return said, false
	case said.State == ucare.Active && IsDetector(said.Kind) && said.Kind != ucare.HelpButton:
		return said, true // the rules fold repeats; to miss one is worse
	case last.Kind == "":
		said.UnknownAge = said.UnknownAge || said.State == ucare.Active
		return said, true
	case said.State == ucare.Inactive && last.UnknownAge && !said.UnknownAge:
		return said, true
	default:
		return said, said.State != last.State
	}
}

// before is what the sensor said of the kind before: earlier in the same message, or
// the newest that is remembered. The zero reading is that it never did.
func (r register) before(said ucare.Reading, now []ucare.Reading) ucare.Reading {
	for i := len(now) - 1; i >= 0; i-- {
		if n := now[i]; n.Kind == said.Kind && n.Sensor == said.Sensor && n.Dwelling == said.Dwelling {
			return n
		}
	}
	state := r[said.Dwelling][said.Sensor]
	if state == nil {
		return ucare.Reading{}
	}
	last, known := state.Last[said.Kind]
	if known && last.At.After(said.At) { // the clock was set back since, and the new word is the newest
		last.At = said.At
		state.Last[said.Kind] = last
	}
	return last
}

// BatteryState is whether a battery is low (active) with so many percent left,
// after it was before.
func BatteryState(percent float64, before ucare.State) ucare.State {
	switch {
	case percent <= lowFrom:
		return ucare.Active
	case percent >= goodFrom || before == ucare.Unknown:
		return ucare.Inactive
	default:
		return before
	}
}

// IsDetector reports whether an active reading of the kind is danger or a call
// for help: what must never be missed, and must have been tried once.
func IsDetector(k ucare.Kind) bool {
	switch k {
	case ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.HelpButton, ucare.FallSensor:
		return true
	default:
		return false
	}
}
