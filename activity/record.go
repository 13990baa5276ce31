package activity

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A record is what hours say, put together again: instants instead of places in an hour.
type record struct {
	start, end time.Time // what is looked at; nothing is known of what comes after the end
	signs      []sighting
	held       []lasting
	unheard    []Span
	known      []Contact // those of which there was word in the last week
	last       sight     // the last sign of life before all signs
	left       leaving   // as it was then
	exits      ucare.Doorway
	purposes   map[string]ucare.Purpose
}

// lasting is a time in which a contact held.
type lasting struct {
	sight // at is the beginning
	to    time.Time
}

// believed is how long a contact is believed that goes on being active and says no more.
const believed = 24 * time.Hour

// speaksWithin is how many hours may pass without a word of a contact that is there.
const speaksWithin = 7 * 24

// recordOf puts the hours together. They are ordered, and those of before start are only
// looked at for how things stood; end is when nothing more is known.
func recordOf(hours []Hour, start, end time.Time) *record {
	r := &record{start: start, end: end, purposes: make(map[string]ucare.Purpose)}
	var before *Hour
	heardUpTo := start
	for i := range hours {
		h := &hours[i]
		if !h.From.Before(end) {
			break
		}
		r.bridge(before, h.From)
		switch {
		case h.From.Before(start):
			r.last, r.left = h.Course.Last.sight(h.From), h.Course.Left.leaving(h.From)
		default:
			r.add(h)
			if h.Heard() {
				r.silent(heardUpTo, h.From)
				heardUpTo = h.End()
			}
		}
		before = h
	}
	r.bridge(before, end)
	r.silent(heardUpTo, end)
	r.tidy()
	r.know(before)
	return r
}

// bridge lets what a contact held at the end of an hour go on up to the next hour there is.
func (r *record) bridge(h *Hour, to time.Time) {
	if h == nil || !h.End().Before(to) {
		return
	}
	for _, c := range h.Course.Contacts {
		if !c.Gone && !c.Lost && holds(c.Kind, c.State) {
			r.held = append(r.held, lasting{sight{h.End(), c.Sensor, c.Kind, c.Room}, to})
		}
	}
}

// add takes the next hour.
func (r *record) add(h *Hour) {
	for _, run := range h.Course.Runs {
		c := &h.Course.Contacts[run.Contact]
		s := run.sighting(c, h.From)
		if c.Kind == ucare.Door {
			s.door = r.purpose(c.Room).Leads()
		}
		if s.at.Before(r.end) {
			r.signs = append(r.signs, s)
		}
	}
	for _, held := range h.Course.Held {
		c := &h.Course.Contacts[held.Contact]
		r.held = append(r.held, lasting{sight{h.From.Add(time.Duration(held.From)), c.Sensor, c.Kind, c.Room}, h.From.Add(time.Duration(held.To))})
	}
}

func (r *record) purpose(room string) ucare.Purpose {
	p, ok := r.purposes[room]
	if !ok {
		p = ucare.PurposeOf(room)
		r.purposes[room] = p
	}
	return p
}

// silent notes that nothing was heard from one time to another.
func (r *record) silent(from, to time.Time) {
	if from, to = ucare.Later(from, r.start), ucare.Earlier(to, r.end); to.Sub(from) >= Length {
		r.unheard = append(r.unheard, Span{From: from, To: to})
	}
}

// tidy joins what goes on from hour to hour, and cuts off what is not to be believed.
func (r *record) tidy() {
	slices.SortStableFunc(r.held, func(a, b lasting) int {
		return cmp.Or(cmp.Compare(a.sensor, b.sensor), cmp.Compare(a.kind, b.kind), cmp.Compare(a.room, b.room), a.at.Compare(b.at))
	})
	joined := r.held[:0]
	for _, h := range r.held {
		if n := len(joined); n > 0 && joined[n-1].of(h.sight) && !joined[n-1].to.Before(h.at) {
			joined[n-1].to = ucare.Later(joined[n-1].to, h.to)
			continue
		}
		joined = append(joined, h)
	}
	for i := range joined {
		h := &joined[i]
		if h.to = ucare.Earlier(h.to, r.end); !rests(h.kind) && h.kind != ucare.Away {
			h.to = ucare.Earlier(h.to, h.at.Add(believed))
		}
	}
	r.held = slices.DeleteFunc(joined, func(h lasting) bool { return !h.to.After(h.at) })
	r.held = slices.DeleteFunc(r.held, r.contradicts)
	slices.SortStableFunc(r.held, func(a, b lasting) int { return a.at.Compare(b.at) })
	for i := range r.signs {
		r.signs[i].last = ucare.Earlier(r.signs[i].last, r.end)
	}
}

// A bed or a seat that says for doubtful that it is in use, and in a quarter of that time,
// or for so many quarters of an hour, somebody is noticed in other rooms, is stuck, or
// somebody put something on it. (Who is ill in bed has visitors, but not for so long.)
const (
	doubtful  = 2 * time.Hour
	oneIn     = 4
	elsewhere = 12
)

// contradicts reports whether signs of life contradict a time held.
func (r *record) contradicts(h lasting) bool {
	if h.kind != ucare.Bed && h.kind != ucare.Seat || h.to.Sub(h.at) < doubtful {
		return false
	}
	n, last := 0, time.Time{}
	for _, s := range r.between(h.at, h.to) {
		if in := s.at.Truncate(time.Duration(quarter)); s.room != h.room && in.After(last) {
			n++
			last = in
		}
	}
	return n >= elsewhere || time.Duration(n*oneIn)*time.Duration(quarter) > h.to.Sub(h.at)
}

// between are the signs of life that begin in from ≤ t < to.
func (r *record) between(from, to time.Time) []sighting {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(r.signs, t, func(s sighting, t time.Time) int { return s.at.Compare(t) })
		return i
	}
	return r.signs[at(from):max(at(from), at(to))]
}

// of reports whether a time is of the same contact.
func (l *lasting) of(s sight) bool {
	return l.sensor == s.sensor && l.kind == s.kind && l.room == s.room
}

// know notes which contacts the home has, as of its last hour.
func (r *record) know(h *Hour) {
	if h == nil {
		return
	}
	passed := int(max(0, r.end.Sub(h.End())) / Length)
	for _, c := range h.Course.Contacts {
		if c.Gone || c.Hours+passed > speaksWithin {
			continue
		}
		r.known = append(r.known, c)
		if c.Kind == ucare.Door {
			r.exits = max(r.exits, r.purpose(c.Room).Leads())
		}
	}
}

// has reports whether the home has such a contact.
func (r *record) has(fits func(Contact) bool) bool { return slices.ContainsFunc(r.known, fits) }

// isExit reports whether signs of life are of a door that leads out.
func (r *record) isExit(s *sighting) bool { return s.door != ucare.NoWayOut && s.door == r.exits }

// sighting is a run of a contact in an hour that begins at from.
func (r *Run) sighting(c *Contact, from time.Time) sighting {
	return sighting{
		sight: sight{from.Add(time.Duration(r.First)), c.Sensor, c.Kind, c.Room},
		last:  from.Add(time.Duration(r.Last)), sure: r.Sure,
	}
}

// sight is a mark of an hour that begins at from.
func (m *Mark) sight(from time.Time) sight {
	if m == nil {
		return sight{}
	}
	return sight{from.Add(time.Duration(m.At)), m.Sensor, m.Kind, m.Room}
}
