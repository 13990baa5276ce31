package load

import (
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func TestAHomeSaysTheSameWhicheverPartOfItsTimeIsAskedFor(t *testing.T) {
	home := Home{Dwelling: "home", Seed: 1, PerHour: Busy}
	day := lines(home.Readings(monday, monday.AddDate(0, 0, 1)))
	parts := append(lines(home.Readings(monday, monday.Add(9*time.Hour+17*time.Minute))),
		lines(home.Readings(monday.Add(9*time.Hour+17*time.Minute), monday.AddDate(0, 0, 1)))...)
	if !slices.Equal(day, parts) {
		t.Errorf("a day has %d readings, its two parts %d", len(day), len(parts))
	}
	if other := (Home{Dwelling: "home", Seed: 2, PerHour: Busy}); slices.Equal(day, lines(other.Readings(monday, monday.AddDate(0, 0, 1)))) {
		t.Error("two homes say the same")
	}
}

func TestAHomeIsBusyAndSaysNothingTwice(t *testing.T) {
	home := Home{Dwelling: "home", Seed: 1, PerHour: Busy}
	count, kinds, places := map[string]int{}, map[ucare.Kind]int{}, map[string]int{}
	var last time.Time
	for r := range home.Readings(monday, monday.AddDate(0, 0, 7)) {
		if r.At.Before(last) {
			t.Fatalf("%v comes after %v", r.At, last)
		}
		last = r.At
		count[Line(r)]++
		kinds[r.Kind]++
		places[r.Sensor+string(r.Kind)+r.At.String()]++
	}
	if n := len(count); n < 7*24*Busy || n > 7*24*Busy*21/20 {
		t.Errorf("a week has %d different readings, want about %d", n, 7*24*Busy)
	}
	for line, n := range count {
		if n > 1 {
			t.Fatalf("said %d times: %s", n, line)
		}
	}
	if len(places) == len(count) {
		t.Error("no two readings of a sensor and kind are of the same instant")
	}
	for _, kind := range []ucare.Kind{
		ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use, ucare.Temperature, ucare.Acceleration, ucare.Battery, ucare.Link,
	} {
		if kinds[kind] == 0 {
			t.Errorf("there is no %s in a week: %v", kind, kinds)
		}
	}
}

func lines(readings func(func(ucare.Reading) bool)) (all []string) {
	for r := range readings {
		all = append(all, Line(r))
	}
	return all
}
