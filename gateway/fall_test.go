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

// withZigbee is a fold over a home with a bathroom radar and a kitchen smoke
// detector behind Zigbee2MQTT.
func withZigbee() *fold {
	policy := rules.Default()
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{
		Dwelling: "home", Zigbee2MQTT: []string{"zigbee2mqtt"},
		Rooms: []ucare.Room{{ID: "bathroom", Name: "욕실"}, {ID: "kitchen", Name: "주방"}},
		Sensors: []ucare.Sensor{
			{ID: "radar", Room: "bathroom", Topic: "zigbee2mqtt/radar"},
			{ID: "detector", Room: "kitchen", Topic: "zigbee2mqtt/detector"},
		},
	}}}
	return newFold(sensors.NewDecoder(topics, zigbee2mqtt.All(topics)...), supervision.New(topics), onePolicy(&policy), []string{"home"})
}

// hear folds what comes on a topic at that time, after a start from a checkpoint
// and what was due.
func hear(t *testing.T, f *fold, at time.Time, topic, payload string) (next *fold, decided []ucare.Decision) {
	t.Helper()
	saved, err := f.save()
	if err != nil {
		t.Fatal(err)
	}
	next = withZigbee()
	if err := next.load(saved); err != nil {
		t.Fatal(err)
	}
	decided = next.entry(journal.Entry{At: at, Kind: journal.Tick, Payload: []byte("{}")}).decisions
	heard := next.entry(journal.Entry{At: at, Kind: journal.Message, Topic: topic, Payload: []byte(payload)})
	return next, append(decided, heard.decisions...)
}

func words(decided []ucare.Decision) string {
	all := []string{}
	for _, d := range decided {
		said := fmt.Sprint(d.Verb, " ", d.Rule, " ", d.Room)
		if d.UnknownAge {
			said += " of unknown age"
		}
		all = append(all, said)
	}
	return fmt.Sprint(all)
}

// A radar behind Zigbee2MQTT repeats its whole state with each report. A fall is
// asked about and raised once, in the radar's room, whenever the gateway starts anew meanwhile.
func TestAFallGoesTheWholeWay(t *testing.T) {
	f := withZigbee()
	f.entry(startEntry(time.Time{}, spring))
	names := map[string]bool{}
	for i, line := range []struct{ says, want string }{
		{`{"fall_status":"normal","occupancy":true}`, "[]"},
		{`{"fall_status":"fall_warning","occupancy":true}`, "[]"},
		{`{"fall_status":"fall_alarm","occupancy":true}`, "[prealarm fall bathroom]"},
		{`{"fall_status":"fall_alarm","occupancy":true,"linkquality":80}`, "[raise fall bathroom]"},
		{`{"fall_status":"fall_alarm","occupancy":true}`, "[]"},
		{`{"fall_status":"normal","occupancy":true}`, "[restore fall bathroom]"},
		{`{"fall_status":"normal","occupancy":false}`, "[]"},
		{`{"fall_status":"fall_alarm","occupancy":true}`, "[prealarm fall bathroom]"},
	} {
		var decided []ucare.Decision
		f, decided = hear(t, f, spring.Add(time.Duration(i)*time.Minute), "zigbee2mqtt/radar", line.says)
		if got := words(decided); got != line.want {
			t.Errorf("%s decides %s, want %s", line.says, got, line.want)
		}
		for _, d := range decided {
			names[d.Alarm] = true
		}
	}
	if len(names) != 2 {
		t.Errorf("two falls have %d names", len(names))
	}
}

// A fire is over. Minutes later the bridge crashes and says what it had saved;
// after that it burns again, right after another restart: see decision 0010.
func TestASecondFireRightAfterARestartOfTheBridge(t *testing.T) {
	f := withZigbee()
	f.entry(startEntry(time.Time{}, spring))
	for _, line := range []struct {
		minute                float64
		topic, says, decision string
	}{
		{0, "detector", `{"smoke":false}`, "[]"},
		{10, "detector", `{"smoke":true}`, "[raise fire kitchen]"},
		{12, "detector", `{"smoke":false}`, "[]"},
		{14, "detector", `{"smoke":false}`, "[restore fire kitchen]"},
		{15, "bridge/state", `offline`, "[]"},
		{16, "bridge/state", `online`, "[]"},
		{16.1, "detector", `{"smoke":true}`, "[]"},
		{22, "detector", `{"smoke":false}`, "[]"},
		{30, "bridge/state", `offline`, "[]"},
		{31, "bridge/state", `online`, "[]"},
		{31.5, "detector", `{"smoke":true}`, "[raise fire kitchen of unknown age]"},
		{32, "detector", `{"smoke":true}`, "[]"},
	} {
		var decided []ucare.Decision
		f, decided = hear(t, f, spring.Add(time.Duration(line.minute*float64(time.Minute))), "zigbee2mqtt/"+line.topic, line.says)
		if got := words(decided); got != line.decision {
			t.Errorf("minute %v: %s decides %s, want %s", line.minute, line.says, got, line.decision)
		}
	}
}
