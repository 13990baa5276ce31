package zwavejs

import (
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// What the values of the other command classes mean: binary sensors and alarm
// sensors, which are true and false, and the battery.

// truth is a variable that is true when active.
func truth(kind ucare.Kind) variable { return is(kind, []string{"true"}, []string{"false"}, nil) }

// vague is a variable that is true for something that only the household knows.
func vague(words string) variable {
	return variable{vague: true, values: map[string]saying{"false": {}, "true": {effect: mapping, words: words}}}
}

// binarySensors are the binary sensors of command class 48 by their type. A tilted
// thing may be open or closed, depending on how the sensor is mounted.
var binarySensors = map[string]variable{
	"Smoke": truth(ucare.Smoke), "CO": truth(ucare.CarbonMonoxide), "Heat": truth(ucare.Heat), "Water": truth(ucare.WaterLeak),
	"Tamper": truth(ucare.Tamper), "Door-Window": truth(ucare.Door), "Motion": truth(ucare.Motion),
	"Any": vague("a binary sensor that does not say what it senses"), "General_Purpose": vague("a binary sensor for general purposes"),
	"Tilt": vague("a tilt sensor"), "Aux": vague("an auxiliary contact"),
}

// alarmSensors are the sensors of command class 156, of devices from before
// notifications, by the number or the name of their type.
var alarmSensors = map[string]variable{
	"1": truth(ucare.Smoke), "2": truth(ucare.CarbonMonoxide), "4": truth(ucare.Heat), "5": truth(ucare.WaterLeak),
	"Smoke": truth(ucare.Smoke), "CO": truth(ucare.CarbonMonoxide), "Heat": truth(ucare.Heat), "Water_Leak": truth(ucare.WaterLeak),
	"0": vague("an alarm sensor for general purposes"), "255": vague("an alarm sensor that does not say what it senses"),
	"General_Purpose": vague("an alarm sensor for general purposes"), "Any": vague("an alarm sensor that does not say what it senses"),
}

// batteryFlags are the words about a battery besides its level.
var batteryFlags = map[string]variable{
	"isLow":             truth(ucare.Battery),
	"lowFluid":          truth(ucare.Battery),
	"rechargeOrReplace": is(ucare.Battery, []string{"1", "2"}, []string{"0"}, nil), // 1 soon, 2 now
}

// variable gives what a value is about. A notification of the first version of
// its class is a number of the manufacturer's own.
func (id valueID) variable() (variable, bool) {
	var v variable
	var ok bool
	switch id.class {
	case notification:
		if id.key == "" && (id.property == "alarmType" || id.property == "alarmLevel") {
			return variable{vague: true, values: map[string]saying{}}, true
		}
		v, ok = variables[id.property+"/"+id.key]
	case binarySensor:
		v, ok = binarySensors[id.property]
	case alarmSensor:
		if id.property == "state" {
			v, ok = alarmSensors[id.key]
		}
	case battery:
		v, ok = batteryFlags[id.property]
	}
	return v, ok
}

// saying gives what the value of the variable means, and whether the table has it.
func (v variable) saying(id valueID, value string) (saying, bool) {
	if strings.HasPrefix(id.property, "alarm") && id.key == "" && id.class == notification {
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 {
			return saying{}, err == nil
		}
		return saying{effect: mapping, words: "a notification of the manufacturer's own, " + id.property + " " + value}, true
	}
	s, ok := v.values[value]
	return s, ok
}

// isUnknown reports whether the id is the bucket in which the bridge puts the values
// of a notification type that its registry does not have.
func (id valueID) isUnknown() bool {
	return id.class == notification && watchedTypes[id.property] && id.key == "unknown"
}

// event is the kind that an event with this id is about.
func (id valueID) event() (ucare.Kind, bool) {
	if id.class != notification {
		return "", false
	}
	kind, is := events[id.property+"/"+id.key]
	return kind, is
}
