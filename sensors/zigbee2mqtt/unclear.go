package zigbee2mqtt

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What only the household can tell. A property that looks like an alarm or a sign
// of life and does not say of what is named in a fault, with its values, and the
// household may say what it means in a mapping of its own (configuration,
// sensors.mappings). It is never taken for something, and never passed over.
//
// Vibration is such a thing: an object shakes. That is a person's motion where it
// is fixed to a bed, and a washing machine where it is not. Beside the contact
// of a door or the like it is passed over, because the device says better what happened.

// learn derives the meanings of the device's properties, and what is unclear.
func (d *device) learn() {
	d.meanings, d.unclear = map[string][]meaning{}, nil
	if !d.Listed {
		d.meanings = strangersMeanings()
		return
	}
	var open []property
	for _, p := range d.Properties {
		ms, unclear := meaningOf(d, p)
		switch {
		case unclear != "":
			d.unclear = append(d.unclear, p.named()+": "+unclear)
		case len(ms) > 0:
			d.meanings[p.Name] = ms
		default:
			open = append(open, p)
		}
	}
	for _, p := range open {
		d.learnOpen(p)
	}
	if len(d.kinds()) == 0 && len(d.unclear) == 0 {
		d.meanings = map[string][]meaning{} // a lamp's own faults are no business of ours
	}
}

// learnOpen decides about a property by what else the device says.
func (d *device) learnOpen(p property) {
	switch {
	case p.isAlarm():
		d.learnAlarm(p)
	case p.Name == "vibration" && p.isBool() && !p.isSetting() && !d.saysMore():
		d.unclear = append(d.unclear, p.named()+": what it is fixed to, and so what its shaking means, is not said")
	case p.Name == "presence_event" && !has(d.Properties, "presence"):
		d.unclear = append(d.unclear, p.named()+": a coming and going without a state")
	case p.isLevel() && !d.judges(p):
		d.unclear = append(d.unclear, p.named()+": from how much on it is dangerous is not said")
	case p.Type == "binary" || p.Type == "enum":
		if kind, is := mentioned(p.Name); is && !p.isSetting() && !d.tells(kind) && p.Name != "presence_event" {
			d.unclear = append(d.unclear, p.named()+": it is not among the names we know")
		}
	}
}

// tells reports whether the device says something of the kind already; motion
// and presence are one here.
func (d *device) tells(kind ucare.Kind) bool {
	kinds := d.kinds()
	if kind == ucare.Motion || kind == ucare.Presence {
		return slices.Contains(kinds, ucare.Motion) || slices.Contains(kinds, ucare.Presence)
	}
	return slices.Contains(kinds, kind)
}

// learnAlarm finds out of what a property that is only called an alarm is one:
// by what its own description says, else by that of the device.
func (d *device) learnAlarm(p property) {
	table := family{active: dangerActive, inactive: dangerInactive, silent: dangerSilent}.table(p)
	kind, clear := dangerIn(p.About)
	if !clear {
		kind, clear = dangerIn(d.About)
	}
	switch {
	case p.Type == "enum" && !slices.ContainsFunc(p.Values, func(v string) bool { return isAmong(word(v), dangerActive) }):
		// its values name other things, such as a calibration
	case clear && table != nil:
		d.meanings[p.Name] = []meaning{{kind: kind, states: table}}
	case d.describedAs("siren", "sound and flash", "sound and light"):
		// the noise that it makes itself
	case !d.saysMore():
		d.unclear = append(d.unclear, p.named()+": of what it is an alarm is not said")
	}
}

// saysMore reports whether the device says anything but how it is itself.
func (d *device) saysMore() bool {
	return slices.ContainsFunc(d.kinds(), func(k ucare.Kind) bool {
		return k != ucare.Battery && k != ucare.Tamper && k != ucare.Temperature && k != ucare.Mains
	})
}

// judges reports whether the device says itself when a level is dangerous.
func (d *device) judges(level property) bool {
	kind := ucare.Smoke
	if strings.HasPrefix(level.Name, "gas") {
		kind = ucare.Gas
	}
	return slices.Contains(d.kinds(), kind)
}

// tellUnclear reports what only the household can tell about a listed device.
func (b *Bridge) tellUnclear(m sensors.Message, name string, d *device, h *sensors.Heard) {
	f := b.fault(m, name, ucare.FaultNeedsMapping, strings.Join(d.unclear, "; "))
	if len(d.unclear) > 0 {
		h.Faults = append(h.Faults, f)
	} else {
		h.Cleared = append(h.Cleared, f)
	}
}
