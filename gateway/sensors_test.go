package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
	"github.com/ucare-project/ucare/sensors/zigbee2mqtt"
)

var spring = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// stands are the faults of a fold, as "code subject".
func stands(f *fold) []string {
	var all []string
	for _, x := range f.standing() {
		all = append(all, string(x.Code)+" "+x.Subject)
	}
	slices.Sort(all)
	return all
}

func TestSupervisionGoesThroughTheJournalAndTheCheckpoint(t *testing.T) {
	f := benchFold()
	f.entry(startEntry(time.Time{}, spring))
	f.entry(entryOf(readingAt("smoke", "smoke", false, spring)))
	f.entry(entryOf(readingAt("bed", "bed", true, spring)))
	f.entry(entryOf(readingAt("bed", "battery", true, spring)))
	if got, want := stands(f), []string{"battery_low bed", "not_tested smoke"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for hour := range 30 { // the bed speaks on, the smoke detector does not
		now := spring.Add(time.Duration(hour) * time.Hour)
		f.entry(entryOf(readingAt("bed", "bed", hour%2 == 0, now)))
		if at, due := f.next(); due && !now.Before(at) {
			f.entry(journal.Entry{At: now, Kind: journal.Tick, Payload: []byte("{}")})
		}
	}
	want := []string{"battery_low bed", "not_tested smoke", "sensor_silent smoke"}
	if got := stands(f); !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	saved, err := f.save()
	if err != nil {
		t.Fatal(err)
	}
	again := benchFold()
	if err := again.load(saved); err != nil {
		t.Fatal(err)
	}
	if got := stands(again); !slices.Equal(got, want) {
		t.Errorf("after a start %v, want %v", got, want)
	}
	out := again.entry(entryOf(readingAt("smoke", "smoke", true, spring.Add(31*time.Hour))))
	if got := codesOf(out.cleared); got != "[not_tested sensor_silent]" {
		t.Errorf("the test press ended %s", got)
	}
}

// Nobody goes round the home and presses every button because of an upgrade.
func TestATestedDetectorStaysTestedOverAnUpgrade(t *testing.T) {
	f := benchFold()
	f.entry(entryOf(readingAt("smoke", "smoke", true, spring)))
	f.entry(entryOf(readingAt("heat", "heat", false, spring)))
	saved, err := f.save()
	if err != nil {
		t.Fatal(err)
	}
	for name, old := range map[string]string{
		"another version":       string(saved),
		"its rules are unknown": strings.Replace(string(saved), `"states":{`, `"states":{"x":"of another form",`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			after := benchFold()
			after.salvage([]byte(old))
			for _, sensor := range []string{"smoke", "heat"} { // the journal holds no test any more
				after.entry(entryOf(readingAt(sensor, sensor, false, spring.Add(40*24*time.Hour))))
			}
			if got, want := stands(after), []string{"not_tested heat"}; !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	after := benchFold()
	after.salvage([]byte("nonsense"))
	if got := stands(after); len(got) != 0 {
		t.Errorf("out of nonsense: %v", got)
	}
}

func codesOf(faults []ucare.Fault) string {
	var all []string
	for _, f := range faults {
		all = append(all, string(f.Code))
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

// The broker was deaf: what became silent meanwhile is silent no more when it
// is known that nothing could be heard.
func TestADeafBrokerIsNoSilence(t *testing.T) {
	f := benchFold()
	f.entry(startEntry(time.Time{}, spring))
	f.entry(entryOf(readingAt("bed", "bed", true, spring)))
	f.entry(entryOf(readingAt("lamp", "use", true, spring)))
	later := spring.Add(80 * time.Hour)
	f.entry(journal.Entry{At: later, Kind: journal.Tick, Payload: []byte("{}")})
	before := stands(f)
	out := f.entry(gapEntry(journal.Deaf, spring.Add(time.Minute), later, later))
	if len(before) == 0 || len(out.cleared) != len(before) || len(stands(f)) != 0 {
		t.Errorf("before %v; it ended %s; then %v", before, codesOf(out.cleared), stands(f))
	}
}

// A board without a battery starts in 1970 and has its clock set an hour later.
func TestASetClockMovesTheSupervisionToo(t *testing.T) {
	f := benchFold()
	early := time.Date(1970, 1, 1, 1, 0, 0, 0, time.UTC)
	f.entry(startEntry(spring.Add(-time.Hour), early))
	f.entry(entryOf(readingAt("sink", "water_leak", false, early)))
	f.entry(clockSetEntry(spring, spring.Sub(early)))
	f.entry(journal.Entry{At: spring.Add(time.Minute), Kind: journal.Tick, Payload: []byte("{}")})
	if got := stands(f); len(got) > 0 {
		t.Errorf("a set clock made %v", got)
	}
}

func TestFalseAlarmsOfASensorAreListed(t *testing.T) {
	policy := rules.Default()
	f := newFold(sensors.NewDecoder(sensors.Config{}), supervision.New(sensors.Config{}), onePolicy(&policy), []string{"home"})
	f.state("home").Fire.Raised = []rules.Raised{
		{Sensor: "smoke", Kind: ucare.Smoke, Count: 2}, {Sensor: "smoke", Kind: ucare.Temperature, Measured: true, Count: 1}, {Sensor: "other", Kind: ucare.Smoke},
	}
	b := &board{faults: newFaults(discard(), nil)}
	b.show(f, nil)
	if got, none := b.last("home").falseAlarms("smoke"), b.last("home").falseAlarms("other"); got != 3 || none != 0 {
		t.Errorf("%d and %d false alarms, want 3 and none", got, none)
	}
}

func TestTheListOfSensors(t *testing.T) {
	policy := rules.Default()
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home", Sensors: []ucare.Sensor{{ID: "front", Room: "hall"}}}}}
	f := newFold(sensors.NewDecoder(topics), supervision.New(topics), onePolicy(&policy), []string{"home"})
	faults := newFaults(discard(), nil)
	g := &Gateway{
		language: "ko", faults: faults,
		dwellings: []ucare.Dwelling{{ID: "home", Rooms: []ucare.Room{{ID: "kitchen", Name: "주방"}}}},
	}
	g.board = &board{dwellings: g.dwellings, faults: faults}
	tell := func(out folded) {
		for _, x := range out.faults {
			faults.Set(x, true)
		}
		for _, x := range out.cleared {
			faults.Set(x, false)
		}
		g.board.show(f, nil)
	}
	list := func(path string) (SensorList, int) {
		w := httptest.NewRecorder()
		g.serveSensors(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		var l SensorList
		if w.Code == http.StatusOK {
			if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
		}
		return l, w.Code
	}
	m := reading("smoke", "smoke", false)
	m.Payload = []byte(`{"room":"kitchen","kind":"smoke","active":false}`)
	tell(f.entry(entryOf(m)))
	pressed, _ := json.Marshal(ucare.Reading{At: time.Now(), Dwelling: "home", Sensor: ucare.TestAlarm, Kind: ucare.HelpButton, State: ucare.Active, Drill: true})
	tell(f.entry(entryOf(sensors.Message{At: time.Now(), Topic: "ucare/home/" + ucare.TestAlarm, Payload: pressed})))
	for name, payload := range map[string]string{"away": "OFF", "cancel": "PRESS", "test": "PRESS"} { // no devices
		tell(f.entry(entryOf(sensors.Message{At: time.Now(), Topic: sensors.CommandTopic("home", name), Payload: []byte(payload)})))
	}
	got, _ := list("/sensors")
	if len(got.Sensors) != 2 || got.Language != "ko" {
		t.Fatalf("%+v", got)
	}
	front, smoke := got.Sensors[0], got.Sensors[1]
	if front.ID != "front" || front.Supervised != ucare.NeverHeard || front.Room != "hall" {
		t.Errorf("%+v", front)
	}
	if smoke.Supervised != ucare.NotTested || smoke.RoomName != "주방" || !smoke.MustBeTested || len(smoke.Faults) != 1 || !smoke.Tested.IsZero() {
		t.Errorf("%+v", smoke)
	}
	m.Payload = []byte(`{"room":"kitchen","kind":"smoke","active":true,"drill":true}`)
	tell(f.entry(entryOf(m)))
	got, _ = list("/sensors?dwelling=home")
	if s := got.Sensors[1]; s.Supervised != ucare.SupervisedYes || s.Tested.IsZero() || s.TestedKinds[ucare.Smoke].IsZero() {
		t.Errorf("after a test: %+v", s)
	}
	page := g.board.Now("home").Sensors
	if len(page) != 2 {
		t.Fatalf("the page has %+v", page)
	}
	if s := page[1]; s.Supervised != ucare.SupervisedYes || s.Tested.IsZero() {
		t.Errorf("the page says otherwise: %+v", s)
	}
	if _, code := list("/sensors?dwelling=lee"); code != http.StatusNotFound {
		t.Errorf("a dwelling that is not watched is answered with %d", code)
	}
}

// The coordinator of a Zigbee2MQTT dies: the bridge goes on publishing its health and
// what its timers clear, with a last_seen that stands still.
func TestARadioThatDiesBehindALivingBridge(t *testing.T) {
	policy := rules.Default()
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home", Zigbee2MQTT: []string{"zigbee2mqtt"}}}}
	f := newFold(sensors.NewDecoder(topics, zigbee2mqtt.All(topics)...), supervision.New(topics), onePolicy(&policy), []string{"home"})
	now := spring
	var began, ended []ucare.Fault
	say := func(topic, payload string) {
		for {
			at, due := f.next()
			if !due || at.After(now) {
				break
			}
			out := f.entry(journal.Entry{At: now, Kind: journal.Tick, Payload: []byte("{}")})
			began, ended = append(began, out.faults...), append(ended, out.cleared...)
			if next, _ := f.next(); !next.After(at) {
				break
			}
		}
		out := f.entry(entryOf(sensors.Message{At: now, Topic: "zigbee2mqtt/" + topic, Payload: []byte(payload)}))
		began, ended = append(began, out.faults...), append(ended, out.cleared...)
	}
	speak := func(name string, seen time.Time) {
		say(name, fmt.Sprintf(`{"occupancy":false,"battery":90,"last_seen":%q}`, seen.Format(time.RFC3339)))
	}
	f.entry(startEntry(time.Time{}, now))
	say("bridge/state", `{"state":"online"}`)
	say("bridge/devices", zigbeeSensors)
	for range 6 * 24 {
		for _, name := range []string{"hall", "kitchen", "bath"} {
			speak(name, now)
			now = now.Add(time.Minute)
		}
		now = now.Add(57 * time.Minute)
	}
	if got := stands(f); slices.ContainsFunc(got, func(s string) bool { return s != "bridge_settings zigbee2mqtt" }) {
		t.Fatalf("an ordinary week: %v", got)
	}
	began = nil
	died := now.Add(-57 * time.Minute)
	for range 6 * 24 { // a day
		now = now.Add(10 * time.Minute)
		say("bridge/health", `{"response_time":0}`)
		speak("hall", died)
	}
	if got := codesOf(slices.DeleteFunc(began, func(x ucare.Fault) bool { return x.Code == ucare.FaultNotUnderstood })); got != "[radio_dead]" {
		t.Errorf("it began %s", got)
	}
	speak("kitchen", now)
	if got := stands(f); slices.Contains(got, "radio_dead zigbee2mqtt") {
		t.Errorf("the radio is back, and there stands %v", got)
	}
}

// zigbeeSensors is a bridge/devices with three motion sensors.
var zigbeeSensors = func() string {
	var all []string
	for i, name := range []string{"hall", "kitchen", "bath"} {
		all = append(all, fmt.Sprintf(`{"ieee_address":"0x0%d","type":"EndDevice","friendly_name":%q,"supported":true,"interview_completed":true,
"definition":{"model":"SNZB-03","vendor":"SONOFF","description":"Motion sensor","exposes":[
{"type":"binary","name":"occupancy","property":"occupancy","access":1,"value_on":true,"value_off":false},
{"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%%"}]}}`, i, name))
	}
	return "[" + strings.Join(all, ",") + "]"
}()
