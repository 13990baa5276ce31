package influx

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// anHour has every field, and names that are nowhere else.
func anHour(from time.Time) activity.Hour {
	return activity.Hour{
		Dwelling: "dwelling-kim", From: from.UTC().Truncate(time.Hour),
		Sensors: []activity.SensorHour{
			{
				Sensor: "sensor-bed", Room: "bedroom", Kind: ucare.Bed, Readings: 3, Activations: 1, ActiveFor: 1234567 * time.Microsecond,
				First: from.UTC(), Last: from.UTC().Add(time.Minute + 1),
			},
			{
				Sensor: "sensor-hall", Room: "hall, upstairs", Kind: ucare.Temperature, Unit: "°C", Readings: 3, Min: -1.5, Max: 0.30000000000000004, Sum: 3e-9,
				First: from.UTC(), Last: from.UTC(),
			},
		},
		Course: activity.Course{
			Contacts: []activity.Contact{{Sensor: "sensor-bed", Kind: ucare.Bed, Room: "bedroom", State: ucare.Active, Since: 5, Clears: true}},
			Runs:     []activity.Run{{First: 1, Last: 7e9, Signs: 3, Sure: true}},
			Held:     []activity.Held{{From: 1e9, To: 2e9}},
			Last:     &activity.Mark{Sensor: "sensor-last", Kind: ucare.Motion, Room: "hall", At: -1},
		},
	}
}

func aDay(date string) activity.Day {
	from, _ := time.ParseInLocation(time.DateOnly, date, time.FixedZone("KST", 9*3600))
	nights := 2
	return activity.Day{
		Dwelling: "dwelling-kim", Date: date, From: from, To: from.Add(24 * time.Hour), Until: from.Add(20 * time.Hour), Running: true, Readings: 1234,
		First: &activity.Sign{At: from.Add(6*time.Hour + 30*time.Minute), Room: "bedroom", Sensor: "sensor-bed", Kind: ucare.Bed},
		Last:  &activity.Sign{At: from.Add(19 * time.Hour), Room: "hall", Sensor: "sensor-last", Kind: ucare.Motion},
		Rooms: []activity.RoomTime{{Room: "bedroom", Times: activity.Times{Seconds: 7200}}},
		Out:   &activity.Times{Seconds: 60}, Unknown: activity.Times{Seconds: 61},
		Night:    &activity.Night{By: activity.ByBed, Bed: from, Resting: 25000, Ups: make([]activity.Span, 3)},
		Bathroom: &activity.Bathroom{Visits: 5, Seconds: 600, AtNight: &nights},
		Outings:  &activity.Outings{Count: 1, Seconds: 60}, Silence: &activity.Silence{Span: activity.Span{Seconds: 9000}},
		Daytime: &activity.Silence{Span: activity.Span{Seconds: 4000}},
		Sensors: []activity.SensorDay{{Sensor: "sensor-hall", Room: "hall", Kinds: []ucare.Kind{ucare.Temperature}, Readings: 3}},
	}
}

func TestHoursComeBackAsTheyWere(t *testing.T) {
	s := prepared(t, "sensor-bed", "sensor-hall", "sensor-last")
	var want []activity.Hour
	for i := range 30 {
		want = append(want, anHour(today.Add(time.Duration(i)*time.Hour)))
	}
	for range 2 { // again is harmless
		if err := s.WriteHours(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	old := anHour(time.Now().Add(-keepHours - time.Hour))
	if err := s.WriteHours(t.Context(), []activity.Hour{old}); err != nil {
		t.Errorf("an hour that the server does not keep any more: %v", err)
	}
	got, err := s.Hours(t.Context(), "dwelling-kim", want[0].From, want[29].From)
	if err != nil {
		t.Fatal(err)
	}
	if g, w := inJSON(got), inJSON(want[:29]); g != w { // from ≤ begin < to
		t.Errorf("got  %s\nwant %s", g, w)
	}
	want[3].Sensors[0].Readings = 99 // an hour that is summed up again takes the place of the old one
	want[3].Course.Runs = nil
	if err := s.WriteHours(t.Context(), want[3:4]); err != nil {
		t.Fatal(err)
	}
	got, err = s.Hours(t.Context(), "dwelling-kim", time.Time{}, today.AddDate(5000, 0, 0))
	if err != nil || inJSON(got) != inJSON(want) {
		t.Errorf("got  %s\n%v\nwant %s", inJSON(got), err, inJSON(want))
	}
	if got, err := s.Hours(t.Context(), "dwelling-lee", time.Time{}, today.AddDate(5000, 0, 0)); err != nil || len(got) > 0 {
		t.Errorf("another dwelling has %v, %v", got, err)
	}
}

func inJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// What charts are made of.
func TestTheFiguresOfHoursAndDays(t *testing.T) {
	s := prepared(t)
	if err := s.WriteHours(t.Context(), []activity.Hour{anHour(today)}); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteDays(t.Context(), []activity.Day{aDay(today.Format(time.DateOnly))}); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	question := fluxFrom(s.c.Hours).between(today.AddDate(0, 0, -3), time.Now()).where(tagDwelling, s.Dwelling("dwelling-kim"))
	err := s.query(t.Context(), s.c.Hours, question, func(row row) error {
		room, _ := row.ValueByKey(tagRoom).(string)
		got[strings.TrimSpace(row.Measurement()+" "+room)+" "+row.Field()] = row.Value()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"course readings": int64(6), "course sensors": int64(2), "course signs_of_life": int64(3),
		"hour bedroom readings": int64(3), "hour bedroom activations": int64(1), "hour bedroom active_seconds": 1.234567,
		"hour hall, upstairs min": -1.5, "hour hall, upstairs mean": 1e-9, "hour hall, upstairs max": 0.30000000000000004,
		"day first_hour": 6.5, "day last_hour": 19.0, "day out_seconds": int64(60), "day unknown_seconds": int64(61), "day readings": int64(1234),
		"day resting_seconds": int64(25000), "day ups_at_night": int64(3), "day bathroom_visits": int64(5), "day bathroom_visits_at_night": int64(2),
		"day outings": int64(1), "day longest_silence_seconds": int64(9000), "day longest_silence_by_day_seconds": int64(4000),
		"day running": true, "day date": today.Format(time.DateOnly), "day_room bedroom seconds": int64(7200),
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// An hour that the server refuses is a fault, and the others are stored.
func TestAnHourThatIsRefused(t *testing.T) {
	s := prepared(t, "sensor-bed", "sensor-hall", "sensor-last")
	bad, good := anHour(today), anHour(today.Add(time.Hour))
	bad.Sensors[1].Room = strings.Repeat("x", 70_000)
	err := s.WriteHours(t.Context(), []activity.Hour{bad, good})
	if err == nil || !strings.Contains(err.Error(), "does not take hours into the bucket "+s.c.Hours) {
		t.Errorf("the fault is %v", err)
	}
	got, err := s.Hours(t.Context(), "dwelling-kim", good.From, good.From.Add(1))
	if err != nil || inJSON(got) != inJSON([]activity.Hour{good}) {
		t.Errorf("the good one is %s, %v", inJSON(got), err)
	}
}

// An overhearer keeps all that goes to the server.
type overhearer struct {
	way http.RoundTripper
	mu  sync.Mutex
	all strings.Builder
}

func (o *overhearer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	plain := io.Reader(bytes.NewReader(body))
	if r.Header.Get("Content-Encoding") == "gzip" {
		if plain, err = gzip.NewReader(plain); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	fmt.Fprintf(&o.all, "%s %s\n", r.URL, text)
	o.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return o.way.RoundTrip(r)
}

// No name of a dwelling or a sensor gets to the server, in whatever is written or asked.
func TestNoNameGetsToTheServer(t *testing.T) {
	s := prepared(t, "sensor-bed")
	ear := &overhearer{way: s.line.way}
	s.line.way = ear
	reading := motion(today)
	reading.Dwelling, reading.Sensor = "dwelling-kim", "sensor-bed"
	store(t, s, []Point{{Reading: reading}})
	var hour activity.Hour
	var day activity.Day
	fill(reflect.ValueOf(&hour).Elem())
	fill(reflect.ValueOf(&day).Elem())
	hour.From, day.From = today, today
	if err := s.WriteHours(t.Context(), []activity.Hour{hour, anHour(today)}); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteDays(t.Context(), []activity.Day{day, aDay(today.Format(time.DateOnly))}); err != nil {
		t.Fatal(err)
	}
	all(t, s, "dwelling-kim", today, today.Add(time.Hour))
	if _, err := s.Hours(t.Context(), "dwelling-kim", today, today.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Count(t.Context(), "dwelling-kim"); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(t.Context(), "dwelling-kim"); err != nil {
		t.Fatal(err)
	}
	said := ear.all.String()
	for _, want := range []string{s.Dwelling("dwelling-kim"), s.Sensor("sensor-bed"), "bedroom"} {
		if !strings.Contains(said, want) {
			t.Errorf("%s was not heard: the ear is deaf", want)
		}
	}
	for line := range strings.Lines(said) {
		for _, name := range []string{"dwelling-", "sensor-"} {
			if i := strings.Index(line, name); i >= 0 {
				t.Errorf("a name got to the server: …%s…", line[max(0, i-100):min(len(line), i+100)])
			}
		}
	}
}

// fill gives each text of a value, however deep, a name: where a Sensor or a Dwelling
// stands one that must not be told.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(today))
			return
		}
		for i := range v.NumField() {
			switch field := v.Field(i); {
			case !field.CanSet():
			case v.Type().Field(i).Name == "Sensor":
				field.SetString("sensor-bed")
			case v.Type().Field(i).Name == "Dwelling":
				field.SetString("dwelling-kim")
			default:
				fill(field)
			}
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Map, reflect.Interface:
		panic("what stands for names in a " + v.Type().String() + " is not made pseudonyms")
	default:
	}
}
