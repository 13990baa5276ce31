package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/ucare-project/ucare"
)

// What is read is asked for in chunks of time, of which each fits into memory.
const (
	firstChunk = 6 * time.Hour
	fewCells   = 20_000  // below: the next chunk is twice as long
	manyCells  = 60_000  // above: half as long
	mostCells  = 200_000 // given up, and asked for in eighths
	// wide is a range of which it is asked first where in it there is something at all.
	wide = 40 * 24 * time.Hour
)

// Between returns the dwelling's readings with from ≤ at < to, ordered by time, sensor,
// kind and number, in UTC. An error ends the sequence, as its last pair.
func (s *Store) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for p, err := range s.Points(ctx, dwelling, from, to) {
			if !yield(p.Reading, err) {
				return
			}
		}
	}
}

// Points is Between with the number of each reading.
func (s *Store) Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[Point, error] {
	return func(yield func(Point, error) bool) {
		r := &reader{Store: s, dwelling: dwelling}
		wanted, err := r.read(ctx, clamp(from), clamp(to), yield)
		if err != nil && wanted {
			yield(Point{}, fmt.Errorf("read the history of %s: %w", dwelling, err))
		}
	}
}

// A reader is one reading of a dwelling's history.
type reader struct {
	*Store
	dwelling string
	unmask   func(string) string
}

func (r *reader) read(ctx context.Context, from, to time.Time, yield func(Point, error) bool) (wanted bool, err error) {
	if r.unmask, err = r.Store.unmask(ctx, r.dwelling); err != nil {
		return true, err
	}
	if to.Sub(from) > wide {
		if from, to, err = r.span(ctx, from, to); err != nil {
			return true, err
		}
	}
	for length := firstChunk; from.Before(to); {
		end := to
		if to.Sub(from) > length {
			end = from.Add(length)
		}
		cells, err := r.chunk(ctx, from, end)
		if errors.Is(err, errTooMany) {
			length = max(1, end.Sub(from)/8)
			continue
		}
		if err != nil {
			return true, err
		}
		for p, err := range r.points(cells) {
			if !yield(p, err) || err != nil {
				return false, nil
			}
		}
		from, length = end, next(length, len(cells))
	}
	return true, nil
}

func next(length time.Duration, cells int) time.Duration {
	switch {
	case cells < fewCells && length < wide:
		return 2 * length
	case cells > manyCells:
		return max(1, length/2)
	default:
		return length
	}
}

// span narrows a range to where the dwelling has something.
func (r *reader) span(ctx context.Context, from, to time.Time) (first, behind time.Time, err error) {
	at := func(which string) (earliest, latest time.Time, err error) {
		question := r.ask(r.c.Bucket, measReading, r.dwelling, from, to).then(which + "()").then(`keep(columns: ["_time"])`)
		err = r.query(ctx, r.c.Bucket, question, func(row row) error {
			if t := row.Time(); earliest.IsZero() || t.Before(earliest) {
				earliest = t
			}
			if t := row.Time(); t.After(latest) {
				latest = t
			}
			return nil
		})
		return earliest, latest, err
	}
	first, _, err = at("first")
	if err != nil || first.IsZero() {
		return to, to, err
	}
	if _, behind, err = at("last"); err != nil {
		return to, to, err
	}
	return first, behind.Add(1), nil
}

// ask begins a question for what a bucket has of a dwelling.
func (s *Store) ask(bucket, measurement, dwelling string, from, to time.Time) *flux {
	return fluxFrom(bucket).between(from, to).where("_measurement", measurement).where(tagDwelling, s.Dwelling(dwelling))
}

// A cell is one field of one point.
type cell struct {
	at    time.Time
	of    *series
	field string
	value any
}

// A series is what the points of one sensor, kind, number and room share.
type series struct {
	sensor string
	kind   ucare.Kind
	n      int
	room   string
	last   time.Time // of its points in this chunk
}

func compareSeries(a, b *series) int {
	return cmp.Or(cmp.Compare(a.sensor, b.sensor), cmp.Compare(a.kind, b.kind), cmp.Compare(a.n, b.n))
}

// errTooMany: a chunk has more than fits.
var errTooMany = errors.New("too many for one chunk")

// chunk reads the cells of a stretch of time, in no order.
func (r *reader) chunk(ctx context.Context, from, to time.Time) (cells []cell, err error) {
	question := r.ask(r.c.Bucket, measReading, r.dwelling, from, to).
		then(`keep(columns: ["_time", "_value", "_field", "kind", "n", "room", "sensor"])`)
	all := map[series]*series{}
	err = r.query(ctx, r.c.Bucket, question, func(row row) error {
		if len(cells) >= mostCells && to.Sub(from) > 8 {
			return errTooMany
		}
		at := row.Time().UTC()
		if !at.Before(to) { // InfluxDB 1.8 takes the end of a range for a part of it
			return nil
		}
		of, err := r.seriesOf(row, all)
		if err != nil {
			return err
		}
		if at.After(of.last) {
			of.last = at
		}
		cells = append(cells, cell{at, of, row.Field(), row.Value()})
		return nil
	})
	return cells, err
}

// seriesOf finds the series of a row among all of a chunk.
func (r *reader) seriesOf(row row, all map[series]*series) (*series, error) {
	text := func(tag string) string { value, _ := row.ValueByKey(tag).(string); return value }
	key := series{sensor: text(tagSensor), kind: ucare.Kind(text(tagKind)), room: text(tagRoom)}
	if n := text(tagN); n != "" {
		var err error
		if key.n, err = strconv.Atoi(n); err != nil {
			return nil, fmt.Errorf("the tag n of a reading is no number: %w", err)
		}
	}
	if of, ok := all[key]; ok {
		return of, nil
	}
	of := &series{sensor: r.unmask(key.sensor), kind: ucare.Kind(unplain(string(key.kind))), n: key.n, room: unplain(key.room)}
	all[key] = of
	return of, nil
}

// points puts cells together, in order. A reading that stands there with two rooms was
// sent again after its sensor had been moved: it is one, and the room is that in which the
// sensor was heard last.
func (r *reader) points(cells []cell) iter.Seq2[Point, error] {
	slices.SortFunc(cells, func(a, b cell) int {
		if c := cmp.Or(a.at.Compare(b.at), compareSeries(a.of, b.of)); c != 0 || a.of == b.of {
			return c
		}
		return cmp.Or(b.of.last.Compare(a.of.last), cmp.Compare(a.of.room, b.of.room))
	})
	return func(yield func(Point, error) bool) {
		for i := 0; i < len(cells); {
			first := cells[i]
			p := Point{ucare.Reading{At: first.at, Dwelling: r.dwelling, Sensor: first.of.sensor, Room: first.of.room, Kind: first.of.kind}, first.of.n}
			var err error
			for ; i < len(cells) && cells[i].at.Equal(first.at) && compareSeries(cells[i].of, first.of) == 0; i++ {
				if cells[i].of == first.of && err == nil {
					err = readField(&p.Reading, cells[i].field, cells[i].value)
				}
			}
			if !yield(p, err) {
				return
			}
		}
	}
}
