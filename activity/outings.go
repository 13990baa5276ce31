package activity

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// outings are the times out of the home, in order, as far as they reach into the record.
func (r *record) outings() []Outing {
	all := append(r.byDoor(), r.bySwitch()...)
	slices.SortStableFunc(all, func(a, b Outing) int { return a.From.Compare(b.From) })
	joined := all[:0]
	for _, o := range all {
		n := len(joined)
		if n == 0 || !o.From.Before(joined[n-1].To) {
			joined = append(joined, o)
			continue
		}
		before := &joined[n-1]
		if o.By == BySwitch {
			before.By = BySwitch
		}
		if o.To.After(before.To) {
			before.To, before.Open = o.To, o.Open
		}
	}
	return joined
}

// seesOutings reports whether the home can tell when the resident is out.
func (r *record) seesOutings() bool {
	return r.exits != ucare.NoWayOut || r.has(func(c Contact) bool { return c.Kind == ucare.Away })
}

// byDoor are the outings that the front door tells.
func (r *record) byDoor() []Outing {
	var all []Outing
	l, inside := r.left, false
	returned := false // the last use of the door ended an outing
	for i := range r.signs {
		s := &r.signs[i]
		if !r.isExit(s) {
			inside = l.at.IsZero() || inside
			now := l
			if now.notice(s) {
				inside = true
			}
			l.seen = now.seen
			continue
		}
		if !l.at.IsZero() && s.at.Sub(l.at) >= pass {
			returned = !inside && !r.rested(l, s.at)
			if returned {
				all = append(all, Outing{Span: Span{From: l.at, To: s.at}, By: ByDoor})
			}
		} else if inside {
			returned = false
		}
		l, inside = leaving{at: s.last}, false
	}
	if !l.at.IsZero() && !inside && !returned && !r.rested(l, r.end) && r.end.Sub(l.at) >= pass {
		all = append(all, Outing{Span: Span{From: l.at, To: r.end}, By: ByDoor, Open: true})
	}
	return all
}

// rested reports whether somebody lay or sat down between the use of the door and an instant.
func (r *record) rested(l leaving, to time.Time) bool {
	return slices.ContainsFunc(r.held, func(h lasting) bool {
		return (h.kind == ucare.Bed || h.kind == ucare.Seat) && l.rest(h.at, ucare.Earlier(h.to, to))
	})
}

// bySwitch are the outings that somebody has told the gateway of.
func (r *record) bySwitch() []Outing {
	var all []Outing
	for _, h := range r.held {
		if h.kind != ucare.Away {
			continue
		}
		o := Outing{Span: Span{From: h.at, To: ucare.Earlier(h.to, h.at.Add(awayAtMost))}, By: BySwitch}
		o.To = r.backBefore(o.From, o.To)
		o.Open = o.To.Equal(r.end)
		if o.To.After(o.From) {
			all = append(all, o)
		}
	}
	return all
}

// backBefore is when somebody was at home again between two instants, or the second of them.
func (r *record) backBefore(from, to time.Time) time.Time {
	l := leaving{at: from.Add(leave - closeBehind)}
	door := time.Time{}
	for i := range r.signs {
		switch s := &r.signs[i]; {
		case s.at.Before(from.Add(leave)):
		case !s.at.Before(to):
			return to
		case r.isExit(s):
			if door.IsZero() || s.at.Sub(door) >= pass {
				door = s.at
			}
		case s.kind == ucare.HelpButton, l.notice(s):
			if !door.IsZero() {
				return door
			}
			return s.at
		}
	}
	return to
}
