package history

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// page is how many rows of the file are in memory at once.
const page = 4096

// A recent is the part of the past that the file has.
type recent interface {
	Rows(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[embedded.Row, error]
	// Complete returns since when the file has every reading; the zero Time: it has all
	// that there ever were.
	Complete(ctx context.Context) (time.Time, error)
}

// An older is the part of the past that the InfluxDB has.
type older interface {
	Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[influx.Point, error]
}

// A past is what is read of one dwelling: page after page of the file, and before the
// instant since which that is complete also what the server has.
type past struct {
	ctx      context.Context //nolint:containedctx // it lives as long as the call that it belongs to
	file     recent
	server   older     // nil: there is none
	kept     time.Time // the server has nothing from before
	dwelling string
}

// between returns the readings with from ≤ at < to.
func (p *past) between(from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		rows := make([]embedded.Row, 0, page)
		for from.Before(to) {
			var end time.Time
			var err error
			if rows, end, err = p.page(rows[:0], from, to); err != nil {
				yield(ucare.Reading{}, err)
				return
			}
			if !p.tell(rows, from, end, yield) {
				return
			}
			from = end
		}
	}
}

// page reads rows from an instant on, to the end of the instant of the last one. They are
// all that the file has before end.
func (p *past) page(rows []embedded.Row, from, to time.Time) (_ []embedded.Row, end time.Time, err error) {
	for row, err := range p.file.Rows(p.ctx, p.dwelling, from, to) {
		if err != nil {
			return nil, end, err
		}
		if n := len(rows); n >= page && !row.Reading.At.Equal(rows[n-1].Reading.At) {
			return rows, row.Reading.At, nil
		}
		rows = append(rows, row)
	}
	return rows, to, nil
}

// tell yields what there is with from ≤ at < end, of which rows are what the file has. How
// far back the file is complete is looked at after they were read, and the server is asked
// after that: what was sent and trimmed meanwhile is then seen in one of the two.
func (p *past) tell(rows []embedded.Row, from, end time.Time, yield func(ucare.Reading, error) bool) bool {
	since, err := p.file.Complete(p.ctx)
	if err != nil {
		return yield(ucare.Reading{}, err) && false
	}
	if p.server != nil && from.Before(since) {
		split := slices.IndexFunc(rows, func(r embedded.Row) bool { return !r.Reading.At.Before(since) })
		if split < 0 {
			split = len(rows)
		}
		if !p.merge(rows[:split], from, ucare.Earlier(end, since), since, yield) {
			return false
		}
		rows = rows[split:]
	}
	for _, row := range rows {
		if !yield(row.Reading, nil) {
			return false
		}
	}
	return true
}

// merge yields what the file and the server have of a time, each reading once: instant
// after instant, because the two need not agree on the order of what is of one instant.
func (p *past) merge(rows []embedded.Row, from, to, since time.Time, yield func(ucare.Reading, error) bool) bool {
	next, stop := iter.Pull2(p.server.Points(p.ctx, p.dwelling, ucare.Later(from, p.kept), to))
	defer stop()
	var theirs []embedded.Row // what the server has of one instant
	point, err, more := next()
	for more || len(rows) > 0 {
		if err != nil {
			return yield(ucare.Reading{}, &Older{Since: since, Err: err}) && false
		}
		at := point.Reading.At
		if !more || len(rows) > 0 && rows[0].Reading.At.Before(at) {
			at = rows[0].Reading.At
		}
		ours := 0
		for ours < len(rows) && rows[ours].Reading.At.Equal(at) {
			ours++
		}
		for theirs = theirs[:0]; more && err == nil && point.Reading.At.Equal(at); point, err, more = next() {
			theirs = append(theirs, embedded.Row(point))
		}
		for _, row := range union(rows[:ours], theirs) {
			if !yield(row.Reading, nil) {
				return false
			}
		}
		rows = rows[ours:]
	}
	return true
}

// union is what two stores have of one instant, each reading once, in order. Of a reading
// that both have, ours is the one: its sensor may have been moved to another room. Where the
// server has any, its numbers count, as they do when ours are sent.
func union(ours, theirs []embedded.Row) []embedded.Row {
	switch {
	case len(theirs) == 0:
		return ours
	case len(ours) == 0 && len(theirs) == 1:
		return theirs
	}
	var all, there []embedded.Row
	for _, one := range theirs {
		if slices.ContainsFunc(there, func(have embedded.Row) bool { return same(have.Reading, one.Reading) }) {
			continue // once for each room that its sensor was in
		}
		there = append(there, one)
		if !slices.ContainsFunc(ours, func(have embedded.Row) bool { return same(have.Reading, one.Reading) }) {
			all = append(all, one)
		}
	}
	for _, row := range ours {
		row.N = place(row, there)
		all, there = append(all, row), append(there, row)
	}
	slices.SortStableFunc(all, embedded.InOrder)
	return all
}

// same: two readings of one instant are the same reading. The room is not looked at: a
// sensor that was moved says the same.
func same(a, b ucare.Reading) bool {
	return a.Sensor == b.Sensor && a.Kind == b.Kind && a.State == b.State && a.Unit == b.Unit &&
		(a.Value == b.Value || math.IsNaN(a.Value) && math.IsNaN(b.Value)) && a.RateHz == b.RateHz &&
		slices.Equal(a.Samples, b.Samples) && a.UnknownAge == b.UnknownAge && a.Drill == b.Drill
}
