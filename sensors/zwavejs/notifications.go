package zwavejs

import "github.com/ucare-project/ucare"

// The notifications of command class 113 that matter, from the registry of
// node-zwave-js (npm @zwave-js/core 15.29.0, registries/Notifications). A
// notification type has variables, which keep their value until it changes, and
// events, which do not. Names are written as in topics.

// An effect is what a value means to us.
type effect uint8

const (
	nothing  effect = iota // known, and neither one nor the other
	inactive               // of the variable's kind
	active
	drill   // a test press
	trouble // the device says that it does not work as it should
	mapping // only the household can tell what it means
)

// A variable is something with a state: its kind, and what each of its values
// means. A value that is not there is not understood.
type variable struct {
	kind   ucare.Kind
	values map[string]saying // by value, as canonical JSON
	// momentary: it stays on its last value, so that a test has no end of its own.
	momentary bool
	// vague: what it says is of use only when the node says nothing clearer.
	vague bool
}

// A saying is one value of a variable, with words for a person where they need some.
type saying struct {
	effect effect
	words  string
}

// detects is a variable with two values for the same, with and without a place.
func detects(kind ucare.Kind, with, without string) variable {
	return variable{kind: kind, values: map[string]saying{"0": {effect: inactive}, with: {effect: active}, without: {effect: active}}}
}

// tests is a variable in which a test press shows.
func tests(kind ucare.Kind, pressed string, silenced ...string) variable {
	v := variable{kind: kind, values: map[string]saying{"0": {}, pressed: {effect: drill}}}
	for _, s := range silenced {
		v.values[s] = saying{} // the alarm it silences goes on in its own variable
	}
	return v
}

// troubles is a variable in which the device speaks of itself: value, words, value,
// words …; a value without words is no trouble.
func troubles(pairs ...string) variable {
	v := variable{values: map[string]saying{"0": {}}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if v.values[pairs[i]] = (saying{}); pairs[i+1] != "" {
			v.values[pairs[i]] = saying{effect: trouble, words: pairs[i+1]}
		}
	}
	return v
}

// needsMapping is a variable whose active values only the household can explain.
func needsMapping(vague bool, words string, values ...string) variable {
	v := variable{vague: vague, values: map[string]saying{"0": {}}}
	for _, value := range values {
		v.values[value] = saying{effect: mapping, words: words}
	}
	return v
}

// is is a variable of a kind with its active and inactive values and those that say nothing.
func is(kind ucare.Kind, on, off, neither []string) variable {
	v := variable{kind: kind, values: map[string]saying{}}
	for e, values := range map[effect][]string{active: on, inactive: off, nothing: neither} {
		for _, value := range values {
			v.values[value] = saying{effect: e}
		}
	}
	return v
}

const (
	replace     = "replacement required"
	endOfLife   = "replacement required, end of life"
	inspection  = "maintenance required, periodic inspection"
	dust        = "maintenance required, dust in the device"
	intrusion   = "it says intrusion, which may be motion, a door or a broken window"
	carbonDi    = "it says too much carbon dioxide"
	sleepApnea  = "it says that somebody's breathing stops in sleep"
	windowOpen  = "5632" // 22 with the parameter 0: open, not tilted
	windowTilts = "5633" // 22 with the parameter 1: tilted
)

// variables are the notification variables by "type/variable".
//
// A value with a parameter is shifted up by eight bits and the parameter added,
// or replaced by the parameter where the variable has no other value: so a test
// of a CO alarm is 3, or 1 when it passed and 2 when it failed.
var variables = map[string]variable{
	"Smoke_Alarm/Sensor_status":              detects(ucare.Smoke, "1", "2"),
	"Smoke_Alarm/Alarm_status":               tests(ucare.Smoke, "3", "6"),
	"Smoke_Alarm/Maintenance_status":         troubles("4", replace, "5", endOfLife),
	"Smoke_Alarm/Periodic_inspection_status": troubles("7", inspection),
	"Smoke_Alarm/Dust_in_device_status":      troubles("8", dust),

	"CO_Alarm/Sensor_status": detects(ucare.CarbonMonoxide, "1", "2"),
	"CO_Alarm/Test_status": {kind: ucare.CarbonMonoxide, momentary: true, values: map[string]saying{
		"0": {}, "3": {effect: drill}, "1": {effect: drill}, "2": {effect: trouble, words: "its self-test failed"},
	}},
	"CO_Alarm/Alarm_status":               tests(ucare.CarbonMonoxide, "3", "6"),
	"CO_Alarm/Maintenance_status":         troubles("4", replace, "5", endOfLife),
	"CO_Alarm/Periodic_inspection_status": troubles("7", inspection),

	"CO2_Alarm/Sensor_status": needsMapping(false, carbonDi, "1", "2"),

	"Heat_Alarm/Heat_sensor_status":         is(ucare.Heat, []string{"1", "2"}, []string{"0"}, []string{"5", "6"}), // 5, 6: too cold
	"Heat_Alarm/Sensor_status":              is(ucare.Heat, []string{"1", "2"}, []string{"0"}, []string{"5", "6"}),
	"Heat_Alarm/Alarm_status":               tests(ucare.Heat, "7", "9"),
	"Heat_Alarm/Maintenance_status":         troubles("8", endOfLife),
	"Heat_Alarm/Periodic_inspection_status": troubles("11", inspection),
	"Heat_Alarm/Dust_in_device_status":      troubles("10", dust),

	"Water_Alarm/Sensor_status": detects(ucare.WaterLeak, "1", "2"),
	"Water_Alarm/Pump_status":   troubles("10", "", "11", "the sump pump has failed"),

	"Access_Control/Door_state":        is(ucare.Door, []string{"22", windowOpen, windowTilts}, []string{"23"}, nil),
	"Access_Control/Door_state_simple": is(ucare.Door, []string{"22"}, []string{"23"}, nil),

	"Home_Security/Sensor_status":                needsMapping(true, intrusion, "1", "2"),
	"Home_Security/Cover_status":                 is(ucare.Tamper, []string{"3"}, []string{"0"}, nil),
	"Home_Security/Motion_sensor_status":         detects(ucare.Motion, "7", "8"),
	"Home_Security/Magnetic_interference_status": is(ucare.Tamper, []string{"11"}, []string{"0"}, nil),

	"Power_Management/Mains_status":                is(ucare.Mains, []string{"3"}, []string{"2"}, []string{"0"}),
	"Power_Management/Battery_maintenance_status":  is(ucare.Battery, []string{"10", "11", "17"}, []string{"0"}, nil),
	"Power_Management/Battery_level_status":        is(ucare.Battery, []string{"14", "15"}, []string{"0", "13"}, nil),
	"Power_Management/Backup_battery_level_status": is(ucare.Battery, []string{"16", "18"}, []string{"0"}, nil),

	"System/Hardware_status": troubles("1", "its hardware has failed", "3", "its hardware has failed"),
	"System/Software_status": troubles("2", "its software has failed", "4", "its software has failed"),
	"System/Cover_status":    is(ucare.Tamper, []string{"6"}, []string{"0"}, nil),

	// Sitting on the bed is not lying in it, and idle is no word about the bed.
	"Home_Health/Position_status":    is(ucare.Bed, []string{"3"}, []string{"1"}, []string{"0", "2", "5"}),
	"Home_Health/Sleep_apnea_status": needsMapping(false, sleepApnea, "7", "1", "2", "1793", "1794"),

	"Gas_alarm/Combustible_gas_status": detects(ucare.Gas, "1", "2"),
	"Gas_alarm/Toxic_gas_status":       detects(ucare.Gas, "3", "4"), // leave the room, all the same
	"Gas_alarm/Alarm_status":           tests(ucare.Gas, "5"),
	"Gas_alarm/Maintenance_status":     troubles("6", replace),

	"Home_monitoring/Home_occupancy_status": detects(ucare.Presence, "1", "2"),
}

// events are the notifications that have no state, by "type/event", and what an
// active reading of theirs is about. The labels of states are among them: they are
// published in this form by some versions, and by a node of an old kind.
var events = map[string]ucare.Kind{
	"Home_Health/Fall_detected":   ucare.FallSensor,
	"Home_Health/Posture_changed": ucare.Motion,

	"Emergency_Alarm/Contact_police":          ucare.HelpButton,
	"Emergency_Alarm/Contact_fire_service":    ucare.HelpButton,
	"Emergency_Alarm/Contact_medical_service": ucare.HelpButton,
	"Emergency_Alarm/Panic_alert":             ucare.HelpButton,

	"Heat_Alarm/Rapid_temperature_rise":                   ucare.Heat,
	"Heat_Alarm/Rapid_temperature_rise_location_provided": ucare.Heat,

	"Smoke_Alarm/Smoke_detected":                           ucare.Smoke,
	"Smoke_Alarm/Smoke_detected_location_provided":         ucare.Smoke,
	"CO_Alarm/Carbon_monoxide_detected":                    ucare.CarbonMonoxide,
	"CO_Alarm/Carbon_monoxide_detected_location_provided":  ucare.CarbonMonoxide,
	"Heat_Alarm/Overheat_detected":                         ucare.Heat,
	"Heat_Alarm/Overheat_detected_location_provided":       ucare.Heat,
	"Water_Alarm/Water_leak_detected":                      ucare.WaterLeak,
	"Water_Alarm/Water_leak_detected_location_provided":    ucare.WaterLeak,
	"Gas_alarm/Combustible_gas_detected":                   ucare.Gas,
	"Gas_alarm/Combustible_gas_detected_location_provided": ucare.Gas,
	"Gas_alarm/Toxic_gas_detected":                         ucare.Gas,
	"Gas_alarm/Toxic_gas_detected_location_provided":       ucare.Gas,
	"Home_Security/Motion_detection":                       ucare.Motion,
	"Home_Security/Motion_detection_location_provided":     ucare.Motion,
}

// watchedTypes are the notification types of which a value that the registry does
// not have ("unknown") must not go unnoticed. Locks have many of their own.
var watchedTypes = map[string]bool{
	"Smoke_Alarm": true, "CO_Alarm": true, "Heat_Alarm": true, "Water_Alarm": true,
	"Home_Security": true, "Emergency_Alarm": true, "Home_Health": true, "Gas_alarm": true, "System": true,
}
