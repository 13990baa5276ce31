package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
	"github.com/ucare-project/ucare/sensors/zigbee2mqtt"
)

// A radar behind Zigbee2MQTT repeats its whole state with each report. A fall is
// raised once, in the radar's room, also when the gateway starts in the middle.
func TestAFallGoesTheWholeWay(t *testing.T) {
	began := func() *fold {
		policy := rules.Default()
		topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{
			Dwelling: "home", Zigbee2MQTT: []string{"zigbee2mqtt"},
			Rooms:   []ucare.Room{{ID: "bathroom", Name: "욕실"}},
			Sensors: []ucare.Sensor{{ID: "radar", Room: "bathroom", Topic: "zigbee2mqtt/radar"}},
		}}}
		return newFold(sensors.NewDecoder(topics, zigbee2mqtt.All(topics)...), supervision.New(topics), &policy, []string{"home"})
	}
	f := began()
	f.entry(startEntry(time.Time{}, spring))
	var alarm string
	for i, line := range []struct{ says, decided string }{
		{`{"fall_status":"normal","occupancy":true}`, "[]"},
		{`{"fall_status":"fall_warning","occupancy":true}`, "[]"},
		{`{"fall_status":"fall_alarm","occupancy":true}`, "[raise fall fall bathroom]"},
		{`{"fall_status":"fall_alarm","occupancy":true,"linkquality":80}`, "[]"},
		{`{"fall_status":"normal","occupancy":true}`, "[restore fall fall bathroom]"},
		{`{"fall_status":"normal","occupancy":false}`, "[]"},
		{`{"fall_status":"fall_alarm","occupancy":true}`, "[raise fall fall bathroom]"},
	} {
		saved, err := f.save()
		if err != nil {
			t.Fatal(err)
		}
		f = began()
		if err := f.load(saved); err != nil {
			t.Fatal(err)
		}
		out := f.entry(journal.Entry{
			At: spring.Add(time.Duration(i) * time.Minute), Kind: journal.Message, Topic: "zigbee2mqtt/radar", Payload: []byte(line.says),
		})
		got := []string{}
		for _, d := range out.decisions {
			got = append(got, fmt.Sprint(d.Verb, " ", d.Rule, " ", d.Kind, " ", d.Room))
			if d.Verb == ucare.Raise {
				if d.Alarm == alarm {
					t.Error("two falls have one name")
				}
				alarm = d.Alarm
			}
		}
		if fmt.Sprint(got) != line.decided {
			t.Errorf("%s decides %v, want %s", line.says, got, line.decided)
		}
	}
}
