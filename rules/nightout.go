package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Whether the resident is out is what out.go makes of the front door. When that was in the
// night, and Within later nobody is back, the caregivers are told at once: this cannot
// wait until the morning. Who comes home settles it, and so does the word that the
// resident is away.
//
//   - Who has said that they go out is not waited for.
//   - Time in which nothing could be heard does not count: they may be back.
//
// It is switched off unless Within is given. It is meant for people who wander. For
// others it would be wrong too often: who looks once more whether the door is locked
// and goes to bed where no sensor is looks like somebody who went out.
//
// Figures. From 23:00 to 4:00: the hours in which hardly anybody of that age leaves the
// home on purpose; the first prayers, markets and walks begin at four or five. Within
// is what the family chooses; 30 min in the example, for who takes out the rubbish is
// back by then. No source gives them.

// NightOutPolicy is when being out at night is told.
type NightOutPolicy struct {
	Within time.Duration // to be back; 0 switches it off
	// From and To are wall-clock times, as the time since midnight.
	From, To time.Duration
}

// NightOutState is what is remembered of the last time the home was left.
type NightOutState struct {
	// Left is when it was left, and Heard when that was known. Judged: nothing is
	// awaited of it any more. Told: the caregivers were told of it.
	Left   time.Time `json:"left,omitzero"`
	Heard  time.Time `json:"heard,omitzero"`
	Judged bool      `json:"judged,omitempty"`
	Told   bool      `json:"told,omitempty"`
}

// left is when the resident went out by the front door, if they are out (out.go).
func (s *State) left() (at time.Time, out bool) { return s.Silence.Out.Since, s.Silence.out() }

// whetherOut looks after a sign of life, or a word about being away, at whether the
// resident is out. Somebody who is inside, or has said that they go out, is not awaited.
func (p *Policy) whetherOut(s *State, now time.Time, to []ucare.Decision) []ucare.Decision {
	if past := s.Concerns.Past; p.Concern.NightOut.Within == 0 && (past == nil || !past.NightOut.Told) {
		return to
	}
	n := &s.Concerns.past().NightOut
	left, out := s.left()
	if out && !s.away() {
		if !left.Equal(n.Left) {
			n.Left, n.Heard, n.Judged = left, now, false
		}
		return p.tickNightOut(s, now, to)
	}
	why := ucare.Evidence{Fact: ucare.FactAway, At: s.Away.Since}
	if q := &s.Silence; !s.away() {
		why = ucare.Evidence{Fact: ucare.FactActivity, At: q.Last, Sensor: q.Sensor, Room: q.Room, Kind: q.Kind}
	}
	told := n.Told
	*n = NightOutState{Left: left, Judged: true}
	if !told {
		return to
	}
	return s.settle(ucare.NightOut, "", "", now, []ucare.Evidence{why}, to)
}

// nightOutDue is until when being back is awaited.
func (p *Policy) nightOutDue(s *State) (time.Time, bool) {
	n, within := &s.Concerns.past().NightOut, p.Concern.NightOut.Within
	if within == 0 || n.Left.IsZero() || n.Judged {
		return time.Time{}, false
	}
	return ucare.Later(s.Silence.heardFor(n.Left, within), n.Heard), true
}

// tickNightOut tells that nobody is back at the instant at.
func (p *Policy) tickNightOut(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	if due, ok := p.nightOutDue(s); !ok || due.After(at) {
		return to
	}
	q, n := &p.Concern.NightOut, &s.Concerns.past().NightOut
	n.Judged = true
	if n.Told || !p.inWindow(n.Left, q.From, q.To) {
		return to
	}
	n.Told = true
	return p.concern(s, ucare.Concern{
		Rule: ucare.NightOut, Since: n.Left, At: at,
		Because: []ucare.Evidence{{Fact: ucare.FactWentOut, At: n.Left, Seconds: int64(at.Sub(n.Left) / time.Second)}},
	}, to)
}

func (n *NightOutState) shift(by time.Duration) {
	n.Left, n.Heard = moved(n.Left, by), moved(n.Heard, by)
}
