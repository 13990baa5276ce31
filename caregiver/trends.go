package caregiver

import (
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/language"
)

// trendText says in one sentence what has changed.
func trendText(l language.Language, t activity.Trend) string {
	direction := "less"
	if t.More {
		direction = "more"
	}
	figure := func(value float64) string {
		switch t.Unit {
		case activity.Count:
			return l.Value(value, "")
		case activity.Clock:
			return l.Clock(time.Date(2000, 1, 2, 0, 0, int(value), 0, time.UTC), time.UTC)
		default:
			return l.Duration(time.Duration(value) * time.Second)
		}
	}
	return l.Sentence("trend."+string(t.Fact)+"."+direction, "week", figure(t.Week), "usual", figure(t.Usual))
}
