package zigbee2mqtt

import (
	"slices"
	"strconv"
	"strings"
)

// A property is the part of an expose that its meaning depends on.
type property struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"` // binary, enum, numeric, text
	Unit   string   `json:"unit,omitempty"`
	Access int      `json:"access,omitempty"` // bits: 1 published, 2 can be set, 4 can be asked for
	On     string   `json:"on,omitempty"`     // canonical JSON, as are the following
	Off    string   `json:"off,omitempty"`
	Values []string `json:"values,omitempty"`
	About  string   `json:"about,omitempty"` // its description, of a property that is only called an alarm
}

// matters reports whether the property is worth remembering.
func (p property) matters() bool {
	switch p.Type {
	case "binary", "enum":
		return true
	case "numeric":
		return p.isBatteryLevel() || strings.HasPrefix(p.Name, "temperature") || p.Name == "co" || p.Name == "co_ppm" ||
			p.isLevel() || p.isTrouble() || dangers[p.Name] != ""
	case "text", "list":
		return p.isTrouble()
	default:
		return false
	}
}

// isBool reports whether the property is written true and false.
func (p property) isBool() bool {
	return p.On == "true" && p.Off == "false" || p.On == "false" && p.Off == "true"
}

// values are all that the definition lists.
func (p property) values() []string {
	if p.Type == "binary" {
		return []string{p.On, p.Off}
	}
	return p.Values
}

// isSetting reports whether the property is one that people set, and no state of
// the sensor: it can be written. TERNCY's door contact is said to be writable,
// so a name that is a plain state and nothing else counts for more.
func (p property) isSetting() bool {
	plain := []string{"contact", "occupancy", "presence", "smoke", "gas", "carbon_monoxide", "water_leak", "tamper", "battery_low", "sos"}
	return p.Access&2 != 0 && !slices.Contains(plain, p.Name)
}

// isAlarm reports whether the property is only called an alarm, which alone
// does not say of what.
func (p property) isAlarm() bool {
	first, rest, _ := strings.Cut(p.Name, "_")
	return first == "alarm" && isNeutral(rest) && (p.Type == "binary" || p.Type == "enum") && !p.isSetting()
}

// isBatteryLevel reports whether the property is the level of a battery, of which
// a device may have one for each endpoint: "battery", "battery_2", "battery_l3".
func (p property) isBatteryLevel() bool {
	rest, is := strings.CutPrefix(p.Name, "battery")
	endpoint := strings.TrimPrefix(strings.TrimPrefix(rest, "_"), "l")
	return is && p.Type == "numeric" && (rest == "" || rest[0] == '_' && isNumber(endpoint))
}

// isLevel reports whether the property measures what a detector listens for.
func (p property) isLevel() bool {
	first, rest, _ := strings.Cut(p.Name, "_")
	if p.Type != "numeric" || first != "smoke" && first != "gas" || strings.HasPrefix(p.Unit, "m³") || p.isSetting() {
		return false // cubic metres are those of a meter
	}
	return slices.Contains([]string{"", "level", "value", "density", "concentration", "density_dbm"}, rest)
}

// isTrouble reports whether the property says what is wrong with the device
// itself.
func (p property) isTrouble() bool {
	if p.Access&2 != 0 || p.Type == "composite" {
		return false
	}
	switch p.Name {
	case "error_status", "reliability", "end_of_life", "overheat", "overheat_mode":
		return true
	}
	for word := range strings.SplitSeq(p.Name, "_") {
		switch word {
		case "fault", "faults", "trouble", "malfunction", "defect", "eol":
			return true
		}
	}
	return false
}

// isSelfTest reports whether the property says how a test of the device ended.
func (p property) isSelfTest() bool {
	is := p.Name == "self_test" || p.Name == "selftest" || p.Name == "checking_result" ||
		strings.Contains(p.Name, "test") && strings.HasSuffix(p.Name, "_result")
	return is && p.Access&2 == 0 && p.Type == "enum"
}

// named is the property with its values, for people: "contact (true, false)".
func (p property) named() string {
	values := p.values()
	more := ""
	if len(values) > 10 {
		values, more = values[:10], ", …"
	}
	list := strings.Join(values, ", ") + more
	if p.Type == "numeric" {
		list = "a number"
		if p.Unit != "" {
			list += " in " + p.Unit
		}
	}
	return p.Name + " (" + list + ")"
}

// word is a value of an enum as we compare it: "Check success" is check_success.
func word(value string) string {
	if s, err := strconv.Unquote(value); err == nil {
		value = s
	}
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(value)), " ", "_")
}
