package sensors_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

var commanded = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)

func homeDecoder() *sensors.Decoder {
	return sensors.NewDecoder(sensors.Config{
		Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}, Quiet: []string{"ucare/kim/gateway/#"},
	})
}

func command(name, payload string) sensors.Message {
	return sensors.Message{At: commanded, Topic: "ucare/kim/gateway/set/" + name, Payload: []byte(payload), QoS: 1}
}

func TestACommandIsAReading(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          ucare.Reading
	}{
		{"away", "ON", ucare.Reading{Sensor: "away", Kind: ucare.Away, State: ucare.Active}},
		{"away", "OFF", ucare.Reading{Sensor: "away", Kind: ucare.Away, State: ucare.Inactive}},
		{"cancel", "PRESS", ucare.Reading{Sensor: "cancel", Kind: ucare.Use, State: ucare.Active}},
		{"checkin", "PRESS", ucare.Reading{Sensor: "checkin", Kind: ucare.Use, State: ucare.Active}},
		{"test", "PRESS", ucare.Reading{Sensor: "test-alarm", Kind: ucare.HelpButton, State: ucare.Active, Drill: true}},
	} {
		t.Run(c.name+" "+c.payload, func(t *testing.T) {
			c.want.At, c.want.Dwelling = commanded, "kim"
			h := homeDecoder().Hear(command(c.name, c.payload))
			if len(h.Readings) != 1 || !sameReading(h.Readings[0], c.want) || len(h.Faults) != 0 {
				t.Errorf("heard %+v, want the reading %+v", h, c.want)
			}
		})
	}
}

func sameReading(a, b ucare.Reading) bool {
	a.Samples, b.Samples = nil, nil
	return a.At.Equal(b.At) && a.Dwelling == b.Dwelling && a.Sensor == b.Sensor && a.Room == b.Room && a.Kind == b.Kind &&
		a.State == b.State && a.Drill == b.Drill && a.UnknownAge == b.UnknownAge
}

// A command that is not obeyed is seen: nobody may think that the gateway knows
// that the resident is away.
func TestACommandThatIsNotObeyedIsAFault(t *testing.T) {
	retained := command("away", "ON")
	retained.Retained = true
	for name, c := range map[string]struct {
		m     sensors.Message
		code  ucare.FaultCode
		about string
	}{
		"retained":            {retained, ucare.FaultNotUnderstood, "retain flag"},
		"no payload of it":    {command("away", "true"), ucare.FaultNotUnderstood, "ON or OFF"},
		"in small letters":    {command("away", "on"), ucare.FaultNotUnderstood, "ON or OFF"},
		"off is no press":     {command("cancel", "OFF"), ucare.FaultNotUnderstood, "PRESS"},
		"a switch's press":    {command("away", "PRESS"), ucare.FaultNotUnderstood, "ON or OFF"},
		"no such command":     {command("alarm", "OFF"), ucare.FaultUnknownTopic, "cancel"},
		"a command's command": {command("", "ON"), ucare.FaultUnknownTopic, "cancel"},
	} {
		t.Run(name, func(t *testing.T) {
			d := homeDecoder()
			h := d.Hear(c.m)
			if len(h.Readings) != 0 || len(h.Faults) != 1 || h.Faults[0].Code != c.code || !strings.Contains(h.Faults[0].Detail, c.about) {
				t.Fatalf("heard %+v, want no reading and a fault %s about %q", h, c.code, c.about)
			}
			if c.m.Topic != "ucare/kim/gateway/set/away" {
				return
			}
			if h := d.Hear(command("away", "ON")); len(h.Cleared) != 1 {
				t.Errorf("after a good command the fault still stands: %+v", h)
			}
		})
	}
}

func TestOnlyCommandsAboutOurDwellingsAreTaken(t *testing.T) {
	for _, topic := range []string{
		"ucare/lee/gateway/set/away", "ucare/kim/gateway/away", "ucare/kim/gateway/set/away/x", "ucare/kim/other/set/away", "kim/gateway/set/away",
	} {
		h := homeDecoder().Hear(sensors.Message{At: commanded, Topic: topic, Payload: []byte("ON")})
		if len(h.Readings) != 0 {
			t.Errorf("%s is taken for a command: %+v", topic, h.Readings)
		}
	}
	if h := homeDecoder().Hear(command("away", "")); len(h.Readings)+len(h.Faults) != 0 {
		t.Errorf("an empty message, which removes a retained one, says %+v", h)
	}
}

// A device keeps its place in the list, whatever it is called.
func TestACommandIsNoDevice(t *testing.T) {
	for name, c := range map[string]struct {
		s    sensors.SensorState
		want bool
	}{
		"away":               {sensors.SensorState{ID: "away", Kinds: []ucare.Kind{ucare.Away}}, true},
		"cancel":             {sensors.SensorState{ID: "cancel", Kinds: []ucare.Kind{ucare.Use}}, true},
		"test alarm":         {sensors.SensorState{ID: ucare.TestAlarm, Kinds: []ucare.Kind{ucare.HelpButton}}, true},
		"a door called away": {sensors.SensorState{ID: "away", Kinds: []ucare.Kind{ucare.Door}}, false},
		"a button in a room": {sensors.SensorState{ID: "cancel", Room: "hall", Kinds: []ucare.Kind{ucare.Use}}, false},
		"never heard":        {sensors.SensorState{ID: "cancel"}, false},
		"a socket":           {sensors.SensorState{ID: "kettle", Kinds: []ucare.Kind{ucare.Use}}, false},
	} {
		if got := c.s.IsCommand(); got != c.want {
			t.Errorf("%s: IsCommand is %t", name, got)
		}
	}
}

func TestCommandsAreListenedTo(t *testing.T) {
	var listens bool
	for _, f := range homeDecoder().Filters() {
		listens = listens || sensors.Covers(f, "ucare/kim/gateway/set/away")
		if sensors.Covers(f, "ucare/kim/gateway/state") {
			t.Errorf("with %s we would hear what we say ourselves", f)
		}
	}
	if !listens {
		t.Errorf("nothing listens to commands: %v", homeDecoder().Filters())
	}
}

func FuzzCommand(f *testing.F) {
	for _, name := range []string{"away", "cancel", "test", "…"} {
		for _, payload := range []string{"ON", "OFF", "PRESS", "", "\xff", "{}"} {
			f.Add(name, []byte(payload), false)
		}
	}
	f.Add("away", []byte("ON"), true)
	f.Fuzz(func(t *testing.T, name string, payload []byte, retained bool) {
		m := command(name, string(payload))
		m.Retained = retained
		for _, r := range homeDecoder().Hear(m).Readings {
			known := name == "away" && (string(payload) == "ON" || string(payload) == "OFF") || (name == "cancel" || name == "test") && string(payload) == "PRESS"
			if !known || retained {
				t.Errorf("%q %q (retained %t) says %+v", name, payload, retained, r)
			}
			if r.Kind == ucare.HelpButton && !r.Drill {
				t.Errorf("%q %q calls for help for real", name, payload)
			}
		}
	})
}

// The gateway announces itself to Home Assistant, and hears what is announced
// there: it must not take itself for a device.
func TestWhatTheGatewaySaysOfItselfNeedsNoAnnouncement(t *testing.T) {
	home := sensors.DwellingTopics{Dwelling: "kim", Zigbee2MQTT: []string{"zigbee2mqtt"}}
	for topic, native := range map[string]bool{
		"ucare/kim/gateway/alarm": true, "zigbee2mqtt/hall": true, "esphome/hall/state": false,
	} {
		if home.Native(topic) != native {
			t.Errorf("Native(%q) is %t, want %t", topic, !native, native)
		}
	}
}
