package tasmota

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// testHolds is how long after a test began an alarm may be that test's. A
// detector whose test flag stuck an hour ago is burning.
const testHolds = 2 * time.Minute

// Zigbee devices behind a Tasmota bridge (docs Zigbee). The bridge publishes the
// attributes that it has just received, not the whole state of the device, and
// adds the last known BatteryPercentage to each. So an Occupancy of 1 is motion
// now; only its end comes from a timer of the bridge, 90 s after the last motion,
// without a radio contact and so without LinkQuality.

// hearZigbee decodes the attributes of one message of a device.
func (r *report) hearZigbee(n *node, said object) {
	n.learnZone(said)
	wasLow := n.LowBit
	status, hasStatus, isChange := r.zoneStatus(said)
	if hasStatus {
		r.hearStatus(n, status)
	}
	r.hearAttributes(n, said, status, hasStatus, isChange || !hasStatus)
	if !hasStatus {
		r.flags(n, said)
	}
	r.commands(said)
	if raw, has := said["Temperature"]; has { // always °C
		if v, ok := asNumber(raw); ok {
			r.good("Temperature")
			r.measured(ucare.Temperature, v, "°C")
		} else {
			r.bad("Temperature", raw)
		}
	}
	r.zigbeeBattery(n, said, wasLow, hasStatus)
	for _, key := range slices.Sorted(maps.Keys(said)) {
		switch strings.ToLower(strings.TrimRight(key, "0123456789")) {
		case "smoke", "gas", "leak", "waterleak", "alarm", "sos", "fall", "help", "emergency": // of a plug-in for one device
			r.unmapped(key, "the values are not documented; write a mapping for topic "+quote(r.m.Topic))
		}
	}
}

// hearAttributes decodes the states that have a name, and the alarm bits with them: one
// alarm is enough, and a kind has ended only when nothing in the message says otherwise.
func (r *report) hearAttributes(n *node, said object, status zoneStatus, hasStatus, isEvent bool) {
	states, doubt := map[ucare.Kind]ucare.State{}, map[ucare.Kind]bool{}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		name, raw := key, said[key]
		if key != "CO2" { // the gas, in ppm; the second alarm of a CO zone is in the status as well
			name = strings.TrimRight(key, "0123456789")
		}
		if name == "Power" && strings.HasPrefix(n.Model, "lumi.sensor_magnet") {
			name = "Contact" // as the firmware's plug-in for this model has it (xdrv_23_zigbee_7_8)
		}
		kind := n.kindOfZone(name)
		if kind == "" {
			continue
		}
		state, ok := zeroOrOne(raw)
		if !ok {
			r.bad(key, raw)
			doubt[kind] = true
			continue
		}
		r.good(key)
		states[kind] = max(states[kind], state)
	}
	if hasStatus {
		switch kind := n.kindOfZone(n.Zone); {
		case kind != "":
			r.mapped("alarm zone")
			states[kind] = max(states[kind], ucare.StateOf(status.has(alarms)))
		case n.Zone == "" || n.Zone == "CIE":
			r.unmapped("alarm zone", "the bridge has not said of which type it is; let it probe the device (ZbProbe, then ZbInfo), or write a mapping for topic "+quote(r.m.Topic))
		}
	}
	_, saysCO := states[ucare.CarbonMonoxide]
	r.whichGas(n, saysCO)
	for _, kind := range slices.Sorted(maps.Keys(states)) {
		r.zigbeeState(kind, states[kind], doubt[kind], isEvent)
	}
}

// whichGas tells that a zone of carbon monoxide may be one of combustible gas, until
// something says which it is.
func (r *report) whichGas(n *node, saysCO bool) {
	const field = "CO"
	_, told := n.Unmapped[field]
	switch {
	case saysCO && n.isOpen():
		r.unmapped(field, "its alarm is told as carbon monoxide, but detectors of combustible gas call themselves so too; "+
			"let the bridge probe the device (ZbProbe, then ZbInfo), or give it a name that says which it is")
	case told && !n.isOpen():
		r.mapped(field)
	}
}

// zigbeeState passes a state on. An open door is repeated every hour and is no
// sign of life then; a call for help is a call each time and has no end.
func (r *report) zigbeeState(kind ucare.Kind, state ucare.State, doubt, isEvent bool) {
	active := state == ucare.Active
	switch {
	case !active && doubt:
	case kind == ucare.HelpButton:
		if active {
			r.event(kind, state)
		}
	default:
		r.state(kind, state, kind == ucare.Motion && active && isEvent)
	}
}

// hearStatus decodes what a zone says of its device. All bits are there each time.
func (r *report) hearStatus(n *node, status zoneStatus) {
	switch {
	case !status.has(underTest):
		n.TestSince = time.Time{}
	case n.TestSince.IsZero():
		n.TestSince = r.m.At
	}
	r.drill = status.has(underTest) && r.m.At.Sub(n.TestSince).Abs() <= testHolds // a clock may have been set back
	r.repeat(ucare.Tamper, ucare.StateOf(status.has(tampered)))
	n.LowBit = status.has(batteryLow)
	if status.has(mainsFault) {
		n.MainsLost = true
		r.repeat(ucare.Mains, ucare.Inactive)
	} else if n.MainsLost { // a battery device never has the bit: no word of mains from it
		n.MainsLost = false
		r.repeat(ucare.Mains, ucare.Active)
	}
	detail := "the zone status says failure"
	if status.has(batteryDefect) {
		detail = "the zone status says battery defect"
	}
	r.condition(ucare.FaultTrouble, status.has(failure|batteryDefect), detail)
}

// flags decodes Tamper and BatteryLow where they come without a status.
func (r *report) flags(n *node, said object) {
	for _, key := range []string{"BatteryLow", "Tamper"} {
		raw, has := said[key]
		if !has {
			continue
		}
		state, ok := zeroOrOne(raw)
		if !ok {
			r.bad(key, raw)
			continue
		}
		r.good(key)
		if key == "Tamper" {
			r.repeat(ucare.Tamper, state)
			continue
		}
		n.LowBit = state == ucare.Active
	}
}

// commands decodes what a button says. The commands of the alarm panel cluster
// (ZCL 8.3.2.3: emergency, fire, panic) are calls; those of lamps and scenes, and
// the clicks that the firmware decodes, tell that somebody is there.
func (r *report) commands(said object) {
	used := false
	for _, key := range slices.Sorted(maps.Keys(said)) {
		switch key {
		case "0501!02", "0501!03", "0501!04":
			r.event(ucare.HelpButton, ucare.Active)
			continue
		case "Click":
			switch asText(said[key]) {
			case "single", "double", "triple", "quadruple", "hold":
				used = true
			}
			continue
		}
		cluster, _, isCommand := strings.Cut(key, "!")
		used = used || isCommand && (cluster == "0005" || cluster == "0006" || cluster == "0008")
	}
	if used && !r.m.Retained {
		r.event(ucare.Use, ucare.Active)
	}
}

// zigbeeBattery decodes the percentage beside the device's own flag, which goes
// first: while that says low, it is low. Both 0 % and 0 V together are no
// measurement (the firmware says so of Aqara devices).
func (r *report) zigbeeBattery(n *node, said object, wasLow, hasStatus bool) {
	key := "BatteryPercentage"
	if _, has := said[key]; !has {
		key = "Battery" // older firmware
	}
	percent, ok := asNumber(said[key])
	volts, hasVolts := asNumber(said["BatteryVoltage"])
	if !ok || percent != 0 || !hasVolts || volts != 0 {
		r.battery(n, said, key)
	}
	switch {
	case n.LowBit && (hasStatus || !wasLow):
		r.repeat(ucare.Battery, ucare.Active)
	case !n.LowBit && r.percent == nil && (wasLow || hasStatus && !n.Percentage):
		r.repeat(ucare.Battery, ucare.Inactive)
	}
}

// battery decodes percent.
func (r *report) battery(n *node, said object, key string) {
	raw, has := said[key]
	if !has {
		return
	}
	percent, ok := asNumber(raw)
	if !ok || percent < 0 || percent > 100 {
		r.bad(key, raw)
		return
	}
	r.good(key)
	n.Percentage = true
	r.percent = &percent
	if !n.LowBit {
		r.measured(ucare.Battery, percent, "%")
	}
}

// learnNodes takes what an answer to ZbStatus or ZbInfo tells of devices: their
// names, models and zones, and no states, since those are of any age.
func (d *Devices) learnNodes(dev *device, said object) {
	var found []object
	for _, key := range []string{"ZbStatus1", "ZbStatus2", "ZbStatus3"} {
		var listed []object
		if json.Unmarshal(said[key], &listed) == nil {
			found = append(found, listed...)
		}
	}
	info := asObject(said["ZbInfo"])
	for _, key := range slices.Sorted(maps.Keys(info)) {
		if o := asObject(info[key]); o != nil {
			if _, has := o["Device"]; !has {
				o["Device"], _ = json.Marshal(key) // a text always has a JSON form
			}
			found = append(found, o)
		}
	}
	for _, o := range found {
		address := asText(o["Device"])
		if !isAddress(address) {
			continue
		}
		n := d.node(dev, strings.ToUpper(address))
		n.learn(o)
		n.learnZone(object{"ZoneType": o["ZoneType"]})
		var config []string
		_ = json.Unmarshal(o["Config"], &config) // what is no list of texts tells nothing
		for _, entry := range config {
			n.learnConfig(entry)
		}
	}
}

// learn takes over what a device is.
func (n *node) learn(said object) {
	if model := asText(said["ModelId"]); model != "" {
		n.Model = shorten(model)
	}
	if maker := asText(said["Manufacturer"]); maker != "" {
		n.Maker = shorten(maker)
	}
}
