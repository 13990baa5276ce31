package gateway

import (
	"testing"
	"time"
)

func TestOnlyASetClockIsAJump(t *testing.T) {
	cases := []struct {
		name       string
		wall, real time.Duration
		want       time.Duration
	}{
		{"time passes", 10 * time.Second, 10 * time.Second, 0},
		{"the time daemon slews", 10*time.Minute + time.Second, 10 * time.Minute, 0},
		{"set an hour ahead", time.Hour + time.Second, time.Second, time.Hour},
		{"set a year back", -365 * 24 * time.Hour, 0, -365 * 24 * time.Hour},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := setBy(c.wall, c.real); got != c.want {
				t.Errorf("set by %v, want %v", got, c.want)
			}
		})
	}
}

// A clock that shows 2036 for a night would have everything forgotten.
func TestAfterALeapOfTheClockNothingIsForgottenForAWeek(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Now()
	for name, c := range map[string]struct {
		by, away time.Duration // set by; since the program was last alive
		want     bool
	}{
		"a usual start":           {0, 10 * time.Minute, false},
		"an hour":                 {time.Hour, 0, false},
		"ten years ahead":         {3652 * day, 0, true},
		"two days back":           {-2 * day, 0, true},
		"a start after a month":   {0, 30 * day, true},
		"a start before the last": {0, -30 * day, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &clockWatch{}
			w.began(now, now.Add(-c.away).Round(0))
			if got := w.doubtful(now); got != (c.away.Abs() > leap) {
				t.Errorf("at the start it is doubtful: %v", got)
			}
			w.setAt(now, c.by)
			if got := w.doubtful(now.Add(day)); got != c.want {
				t.Errorf("a day later it is doubtful: %v", got)
			}
			if w.doubtful(now.Add(doubtFor)) {
				t.Error("it is doubtful a week later")
			}
		})
	}
}
