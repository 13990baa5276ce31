package activity

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. The resident is where the last sign of life came from, until the next one comes
// from elsewhere. That is believed for as long as people stay unnoticed: in a hall or an
// entrance, where nobody stays, for passing; in a bedroom for asleep, for there people
// sleep; elsewhere for staying. When the next sign of life takes longer, nobody knows
// where the resident was since the last one. A bed, a seat or a presence sensor that is
// active is a place, too, in this order, as long as no sign of life says otherwise.
//
// Figures. staying: as ucare.StuckAfter, about a film. asleep: the longest silence that
// the rules allow. passing: the rules' Pass.

const (
	passing = pass
	staying = ucare.StuckAfter
	asleep  = 16 * time.Hour
)

// A whereabout is where the resident was.
type whereabout struct {
	from, to time.Time
	room     string
	place    place
}

type place uint8

const (
	unknown place = iota
	inRoom
	out
)

// whereabouts are where the resident was from the record's start to its end, without a gap.
func (r *record) whereabouts(outings []Outing) []whereabout {
	w := walk{r: r, at: r.start, origin: r.last.room, since: r.last.at}
	for i := range r.signs {
		s := &r.signs[i]
		w.quiet(s.at)
		w.be(s.last, s.room, inRoom)
		w.origin, w.since = s.room, s.last
	}
	w.quiet(r.end)
	return overlaid(w.all, outings)
}

// A walk goes through the record.
type walk struct {
	r      *record
	at     time.Time
	origin string    // where the last sign of life came from
	since  time.Time // when; zero: there was none
	all    []whereabout
}

// be notes where the resident was up to an instant.
func (w *walk) be(to time.Time, room string, p place) {
	if !to.After(w.at) {
		return
	}
	w.all = append(w.all, whereabout{w.at, to, room, p})
	w.at = to
}

// quiet goes on to the next sign of life.
func (w *walk) quiet(to time.Time) {
	for w.at.Before(to) {
		h, until := w.r.heldAt(w.at, to)
		if h != nil {
			w.be(until, h.room, inRoom)
			w.origin, w.since = h.room, until
			continue
		}
		if !w.since.IsZero() && until.Sub(w.since) <= w.r.patience(w.origin) {
			w.be(until, w.origin, inRoom)
		} else {
			w.be(until, "", unknown)
		}
	}
}

// patience is how long nobody is noticed who stays in a room.
func (r *record) patience(room string) time.Duration {
	switch r.purpose(room) {
	case ucare.Hall, ucare.Entrance:
		return passing
	case ucare.Bedroom:
		return asleep
	default:
		return staying
	}
}

// heldAt is the bed, seat or presence sensor that says where the resident is at an instant,
// and until when that does not change; nil: none does.
func (r *record) heldAt(at, to time.Time) (best *lasting, until time.Time) {
	until = to
	for i := range r.held {
		h := &r.held[i]
		switch {
		case rank(h.kind) == 0 || !h.to.After(at):
		case h.at.After(at):
			until = ucare.Earlier(until, h.at)
		default:
			if best == nil || rank(h.kind) > rank(best.kind) {
				best = h
			}
			until = ucare.Earlier(until, h.to)
		}
	}
	return best, until
}

// rank is how much a time held tells of where the resident is.
func rank(k ucare.Kind) int {
	switch k {
	case ucare.Bed:
		return 3
	case ucare.Seat:
		return 2
	case ucare.Presence:
		return 1
	default:
		return 0
	}
}

// overlaid are the whereabouts with the outings in their place.
func overlaid(all []whereabout, outings []Outing) []whereabout {
	var result []whereabout
	for _, w := range all {
		for _, o := range outings {
			if !o.To.After(w.from) || !o.From.Before(w.to) {
				continue
			}
			if w.from.Before(o.From) {
				result = append(result, whereabout{w.from, o.From, w.room, w.place})
			}
			result = append(result, whereabout{ucare.Later(w.from, o.From), ucare.Earlier(w.to, o.To), "", out})
			w.from = ucare.Earlier(w.to, o.To)
		}
		if w.from.Before(w.to) {
			result = append(result, w)
		}
	}
	return result
}

// spent adds up whereabouts by place and hour of the clock.
type spent struct {
	rooms        map[string]*Times
	out, unknown Times
}

// spend adds up the whereabouts between two instants.
func spend(all []whereabout, from, to time.Time, location *time.Location) spent {
	s := spent{rooms: make(map[string]*Times)}
	for _, w := range all {
		start, end := ucare.Later(w.from, from).Truncate(time.Second), ucare.Earlier(w.to, to).Truncate(time.Second)
		if !start.Before(end) {
			continue
		}
		t := &s.unknown
		switch w.place {
		case out:
			t = &s.out
		case inRoom:
			if t = s.rooms[w.room]; t == nil {
				t = new(Times)
				s.rooms[w.room] = t
			}
		}
		t.add(start, end, location)
	}
	return s
}

// add adds a time to the hours of the clock.
func (t *Times) add(from, to time.Time, location *time.Location) {
	t.Seconds += int(to.Sub(from) / time.Second)
	for from.Before(to) {
		clock := from.In(location)
		into := time.Duration(clock.Minute())*time.Minute + time.Duration(clock.Second())*time.Second
		until := ucare.Earlier(from.Add(time.Hour-into), to)
		t.ByHour[clock.Hour()] += int(until.Sub(from) / time.Second)
		from = until
	}
}

// roomTimes are the times in the rooms by name.
func (r *record) roomTimes(s spent) []RoomTime {
	var all []RoomTime
	for room, times := range s.rooms {
		all = append(all, RoomTime{Room: room, Purpose: r.purpose(room).String(), Times: *times})
	}
	slices.SortFunc(all, func(a, b RoomTime) int { return strings.Compare(a.Room, b.Room) })
	return all
}
