package zigbee2mqtt

import (
	"strconv"
	"strings"
	"testing"

	"github.com/ucare-project/ucare/sensors"
)

// A friendly name may be nearly anything.
func TestNamesOfAllKinds(t *testing.T) {
	names := []string{
		" leading space", "two  spaces", "부엌 연기", "거실/천장/연기", "a/set", "b/set/c", "smoke", "x/smoke", "availability", "y/availability",
		"set", "get", "bridge-like", "lights/smoke", "x", "x/y", "ümlaut/🔥", "$x", "z/bridge/devices",
		"bridge", "bridge/smoke", "bridge/hall",
	}
	var list []string
	for _, name := range names {
		list = append(list, listed(name, "Maker", "X", exposesSmoke))
	}
	for _, name := range names {
		h := emptyHome(t)
		h.hear("zigbee2mqtt/bridge/groups", `[{"friendly_name":"lights"},{"friendly_name":"x"}]`, true)
		h.hear("zigbee2mqtt/bridge/devices", "["+strings.Join(list, ",")+"]", true)
		got := h.hear("zigbee2mqtt/"+name, `{"smoke":true}`, false)
		if short(got) != "smoke" || got.Readings[0].Sensor != name {
			t.Errorf("%q: heard %q", name, short(got))
		}
		got = h.hear("zigbee2mqtt/"+name+"/smoke", `false`, false)
		if short(got) != "-smoke" || got.Readings[0].Sensor != name { // also of "x", beside the device "x/smoke"
			t.Errorf("%q: its attribute is heard as %q", name, short(got))
		}
		for _, command := range []string{"/set", "/get", "/set/smoke", "/get/smoke", "/left/set"} {
			if name+command == "a/set" || name+command == "b/set" {
				continue
			}
			if got := short(h.hear("zigbee2mqtt/"+name+command, `{"smoke":true}`, false)); got != "" {
				t.Errorf("%q%s: heard %q", name, command, got)
			}
		}
		if got := short(h.hear("zigbee2mqtt/"+name+"/availability", `{"state":"online"}`, true)); got != "link?" {
			t.Errorf("%q: its availability is heard as %q", name, got)
		}
	}
}

func TestARenamedDeviceKeepsItsMemoryAndItsFaultsEnd(t *testing.T) {
	h := newHome(t)
	h.says("kitchen smoke", `{"smoke":true,"tamper":false,"battery_low":false}`)
	h.hear("zigbee2mqtt/kitchen smoke/availability", ``, true) // the bridge empties the old topic
	h.hear("zigbee2mqtt/bridge/devices", strings.Replace(bridgeDevices, `"friendly_name":"kitchen smoke"`, `"friendly_name":"현관/연기"`, 1), true)
	if got := h.says("현관/연기", `{"smoke":false,"tamper":false,"battery_low":false}`); got != "-battery -smoke -tamper" {
		t.Errorf("heard %q", got)
	}
	if got := h.says("kitchen smoke", `{"smoke":false}`); got != "!unknown_device" {
		t.Errorf("under its old name: %q", got)
	}
}

// Renamed to and fro: an alarm under the first name has not ended for the rules, and its
// battery is still low.
func TestARenamedDeviceIsHeardAnew(t *testing.T) {
	list := func(name string) string {
		return "[" + strings.Replace(listed("d", "Maker", "X", exposesSmoke+","+bool1("occupancy")+","+bool1("sos")), `"friendly_name":"d"`, `"friendly_name":"`+name+`"`, 1) + "]"
	}
	h := emptyHome(t)
	h.hear("zigbee2mqtt/bridge/devices", list("a"), true)
	h.says("a", `{"smoke":true,"battery_low":true,"occupancy":true,"sos":true}`)
	h.hear("zigbee2mqtt/bridge/devices", list("b"), false)
	if got := h.says("b", `{"smoke":false,"battery_low":true,"occupancy":true,"sos":true,"voltage":2900}`); got != "battery -smoke !battery_low" {
		t.Errorf("under its new name: heard %q", got)
	}
	h.hear("zigbee2mqtt/bridge/devices", list("a"), false)
	if got := h.says("a", `{"smoke":false,"battery_low":true,"occupancy":true,"sos":true,"voltage":2800}`); got != "battery -smoke !battery_low" {
		t.Errorf("under its old name again: heard %q", got)
	}
}

func TestAnUnsupportedDeviceThatIsRemovedIsNoFault(t *testing.T) {
	h := emptyHome(t)
	mystery := `{"ieee_address":"0x9","friendly_name":"mystery","type":"EndDevice","model_id":"XYZ"}`
	if got := short(h.hear("zigbee2mqtt/bridge/devices", "["+mystery+"]", true)); got != "!unknown_device" {
		t.Errorf("listed: heard %q", got)
	}
	h.hear("zigbee2mqtt/bridge/devices", "["+strings.Replace(mystery, `"mystery"`, `"riddle"`, 1)+"]", false)
	if got := h.d.Standing(); len(got) != 1 || got[0].Subject != "riddle" {
		t.Errorf("renamed: %+v", got)
	}
	h.hear("zigbee2mqtt/bridge/devices", "[]", false)
	if got := h.d.Standing(); len(got) != 0 {
		t.Errorf("removed: %+v", got)
	}
}

func TestTwoDevicesOfOneAddressAreTwo(t *testing.T) {
	h := emptyHome(t)
	one := listed("one", "Maker", "X", exposesSmoke)
	h.hear("zigbee2mqtt/bridge/devices", "["+one+"]", true)
	h.hear("zigbee2mqtt/bridge/devices", "["+one+","+strings.Replace(one, `"friendly_name":"one"`, `"friendly_name":"two"`, 1)+"]", true)
	h.says("one", `{"smoke":false}`)
	if got := h.says("two", `{"smoke":false}`); got != "-smoke" {
		t.Errorf("heard %q", got)
	}
}

func TestFilters(t *testing.T) {
	for _, base := range []string{"zigbee2mqtt", "home/zigbee/"} {
		got := New(base, kim).Filters()
		if want := strings.TrimSuffix(base, "/") + "/#"; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", base, got)
		}
	}
}

// Attribute output in full: an object's members, nothing for null, lists.
func TestEveryFormOfAttributeOutput(t *testing.T) {
	h, _ := homeOf(t, "X", "", exposesMotion+","+enum1("presence_state", "none", "presence")+`,{"type":"list","property":"faults","access":1}`)
	for i, c := range [][3]string{
		{"update-state", "idle", ""},
		{"update-installed_version", "-1", ""},
		{"color", "255,0,0", ""},
		{"occupancy", "true", "motion"},
		{"occupancy", "", "!unknown_value"},
		{"occupancy", "false", "-motion"},
		{"presence_state", "presence", "presence"},
		{"presence_state", "none", "-presence"},
		{"battery", "100.00", "-battery"},
		{"battery", "", "!unknown_value"},
		{"battery", "7", "battery !battery_low"},
		{"temperature", "21.5", "temperature=21.5"},
		{"temperature", "nan", "!unknown_value"},
		{"temperature", "22", "temperature=22"},
		{"device-friendlyName", "d", ""},
		{"action", "emergency", "help"}, // not in its definition, and a call all the same
	} {
		if got := h.says("d/"+c[0], c[1]); got != c[2] {
			t.Errorf("line %d: %s %q: heard %q, want %q", i+1, c[0], c[1], got, c[2])
		}
	}
}

func TestAListCannotFillTheMemory(t *testing.T) {
	var list []string
	for i := range maxDevices + 5 {
		list = append(list, described(strconv.Itoa(i), "X", strings.Repeat("긴 말 ", 500), bool1("alarm")))
	}
	h := emptyHome(t)
	got := h.hear("zigbee2mqtt/bridge/devices", "["+strings.Join(list, ",")+"]", true)
	if !strings.Contains(codes(got.Faults), "not_understood") {
		t.Errorf("no word of it: %s", codes(got.Faults))
	}
	b := New("zigbee2mqtt", kim)
	b.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: []byte("[" + strings.Join(list, ",") + "]")})
	kept, err := b.MarshalJSON()
	if err != nil || len(b.Devices) != maxDevices || len(kept) > maxDevices*1_000 {
		t.Errorf("%d devices in %d bytes: %v", len(b.Devices), len(kept), err)
	}
}
