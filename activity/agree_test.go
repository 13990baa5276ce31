package activity

import (
	"math"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// The rules decide at once and the days are told with hindsight, from the same figures.
func TestTheFiguresAreThoseOfTheRules(t *testing.T) {
	p := rules.Default()
	for name, pair := range map[string][2]time.Duration{
		"pass": {pass, p.Out.Pass}, "sure": {sure, p.Out.Sure}, "leave": {leave, p.Away.Leave}, "away at most": {awayAtMost, p.Away.AtMost},
		"stuck": {ucare.StuckAfter, p.Silence.Stuck}, "asleep": {asleep, p.Silence.AtMost},
		"night from": {nightFrom * time.Hour, p.Silence.NightFrom}, "night to": {nightTo * time.Hour, p.Silence.NightTo},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v here and %v in the rules", name, pair[0], pair[1])
		}
	}
}

// A minutely compares two accounts of whether something was so, minute by minute.
type minutely struct{ both, first, second, neither int }

func (m *minutely) add(a, b bool) {
	switch {
	case a && b:
		m.both++
	case a:
		m.first++
	case b:
		m.second++
	default:
		m.neither++
	}
}

// found is how much of the second is in the first, and right how much of what is not in it is not.
func (m *minutely) found() float64 { return float64(m.both) / float64(max(1, m.both+m.second)) }

func (m *minutely) right() float64 { return float64(m.neither) / float64(max(1, m.neither+m.first)) }

// kappa is the agreement beyond chance (Cohen 1960).
func (m *minutely) kappa() float64 {
	n := float64(m.both + m.first + m.second + m.neither)
	agree := float64(m.both+m.neither) / n
	chance := (float64(m.both+m.first)*float64(m.both+m.second) + float64(m.neither+m.first)*float64(m.neither+m.second)) / (n * n)
	return (agree - chance) / (1 - chance)
}

func within(spans [][2]time.Time, at time.Time) bool {
	for _, s := range spans {
		if !at.Before(s[0]) && at.Before(s[1]) {
			return true
		}
	}
	return false
}

// daysOf are all days of a recording that are over.
func daysOf(t *testing.T, readings []ucare.Reading, hours []Hour) []Day {
	t.Helper()
	var days []Day
	end := readings[len(readings)-1].At
	for at := readings[0].At; ; at = at.AddDate(0, 0, 1) {
		d := dayOf(t, at.UTC().Format(time.DateOnly), time.UTC, end, hours)
		if d.Running {
			return days
		}
		days = append(days, d)
	}
}

// TestOutingsOfRecordedHomes says how outings agree with what residents wrote down, and with
// what the rules knew at the time. The bounds are loose; -v shows the figures.
func TestOutingsOfRecordedHomes(t *testing.T) {
	for _, name := range []string{"ordonez-b", "kasteren-c"} {
		readings, known := recording(t, name)
		days := daysOf(t, readings, hoursOf(t, name, readings))
		var outings [][2]time.Time
		for _, d := range days {
			if d.Outings == nil {
				continue // The door has not said anything yet.
			}
			for _, o := range d.Outings.List {
				outings = append(outings, [2]time.Time{o.From, o.To})
			}
		}
		var told, ruled, agree minutely
		first, last := days[0].To, days[len(days)-1].To
		eachMinute(readings, first, last, func(at time.Time, s *rules.State) {
			here, there, then := within(outings, at), within(known.Away, at), !s.Silence.Out.Since.IsZero() && !s.Silence.Out.Weak
			told.add(here, there)
			ruled.add(then, there)
			agree.add(here, then)
		})
		t.Logf("%s, %d days: out found %.3f, at home right %.3f, kappa %.3f; the rules at the time: %.3f, %.3f, %.3f; days and rules agree with kappa %.3f",
			name, len(days)-1, told.found(), told.right(), told.kappa(), ruled.found(), ruled.right(), ruled.kappa(), agree.kappa())
		if told.kappa() < 0.8 || agree.kappa() < 0.7 {
			t.Errorf("%s: outings agree with what was written down by %.3f, and with the rules by %.3f", name, told.kappa(), agree.kappa())
		}
	}
}

// eachMinute lets the rules judge the readings, and shows each minute what they know.
func eachMinute(readings []ucare.Reading, from, to time.Time, show func(time.Time, *rules.State)) {
	p, s := rules.Default(), rules.NewState("home")
	next := 0
	for at := readings[0].At.Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		for ; next < len(readings) && !readings[next].At.After(at); next++ {
			p.Observe(s, readings[next], readings[next].At, nil)
		}
		p.Tick(s, at, nil)
		if !at.Before(from) {
			show(at, s)
		}
	}
}

// TestNightsOfRecordedHomes says how nights agree with when residents wrote down that they
// slept. The bounds are loose; -v shows the figures.
func TestNightsOfRecordedHomes(t *testing.T) {
	for _, name := range []string{"ordonez-b", "kasteren-c"} {
		readings, known := recording(t, name)
		bedless := make([]ucare.Reading, 0, len(readings))
		for _, r := range readings {
			if r.Kind != ucare.Bed {
				bedless = append(bedless, r)
			}
		}
		for how, readings := range map[string][]ucare.Reading{"with all sensors": readings, "without its bed sensors": bedless} {
			days := daysOf(t, readings, hoursOf(t, name, readings))
			var asleep minutely
			var bed, up []float64
			found, nights := 0, 0
			for _, d := range days[1:] {
				from, to := d.From.Add(-6*time.Hour), d.From.Add(12*time.Hour)
				start, end := slept(known.Sleep, from, to)
				if start.IsZero() {
					continue
				}
				nights++
				if d.Night == nil || d.Night.Up.IsZero() {
					continue
				}
				found++
				bed, up = append(bed, math.Abs(d.Night.Bed.Sub(start).Minutes())), append(up, math.Abs(d.Night.Up.Sub(end).Minutes()))
				for at := from; at.Before(to); at = at.Add(time.Minute) {
					asleep.add(!at.Before(d.Night.Bed) && at.Before(d.Night.Up), within(known.Sleep, at))
				}
			}
			t.Logf("%s %s: %d of %d nights; to bed off by %.0f min, up by %.0f min (medians); asleep found %.3f, awake right %.3f, kappa %.3f",
				name, how, found, nights, median(bed), median(up), asleep.found(), asleep.right(), asleep.kappa())
			if found < nights*8/10 || median(bed) > 60 || median(up) > 60 {
				t.Errorf("%s %s: %d of %d nights; to bed off by %.0f min, up by %.0f min", name, how, found, nights, median(bed), median(up))
			}
		}
	}
}

// slept is when the sleep between two instants began and ended.
func slept(all [][2]time.Time, from, to time.Time) (start, end time.Time) {
	for _, s := range all {
		if s[0].Before(from) || s[0].After(to) {
			continue
		}
		if start.IsZero() {
			start = s[0]
		}
		if end.IsZero() || s[0].Sub(end) < together {
			end = s[1]
		}
	}
	return start, end
}

// TestAnAbsenceNobodySaw: where no door and no switch tells of an absence, it is unknown.
func TestAnAbsenceNobodySaw(t *testing.T) {
	readings, known := recording(t, "casas-tm000")
	hours := hoursOf(t, "casas-tm000", readings)
	away := known.Away[0]
	whole, unknown := 0, 0
	for _, d := range daysOf(t, readings, hours) {
		if d.Out != nil || d.Outings != nil {
			t.Errorf("%s: out %+v, and nothing tells", d.Date, d.Outings)
		}
		if d.From.After(away[0]) && d.To.Before(away[1]) {
			whole += int(d.To.Sub(d.From) / time.Second)
			unknown += d.Unknown.Seconds
		}
	}
	t.Logf("unknown in %.3f of the whole days of the absence", float64(unknown)/float64(whole))
	if float64(unknown) < 0.8*float64(whole) {
		t.Errorf("unknown in %d of %d s of an absence", unknown, whole)
	}
}
