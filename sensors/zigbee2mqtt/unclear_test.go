package zigbee2mqtt

import (
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
)

// detail is that of the fault with the code about the sensor, "" when there is none.
func detail(fs []ucare.Fault, code ucare.FaultCode) string {
	for _, f := range fs {
		if f.Code == code && f.Dwelling == "kim" {
			return f.Detail
		}
	}
	return ""
}

func TestWhatOnlyTheHouseholdCanTellIsNamed(t *testing.T) {
	for _, c := range []struct {
		about, model, description, exposes string
		want                               []string // what the fault names, none: no fault
	}{
		{"a pad in the bed", "SPM915", "Sleeping pad monitor", binary("contact", "false", "true", 1), []string{"contact (false, true)"}},
		{"a float in a tank", "POK003", "", binary("contact", `"ON"`, `"OFF"`, 5), []string{`contact ("ON", "OFF")`}},
		{"a key by model", "3450-L", "", bool1("presence"), []string{"presence (true, false)"}},
		{"a key by its description", "new", "Arrival sensor", bool1("presence") + "," + bool1("occupancy"), []string{"presence", "occupancy"}},
		{"shaking alone", "X", "", bool1("vibration") + "," + bool1("battery_low"), []string{"vibration (true, false)"}},
		{"shaking beside a contact", "X", "", bool1("vibration") + "," + binary("contact", "false", "true", 1), nil},
		{"an alarm of something", "X", "Door sensor", bool1("alarm_1") + "," + bool1("tamper"), []string{"alarm_1 (true, false)"}},
		{"an alarm beside motion", "X", "", bool1("alarm_1") + "," + bool1("occupancy"), nil},
		{"a leak or a lack of water", "SZW08", "Smart water leakage/lack alarm sensor", enum1("alarm_status", "normal", "alarm"), []string{`alarm_status ("normal", "alarm")`}},
		{"smoke in words that nobody knows", "X", "", enum1("smoke_state", "red", "green"), []string{`smoke_state ("red", "green")`}},
		{"a window as a truth that does not say which", "X", "", bool1("window"), []string{"window (true, false)"}},
		{"a name that speaks of a contact", "X", "", enum1("dry_contact", "contact_closed", "contact_open"), []string{"dry_contact"}},
		{"a name beside what says it", "X", "", bool1("smoke_alarm_silenced") + "," + bool1("smoke"), nil},
		{"a level alone", "X", "", numeric("gas_value", "LEL"), []string{"gas_value (a number in LEL)"}},
		{"a level beside its verdict", "X", "", numeric("gas_value", "LEL") + "," + bool1("gas"), nil},
		{"a coming and going alone", "X", "", enum1("presence_event", "enter", "leave"), []string{"presence_event"}},
		{"a coming and going beside a presence", "X", "", enum1("presence_event", "enter", "leave") + "," + bool1("presence"), nil},
		{"an emergency button of unknown presses", "X", "Emergency button", enum1("action", "red", "blue"), []string{`action ("red", "blue")`}},
		{"a temperature that is too high somewhere", "X", "Freezer guard", bool1("high_temperature"), []string{"high_temperature"}},
		{"an alarm that is switched on", "X", "", binary("alarm", "true", "false", 3), nil},
		{"a remote control", "X", "Remote control", enum1("action", "on", "off"), nil},
		{"a lamp", "X", "Bulb", binary("state", `"ON"`, `"OFF"`, 7) + "," + enum1("fault", "none", "hot"), nil},
	} {
		h, list := homeOf(t, c.model, c.description, c.exposes)
		got := detail(list.Faults, ucare.FaultNeedsMapping)
		for _, named := range c.want {
			if !strings.Contains(got, named) {
				t.Errorf("%s: the fault says %q and not %q", c.about, got, named)
			}
		}
		if c.want == nil && got != "" {
			t.Errorf("%s: a fault: %q", c.about, got)
		}
		if c.want != nil {
			if s := h.sensor("d"); s.Model == "" {
				t.Errorf("%s: it is not listed as a sensor: %+v", c.about, s)
			}
		}
	}
	// It ends when Zigbee2MQTT knows better.
	h, _ := homeOf(t, "X", "", bool1("vibration"))
	list := h.hear("zigbee2mqtt/bridge/devices", "["+described("d", "X", "", bool1("smoke"))+"]", true)
	if !strings.Contains(codes(list.Cleared), "needs_mapping") {
		t.Errorf("cleared %q", codes(list.Cleared))
	}
}

// Nothing is made of a property that needs a mapping.
func TestWhatNeedsAMappingIsTakenForNothing(t *testing.T) {
	for exposes, payload := range map[string]string{
		bool1("vibration"): `{"vibration":true}`, bool1("alarm"): `{"alarm":true}`, bool1("window"): `{"window":true}`,
		enum1("smoke_state", "red", "green"): `{"smoke_state":"red"}`, numeric("gas_value", "LEL"): `{"gas_value":90}`,
	} {
		h, _ := homeOf(t, "X", "", exposes)
		if got := h.says("d", payload); got != "" {
			t.Errorf("%s is heard as %q", payload, got)
		}
	}
}
