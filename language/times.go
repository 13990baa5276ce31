package language

import (
	"fmt"
	"strings"
	"time"
)

// Duration writes a length of time in its two largest units: "2 h 10 min",
// "3 days 4 h". Less than a minute is written in seconds; a negative one is 0.
func (l Language) Duration(d time.Duration) string {
	d = max(d, 0)
	if d < time.Minute {
		return l.Text("format.seconds", "n", int(d.Seconds()))
	}
	minutes := int(d.Minutes())
	days, hours, minutes := minutes/(24*60), minutes/60%24, minutes%60
	var parts []string
	switch {
	case days == 1:
		parts = append(parts, l.Text("format.one_day", "n", days))
	case days > 1:
		parts = append(parts, l.Text("format.days", "n", days))
	}
	if hours > 0 {
		parts = append(parts, l.Text("format.hours", "n", hours))
	}
	if minutes > 0 && days == 0 {
		parts = append(parts, l.Text("format.minutes", "n", minutes))
	}
	return strings.Join(parts, " ")
}

// Ago says how long before now t was.
func (l Language) Ago(t, now time.Time) string {
	if now.Sub(t) < time.Minute {
		return l.Text("format.just_now")
	}
	return l.Text("format.ago", "duration", l.Duration(now.Sub(t)))
}

// Clock writes the time of day.
func (l Language) Clock(t time.Time, loc *time.Location) string {
	return l.Text("format.clock", dateArgs(l, t.In(loc))...)
}

// Day writes the day in full, with weekday and year.
func (l Language) Day(t time.Time, loc *time.Location) string {
	return l.Text("format.day", dateArgs(l, t.In(loc))...)
}

// Date writes day and month.
func (l Language) Date(t time.Time, loc *time.Location) string {
	return l.Text("format.date", dateArgs(l, t.In(loc))...)
}

// Moment writes the time of day with day and month.
func (l Language) Moment(t time.Time, loc *time.Location) string {
	return l.Text("format.moment", "clock", l.Clock(t, loc), "date", l.Date(t, loc))
}

// span writes from when to when something held, with the date once if it was
// within one day.
func (l Language) span(from, to time.Time, loc *time.Location) string {
	if date := l.Date(from, loc); date == l.Date(to, loc) && to.Sub(from) < 48*time.Hour {
		return l.Text("format.span_of_day", "from", l.Clock(from, loc), "to", l.Clock(to, loc), "date", date)
	}
	return l.Text("format.span", "from", l.Moment(from, loc), "to", l.Moment(to, loc))
}

// dateArgs are the parameters that the formats of a language may use.
func dateArgs(l Language, t time.Time) []any {
	half := "format.am"
	if t.Hour() >= 12 {
		half = "format.pm"
	}
	return []any{
		"year", t.Year(), "month", l.Text(fmt.Sprintf("month.%d", t.Month())), "day", t.Day(),
		"weekday", l.Text(fmt.Sprintf("weekday.%d", t.Weekday())),
		"hour", fmt.Sprintf("%02d", t.Hour()), "hour12", (t.Hour()+11)%12 + 1,
		"minute", fmt.Sprintf("%02d", t.Minute()), "half", l.Text(half),
	}
}
