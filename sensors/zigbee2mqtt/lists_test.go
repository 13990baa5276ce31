package zigbee2mqtt

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// What a device list of the real program holds can be taken in whole. The lists
// are beside the repository, or are not.
func TestListsOfDevicesFromTheRealProgram(t *testing.T) {
	for _, name := range []string{"z2m_bridge_devices_from_test.json", "z2m_bridge_devices_generated.json"} {
		raw, err := os.ReadFile("../../../shared/mqtt/" + name)
		if err != nil {
			t.Skipf("skipped: no lists of devices here (%v)", err)
		}
		if !json.Valid(raw) {
			t.Fatalf("%s is no JSON", name)
		}
		b := New("zigbee2mqtt", sensors.DwellingTopics{Dwelling: "kim"})
		h, _ := b.Hear(sensors.Message{At: noon, Topic: "zigbee2mqtt/bridge/devices", Payload: raw, Retained: true})
		for _, f := range h.Faults {
			if f.Code != ucare.FaultUnknownDevice && f.Code != ucare.FaultNeedsMapping {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if len(h.Seen) < 3 {
			t.Errorf("%s: only %d sensors", name, len(h.Seen))
		}
	}
}
