package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Somebody says that the resident has gone out: with a switch, or with
// the button beside the front door that homes in Korea have had since 2010. From
// then on silence does not count. Fire, gas, help and falls know no away.
//
// A forgotten switch must not leave a resident unwatched. So it ends
//
//   - when somebody says so, however old that word is: it is the safe one;
//   - with a call for help (NEAT NOVO: any call switches back to "home");
//   - when somebody is inside: a sign of life later than Leave after the switch,
//     and another within Sure of it, from another sensor or a minute later. One
//     alone may be a curtain in the wind, and a door alone is also somebody who
//     looks after the post;
//   - by itself after AtMost.
//
// Then silence is counted anew, from that moment. A visitor ends it too; to take
// one for the resident is the smaller error, since it is followed by a pre-alarm
// at the earliest after SilencePolicy.After.
//
// A pre-alarm that runs when the switch is set is cancelled by it. An alarm that
// was raised is not: somebody looks after that.
//
// Figures. Leave: long enough to find one's keys. AtMost: a long weekend; no
// source gives one (Tunstall and NEAT leave it to the resident). Sure: no source.

// AwayPolicy is how far a word about being away is believed.
type AwayPolicy struct {
	AtMost time.Duration // after which it ends by itself
	Leave  time.Duration // to get out of the home
	Sure   time.Duration // within which a sign of life from inside is confirmed by another
}

// AwayState is what is remembered of the resident being away.
type AwayState struct {
	Since time.Time `json:"since,omitzero"` // zero: at home
	Until time.Time `json:"until,omitzero"` // when it ends by itself
	// Seen is a sign of life from inside that awaits another, and Sensor who saw it.
	Seen   time.Time `json:"seen,omitzero"`
	Sensor string    `json:"sensor,omitempty"`
}

// away reports whether the resident is said to be away.
func (s *State) away() bool { return !s.Away.Since.IsZero() }

// observeAway folds a word about being away. Old news does not send anybody away.
func (p *Policy) observeAway(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	switch {
	case r.Drill:
		return to
	case r.State == ucare.Inactive:
		p.comeHome(s, now)
		return to
	case r.State == ucare.Active && !r.UnknownAge:
		return p.goAway(s, r, now, to)
	default:
		return to
	}
}

// goAway begins to be away, or prolongs it. A word that was on its way for so
// long that somebody has been seen since is passed over.
func (p *Policy) goAway(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	at := observedAt(r, now)
	until := at.Add(p.Away.AtMost)
	if s.Silence.Last.After(at.Add(p.Away.Leave)) || !until.After(now) {
		return to
	}
	if !s.away() {
		s.Away.Since = at
	}
	s.Away.Until, s.Away.Seen, s.Away.Sensor = until, time.Time{}, ""
	why := ucare.Evidence{Fact: ucare.FactAway, At: at, Sensor: kept(r.Sensor)}
	to = s.Silence.settled(s, now, why, to)
	if q := &s.Silence; q.Alarm != "" && !q.Raised {
		to = append(to, q.over(s.Dwelling, ucare.Cancel, now, why))
	}
	return to
}

// comeHome ends being away: silence counts from here.
func (p *Policy) comeHome(s *State, at time.Time) {
	if !s.away() {
		return
	}
	s.Silence.Away = Span{From: s.Away.Since, To: ucare.Later(at, s.Away.Since)}
	s.Silence.Final, s.Silence.Out = time.Time{}, OutState{} // they were of a silence that no longer counts
	s.Away = AwayState{}
}

// seenAtHome weighs a sign of life while the resident is said to be away.
func (p *Policy) seenAtHome(s *State, kind ucare.Kind, sensor string, at time.Time) {
	a := &s.Away
	switch {
	case !s.away(), kind == ucare.Door:
	case kind == ucare.HelpButton:
		p.comeHome(s, at)
	case at.Before(a.Since.Add(p.Away.Leave)):
	case a.Seen.IsZero() || at.Sub(a.Seen) > p.Away.Sure:
		a.Seen, a.Sensor = at, sensor
	case a.Sensor != sensor || at.Sub(a.Seen) >= time.Minute:
		p.comeHome(s, at)
	}
}

// awayDue is when being away ends by itself.
func (s *State) awayDue() (time.Time, bool) { return s.Away.Until, s.away() }

// tickAway ends being away when its time is over at the instant at.
func (p *Policy) tickAway(s *State, at time.Time) {
	if until, away := s.awayDue(); away && !until.After(at) {
		p.comeHome(s, until)
	}
}

func (a *AwayState) shift(by time.Duration) {
	a.Since, a.Until, a.Seen = moved(a.Since, by), moved(a.Until, by), moved(a.Seen, by)
}
