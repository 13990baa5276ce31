package acceptance

import "testing"

// A smoke detector that only Home Assistant's discovery tells of speaks on a topic
// that nobody had written down: it is subscribed to when it is announced.
func TestADetectorThatIsAnnouncedWhileWeRunRaisesAnAlarmThroughMosquitto(t *testing.T) {
	broker := startMosquitto(t)
	place, centre := newHome(t, func(p *Place) { p.Client = broker })
	announcement := `{"name":"Smoke","unique_id":"esp-kitchen-smoke","device_class":"smoke","state_topic":"esp-kitchen/binary_sensor/smoke/state",
"availability_topic":"esp-kitchen/status","device":{"identifiers":"esp-kitchen","name":"kitchen"}}`
	if err := mosquittoPub(t, broker, "-r", "-t", "homeassistant/binary_sensor/esp-kitchen/smoke/config", "-m", announcement); err != nil {
		t.Fatal(err)
	}
	// Retained, as ESPHome does it: the broker has it for us whenever we subscribe.
	if err := mosquittoPub(t, broker, "-r", "-t", "esp-kitchen/binary_sensor/smoke/state", "-m", "ON"); err != nil {
		t.Fatal(err)
	}
	centre.hears(t, "kitchen")
	if !health(t, place).Alive {
		t.Error("the gateway is not well")
	}
}
