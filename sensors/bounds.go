package sensors

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

// maxName bounds the name of a sensor or a room, in bytes. A name comes from a
// topic or a payload, which may be as long as somebody likes, and goes into each report:
// a report with a longer one could be over what a centre takes.
const maxName = 128

// bound clips the names in what was heard, and tells each clipped one as a
// fault. A sensor's faults bear its clipped name as well, for them to be found by it.
func bound(h *Heard) {
	for i := range h.Readings {
		r := &h.Readings[i]
		fault := ucare.Fault{Code: ucare.FaultUnknownValue, Dwelling: r.Dwelling, Subject: clip(r.Sensor), Since: r.At}
		h.bound(&r.Sensor, "sensor", fault)
		h.bound(&r.Room, "room", fault)
	}
	for i := range h.Seen {
		s := &h.Seen[i]
		s.Sensor, s.Room = clip(s.Sensor), clip(s.Room) // told with its readings
	}
	for _, faults := range [][]ucare.Fault{h.Faults, h.Cleared} {
		for i := range faults {
			faults[i].Subject = clip(faults[i].Subject)
		}
	}
}

// bound clips one name. A fault of the same key keeps what it says.
func (h *Heard) bound(name *string, what string, fault ucare.Fault) {
	if len(*name) <= maxName {
		return
	}
	fault.Detail = fmt.Sprintf("the name of the %s has %d bytes and was clipped to %d: %q", what, len(*name), maxName, clip(*name))
	*name = clip(*name)
	same := func(f ucare.Fault) bool {
		return clip(f.Subject) == fault.Subject && f.Code == fault.Code && f.Dwelling == fault.Dwelling
	}
	switch i := slices.IndexFunc(h.Faults, same); {
	case i < 0:
		h.Faults = append(h.Faults, fault)
	case h.Faults[i].Detail != fault.Detail:
		h.Faults[i].Detail += "; " + fault.Detail
	}
}

// clip is the beginning of a name, whole characters of it.
func clip(name string) string {
	if len(name) <= maxName {
		return name
	}
	cut := maxName
	for cut > maxName-utf8.UTFMax && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut]
}
