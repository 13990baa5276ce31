package zigbee2mqtt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// tellMissing reports each configured sensor whose topic is none of a device in
// the bridge's list, by their names: misspelt in the configuration, or renamed,
// removed or disabled on the bridge. Nothing will ever be heard of it.
func (b *Bridge) tellMissing(m sensors.Message, names []string, h *sensors.Heard) {
	for _, s := range b.home.Sensors {
		name, mine := strings.CutPrefix(s.Topic, b.base+"/")
		if !mine || b.isInner(s.Topic) {
			continue
		}
		fault := ucare.Fault{Code: ucare.FaultUnknownDevice, Subject: s.ID, Dwelling: b.home.Dwelling, Since: m.At}
		if slices.Contains(names, name) {
			h.Cleared = append(h.Cleared, fault) // unless it is listed and not supported: what holds is not cleared
		} else {
			fault.Detail = fmt.Sprintf("the configuration has this sensor on %q, but Zigbee2MQTT lists no such device", s.Topic)
			if near := nearest(name, names); near != "" {
				fault.Detail += fmt.Sprintf("; the nearest name is %q", near)
			}
			h.Faults = append(h.Faults, fault)
		}
	}
}

// tellEmptied reports a list that has lost all its sensors at once. People take
// them away one by one; a bridge that has lost its database loses all, and would
// look like a home without sensors.
func (b *Bridge) tellEmptied(m sensors.Message, before map[string]*device, h *sensors.Heard) {
	fault := ucare.Fault{Code: ucare.FaultDevicesLost, Subject: b.base, Dwelling: b.home.Dwelling, Since: m.At}
	had := countSensors(before)
	switch {
	case countSensors(b.Devices) > 0:
		h.Cleared = append(h.Cleared, fault)
	case had > 1:
		fault.Detail = fmt.Sprintf("Zigbee2MQTT listed %d sensors before and lists none now", had)
		h.Faults = append(h.Faults, fault)
	}
}

// countSensors counts the listed devices that have something to say to us.
func countSensors(devices map[string]*device) (n int) {
	for _, d := range devices {
		if d.Listed && len(d.kinds()) > 0 {
			n++
		}
	}
	return n
}

// isInner reports whether the topic is that of a bridge whose base topic lies inside ours.
func (b *Bridge) isInner(topic string) bool {
	return slices.ContainsFunc(b.home.Zigbee2MQTT, func(base string) bool {
		base = strings.TrimSuffix(base, "/")
		return len(base) > len(b.base) && strings.HasPrefix(topic, base+"/")
	})
}

// nearest is the name that takes the fewest changed letters to become like the
// one that was asked for, "" when there are no names.
func nearest(asked string, names []string) string {
	best, fewest := "", 0
	for _, name := range names {
		if n := changes(strings.ToLower(asked), strings.ToLower(name)); best == "" || n < fewest {
			best, fewest = name, n
		}
	}
	return best
}

// changes counts the letters to insert, drop or replace to make b of a.
func changes(a, b string) int {
	to := []rune(b)
	row := make([]int, len(to)+1) // from the letters of a so far to each beginning of b
	for j := range row {
		row[j] = j
	}
	i := 0
	for _, from := range a {
		i++
		diagonal := row[0]
		row[0] = i
		for j, r := range to {
			replaced := diagonal
			if r != from {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
