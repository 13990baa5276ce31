package tasmota

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What speaks through a device. A household can have the same message in many
// forms (docs Commands): with the name for the address as the key (SetOption83),
// on a topic of its own (89, with its name: 112), without the bracket
// "ZbReceived" (100) or with that in the topic (118), without the key (119),
// without the bridge in the topic (125). LoRaWAN follows the same options.

// A radio is the way in which such a device is connected.
type radio uint8

const (
	zigbee radio = iota
	lorawan
	bluetooth
)

// A nodeReport is what a message says of one device behind another.
type nodeReport struct {
	radio radio
	key   string // the member of the message: address or name; "" where there is none
	said  object
	unit  string // of temperatures
}

func isWrapper(level string) bool {
	return level == "ZbReceived" || level == "LwReceived" || level == "LwDecoded"
}

// nodesIn finds the devices that a message speaks of, in the order of their keys.
func nodesIn(about string, said object) []nodeReport {
	switch about {
	case "SENSOR", "RESULT", "ZbReceived", "LwReceived", "LwDecoded":
	default:
		if !isObjectOfBluetooth(about, said) {
			return nil
		}
		return []nodeReport{{radio: bluetooth, key: about, said: said, unit: asText(said["TempUnit"])}}
	}
	var all []nodeReport
	if isWrapper(about) {
		all = append(all, bracketed(about, said)...)
	} else if isZigbee("", said) || isLoRaWAN(said) { // neither bracket nor key
		all = append(all, nodeReport{radio: radioOf(said), said: said})
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		inner := asObject(said[key])
		switch {
		case inner == nil:
		case isWrapper(key):
			all = append(all, bracketed(key, inner)...)
		case isWrapper(about), about == "RESULT", isBridgeWord(key):
		case isZigbee(key, inner), isLoRaWAN(inner):
			all = append(all, nodeReport{radio: radioOf(inner), key: key, said: inner})
		case isBluetooth(key, inner):
			all = append(all, nodeReport{radio: bluetooth, key: key, said: inner, unit: asText(said["TempUnit"])})
		}
	}
	return all
}

// isBridgeWord reports whether the bridge speaks there of what it does with a
// device, which is no word of the device.
func isBridgeWord(key string) bool {
	for _, word := range []string{"ZbState", "ZbResponse", "ZbInfo", "ZbBind", "ZbUnbind", "ZbPing", "ZbConfig", "ZbScan", "ZbMap", "ZbStatus", "ZbLight", "ZbEZSP", "ZbZNP"} {
		if strings.HasPrefix(key, word) {
			return true
		}
	}
	return false
}

// bracketed are the devices inside a bracket, or the one that it is about.
func bracketed(bracket string, inner object) []nodeReport {
	way := zigbee
	if bracket != "ZbReceived" {
		way = lorawan
	}
	if asText(inner["Device"]) != "" {
		return []nodeReport{{radio: way, said: inner}}
	}
	var all []nodeReport
	for _, key := range slices.Sorted(maps.Keys(inner)) {
		if o := asObject(inner[key]); o != nil {
			all = append(all, nodeReport{radio: way, key: key, said: o})
		}
	}
	return all
}

// isZigbee reports whether an object without a bracket is a Zigbee device's: it
// has an address, and the quality of a radio link or a name.
func isZigbee(key string, o object) bool {
	_, quality := o["LinkQuality"]
	return !isLoRaWAN(o) && (isAddress(asText(o["Device"])) || isAddress(key) && quality)
}

// isLoRaWAN reports whether it is a LoRaWAN device's: those are numbered nodes.
func isLoRaWAN(o object) bool {
	_, node := o["Node"]
	_, strength := o["RSSI"]
	return node && strength
}

func radioOf(o object) radio {
	if isLoRaWAN(o) {
		return lorawan
	}
	return zigbee
}

// isObjectOfBluetooth knows the topic tele/tasmota_ble/<model><address>.
func isObjectOfBluetooth(about string, said object) bool {
	_, mac := said["mac"]
	return mac && isBluetooth(about, said)
}

// isAddress knows the short address of a Zigbee device: 0x and four hex digits.
func isAddress(text string) bool {
	return len(text) == 6 && (text[:2] == "0x" || text[:2] == "0X") && strings.Trim(text[2:], "0123456789abcdefABCDEF") == ""
}

// bridgeOf gives the device that a message came through. On a topic of its own
// the last level is the device behind it: then the bridge is what stands before
// that, if anything.
func bridgeOf(path string, behind []nodeReport) string {
	cut := strings.LastIndexByte(path, '/')
	if len(behind) != 1 || cut < 0 || !behind[0].isCalled(path[cut+1:]) {
		return path
	}
	return path[:cut]
}

// isCalled reports whether a level of a topic is the device's: its address
// without 0x, or its name with the characters that a topic cannot have replaced,
// and perhaps the number of an endpoint (SetOption120).
func (r nodeReport) isCalled(level string) bool {
	for _, name := range []string{strings.TrimPrefix(r.address(), "0X"), r.name(), r.key, asText(r.said["Device"])} {
		if name == "" {
			continue
		}
		name = strings.NewReplacer("/", "_", "+", "_", "#", "_", " ", "_").Replace(name)
		rest, is := strings.CutPrefix(strings.ToLower(level), strings.ToLower(name))
		if is && strings.Trim(rest, "_0123456789") == "" {
			return true
		}
	}
	return false
}

// address is what the device is remembered by.
func (r nodeReport) address() string {
	for _, text := range []string{asText(r.said["Device"]), r.key} {
		if r.radio == zigbee && isAddress(text) {
			return strings.ToUpper(text)
		}
	}
	if r.key != "" {
		return shorten(r.key)
	}
	return shorten(asText(r.said["Device"]) + asText(r.said["Name"]))
}

// addressOf is what a device behind this one is remembered by. A message that has nothing but
// its name is about the one whose address was told with that name.
func (dev *device) addressOf(nr nodeReport) string {
	address := nr.address()
	if nr.radio == zigbee && dev.Nodes[address] == nil && !isAddress(address) {
		for _, known := range slices.Sorted(maps.Keys(dev.Nodes)) {
			if dev.Nodes[known].Name == address {
				return known
			}
		}
	}
	return address
}

// name is what the household calls it, "" for nothing.
func (r nodeReport) name() string {
	if name := asText(r.said["Name"]); name != "" {
		return shorten(name)
	}
	if !isAddress(r.key) {
		return shorten(r.key)
	}
	return ""
}

// hearNode decodes what a message says of a device behind another.
func (d *Devices) hearNode(m sensors.Message, bridge string, dev *device, nr nodeReport, h *sensors.Heard) {
	address := dev.addressOf(nr)
	if address == "" {
		return
	}
	n := d.node(dev, address)
	if name := nr.name(); name != "" && name != n.Name {
		if old := d.sensorOfNode(bridge, address, n).ID; n.known() && old != d.sensorOfNode(bridge, address, &node{Name: name}).ID {
			h.Seen = append(h.Seen, sensors.Seen{Dwelling: d.home.Dwelling, Sensor: old, Gone: true})
		}
		n.Name = name
	}
	n.Heard = true
	n.learn(nr.said)
	r := d.newReport(m, d.sensorOfNode(bridge, address, n), &n.ledger, h)
	switch nr.radio {
	case zigbee:
		r.hearZigbee(n, nr.said)
		r.reachable(n, nr.said)
	case lorawan:
		if model := asText(nr.said["Device"]); model != "" && !isAddress(model) {
			n.Model = shorten(model)
		}
		r.hearLoRaWAN(n, nr.said)
	case bluetooth:
		r.hearBluetooth(n, nr.said, nr.unit)
	}
	r.close()
	h.Seen = append(h.Seen, r.seenBehind(bridge, n, nr))
}

// seenBehind is the sign of life of a device behind another. What a Zigbee
// device said has the quality of its radio link; the rest is from the bridge.
func (r *report) seenBehind(bridge string, n *node, nr nodeReport) sensors.Seen {
	seen := sensors.Seen{
		Dwelling: r.dwelling, Sensor: r.sensor.ID, Room: r.sensor.Room, Model: strings.TrimSpace(n.Maker + " " + n.Model),
		Bridge: bridge, Battery: r.percent,
	}
	if kind := n.kindOfZone(n.Zone); kind != "" {
		seen.Kinds = []ucare.Kind{kind}
	}
	if _, contact := nr.said["LinkQuality"]; !r.m.Retained && (contact || nr.radio != zigbee) {
		seen.Heard = r.m.At
	}
	return seen
}

// reachable decodes the bridge's word that a device did not answer. It never says
// the contrary, but the next message of the device does.
func (r *report) reachable(n *node, said object) {
	_, contact := said["LinkQuality"]
	switch {
	case string(said["Reachable"]) == "false":
		n.Unreachable = true
		r.event(ucare.Link, ucare.Inactive)
	case contact && n.Unreachable:
		n.Unreachable = false
		r.event(ucare.Link, ucare.Active)
	}
}

// sensorOfNode is the sensor that a device behind another is: by its name, else
// by its address. Its topic in the configuration is one below the bridge's, as
// SetOption89 makes it.
func (d *Devices) sensorOfNode(bridge, address string, n *node) ucare.Sensor {
	id := n.Name
	if id == "" {
		id = strings.Replace(address, "0X", "0x", 1)
	}
	paths := []string{fmt.Sprintf("%s/%s", bridge, id), bridge + "/" + strings.TrimPrefix(address, "0X")}
	return d.sensor(id, paths...)
}

// known reports whether the device was heard before.
func (n *node) known() bool { return n.Heard }
