package tasmota

import (
	"slices"
	"strings"
)

// The prefixes of a topic: what a device is told, what it answers and what it
// tells by itself. Docs MQTT: FullTopic is %prefix%/%topic%/ unless changed.
const (
	command   = "cmnd"
	status    = "stat"
	telemetry = "tele"
)

func isPrefix(level string) bool { return level == command || level == status || level == telemetry }

// An address is what a topic says.
type address struct {
	// device is the full topic without its prefix: "kitchen_pir" of
	// tele/kitchen_pir/SENSOR. "" where the topic names no device.
	device  string
	about   string // the last level: SENSOR, RESULT, LWT …
	command bool   // said to the device
}

// addressOf finds the device in a topic: by what was announced, else by the
// firmware's own order or the swapped one (<topic>/tele/SENSOR).
func (d *Devices) addressOf(topic string) (a address, mine bool) {
	for end := strings.LastIndexByte(topic, '/'); end >= 0; end = strings.LastIndexByte(topic[:end], '/') {
		if found, known := d.prefixes[topic[:end+1]]; known {
			found.about = topic[end+1:]
			if cut := strings.LastIndexByte(found.about, '/'); cut >= 0 { // of a device behind it: SetOption89
				found.device, found.about = found.device+"/"+found.about[:cut], found.about[cut+1:]
			}
			return found, true
		}
	}
	rest := topic
	if d.base != "" {
		if rest, mine = strings.CutPrefix(topic, d.base+"/"); !mine {
			return address{}, false
		}
	}
	return conventional(rest)
}

// conventional reads tele/<topic…>/SENSOR and <topic…>/tele/SENSOR.
func conventional(rest string) (a address, mine bool) {
	level := strings.Split(rest, "/")
	last := len(level) - 1
	switch {
	case last >= 2 && level[0] == "state" && level[last] == "LWT": // so printed in docs DeepSleep
		return address{device: strings.Join(level[1:last], "/"), about: "LWT"}, true
	case last >= 1 && isPrefix(level[0]):
		return address{device: strings.Join(level[1:last], "/"), about: level[last], command: level[0] == command}, true
	case last >= 2 && isPrefix(level[last-1]) && (level[last-1] == command || isShouted(level[last])):
		return address{device: strings.Join(level[:last-1], "/"), about: level[last], command: level[last-1] == command}, true
	default:
		return address{}, false
	}
}

// isShouted reports whether the level is written as the firmware writes all of
// its own. In the swapped order the prefix alone is not enough to be sure.
func isShouted(level string) bool {
	if level == "ZbReceived" || level == "LwReceived" || level == "LwDecoded" { // docs Commands: SetOption118
		return true
	}
	return level != "" && strings.Trim(level, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// Filters implements sensors.Listener. Commands to the devices need not be heard.
func (d *Devices) Filters() []string {
	before := ""
	if d.base != "" {
		before = d.base + "/"
	}
	filters := []string{discoveryTopic + "#", before + discoveryTopic + "#", before + "state/+/LWT"}
	for _, prefix := range []string{telemetry, status} {
		filters = append(filters, before+prefix+"/#", before+"+/"+prefix+"/+", before+"+/+/"+prefix+"/+", before+"+/+/+/"+prefix+"/+")
	}
	for prefix, a := range d.prefixes {
		if !a.command {
			filters = append(filters, prefix+"#")
		}
	}
	slices.Sort(filters)
	return slices.Compact(filters)
}
