package tasmota

import (
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// LoRaWAN devices behind a Tasmota bridge (docs LoRa-and-LoRaWan-Bridge; the
// firmware's own decoders and those in Berry, tasmota/berry/lorawan). They
// send on a change and as a sign of life alike. Battery is in volts: 3.0 is no
// 3 %. Alarm of a door sensor means that the door has been open for long.
var lorawanStates = map[string]ucare.Kind{
	"DoorOpen": ucare.Door, "door_open": ucare.Door, // Dragino LDS01 and LDS02, MerryIoT DW10; Milesight WS301
	"TamperDetect": ucare.Tamper, "tamper_detected": ucare.Tamper, // DW10; WS301
	"pir_status": ucare.Motion, // Milesight WS202
}

// hearLoRaWAN decodes the decoded values of one message of a device. What is
// not decoded needs a decoder on the bridge.
func (r *report) hearLoRaWAN(n *node, said object) {
	if _, raw := said["Payload"]; raw {
		if asText(said["Decoder"]) == "" {
			r.unmapped("Payload", "the bridge has no decoder for this device; give it one, or write a mapping for topic "+quote(r.m.Topic))
		}
		return
	}
	r.mapped("Payload")
	for _, key := range slices.Sorted(maps.Keys(said)) {
		kind, known := lorawanStates[key]
		switch {
		case known:
			if state, ok := zeroOrOne(said[key]); ok {
				r.good(key)
				r.repeat(kind, state)
			} else {
				r.bad(key, said[key])
			}
		case key == "TemperatureC":
			if v, ok := asNumber(said[key]); ok {
				r.good(key)
				r.measured(ucare.Temperature, v, "°C")
			} else {
				r.bad(key, said[key])
			}
		case isLoRaWANDanger(key):
			r.unmapped(key, "the values are not documented; write a mapping for topic "+quote(r.m.Topic))
		}
	}
	r.battery(n, said, "battery_pct")
}

// isLoRaWANDanger reports whether the name of a value sounds like a detector or
// a call for help.
func isLoRaWANDanger(key string) bool {
	return !strings.EqualFold(key, "Alarm") && classOf(key) == danger || strings.HasPrefix(key, "button_")
}
