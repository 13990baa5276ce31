package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A visit to the bathroom goes from the first sign of life there to the first one
// elsewhere. Neighbouring rooms of that purpose are one. Who is back within again has not
// left, as little as who is not noticed in it for atEase: a sensor over the door does not see
// the tub. What takes less than glimpse, without water or an appliance, is somebody who
// passes the open door. Figures: ours; atEase is normal for a bath.

const (
	again   = 2 * time.Minute
	atEase  = time.Hour
	glimpse = 30 * time.Second
)

// A stay is one visit to the bathroom.
type stay struct {
	from, last time.Time // signs of life there
	to         time.Time // the first one elsewhere
	used       bool      // water or an appliance
}

// tellBathroom counts the visits to the bathroom.
func (t *teller) tellBathroom() {
	r := t.record
	if !r.has(func(c Contact) bool { return r.purpose(c.Room) == ucare.Bathroom }) {
		return
	}
	t.Bathroom = new(Bathroom)
	if t.Night != nil {
		t.Bathroom.AtNight = new(int)
	}
	now := stay{}
	for i := range r.signs {
		s := &r.signs[i]
		switch {
		case t.isOut(s.at):
		case r.purpose(s.room) != ucare.Bathroom:
			if !now.from.IsZero() && now.to.IsZero() {
				now.to = s.at
			}
		case now.goesOn(s.at):
			now.last, now.to = s.last, time.Time{}
			now.used = now.used || s.kind == ucare.Use
		default:
			t.visited(now)
			now = stay{from: s.at, last: s.last, used: s.kind == ucare.Use}
		}
	}
	t.visited(now)
}

// goesOn reports whether a sign of life in the bathroom belongs to the visit.
func (s *stay) goesOn(at time.Time) bool {
	switch {
	case s.from.IsZero():
		return false
	case s.to.IsZero():
		return at.Sub(s.last) <= atEase
	default:
		return at.Sub(s.last) <= again
	}
}

// visited counts a visit.
func (t *teller) visited(s stay) {
	if s.from.IsZero() {
		return
	}
	if s.to.IsZero() || s.to.Sub(s.last) > atEase {
		s.to = s.last
	}
	length := s.to.Sub(s.from)
	if length < glimpse && !s.used {
		return
	}
	if n := t.Night; n != nil && !s.from.Before(n.Bed) && (n.Up.IsZero() || s.from.Before(n.Up)) {
		*t.Bathroom.AtNight++
	}
	if !t.covers(s.from) {
		return
	}
	t.Bathroom.Visits++
	t.Bathroom.Seconds += int(length / time.Second)
	t.Bathroom.Longest = max(t.Bathroom.Longest, int(length/time.Second))
}
