package caregiver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/language"
)

// lifeUntil are n days up to a date, each as full as a day in a home with many sensors, and
// with more and more visits to the bathroom in the last week.
func lifeUntil(date string, n int) []activity.Day {
	last, err := time.ParseInLocation(dateForm, date, seoul)
	if err != nil {
		panic(err)
	}
	var days []activity.Day
	for i := range n {
		from := last.AddDate(0, 0, i-n+1)
		span := func(hour, minutes int) activity.Span {
			at := from.Add(time.Duration(hour) * time.Hour)
			return activity.Span{From: at, To: at.Add(time.Duration(minutes) * time.Minute), Seconds: 60 * minutes}
		}
		atNight := 1
		visits := 4 + i%3
		if n-i <= 7 {
			visits += 6
		}
		d := activity.Day{
			Date: from.Format(dateForm), From: from, To: from.AddDate(0, 0, 1), Until: from.AddDate(0, 0, 1), Readings: 30_000,
			First: &activity.Sign{At: from.Add(7 * time.Hour), Room: "bedroom", Sensor: "0x00158d0001a2b3c4", Kind: ucare.Motion},
			Night: &activity.Night{By: activity.ByBed, Bed: from.Add(-time.Hour), Up: from.Add(7 * time.Hour), Resting: 28000, Ups: []activity.Span{span(2, 6), span(4, 5)}},
			Out:   &activity.Times{Seconds: 3600}, Bathroom: &activity.Bathroom{Visits: visits, Seconds: 2400, Longest: 900, AtNight: &atNight},
			Outings: &activity.Outings{Count: 1, Seconds: 3600, List: []activity.Outing{{Span: span(10, 60), By: activity.ByDoor}}},
			Silence: &activity.Silence{Span: span(0, 200), Room: "bedroom"}, Daytime: &activity.Silence{Span: span(13, 100), Room: "living_room"},
		}
		for room := range 8 {
			d.Rooms = append(d.Rooms, activity.RoomTime{Room: fmt.Sprintf("room-%d", room), Times: activity.Times{Seconds: 10_000, ByHour: [24]int{1: 3600, 12: 3600, 20: 2800}}})
		}
		for sensor := range 30 {
			gap := span(1, 300)
			d.Sensors = append(d.Sensors, activity.SensorDay{
				Sensor: fmt.Sprintf("0x00158d0001a2b3%02x", sensor), Room: "living_room", Kinds: []ucare.Kind{ucare.Motion, ucare.Battery, ucare.Link},
				Readings: 1000, LastHeard: from.Add(23 * time.Hour), Gap: &gap,
			})
		}
		days = append(days, d)
	}
	return days
}

func asked[T any](t *testing.T, site http.Handler, address string, header ...string) (answer T) {
	t.Helper()
	w := get(t, site, address, header...)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s answers %d, %s: %s", address, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	decoder := json.NewDecoder(w.Body)
	if err := decoder.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestTheAPITellsOfDays(t *testing.T) {
	h := newHome()
	h.days = lifeUntil("2020-11-20", 40)
	site := h.site(t)

	homes := asked[apiDwellings](t, site, "/api/v1/dwellings")
	if len(homes.Dwellings) != 1 || homes.Dwellings[0].ID != "own" || homes.Dwellings[0].Name != "Kim Soon-ja" || homes.Dwellings[0].TimeZone != "KST" {
		t.Errorf("homes %+v", homes)
	}
	days := asked[apiDays](t, site, "/api/v1/dwellings/own/days?from=2020-11-18&to=2020-11-20")
	if len(days.Days) != 3 || days.Days[2].Date != "2020-11-20" || days.Days[2].Rooms[0].Seconds != 10_000 || days.Days[2].Out.Seconds != 3600 || days.Days[2].Sensors != nil {
		t.Errorf("days %+v", days)
	}
	if week := asked[apiDays](t, site, "/api/v1/dwellings/own/days?to=2020-11-20"); len(week.Days) != 7 || week.From != "2020-11-14" {
		t.Errorf("without a beginning it is from %s, %d days", week.From, len(week.Days))
	}
	one := asked[apiDay](t, site, "/api/v1/dwellings/own/days/2020-11-13")
	if one.Date != "2020-11-13" || one.Rooms[0].ByHour[12] != 3600 || len(one.Sensors) != 30 || one.Usual[activity.BathroomVisits] != 5 {
		t.Errorf("the day is %+v", one)
	}
	trends := asked[apiTrends](t, site, "/api/v1/dwellings/own/trends?before=2020-11-21", "Accept-Language", "en")
	if len(trends.Trends) != 1 || trends.Trends[0].Text != "In the bathroom more often: 11× a day, usually 5×." || trends.From != "2020-11-14" || trends.To != "2020-11-20" || trends.Days != 35 {
		t.Errorf("trends %+v", trends)
	}
	trends = asked[apiTrends](t, site, "/api/v1/dwellings/own/trends?before=2020-11-21", "Accept-Language", "ko")
	if trends.Trends[0].Text != "화장실을 더 자주 이용하십니다. 하루에 11번, 평소에는 5번입니다." {
		t.Errorf("in Korean %q", trends.Trends[0].Text)
	}
}

func TestTheAPITellsOfSensors(t *testing.T) {
	h := newHome()
	now := time.Now()
	h.days = lifeUntil(now.In(seoul).Format(dateForm), 10)
	percent := 80.0
	h.now["own"] = Snapshot{Sensors: []SensorState{
		{Sensor: "0x00158d0001a2b300", Room: "kitchen", LastHeard: now.AddDate(0, 0, 2), Reachable: ucare.Active, Battery: ucare.Inactive, BatteryPercent: &percent},
		{Sensor: "never", Room: "hall", Supervised: ucare.NeverHeard},
	}}
	all := asked[apiSensors](t, h.site(t), "/api/v1/dwellings/own/sensors").Sensors
	if len(all) != 31 || all[0].Room != "kitchen" || len(all[0].Days) != 7 || !*all[0].Reachable || *all[0].BatteryLow || all[1].Reachable != nil || all[1].LastHeard.IsZero() {
		t.Errorf("%d sensors, the first %+v", len(all), all[0])
	}
	if last := all[30]; last.Sensor != "never" || !last.LastHeard.IsZero() || last.Days != nil || last.BatteryLow != nil {
		t.Errorf("a sensor that was never heard: %+v", last)
	}
	h.err = errors.New("no disk")
	if broken := asked[apiSensors](t, h.site(t), "/api/v1/dwellings/own/sensors"); len(broken.Sensors) != 2 || broken.Problem == "" {
		t.Errorf("without days %d sensors, %q", len(broken.Sensors), broken.Problem)
	}
}

// Who asks for days of which some cannot be read gets the others, and is told.
func TestTheAPISaysWhichDaysItCannotRead(t *testing.T) {
	h := newHome()
	h.days, h.err, h.partly = lifeUntil("2020-11-20", 8), errors.New("the server is down"), true
	site := h.site(t)
	if days := asked[apiDays](t, site, "/api/v1/dwellings/own/days?from=2020-11-01&to=2020-11-20"); len(days.Days) != 8 || days.Problem == "" {
		t.Errorf("%d days, %q", len(days.Days), days.Problem)
	}
	if one := asked[apiDay](t, site, "/api/v1/dwellings/own/days/2020-11-20"); one.Date != "2020-11-20" || one.Problem == "" {
		t.Errorf("the day %s, %q", one.Date, one.Problem)
	}
	if trends := asked[apiTrends](t, site, "/api/v1/dwellings/own/trends?before=2020-11-21"); trends.Days != 8 || trends.Problem == "" {
		t.Errorf("trends of %d days, %q", trends.Days, trends.Problem)
	}
	if w := get(t, site, "/api/v1/dwellings/own/days/2020-11-22"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a day that may be among those that cannot be read: %d", w.Code)
	}
	if w := get(t, site, "/api/v1/dwellings/own/days/2020-10-01"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a day of which nothing can be read: %d", w.Code)
	}
}

// Errors are JSON, with the status and what to do.
func TestTheAPISaysWhatIsWrong(t *testing.T) {
	h := newHome()
	site := h.site(t)
	for address, want := range map[string]struct {
		status int
		says   string
	}{
		"/api/v1/dwellings/own/days?from=yesterday":                {400, "2026-11-22"},
		"/api/v1/dwellings/own/days?to=0001-01-01":                 {400, "2026-11-22"},
		"/api/v1/dwellings/own/days?from=2020-11-20&to=2020-11-19": {400, "from"},
		"/api/v1/dwellings/own/days?from=2020-01-01&to=2020-11-19": {400, "92"},
		"/api/v1/dwellings/own/days/2020-02-30":                    {400, "2020-02-30"},
		"/api/v1/dwellings/own/days/" + strings.Repeat("9", 500):   {400, "…"},
		"/api/v1/dwellings/own/days/2020-11-20":                    {404, "2020-11-20"},
		"/api/v1/dwellings/own/trends?before=tomorrow":             {400, "2026-11-22"},
		"/api/v1/dwellings/other/days":                             {404, "/api/v1/dwellings"},
		"/api/v1/dwellings/no-such/days":                           {404, "/api/v1/dwellings"},
		"/api/v1/somewhere":                                        {404, "/api/v1/dwellings"},
		"/api/v1/dwellings/own/days?from=2020-08-20&to=2020-11-20": {400, "92"},
		"/api/v1/dwellings/own/days?from=%00%ff":                   {400, "2026-11-22"},
	} {
		w := get(t, site, address, "Accept-Language", "en")
		var p apiProblem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != want.status || p.Status != want.status || p.Title == "" || !strings.Contains(p.Detail, want.says) {
			t.Errorf("%s answers %d %s, %v", address, w.Code, w.Body, err)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s answers %s", address, got)
		}
	}
	h.err = errors.New("no disk")
	w := get(t, site, "/api/v1/dwellings/own/days")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "no disk") {
		t.Errorf("without a history %d %v %s", w.Code, w.Header(), w.Body)
	}
	o := h.options(new(looks))
	o.Diary = nil
	without, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if w := get(t, without, "/api/v1/dwellings/own/days"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a diary %d %s", w.Code, w.Body)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/dwellings", nil)
	w = httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" || !json.Valid(w.Body.Bytes()) {
		t.Errorf("without a password %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestAForbiddenDwellingIsUnknownToTheAPI(t *testing.T) {
	h := newHome()
	h.days = lifeUntil("2020-11-20", 3)
	site := h.site(t)
	for _, rest := range []string{"/days", "/days/2020-11-20", "/trends", "/sensors", "/days?from=x"} {
		forbidden, unknown := get(t, site, "/api/v1/dwellings/other"+rest), get(t, site, "/api/v1/dwellings/nowhere"+rest)
		if forbidden.Code != http.StatusNotFound || forbidden.Body.String() != unknown.Body.String() || fmt.Sprint(forbidden.Header()) != fmt.Sprint(unknown.Header()) {
			t.Errorf("%s: forbidden %d %s, unknown %d %s", rest, forbidden.Code, forbidden.Body, unknown.Code, unknown.Body)
		}
	}
}

// A history that hangs holds up neither the API for ever nor the page.
func TestADiaryThatHangsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome()
		h.hang = make(chan struct{})
		diary := *h
		h.hang = nil
		o := h.options(new(looks))
		o.Diary = &diary
		site, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 * maxDiaries {
			began := time.Now()
			if w := get(t, site, "/api/v1/dwellings/own/days?from=2000-01-01"); w.Code != http.StatusServiceUnavailable || time.Since(began) > diaryPatience {
				t.Errorf("request %d: %d after %v", i, w.Code, time.Since(began))
			}
		}
		began := time.Now()
		if w := get(t, site, "/dwelling/own"); w.Code != http.StatusOK || time.Since(began) > 0 {
			t.Errorf("the page answers %d after %v", w.Code, time.Since(began))
		}
		close(diary.hang)
	})
}

// Three months are one answer of a bounded size.
func TestThreeMonthsAreOneAnswer(t *testing.T) {
	h := newHome()
	h.days = lifeUntil("2020-11-20", mostDays)
	w := get(t, h.site(t), "/api/v1/dwellings/own/days?from=2020-08-21&to=2020-11-20")
	t.Logf("%d bytes", w.Body.Len())
	if w.Code != http.StatusOK || strings.Count(w.Body.String(), `"date"`) != mostDays || w.Body.Len() > 250_000 {
		t.Errorf("%d, %d days, %d bytes", w.Code, strings.Count(w.Body.String(), `"date"`), w.Body.Len())
	}
}

func BenchmarkThreeMonths(b *testing.B) {
	h := newHome()
	h.days = lifeUntil("2020-11-20", mostDays)
	site := h.site(b)
	for b.Loop() {
		if w := get(b, site, "/api/v1/dwellings/own/days?from=2020-08-21&to=2020-11-20"); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

// Each fact has a sentence in each language and direction, with both figures.
func TestEveryTrendHasASentence(t *testing.T) {
	for _, l := range language.All() {
		for _, fact := range activity.Facts() {
			for _, more := range []bool{true, false} {
				for unit, want := range map[activity.Unit][]string{activity.Count: {"3", "1.5"}, activity.Clock: {"11:00", "00:30"}, activity.Seconds: nil} {
					trend := activity.Trend{Fact: fact, Unit: unit, Week: 3, Usual: 1.5, More: more}
					if unit == activity.Clock {
						trend.Week, trend.Usual = -3600, 1800
						if l.Tag() == "en" {
							want[0] = "23:00"
						}
					}
					text := trendText(l, trend)
					if regexp.MustCompile(`[{}]|trend\.`).MatchString(text) || slices.ContainsFunc(want, func(w string) bool { return l.Tag() == "en" && !strings.Contains(text, w) }) {
						t.Errorf("%s, %s in %s: %q", l, fact, unit, text)
					}
				}
			}
		}
	}
}
