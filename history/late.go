package history

import (
	"context"
	"time"

	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// lateTogether is how far apart late readings may be to be asked for at once.
const lateTogether = time.Hour

// numbered makes points of rows. The file numbers readings of one instant apart as far as it
// has them. A late one, from before the file is complete, may so bear a number by which the
// server knows another reading, and would take its place: it gets the number that the server
// has for it, or else one that the server has not.
func (s *sender) numbered(ctx context.Context, rows []embedded.Queued) ([]influx.Point, error) {
	points := make([]influx.Point, len(rows))
	for i, q := range rows {
		points[i] = influx.Point(q.Row)
	}
	for i := 0; i < len(points); {
		if !points[i].Reading.At.Before(s.complete) {
			i++
			continue
		}
		end := i + 1
		for end < len(points) && points[end].Reading.At.Before(s.complete) && together(points[end-1], points[end]) {
			end++
		}
		if err := s.beside(ctx, points[i:end]); err != nil {
			return nil, err
		}
		i = end
	}
	return points, nil
}

func together(a, b influx.Point) bool {
	return a.Reading.Dwelling == b.Reading.Dwelling && b.Reading.At.Sub(a.Reading.At) <= lateTogether
}

// beside numbers late points of one dwelling, in the order of time, beside what the server
// has.
func (s *sender) beside(ctx context.Context, points []influx.Point) error {
	there := map[int64][]embedded.Row{} // by instant: on the server, and those of ours that have their number
	for _, p := range points {
		there[p.Reading.At.UnixNano()] = nil
	}
	first, last := points[0].Reading, points[len(points)-1].Reading
	for p, err := range s.archive.Points(ctx, first.Dwelling, first.At, last.At.Add(1)) {
		if err != nil {
			return &serverError{err}
		}
		if at := p.Reading.At.UnixNano(); has(there, at) {
			there[at] = append(there[at], embedded.Row(p))
		}
	}
	for i, p := range points {
		at := p.Reading.At.UnixNano()
		points[i].N = place(embedded.Row(p), there[at])
		there[at] = append(there[at], embedded.Row(points[i]))
	}
	return nil
}

func has(there map[int64][]embedded.Row, at int64) bool {
	_, ok := there[at]
	return ok
}

// place is the number of a row among others of its instant: its own, unless the others have
// it under another one, or have another one under its own.
func place(row embedded.Row, others []embedded.Row) int {
	free, taken := 0, false
	for _, o := range others {
		if o.Reading.Sensor != row.Reading.Sensor || o.Reading.Kind != row.Reading.Kind {
			continue
		}
		if same(o.Reading, row.Reading) {
			return o.N
		}
		free, taken = max(free, o.N+1), taken || o.N == row.N
	}
	if taken {
		return free
	}
	return row.N
}
