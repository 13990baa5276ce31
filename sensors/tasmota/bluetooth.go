package tasmota

import (
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// Bluetooth sensors of the Xiaomi family that an ESP32 hears (docs
// Bluetooth_MI32). Each is a member of SENSOR named by its model and the end of
// its address: "MJYD2S-1a2b3c":{"mac":…,"PIR":1,"Battery":88}. PIR is there only at
// the instant (firmware xsns_62_esp32_mi: "only real-time"), 1 for motion and 0
// for none since a while.
//
// Beacons (IBEACON) are tags on things: that one is near says nothing of a person.

// bluetoothModels are those with something to say here.
var bluetoothModels = []string{
	"ATC", "CGD1", "CGG1", "LYWSD02", "LYWSD03", "MCCGQ02", "MHOC303", "MHOC401", "MJYD2S", "MJ_HT_V1", "NLIGHT", "PVVX", "SJWS01L",
}

// isBluetooth reports whether a member of SENSOR is such a sensor.
func isBluetooth(key string, o object) bool {
	if o == nil {
		return false
	}
	return slices.ContainsFunc(bluetoothModels, func(model string) bool { return strings.HasPrefix(key, model) })
}

// hearBluetooth decodes one of them. What a DOOR or a Leak says in numbers is not
// documented, so it is told instead of guessed.
func (r *report) hearBluetooth(n *node, said object, unit string) {
	if raw, has := said["PIR"]; has {
		if state, ok := zeroOrOne(raw); ok {
			r.good("PIR")
			r.state(ucare.Motion, state, state == ucare.Active)
		} else {
			r.bad("PIR", raw)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		switch strings.ToLower(key) {
		case "door", "leak":
			r.unmapped(key, "the values are not documented; write a mapping for topic "+quote(r.m.Topic))
		}
	}
	if raw, has := said["Temperature"]; has {
		if v, ok := celsius(raw, unit, ""); ok {
			r.good("Temperature")
			r.measured(ucare.Temperature, v, "°C")
		} else {
			r.bad("Temperature", raw)
		}
	}
	r.battery(n, said, "Battery")
}
