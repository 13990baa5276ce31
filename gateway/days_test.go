package gateway

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/history"
)

// daysLived are the readings of n days up to yesterday: of each day a night in bed, the
// morning in the bathroom, a walk, and somebody who is seen every ten minutes.
func daysLived(n int, location *time.Location) []ucare.Reading {
	var all []ucare.Reading
	year, month, today := time.Now().In(location).Date()
	for i := -n; i < 0; i++ {
		midnight := time.Date(year, month, today+i, 0, 0, 0, 0, location)
		says := func(minute int, room string, kind ucare.Kind, state ucare.State) {
			all = append(all, ucare.Reading{
				At: midnight.Add(time.Duration(minute) * time.Minute), Dwelling: "kim", Sensor: room + "-" + string(kind), Room: room, Kind: kind, State: state,
			})
		}
		says(7*60, "bedroom", ucare.Bed, ucare.Inactive)
		says(7*60+1, "bathroom", ucare.Motion, ucare.Active)
		for minute := 7*60 + 10; minute < 10*60; minute += 10 {
			says(minute, "kitchen", ucare.Motion, ucare.Active)
		}
		says(10*60, "entrance", ucare.Door, ucare.Active)
		says(10*60+1, "entrance", ucare.Door, ucare.Inactive)
		says(12*60, "entrance", ucare.Door, ucare.Active)
		says(12*60+1, "entrance", ucare.Door, ucare.Inactive)
		for minute := 12*60 + 5; minute < 22*60; minute += 10 {
			says(minute, "living", ucare.Motion, ucare.Active)
		}
		says(22*60, "bedroom", ucare.Bed, ucare.Active)
	}
	return all
}

// daysSite is the caregivers' site over a history of n days that is summed up.
func daysSite(t testing.TB, n int, location *time.Location) http.Handler {
	t.Helper()
	h := history.New(history.Options{
		Path: t.TempDir() + "/history.db", Location: location, KeepReadings: 100 * 24 * time.Hour, KeepHours: 100 * 24 * time.Hour,
	})
	t.Cleanup(func() { _ = h.Close() })
	if err := h.Append(t.Context(), daysLived(n, location), 0); err != nil {
		t.Fatal(err)
	}
	if err := h.SumUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := past{history: h}
	site, err := caregiver.New(caregiver.Options{
		Watch: &board{dwellings: []ucare.Dwelling{{ID: "kim"}}}, Past: p, Diary: p, Location: location,
		People: []caregiver.Person{{ID: "daughter", Password: "correct horse", Dwellings: []string{"kim"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func ask(t testing.TB, site http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	r.SetBasicAuth("daughter", "correct horse")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s answers %d: %s", address, w.Code, w.Body)
	}
	return w
}

func monthsAddress(location *time.Location) string {
	today := time.Now().In(location)
	return "/api/v1/dwellings/kim/days?from=" + today.AddDate(0, 0, -91).Format(time.DateOnly) + "&to=" + today.Format(time.DateOnly)
}

// From the readings to what a household's own tools are told of the days.
func TestDaysComeFromTheHistoryToTheAPI(t *testing.T) {
	location := time.FixedZone("KST", 9*3600)
	site := daysSite(t, 36, location)
	var answer struct{ Days []activity.Day }
	if err := json.Unmarshal(ask(t, site, monthsAddress(location)).Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if n := len(answer.Days); n < 36 || n > 37 { // today somebody is still in bed
		t.Fatalf("%d days", n)
	}
	for _, d := range answer.Days[1:36] {
		if d.Night == nil || d.Night.Bed.Hour() != 22 || d.Night.Up.Hour() != 7 || d.Outings == nil || d.Outings.Count != 1 || d.Outings.Seconds != 119*60 {
			t.Fatalf("%s: night %+v, outings %+v", d.Date, d.Night, d.Outings)
		}
	}
	var trends struct {
		Days   int `json:"days_known"`
		Trends []any
		Usual  map[activity.Fact]float64
	}
	if err := json.Unmarshal(ask(t, site, "/api/v1/dwellings/kim/trends").Body.Bytes(), &trends); err != nil {
		t.Fatal(err)
	}
	if trends.Days != 35 || len(trends.Trends) != 0 || trends.Usual[activity.GettingUp] != 7*3600 {
		t.Errorf("trends %+v", trends)
	}
}

// BenchmarkThreeMonthsOfDays is the whole way of an answer of three months.
func BenchmarkThreeMonthsOfDays(b *testing.B) {
	site := daysSite(b, 92, time.UTC)
	for b.Loop() {
		b.ReportMetric(float64(ask(b, site, monthsAddress(time.UTC)).Body.Len()), "bytes")
	}
}
