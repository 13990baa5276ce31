package language

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Alarm says in one sentence what happened, where and since when. The time is
// written in the location of a.Onset, so a caller who knows the dwelling's
// passes the alarm with Onset.In(location). A nil room names the rooms by
// [Language.Room].
func (l Language) Alarm(a ucare.Alarm, room func(id string) string) string {
	text := l.Sentence(l.alarmKey(a), "where", l.Where(a.Room, room), "when", l.alarmWhen(a))
	if a.Drill {
		text = l.Text("alarm.drill", "sentence", text)
	}
	return text
}

func (l Language) alarmKey(a ucare.Alarm) string {
	if a.Rule == ucare.Inactivity && a.Room != "" {
		return "alarm.inactivity_in_room"
	}
	if inferred(a) {
		return "alarm.fall_inferred"
	}
	for _, key := range []string{
		"alarm." + string(a.Rule) + "_" + string(a.Kind),
		"alarm." + string(a.Rule),
	} {
		if l.has(key) {
			return key
		}
	}
	return "alarm.other"
}

// inferred reports whether no device has said that somebody fell.
func inferred(a ucare.Alarm) bool { return a.Rule == ucare.Fall && a.Kind == "" }

// alarmWhen says when a condition held: what is pressed or falls has an
// instant, what lasts has a beginning and perhaps an end.
func (l Language) alarmWhen(a ucare.Alarm) string {
	loc := a.Onset.Location()
	switch {
	case a.UnknownAge:
		return l.Text("format.unknown_since", "moment", l.Moment(a.Onset, loc))
	case a.Rule == ucare.Help, a.Rule == ucare.Fall && !inferred(a):
		return l.Text("format.at", "moment", l.Moment(a.Onset, loc))
	case !a.RestoredAt.IsZero():
		return l.span(a.Onset, a.RestoredAt, loc)
	default:
		return l.Text("format.since", "moment", l.Moment(a.Onset, loc))
	}
}

// Concern says in one sentence what caregivers should look at, where and since when,
// up to when it was settled if it was. The times are written in the location of c.Since. A nil room names the rooms by
// [Language.Room].
func (l Language) Concern(c ucare.Concern, settled time.Time, room func(id string) string) string {
	a := ucare.Alarm{Rule: c.Rule, Kind: c.Kind, Room: c.Room, Onset: c.Since, RestoredAt: settled, UnknownAge: c.UnknownAge}
	text := l.Sentence(l.concernKey(c), "where", l.Where(c.Room, room),
		"when", l.alarmWhen(a), "moment", l.Moment(c.Since, c.Since.Location()))
	if c.Drill {
		text = l.Text("alarm.drill", "sentence", text)
	}
	return text
}

// concernKey tells cold from hot, and a silence at home from a long outing and from
// sensors that see nobody.
func (l Language) concernKey(c ucare.Concern) string {
	says := func(test func(ucare.Evidence) bool) bool { return slices.ContainsFunc(c.Because, test) }
	key := "concern." + string(c.Rule)
	switch {
	case c.Rule == ucare.Climate && says(func(e ucare.Evidence) bool { return e.Value > e.Limit }):
		return key + "_hot"
	case c.Rule == ucare.Inactivity && says(func(e ucare.Evidence) bool { return e.Fact == ucare.FactWentOut }):
		return key + "_out"
	}
	for _, key := range []string{key + "_" + string(c.Kind), key} {
		if l.has(key) {
			return key
		}
	}
	return "concern.other"
}

// Evidence says one fact behind a decision in one sentence. A nil room names
// the rooms by [Language.Room].
func (l Language) Evidence(e ucare.Evidence, room func(id string) string, loc *time.Location) string {
	at := ""
	if !e.At.IsZero() {
		at = l.Text("format.at", "moment", l.Moment(e.At, loc))
	}
	return l.Sentence(l.factKey(e),
		"kind", l.Kind(e.Kind), "where", l.Where(e.Room, room), "at", at, "fact", e.Fact, "sensor", e.Sensor,
		"value", l.Value(e.Value, e.Unit), "limit", l.Value(e.Limit, e.Unit),
		"duration", l.Duration(time.Duration(e.Seconds)*time.Second))
}

// factKey leaves out of a silence what is not known of it, and says of a value what it did.
func (l Language) factKey(e ucare.Evidence) string {
	switch {
	case e.Fact == ucare.FactQuietSince && e.Seconds == 0:
		return "fact.quiet_since_at"
	case e.Fact == ucare.FactQuietSince && e.At.IsZero():
		return "fact.quiet_since_for"
	case e.Fact == ucare.FactNoCheckIn && e.At.IsZero():
		return "fact.no_check_in_ever"
	case e.Fact == ucare.FactAway && e.Seconds > 0:
		return "fact.away_for"
	case e.Fact == ucare.FactMeasured && e.Seconds > 0:
		return "fact.measured_for"
	case e.Fact == ucare.FactCleared && e.Unit != "":
		return "fact.cleared_value"
	case l.has("fact." + string(e.Fact)):
		return "fact." + string(e.Fact)
	default:
		return "fact.other"
	}
}
