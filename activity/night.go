package activity

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. The night is the longest rest between 18:00 and noon. A rest is put together from
// pieces with at most together between them; short pieces at its ends, with more time up
// than in them, are naps or somebody who sits down on the bed, and do not count. What lies
// between its pieces are the times up.
//
//   - With a bed sensor the pieces are the times in the bed. To be out of it for less than
//     moment, or for less than turning with nobody noticed in another room, is to turn round.
//   - With a sensor in the bedroom the pieces are the times of atLeast or more between signs
//     of life from elsewhere in which there was one from the bedroom, from that one on.
//   - Otherwise, or where these see no night, they are the times of quiet (1 h) or more
//     without any sign of life, with their middle at night. Quiet in the evening and in
//     the morning has other reasons, unless it is long.
//
// A night of less than shortNight in all is none: then the resident slept where no sensor
// tells, or was not at home. So it is with a quiet one of more than asleep: the home was
// empty. Being out ends a piece.
//
// Figures. together: two hours up at night are the end of the night for most people; no
// source. Nocturia counts as such when each visit has sleep before and after it
// (International Continence Society): so does Ups. shortNight: as the long silences of
// the rules (3 h), in which somebody may be sleeping.

const (
	nightOpens  = 18 - 24 // o'clock, of the day before
	nightCloses = 12
	together    = 2 * time.Hour
	nap         = 20 * time.Minute
	turning     = 5 * time.Minute
	atLeast     = 30 * time.Minute
	quiet       = time.Hour
	evening     = 21 - 24 // o'clock
	shortNight  = 3 * time.Hour
	stillUp     = 30 * time.Minute // after which who has left the bed is not about to come back
)

// A piece is a time of rest.
type piece struct{ from, to time.Time }

func (p piece) length() time.Duration { return p.to.Sub(p.from) }

// tellNight finds the night that ended on the day.
func (t *teller) tellNight() {
	opens, closes := t.hour(nightOpens), ucare.Earlier(t.hour(nightCloses), t.record.end)
	if t.record.has(func(c Contact) bool { return c.Kind == ucare.Bed }) {
		t.Night = t.night(ByBed, t.inBed(opens, closes), closes)
	}
	if t.Night == nil && t.record.has(func(c Contact) bool { return t.record.purpose(c.Room) == ucare.Bedroom }) {
		t.Night = t.night(ByBedroom, t.inBedroom(opens, closes), closes)
	}
	if t.Night == nil {
		t.Night = t.night(ByQuiet, t.inQuiet(opens, closes), closes)
	}
}

// inBed are the times in a bed, of all beds together.
func (t *teller) inBed(opens, closes time.Time) []piece {
	var all []piece
	for _, h := range t.record.held {
		if h.kind != ucare.Bed || !h.to.After(opens) || !h.at.Before(closes) {
			continue
		}
		if n := len(all); n > 0 && t.turns(all[n-1].to, h.at, h.room) {
			all[n-1].to = ucare.Later(all[n-1].to, h.to)
			continue
		}
		all = append(all, piece{h.at, h.to})
	}
	return all
}

// turns reports whether to be out of bed between two instants is nothing.
func (t *teller) turns(from, to time.Time, room string) bool {
	if to.Sub(from) >= turning {
		return false
	}
	return to.Sub(from) < moment || !slices.ContainsFunc(t.record.between(from, to), func(s sighting) bool { return s.room != room })
}

// inBedroom are the times between signs of life from elsewhere, from the first sign in the
// bedroom on.
func (t *teller) inBedroom(opens, closes time.Time) []piece {
	r := t.record
	var all []piece
	var entered time.Time // when the first sign of life came from the bedroom
	end := func(at time.Time) {
		if !entered.IsZero() && at.Sub(entered) >= atLeast && at.After(opens) && entered.Before(closes) {
			all = append(all, piece{entered, at})
		}
		entered = time.Time{}
	}
	for i := range r.signs {
		s := &r.signs[i]
		switch {
		case t.isOut(s.at):
		case r.purpose(s.room) != ucare.Bedroom:
			end(s.at)
		case entered.IsZero():
			entered = s.at
		}
	}
	end(r.end)
	return t.atHome(all)
}

// inQuiet are the times without a sign of life.
func (t *teller) inQuiet(opens, closes time.Time) []piece {
	r := t.record
	var all []piece
	from := r.last.at
	next := func(at time.Time) {
		p := piece{from, at}
		middle := p.from.Add(p.length() / 2)
		night := middle.After(t.hour(evening)) && middle.Before(t.hour(nightTo))
		long := p.length() >= shortNight && middle.After(opens) && middle.Before(closes)
		if !from.IsZero() && p.length() >= quiet && (night || long) {
			all = append(all, p)
		}
	}
	for i := range r.signs {
		if s := &r.signs[i]; !t.isOut(s.at) {
			next(s.at)
			from = s.last
		}
	}
	next(r.end)
	return t.atHome(all)
}

// atHome are the pieces without the outings.
func (t *teller) atHome(all []piece) []piece {
	var kept []piece
	for _, p := range all {
		for _, o := range t.outings {
			if !o.To.After(p.from) || !o.From.Before(p.to) {
				continue
			}
			if before := (piece{p.from, o.From}); before.length() >= atLeast {
				kept = append(kept, before)
			}
			p.from = ucare.Earlier(o.To, p.to)
		}
		if p.length() >= atLeast {
			kept = append(kept, p)
		}
	}
	return kept
}

// night is the longest rest of the pieces; nil: there is none.
func (t *teller) night(by string, pieces []piece, closes time.Time) *Night {
	var best []piece
	for len(pieces) > 0 {
		n := 1
		for n < len(pieces) && pieces[n].from.Sub(pieces[n-1].to) <= together {
			n++
		}
		if rest := trimmed(pieces[:n]); restOf(rest) > restOf(best) {
			best = rest
		}
		pieces = pieces[n:]
	}
	if restOf(best) < shortNight || by == ByQuiet && best[len(best)-1].to.Sub(best[0].from) > asleep {
		return nil
	}
	n := &Night{By: by, Bed: t.clock(best[0].from)}
	for i, p := range best {
		n.Resting += int(p.length() / time.Second)
		if i > 0 {
			n.Ups = append(n.Ups, t.span(best[i-1].to, p.from))
		}
	}
	if up := best[len(best)-1].to; closes.Sub(up) >= stillUp || closes.Equal(t.hour(nightCloses)) {
		n.Up = t.clock(up)
	}
	return n
}

// trimmed is a rest without the naps at its ends.
func trimmed(pieces []piece) []piece {
	for len(pieces) > 1 && pieces[0].length() < min(nap, pieces[1].from.Sub(pieces[0].to)) {
		pieces = pieces[1:]
	}
	for n := len(pieces); n > 1 && pieces[n-1].length() < min(nap, pieces[n-1].from.Sub(pieces[n-2].to)); n-- {
		pieces = pieces[:n-1]
	}
	return slices.Clip(pieces)
}

func restOf(pieces []piece) (d time.Duration) {
	for _, p := range pieces {
		d += p.length()
	}
	return d
}
