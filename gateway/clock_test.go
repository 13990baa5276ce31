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
