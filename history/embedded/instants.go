package embedded

import (
	"math"
	"time"
)

// The instants that nanoseconds since 1970 can say, about the years 1678 to 2262.
var (
	earliest = time.Unix(0, math.MinInt64)
	latest   = time.Unix(0, math.MaxInt64)
)

// nanoseconds is an instant as the file says it, if it can. The very last one it leaves to
// the ends of ranges.
func nanoseconds(t time.Time) (int64, bool) {
	if t.Before(earliest) || !t.Before(latest) {
		return 0, false
	}
	return t.UnixNano(), true
}

// clamp is the end of a range as the file can say it.
func clamp(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	default:
		return t.UnixNano()
	}
}

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// hourOf is the hour, counted from 1970, in which an instant is.
func hourOf(ns int64) int64 {
	hour := ns / int64(time.Hour)
	if ns%int64(time.Hour) < 0 {
		hour--
	}
	return hour
}

// beginning is when an hour begins.
func beginning(hour int64) time.Time { return time.Unix(hour*3600, 0).UTC() }

// firstHour is the first hour that begins at t or later.
func firstHour(t time.Time) int64 {
	ns := clamp(t)
	hour := hourOf(ns)
	if ns%int64(time.Hour) != 0 {
		hour++
	}
	return hour
}
