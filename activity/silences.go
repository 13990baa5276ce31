package activity

import (
	"time"

	"github.com/ucare-project/ucare"
)

// The night of silences, by the clock: that of the rules.
const (
	nightFrom = 22
	nightTo   = 7
)

// shortest is the shortest silence that is told. Shorter ones are within a run of signs.
const shortest = time.Duration(quarter)

// tellSilences finds the longest silences at home.
func (t *teller) tellSilences() {
	r := t.record
	last, room := r.last.at, r.last.room
	for i := range r.signs {
		s := &r.signs[i]
		if t.isOut(s.at) {
			continue
		}
		if !last.IsZero() {
			t.silence(last, s.at, room, false)
		}
		last, room = s.last, s.room
	}
	if !last.IsZero() && last.Before(r.end) {
		t.silence(last, r.end, room, true)
	}
}

// silence weighs the time between two signs of life, without that of the outings in it.
func (t *teller) silence(from, to time.Time, room string, open bool) {
	for _, o := range t.outings {
		if !o.To.After(from) || !o.From.Before(to) {
			continue
		}
		t.weigh(from, o.From, room, false)
		from, room = o.To, ""
	}
	t.weigh(from, to, room, open && from.Before(to))
}

func (t *teller) weigh(from, to time.Time, room string, open bool) {
	if t.Running && open || !t.Running && to.After(t.Until) && !from.After(t.Until) {
		to, open = t.Until, true
	}
	if to.Sub(from) < shortest || !to.After(t.From) || to.After(t.Until) {
		return
	}
	s := &Silence{Span: t.span(from, to), Room: room, Open: open}
	for _, u := range t.record.unheard {
		s.Unheard += seconds(from, to, u.From, u.To)
	}
	longer := func(than *Silence) bool { return than == nil || s.Seconds > than.Seconds }
	if longer(t.Silence) {
		t.Silence = s
	}
	if longer(t.Daytime) && 2*t.atNight(s.Span) < s.Seconds {
		t.Daytime = s
	}
}

// atNight is how much of a span is in a night by the clock.
func (t *teller) atNight(s Span) (n int) {
	for day := -2; day <= 1; day++ {
		n += seconds(s.From, s.To, t.hour(24*day+nightFrom), t.hour(24*(day+1)+nightTo))
	}
	return n
}

// seconds is for how long two times overlap.
func seconds(from, to, otherFrom, otherTo time.Time) int {
	return int(max(0, ucare.Earlier(to, otherTo).Sub(ucare.Later(from, otherFrom))) / time.Second)
}
