package activity

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// says reads readings from lines of "day hour:minute[:second] kind room on|off", by the clock of
// the location, in November 2026. A sensor is called after its room and kind.
func says(t testing.TB, location *time.Location, lines string) []ucare.Reading {
	t.Helper()
	return saysIn(t, location, "2026-11-", lines)
}

func saysIn(t testing.TB, location *time.Location, month, lines string) []ucare.Reading {
	t.Helper()
	var all []ucare.Reading
	for line := range strings.Lines(lines) {
		word := strings.Fields(line)
		if len(word) == 0 {
			continue
		}
		if len(word) != 5 {
			t.Fatalf("%q is no reading", line)
		}
		if len(word[1]) == 5 {
			word[1] += ":00"
		}
		at, err := time.ParseInLocation(time.DateTime, month+word[0]+" "+word[1], location)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ucare.Reading{
			At: at, Dwelling: "home", Sensor: word[3] + "-" + word[2], Room: word[3], Kind: ucare.Kind(word[2]), State: ucare.StateOf(word[4] == "on"),
		})
	}
	return all
}

// dwelt is 22 November 2026, with the night before it, as it is known at now.
func dwelt(t *testing.T, now string, lines string) Day {
	t.Helper()
	at, err := time.Parse(time.DateTime, now)
	if err != nil {
		t.Fatal(err)
	}
	return dayOf(t, "2026-11-22", time.UTC, at, hoursOf(t, "home", says(t, time.UTC, lines)))
}

const later23 = "2026-11-23 20:00:00"

// An ordinary day: to bed at 22:30, up twice, out in the morning, and to bed again.
const ordinary = `
21 18:00 bed bedroom off
21 18:00 door entrance off
21 20:00 motion living on
21 22:20 motion bathroom on
21 22:25 motion bedroom on
21 22:30 bed bedroom on
22 01:10 bed bedroom off
22 01:11 motion bathroom on
22 01:14 motion bathroom on
22 01:15 motion bedroom on
22 01:16 bed bedroom on
22 04:00 bed bedroom off
22 04:01 motion bathroom on
22 04:06 motion bedroom on
22 04:06 bed bedroom on
22 07:00 bed bedroom off
22 07:01 motion bathroom on
22 07:20 motion kitchen on
22 07:50 motion kitchen on
22 08:00 motion living on
22 09:00 motion living on
22 09:58 motion hall on
22 10:00 door entrance on
22 10:00:20 door entrance off
22 10:01 motion hall on
22 12:00 door entrance on
22 12:00:15 door entrance off
22 12:01 motion hall on
22 12:02 motion kitchen on
22 12:40 motion kitchen on
22 12:41 motion living on
22 14:30 motion living on
22 14:35 motion bathroom on
22 14:40 motion living on
22 16:00 motion living on
22 17:40 motion living on
22 18:00 motion kitchen on
22 18:30 motion living on
22 20:00 motion living on
22 21:45 motion living on
22 22:00 motion bathroom on
22 22:09 motion bedroom on
22 22:10 bed bedroom on
23 06:30 bed bedroom off
23 06:31 motion bathroom on
23 06:45 motion kitchen on
`

func TestAnOrdinaryDay(t *testing.T) {
	d := dwelt(t, later23, ordinary)
	at := func(clock string) time.Time {
		at, err := time.Parse(time.DateTime, "2026-11-22 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if d.Running || !d.Until.Equal(d.To) {
		t.Error("the day is not over")
	}
	if d.First == nil || !d.First.At.Equal(at("07:00:00")) || d.Last == nil || !d.Last.At.Equal(at("22:10:00")) {
		t.Errorf("first %+v, last %+v", d.First, d.Last)
	}
	n := d.Night
	if n == nil || n.By != ByBed || !n.Bed.Equal(at("00:00:00").Add(-90*time.Minute)) || !n.Up.Equal(at("07:00:00")) || len(n.Ups) != 2 ||
		n.Ups[0].Seconds != 360 || n.Ups[1].Seconds != 360 || n.Resting != 8*3600+30*60-720 {
		t.Errorf("the night was %+v", n)
	}
	if b := d.Bathroom; b == nil || b.Visits != 5 || b.AtNight == nil || *b.AtNight != 2 || b.Longest != 19*60 {
		t.Errorf("bathroom %+v", b)
	}
	o := d.Outings
	if o == nil || o.Count != 1 || len(o.List) != 1 || !o.List[0].From.Equal(at("10:00:20")) || !o.List[0].To.Equal(at("12:00:00")) || o.List[0].By != ByDoor {
		t.Errorf("out %+v", o)
	}
	if d.Out == nil || d.Out.Seconds != 7180 || d.Out.ByHour[10] != 3580 || d.Out.ByHour[11] != 3600 {
		t.Errorf("out %+v", d.Out)
	}
	if s := d.Silence; s == nil || !s.From.Equal(at("04:06:00")) || s.Seconds != 174*60 || s.Room != "bedroom" {
		t.Errorf("silent %+v", s)
	}
	if s := d.Daytime; s == nil || !s.From.Equal(at("12:41:00")) || s.Seconds != 109*60 || s.Open {
		t.Errorf("silent by day %+v", s)
	}
	rooms := make(map[string]int)
	for _, r := range d.Rooms {
		rooms[r.Room] = r.Seconds
	}
	// The evening in the living room is seen every two hours; the minute after the door is out.
	if want := 2*3600 - 2*60 + 5*3600 + 39*60 - 5*60 - 30*60; rooms["bathroom"] == 0 || rooms["kitchen"] != (40+39+30)*60 || rooms["living"] < want {
		t.Errorf("in the rooms %v", rooms)
	}
	if d.Unknown.Seconds != 0 {
		t.Errorf("unknown %+v", d.Unknown)
	}
}

func TestADayThatIsNotOver(t *testing.T) {
	d := dwelt(t, "2026-11-22 11:00:00", ordinary)
	if !d.Running || d.Until.Hour() != 11 {
		t.Errorf("until %v, running %v", d.Until, d.Running)
	}
	if o := d.Outings; o == nil || o.Count != 1 || !o.List[0].Open || o.Seconds != 3580 {
		t.Errorf("out %+v", o)
	}
	if d.Last == nil || d.Last.At.Hour() != 10 {
		t.Errorf("last %+v", d.Last)
	}
	d = dwelt(t, "2026-11-22 06:55:00", ordinary)
	if n := d.Night; n == nil || !n.Up.IsZero() || len(n.Ups) != 2 || d.First != nil {
		t.Errorf("a night that goes on: %+v, first %+v", n, d.First)
	}
	if s := d.Silence; s == nil || !s.Open || s.Seconds != 169*60 {
		t.Errorf("silent %+v", s)
	}
	d = dwelt(t, "2026-11-22 04:03:00", ordinary)
	if n := d.Night; n == nil || !n.Up.IsZero() {
		t.Errorf("who goes to the bathroom at night has got up: %+v", n)
	}
}

// What no sensor of a home tells is absent, not zero.
func TestAHomeWithoutASensorForIt(t *testing.T) {
	d := dwelt(t, later23, `
21 20:00 motion living on
22 08:00 motion living on
22 09:00 motion living on
22 20:00 motion living on`)
	if d.Bathroom != nil || d.Out != nil || d.Outings != nil {
		t.Errorf("bathroom %+v, out %+v %+v; no sensor tells of them", d.Bathroom, d.Out, d.Outings)
	}
	if n := d.Night; n == nil || n.By != ByQuiet || n.Bed.Hour() != 20 {
		t.Errorf("the night was %+v", n)
	}
	text, _ := json.Marshal(d)
	for _, absent := range []string{`"bathroom"`, `"outings"`, `"out"`} {
		if strings.Contains(string(text), absent) {
			t.Errorf("%s has %s", text, absent)
		}
	}
	d = dwelt(t, later23, `
21 08:00 motion bathroom on
21 20:00 motion living on
22 08:00 motion living on
22 20:00 motion living on`)
	if b := d.Bathroom; b == nil || b.Visits != 0 {
		t.Errorf("bathroom %+v: it has a sensor, which saw nobody", b)
	}
}

func TestTheFirstDaysOfAHome(t *testing.T) {
	d := dwelt(t, later23, `
22 15:00 motion living on
22 16:00 motion kitchen on`)
	if d.Night != nil || d.Unknown.ByHour[3] != 3600 || len(d.Unheard) == 0 || d.Unheard[0].Seconds != 15*3600 {
		t.Errorf("before the first reading: night %+v, unknown %+v, unheard %+v", d.Night, d.Unknown, d.Unheard)
	}
	if s := d.Silence; s == nil || s.Seconds != 8*3600 || !s.Open {
		t.Errorf("silent %+v", s)
	}
	empty, err := DayOf("home", "2026-11-22", time.UTC, day.AddDate(0, 0, 3), nil)
	if err != nil || !empty.Empty() || d.Empty() || empty.First != nil || empty.Silence != nil || empty.Unknown.Seconds != 86400 || empty.Sensors != nil {
		t.Errorf("of a day of which nothing is known: %+v, %v", empty, err)
	}
	if _, err := DayOf("home", "2026-13-01", time.UTC, day, nil); err == nil {
		t.Error("a date that is none is a day")
	}
}

// An absence of days shows in its middle, where no hour says anything.
func TestAnAbsenceOfDays(t *testing.T) {
	home := says(t, time.UTC, `
18 08:00 motion kitchen on
18 09:00 door entrance on
18 09:00:10 door entrance off
24 15:00 door entrance on
24 15:00:10 door entrance off
24 15:05 motion kitchen on
24 15:10 motion living on`)
	hours := hoursOf(t, "home", home)
	for date, seconds := range map[string]int{"2026-11-18": 15*3600 - 10, "2026-11-21": 86400, "2026-11-24": 15 * 3600} {
		d := dayOf(t, date, time.UTC, day.AddDate(0, 0, 9), hours)
		if d.Empty() || d.Out == nil || d.Out.Seconds != seconds || len(d.Outings.List) != 1 || d.Outings.List[0].Open == (date == "2026-11-24") {
			t.Errorf("%s: out %+v, %+v; want %d s", date, d.Out, d.Outings, seconds)
		}
		if d.Silence != nil && d.Silence.Seconds > 10*3600 {
			t.Errorf("%s: an absence is a silence at home: %+v", date, d.Silence)
		}
	}
}

func TestOutings(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		count, want int // seconds
	}{
		{"the door only opened", `
22 10:00 door entrance on
22 10:05 door entrance off
22 10:08 motion kitchen on
22 10:12 motion living on`, 0, 0},
		{"somebody is in who sits down for a minute", `
21 10:00 seat living off
22 10:00 door entrance on
22 10:05 seat living on
22 11:00 door entrance on
22 11:01 motion kitchen on
22 11:03 motion living on`, 0, 0},
		{"a mat that flickers", `
21 10:00 seat living off
22 10:00 door entrance on
22 10:30 seat living on
22 10:30:05 seat living off
22 11:00 door entrance off
22 11:03 motion living on
22 11:04 motion kitchen on`, 1, 3600},
		{"a curtain", `
22 10:00 door entrance on
22 10:30 motion living on
22 11:00 door entrance off
22 11:03 motion living on
22 11:04 motion kitchen on`, 1, 3600},
		{"a motion sensor again a minute later", `
22 10:00 door entrance on
22 10:30 motion living on
22 10:31 motion living on
22 11:00 door entrance off
22 11:03 motion living on
22 11:04 motion kitchen on`, 0, 0},
		{"two sensors across the full hour", `
22 10:00 door entrance on
22 10:59 motion living on
22 11:01 motion kitchen on
22 12:00 door entrance off
22 12:03 motion living on
22 12:04 motion kitchen on`, 0, 0},
		{"who leaves is still seen in the hall", `
22 10:00 door entrance on
22 10:00:30 motion hall on
22 10:01:40 motion hall on
22 11:00 door entrance off
22 11:03 motion living on
22 11:04 motion kitchen on`, 1, 3600},
		{"home for a moment between two outings", `
22 10:00 door entrance on
22 11:00 door entrance off
22 11:04 door entrance on
22 12:00 door entrance off
22 12:03 motion living on
22 12:04 motion kitchen on`, 2, 3600 + 56*60},
		{"who came home sits still", `
22 10:00 door entrance on
22 11:00 door entrance off`, 1, 3600},
		{"who went out is not back", `
22 09:00 motion living on
22 10:00 door entrance on`, 1, 14 * 3600},
		{"the balcony of a home with a front door", `
21 10:00 door balcony off
22 10:00 door balcony on
22 12:00 door balcony off
22 12:03 motion living on
22 12:04 motion kitchen on`, 0, 0},
		{"the only door", `
21 10:00 door living off
22 10:00 door living on
22 12:00 door living off
22 12:03 motion living on
22 12:04 motion kitchen on`, 1, 7200},
		{"a carer goes, and the resident lies in bed", `
21 21:00 bed bedroom off
21 22:00 bed bedroom on
22 10:00 door entrance on
22 10:05 motion bathroom on
22 10:10 motion kitchen on
22 11:00 door entrance on
22 17:00 door entrance off
22 17:02 motion kitchen on
22 17:30 motion bathroom on`, 0, 0},
		{"somebody says so", `
22 10:00 away hall on
22 10:05 motion hall on
22 13:00 away hall off`, 1, 3 * 3600},
		{"somebody forgets the switch", `
22 10:00 away hall on
22 10:03 door entrance on
22 12:00 door entrance off
22 12:03 motion living on
22 12:04 motion kitchen on
22 20:00 away hall off`, 1, 2 * 3600},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := "21 09:00 away hall off"
			if !strings.Contains(c.name, "only door") {
				lines += "\n21 09:00 door entrance off"
			}
			d := dwelt(t, later23, turned(lines+c.lines))
			if d.Outings == nil || d.Outings.Count != c.count || d.Outings.Seconds != c.want {
				t.Errorf("out %+v, want %d times, %d s", d.Outings, c.count, c.want)
			}
		})
	}
}

// turned makes each line of a door a change: off and on in turn.
func turned(lines string) string {
	state := make(map[string]bool)
	var b strings.Builder
	for line := range strings.Lines(lines) {
		word := strings.Fields(line)
		if len(word) == 5 && word[2] == "door" {
			word[4] = "off"
			if state[word[3]] {
				word[4] = "on"
			}
			state[word[3]] = !state[word[3]]
			line = strings.Join(word, " ") + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// A mat on which somebody put something says nothing of where the resident is.
func TestASeatThatIsStuck(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("21 10:00 seat living off\n21 11:00 seat living on\n")
	for hour := 12; hour < 23; hour++ {
		fmt.Fprintf(&lines, "21 %d:00 motion kitchen on\n21 %d:20 motion hall on\n21 %d:40 motion bathroom on\n", hour, hour, hour)
	}
	lines.WriteString("22 09:00 motion kitchen on\n22 09:01 motion hall on\n")
	if d := dwelt(t, later23, lines.String()); len(d.Rooms) > 0 && slices.ContainsFunc(d.Rooms, func(r RoomTime) bool { return r.Room == "living" }) {
		t.Errorf("in the rooms %+v", d.Rooms)
	}
}

func TestTheNightWithoutABedSensor(t *testing.T) {
	d := dwelt(t, later23, `
21 21:00 motion living on
21 22:00 motion bathroom on
21 22:10 motion bedroom on
22 02:00 motion bedroom on
22 02:01 motion bathroom on
22 02:06 motion bedroom on
22 06:50 motion bedroom on
22 07:00 motion kitchen on
22 08:00 motion living on`)
	n := d.Night
	if n == nil || n.By != ByBedroom || n.Bed.Format("15:04") != "22:10" || n.Up.Format("15:04") != "07:00" || len(n.Ups) != 1 || n.Ups[0].Seconds != 300 {
		t.Errorf("the night was %+v", n)
	}
	if b := d.Bathroom; b == nil || b.AtNight == nil || *b.AtNight != 1 {
		t.Errorf("bathroom %+v", b)
	}
}

func TestWhoSitsDownOnTheBedHasNotGoneToBed(t *testing.T) {
	d := dwelt(t, later23, `
21 10:00 bed bedroom off
21 20:30 bed bedroom on
21 20:35 bed bedroom off
21 22:00 bed bedroom on
22 07:00 bed bedroom off
22 07:30 bed bedroom on
22 07:33 bed bedroom off`)
	if n := d.Night; n == nil || n.Bed.Format("15:04") != "22:00" || n.Up.Format("15:04") != "07:00" || len(n.Ups) != 0 {
		t.Errorf("the night was %+v", n)
	}
}

// Where the resident was is said as long as it is likely, and then not guessed.
func TestWhereNobodyKnows(t *testing.T) {
	d := dwelt(t, later23, `
22 08:00 motion living on
22 09:30 motion living on
22 10:00 motion kitchen on
22 13:00 motion hall on
22 13:05 motion living on
22 14:00 motion hall on
22 14:11 motion bedroom on
22 20:00 motion living on
22 22:00 motion living on`)
	rooms := make(map[string]int)
	for _, r := range d.Rooms {
		rooms[r.Room] = r.Seconds / 60
	}
	want := map[string]int{"living": 120 + 55 + 120, "hall": 5, "bedroom": 5*60 + 49}
	delete(rooms, "kitchen") // no time at all
	if !maps.Equal(rooms, want) || d.Unknown.ByHour[12] != 3600 || d.Unknown.ByHour[14] != 660 || d.Unknown.ByHour[23] != 3600 {
		t.Errorf("in the rooms %v, want %v; unknown %+v", rooms, want, d.Unknown)
	}
}

func TestACurtainIsNoLastActivity(t *testing.T) {
	d := dwelt(t, later23, `
21 10:00 door entrance off
22 09:00 motion living on
22 10:00 door entrance on
22 15:00 motion living on
23 10:00 door entrance off`)
	if d.Last == nil || d.Last.At.Hour() != 10 {
		t.Errorf("last %+v", d.Last)
	}
}

func TestBathroomVisits(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		visits      int
	}{
		{"two", "22 08:00 motion bathroom on\n22 08:05 motion hall on\n22 09:00 motion bathroom on\n22 09:05 motion hall on", 2},
		{"the hall is seen through the door", "22 08:00 motion bathroom on\n22 08:01 motion hall on\n22 08:01:30 motion bathroom on\n22 08:05 motion hall on", 1},
		{"somebody passes", "22 08:00 motion bathroom on\n22 08:00:10 motion hall on", 0},
		{"somebody washes their hands", "22 08:00 use bathroom on\n22 08:00:10 motion hall on", 1},
		{"in the tub", "22 08:00 motion bathroom on\n22 08:50 motion bathroom on\n22 09:00 motion hall on", 1},
		{"nothing else notices anybody", "22 08:00 motion bathroom on\n22 08:01 motion bathroom on\n22 15:00 motion bathroom on\n22 15:02 motion bathroom on", 2},
		{"two rooms", "22 08:00 motion toilet on\n22 08:03 motion bathroom on\n22 08:05 motion hall on", 1},
	} {
		if d := dwelt(t, later23, c.lines); d.Bathroom == nil || d.Bathroom.Visits != c.visits {
			t.Errorf("%s: %+v, want %d visits", c.name, d.Bathroom, c.visits)
		}
	}
}

func TestHowSensorsWereHeard(t *testing.T) {
	d := dwelt(t, later23, `
21 09:00 motion attic on
21 23:00 motion living on
22 08:00 motion living on
22 09:00 link living off
22 11:00 link living on
22 12:00 motion kitchen on`)
	want := map[string]string{
		"attic-motion":   "0 21 09:00 00:00-00:00 0",
		"living-motion":  "1 22 08:00 08:00-00:00 0",
		"living-link":    "2 22 11:00 11:00-00:00 7200",
		"kitchen-motion": "1 22 12:00 00:00-12:00 0",
	}
	for _, s := range d.Sensors {
		got := fmt.Sprintf("%d %s %s-%s %d", s.Readings, s.LastHeard.Format("02 15:04"), s.Gap.From.Format("15:04"), s.Gap.To.Format("15:04"), s.Unreachable)
		if got != want[s.Sensor] {
			t.Errorf("%s: %s, want %s", s.Sensor, got, want[s.Sensor])
		}
		delete(want, s.Sensor)
	}
	if len(want) > 0 || d.Readings != 4 {
		t.Errorf("nothing is told of %v, and there were %d readings", want, d.Readings)
	}
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestTheClockIsSet(t *testing.T) {
	for _, c := range []struct {
		zone, date string
		hours      int
		hour, want int
	}{
		{"Europe/Berlin", "2026-03-29", 23, 2, 0},
		{"Europe/Berlin", "2026-10-25", 25, 2, 7200},
		{"Australia/Lord_Howe", "2026-10-04", 0, 2, 1800},
		{"Asia/Seoul", "2026-10-04", 24, 2, 3600},
	} {
		location := zone(t, c.zone)
		from, to, err := bounds(c.date, location)
		if err != nil || c.hours != 0 && to.Sub(from) != time.Duration(c.hours)*time.Hour {
			t.Fatal(from, to, err)
		}
		d := dayOf(t, c.date, location, to.AddDate(0, 0, 2), nil)
		if d.Unknown.Seconds != int(to.Sub(from)/time.Second) || d.Unknown.ByHour[c.hour] != c.want {
			t.Errorf("%s %s: %+v", c.zone, c.date, d.Unknown)
		}
	}
}

// Midnight is where the clock of the home has it, also where it is within an hour of UTC.
func TestMidnightWithinAnHour(t *testing.T) {
	for _, name := range []string{"Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "Asia/Seoul", "America/St_Johns"} {
		location := zone(t, name)
		hours := hoursOf(t, "home", says(t, location, `
21 22:00 motion living on
21 23:59:50 motion living on
22 00:00:10 motion living on
22 00:20 motion living on
22 09:00 motion living on
22 23:59:58 motion living on
23 00:00:02 motion living on`))
		d := dayOf(t, "2026-11-22", location, day.AddDate(0, 0, 3), hours)
		if d.First == nil || d.First.At.Format("15:04:05") != "09:00:00" || d.Last == nil || d.Last.At.Format("15:04:05") != "23:59:58" {
			t.Errorf("%s: first %+v, last %+v", name, d.First, d.Last)
		}
	}
}

func TestAHourIsPartOfTheDaysThatItIsAskedFor(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Kolkata", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago"} {
		location := zone(t, name)
		now := time.Date(2026, 11, 5, 7, 0, 0, 0, time.UTC)
		for hour := now.AddDate(0, -1, -10); hour.Before(now); hour = hour.Add(Length) {
			var want []string
			for date := hour.AddDate(0, 0, -3); date.Before(hour.AddDate(0, 0, 4)); date = date.AddDate(0, 0, 1) {
				name := date.Format(time.DateOnly)
				from, to, err := Hours(name, location)
				midnight, _, _ := bounds(name, location)
				if err != nil {
					t.Fatal(err)
				}
				if !hour.Before(from) && hour.Before(to) && !midnight.After(now) {
					want = append(want, name)
				}
			}
			if got := Days(hour, location, now); !slices.Equal(got, want) {
				t.Fatalf("%s: %v is part of %v, and asked for by %v", name, hour, got, want)
			}
		}
	}
}

// Whatever is heard: the times add up, a day is the same whether the hours in which nothing
// was heard are there or not, and as JSON.
func TestDaysOfRandomHomes(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Asia/Seoul"), zone(t, "Asia/Kolkata"), zone(t, "Australia/Lord_Howe"), zone(t, "America/St_Johns")}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 8))
		readings := randomHome(r, time.Date(2026, 4, 2, 12, 0, 0, 0, time.UTC), 900)
		end := readings[len(readings)-1].At
		location := zones[r.IntN(len(zones))]
		full, spare := cut(t, readings, 0, true), cut(t, readings, 0, false)
		now := end.Add(-time.Duration(r.IntN(48)) * time.Hour)
		for i := range 8 {
			date := readings[0].At.AddDate(0, 0, i).Format(time.DateOnly)
			d := dayOf(t, date, location, now, full)
			if without := dayOf(t, date, location, now, spare); !reflect.DeepEqual(d, without) {
				t.Fatalf("home %d, %s: silent hours make another day:\n%+v\n%+v", seed, date, d, without)
			}
			checkDay(t, d)
		}
	}
}

func checkDay(t *testing.T, d Day) {
	t.Helper()
	all := append([]Times{d.Unknown}, make([]Times, 0, 8)...)
	for _, r := range d.Rooms {
		all = append(all, r.Times)
	}
	if d.Out != nil {
		all = append(all, *d.Out)
	}
	sum := 0
	for _, times := range all {
		hours := 0
		for _, n := range times.ByHour {
			hours += n
		}
		if hours != times.Seconds {
			t.Errorf("%s: %d s by hour, %d s altogether", d.Date, hours, times.Seconds)
		}
		sum += times.Seconds
	}
	if want := int(d.Until.Sub(d.From) / time.Second); sum != want {
		t.Errorf("%s: all times come to %d s, want %d", d.Date, sum, want)
	}
	for _, s := range []*Silence{d.Silence, d.Daytime} {
		if s != nil && (s.To.After(d.Until) || !s.From.Before(s.To)) {
			t.Errorf("%s: silent from %v to %v", d.Date, s.From, s.To)
		}
	}
	if n := d.Night; n != nil && !n.Up.IsZero() && !n.Up.After(n.Bed) {
		t.Errorf("%s: a night from %v to %v", d.Date, n.Bed, n.Up)
	}
	text, err := json.Marshal(d)
	var back Day
	if err == nil {
		err = json.Unmarshal(text, &back)
	}
	if again, _ := json.Marshal(back); err != nil || string(again) != string(text) {
		t.Errorf("%s: a day came back from JSON as another one: %v\n%s\n%s", d.Date, err, text, again)
	}
}
