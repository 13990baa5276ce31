package tasmota

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// Alarm zones of Zigbee (cluster 0x0500).
//
// The firmware gives the state of a zone a name by the type of the zone, once it
// knows that: Occupancy, Contact, Fire … with 1 for alarm; so a Contact of 1 is
// open. The second alarm of a zone gets the name with a 2 behind it and is only
// there while it holds (Z_Data_Alarm::convertZoneStatus in
// xdrv_23_zigbee_2_devices). Until then there is only the raw command,
// "0500<00":"010000FF0000" (older: "0500!00"), whose first two bytes are the
// status, low byte first.

// zones are the names of zone types (ZCL 8.2.2.2.1.2) and what an alarm of each is.
var zones = map[string]struct {
	types []int
	kind  ucare.Kind // "" when it says nothing here: an object that moves, a broken pane
}{
	"Occupancy":     {[]int{0x000D}, ucare.Motion},
	"Contact":       {[]int{0x0015}, ucare.Door},
	"Fire":          {[]int{0x0028}, ucare.Smoke},
	"Water":         {[]int{0x002A}, ucare.WaterLeak},
	"CO":            {[]int{0x002B}, ucare.CarbonMonoxide},
	"PersonalAlarm": {[]int{0x002C}, ucare.HelpButton},
	"Panic":         {[]int{0x010F, 0x0115, 0x021D}, ucare.HelpButton}, // remote control, key fob, keypad
	"Movement":      {[]int{0x002D}, ""},
	"GlassBreak":    {[]int{0x0226}, ""},
}

// zonesByConfig are the zones by the digit behind "A01." in the Config of
// ZbInfo and ZbStatus3 (Z_Alarm_Type in the same source).
const zonesByConfig = "CIE Occupancy Contact Fire Water CO PersonalAlarm Movement Panic GlassBreak"

// zonesByModel are zones of devices that have been heard to send only the raw
// command (docs Zigbee: the leak sensor).
var zonesByModel = map[string]string{
	"lumi.sensor_wleak": "Water", "lumi.sensor_smoke": "Fire", "lumi.sensor_natgas": "CO", "lumi.sensor_magnet": "Contact",
}

// kindOfZone is what an alarm of the zone is on this device. Detectors of combustible
// gas say they are CO zones; their model tells, or what the household calls them.
func (n *node) kindOfZone(zone string) ucare.Kind {
	kind := zones[zone].kind
	if kind == ucare.CarbonMonoxide && (saysGas(n.Model) || n.Model == "" && saysGas(n.Name) && !saysCO(n.Name)) {
		return ucare.Gas
	}
	return kind
}

// isOpen reports whether nothing tells which of the two gases a CO zone is for.
func (n *node) isOpen() bool { return n.Model == "" && !saysGas(n.Name) && !saysCO(n.Name) }

func saysGas(text string) bool {
	return strings.Contains(strings.ToLower(text), "gas") || strings.Contains(text, "가스")
}

func saysCO(text string) bool {
	words := wordsOf(text)
	return slices.Contains(words, "co") || slices.Contains(words, "carbon") || strings.Contains(text, "일산화탄소")
}

// learnZone takes the type of the zone from whatever tells it.
func (n *node) learnZone(said object) {
	if number, ok := asNumber(said["ZoneType"]); ok {
		for name, zone := range zones {
			for _, t := range zone.types {
				if number == float64(t) {
					n.Zone = name
				}
			}
		}
	}
	_, status := said["ZoneStatus"]
	_, change := said["ZoneStatusChange"]
	for name := range strings.FieldsSeq(zonesByConfig) {
		if _, has := said[name]; has && (status || change) {
			n.Zone = name // the firmware has given the status this name
		}
	}
	for model, zone := range zonesByModel {
		if n.Zone == "" && strings.HasPrefix(n.Model, model) {
			n.Zone = zone
		}
	}
}

// learnConfig takes it from an entry such as "A01.3" of a device's Config.
func (n *node) learnConfig(entry string) {
	names := strings.Fields(zonesByConfig)
	if len(entry) != 5 || entry[0] != 'A' || entry[3] != '.' || entry[4] < '0' || int(entry[4]-'0') >= len(names) {
		return
	}
	n.Zone = names[entry[4]-'0']
}

// A zoneStatus is the bits of a zone (ZCL 8.2.2.2.1.3).
type zoneStatus uint16

const (
	alarms        zoneStatus = 0x0003
	tampered      zoneStatus = 0x0004
	batteryLow    zoneStatus = 0x0008
	failure       zoneStatus = 0x0040
	mainsFault    zoneStatus = 0x0080
	underTest     zoneStatus = 0x0100
	batteryDefect zoneStatus = 0x0200
)

func (s zoneStatus) has(bits zoneStatus) bool { return s&bits != 0 }

// zoneStatus finds the status of the zone. isChange: the device told it by
// itself just now; ZoneStatus alone may be the answer to a question.
func (r *report) zoneStatus(said object) (status zoneStatus, has, isChange bool) {
	for _, key := range []string{"ZoneStatusChange", "ZoneStatus"} {
		raw, there := said[key]
		if !there {
			continue
		}
		v, ok := asNumber(raw)
		if !ok || v < 0 || v > 0xFFFF || v != float64(uint16(v)) {
			r.bad(key, raw)
			continue
		}
		r.good(key)
		return zoneStatus(v), true, key == "ZoneStatusChange"
	}
	for _, key := range []string{"0500<00", "0500!00"} {
		raw, there := said[key]
		if !there {
			continue
		}
		b, err := hex.DecodeString(asText(raw))
		if err != nil || len(b) < 2 {
			r.bad(key, raw)
			continue
		}
		r.good(key)
		return zoneStatus(b[0]) | zoneStatus(b[1])<<8, true, true
	}
	return 0, false, false
}
