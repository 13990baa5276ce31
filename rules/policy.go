package rules

import (
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// A Policy is how a dwelling is judged. It is read and never written, so many
// dwellings can share one.
type Policy struct {
	// Location is where the dwelling is: night is by its wall clock, daylight
	// saving included. nil is UTC.
	Location *time.Location
	Fire     FirePolicy
	Help     HelpPolicy
	Fall     FallPolicy
	Silence  SilencePolicy
	Away     AwayPolicy
	Concern  ConcernPolicy
	Out      OutPolicy
}

// oldNews is explained at FirePolicy.OldNews.
const oldNews = 10 * time.Minute

// Default is the policy for a dwelling about which nothing special is known.
// The figures' sources are in the file of each rule.
func Default() Policy {
	return Policy{
		Location: time.UTC,
		Fire:     FirePolicy{HoldOff: time.Minute, SameFire: time.Hour, OldNews: oldNews},
		Help:     HelpPolicy{SamePress: 10 * time.Second},
		Fall:     FallPolicy{Grace: time.Minute, SameFall: 5 * time.Minute, OldNews: oldNews, Visit: VisitPolicy{AtLeast: 90 * time.Minute, Unlearned: 3 * time.Hour, Grace: 5 * time.Minute}},
		Silence: SilencePolicy{
			Caution: 8 * time.Hour, After: 12 * time.Hour, AtMost: 16 * time.Hour,
			NightFrom: 22 * time.Hour, NightTo: 7 * time.Hour,
			Grace: 5 * time.Minute, Settle: time.Hour, Stuck: 2 * time.Hour,
			Soonest: 4 * time.Hour, OutOfBed: time.Hour,
		},
		Away: AwayPolicy{AtMost: 72 * time.Hour, Leave: 15 * time.Minute, Sure: 30 * time.Minute},
		Concern: ConcernPolicy{
			MostADay: 6,
			CheckIn:  CheckInPolicy{Sensors: []string{"checkin", "cancel"}},
			NightOut: NightOutPolicy{From: 23 * time.Hour, To: 4 * time.Hour},
			Climate:  ClimatePolicy{On: true, Cold: 16, Hot: 32, Lasts: 2 * time.Hour},
			Leak:     LeakPolicy{On: true, HoldOff: 10 * time.Minute, OldNews: oldNews},
		},
		Out: OutPolicy{Caution: 16 * time.Hour, After: 24 * time.Hour, Doubt: 8 * time.Hour, Pass: 10 * time.Minute, Sure: 30 * time.Minute},
	}
}

func (p *Policy) location() *time.Location {
	if p.Location == nil {
		return time.UTC
	}
	return p.Location
}

// Validate names every value that makes no sense, with what to write instead.
func (p *Policy) Validate() error {
	var all error
	wrong := func(format string, args ...any) {
		if err := fmt.Errorf(format, args...); all == nil {
			all = err
		} else {
			all = fmt.Errorf("%w\n%w", all, err)
		}
	}
	for _, d := range []struct {
		name string
		is   time.Duration
		from time.Duration
		to   time.Duration
	}{
		{"fire hold-off", p.Fire.HoldOff, time.Second, time.Hour},
		{"fire same-fire", p.Fire.SameFire, 0, 24 * time.Hour},
		{"fire old-news", p.Fire.OldNews, 0, 24 * time.Hour},
		{"fall confirm", p.Fall.Confirm, 0, 5 * time.Minute},
		{"fall grace", p.Fall.Grace, 0, 10 * time.Minute},
		{"fall visit at-least", p.Fall.Visit.AtLeast, 0, longestLimit},
		{"fall visit unlearned", p.Fall.Visit.Unlearned, 0, longestLimit},
		{"fall visit grace", p.Fall.Visit.Grace, 0, time.Hour},
		{"fall same-fall", p.Fall.SameFall, 0, time.Hour},
		{"fall old-news", p.Fall.OldNews, 0, 24 * time.Hour},
		{"help same-press", p.Help.SamePress, 0, time.Minute},
		{"silence grace", p.Silence.Grace, 0, time.Hour},
		{"silence settle", p.Silence.Settle, 0, 12 * time.Hour},
		{"silence stuck", p.Silence.Stuck, time.Minute, 24 * time.Hour},
		{"silence caution", p.Silence.Caution, 0, 99 * time.Hour},
		{"silence out-of-bed", p.Silence.OutOfBed, 0, 12 * time.Hour},
		{"silence soonest", p.Silence.Soonest, 0, 99 * time.Hour},
		{"out caution", p.Out.Caution, time.Hour, 99 * time.Hour},
		{"out after", p.Out.After, time.Hour, 99 * time.Hour},
		{"out doubt", p.Out.Doubt, time.Hour, 99 * time.Hour},
		{"out pass", p.Out.Pass, time.Minute, time.Hour},
		{"out sure", p.Out.Sure, time.Minute, 24 * time.Hour},
		{"away at-most", p.Away.AtMost, time.Hour, 30 * 24 * time.Hour},
		{"away leave", p.Away.Leave, 0, time.Hour},
		{"away sure", p.Away.Sure, time.Minute, 24 * time.Hour},
		{"concern check-in by", p.Concern.CheckIn.By, 0, 24*time.Hour - time.Minute},
		{"concern night-out within", p.Concern.NightOut.Within, 0, 12 * time.Hour},
		{"concern night-out from", p.Concern.NightOut.From, 0, 24*time.Hour - time.Minute},
		{"concern night-out to", p.Concern.NightOut.To, 0, 24*time.Hour - time.Minute},
		{"concern climate lasts", p.Concern.Climate.Lasts, 0, 24 * time.Hour},
		{"concern leak hold-off", p.Concern.Leak.HoldOff, 0, 24 * time.Hour},
		{"concern leak old-news", p.Concern.Leak.OldNews, 0, 24 * time.Hour},
		{"silence night-from", p.Silence.NightFrom, 0, 24*time.Hour - time.Minute},
		{"silence night-to", p.Silence.NightTo, 0, 24*time.Hour - time.Minute},
	} {
		if d.is < d.from || d.is > d.to {
			wrong("%s is %v: choose a duration from %v to %v", d.name, d.is, d.from, d.to)
		}
	}
	q := &p.Silence
	if q.After != 0 && (q.After < 15*time.Minute || q.After > 99*time.Hour) {
		wrong("silence after is %v: choose from 15m to 99h, or 0 to switch the rule off", q.After)
	}
	if q.After != 0 && (q.AtMost < q.After || q.AtMost > 99*time.Hour) {
		wrong("silence at-most is %v: choose from %v (silence after) to 99h", q.AtMost, q.After)
	}
	if q.NightFrom%time.Minute != 0 || q.NightTo%time.Minute != 0 {
		wrong("silence night is %v to %v: write whole minutes", q.NightFrom, q.NightTo)
	}
	c := &p.Concern
	if c.MostADay < 1 || c.MostADay > 24 {
		wrong("concern most-a-day is %d: choose from 1 to 24", c.MostADay)
	}
	if t := &c.Climate; t.On && !(t.Cold >= 5 && t.Cold+2*hysteresis < t.Hot && t.Hot <= 45) {
		wrong("concern climate is %v to %v °C: choose a cold limit from 5 °C and a hot one to 45 °C, more than %v °C apart", t.Cold, t.Hot, 2*hysteresis)
	}
	return all
}

// trustedAge is how old a reading may say it is before its own time is no
// longer believed: a sensor's clock that lost its battery starts years ago.
const trustedAge = 24 * time.Hour

// observedAt is when the reading was made: its own time where that can be
// believed, otherwise the time at which it was heard.
func observedAt(r *ucare.Reading, now time.Time) time.Time {
	at := instant(r.At)
	if at.IsZero() || at.After(now) || now.Sub(at) > trustedAge {
		return now
	}
	return at
}

// instant is t in the one form that states and decisions hold, which a round
// trip through JSON does not change.
func instant(t time.Time) time.Time { return t.Round(0).UTC() }
