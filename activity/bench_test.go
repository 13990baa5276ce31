package activity

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkHour sums up an hour of a busy home: 1,400 readings, as 3 million in 90 days.
func BenchmarkHour(b *testing.B) {
	readings := randomHome(rand.New(rand.NewPCG(1, 1)), day, 1270)
	step := time.Hour / time.Duration(len(readings))
	for i := range readings {
		readings[i].At = day.Add(time.Duration(i) * step)
	}
	b.ReportMetric(float64(len(readings)), "readings")
	for b.Loop() {
		if _, err := HourOf("home", day, Hour{}, sequence(readings)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDay makes a day of the hours that a store keeps as JSON.
func BenchmarkDay(b *testing.B) {
	hours := hoursOf(b, "home", randomHome(rand.New(rand.NewPCG(1, 2)), day.AddDate(0, 0, -1), 40_000))[:60]
	var stored [][]byte
	for _, h := range hours {
		text, err := json.Marshal(h.Course)
		if err != nil {
			b.Fatal(err)
		}
		stored = append(stored, text)
	}
	for b.Loop() {
		for i := range hours {
			hours[i].Course = Course{}
			if err := json.Unmarshal(stored[i], &hours[i].Course); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := DayOf("home", "2026-11-22", time.UTC, day.AddDate(0, 0, 5), hours); err != nil {
			b.Fatal(err)
		}
	}
}
