package influx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/write"
)

// A Refused is a point that the server does not take however often it is offered, or that
// was not sent because it would not.
type Refused struct {
	Index  int    // of the point, in what was written
	Reason string // for a person: [Expired], say, or what the server says
}

const (
	// mostPoints and mostBytes bound one request, and so what it takes in memory.
	mostPoints = 5000
	mostBytes  = 8 << 20
)

// Write sends points. Without an error, all of them are stored except for those that are
// refused. With one, nothing is known: offer all again. If the error is a [*Later], the
// server could not take them now.
//
// It takes as long as the server does, a minute for each request at the most, and more
// requests where points are refused: ctx should have no deadline of its own.
func (s *Store) Write(ctx context.Context, points []Point) ([]Refused, error) {
	w := &writing{store: s, bucket: s.c.Bucket}
	batch := make([]sent, 0, min(len(points), mostPoints))
	bytes := 0
	for i, p := range points {
		line, reason := s.encode(p)
		if reason != "" {
			w.refused = append(w.refused, Refused{i, reason})
			continue
		}
		size := 256 + len(p.Reading.Room) + len(p.Reading.Unit) + 60*len(p.Reading.Samples)
		if len(batch) == mostPoints || len(batch) > 0 && bytes+size > mostBytes {
			if err := w.offer(ctx, batch); err != nil {
				return nil, err
			}
			batch, bytes = batch[:0], 0
		}
		batch, bytes = append(batch, sent{i, line}), bytes+size
	}
	if err := w.offer(ctx, batch); err != nil {
		return nil, err
	}
	slices.SortFunc(w.refused, func(a, b Refused) int { return a.Index - b.Index })
	return w.refused, nil
}

// A writing is one call of Write: what is sent, and what comes back refused.
type writing struct {
	store   *Store
	bucket  string
	refused []Refused
}

// A sent is one point on its way.
type sent struct {
	index int
	line  *write.Point
}

// form is which fields a point has. What is wrong with a field is wrong with all points
// that have it.
func (p sent) form() string {
	var form strings.Builder
	for _, field := range p.line.FieldList() {
		form.WriteString(field.Key + " ")
	}
	return form.String()
}

// offer sends points, and finds out which ones the server refuses, by halves. It
// returns an error when the server could not take them now.
func (w *writing) offer(ctx context.Context, points []sent) error {
	if len(points) == 0 {
		return nil
	}
	err := w.post(ctx, points)
	r, refused := errors.AsType[*refusal](err)
	switch {
	case !refused:
		return err
	case !r.all(len(points)):
		return w.divide(ctx, points)
	case r.tooOld():
		w.setAside(points, Expired)
		return nil
	}
	return w.confirm(ctx, points)
}

// divide offers points in two parts: those of one form and the others, or else two halves.
func (w *writing) divide(ctx context.Context, points []sent) error {
	slices.SortStableFunc(points, func(a, b sent) int { return strings.Compare(a.form(), b.form()) })
	cut := slices.IndexFunc(points, func(p sent) bool { return p.form() != points[0].form() })
	if cut < 0 {
		cut = len(points) / 2
	}
	if err := w.offer(ctx, points[:cut]); err != nil {
		return err
	}
	return w.offer(ctx, points[cut:])
}

// confirm refuses points that the server refused, when it takes a point that is known to
// be good and refuses these once more. If it does not take that either, then it is the
// server that is wrong, or something on the way to it, and not the points.
func (w *writing) confirm(ctx context.Context, points []sent) error {
	if err := w.probe(ctx); err != nil {
		return err
	}
	err := w.post(ctx, points)
	r, refused := errors.AsType[*refusal](err)
	switch {
	case !refused:
		return err
	case !r.all(len(points)):
		return w.divide(ctx, points)
	}
	w.setAside(points, r.reason())
	return nil
}

// all is whether the refusal is about each of n points.
func (r *refusal) all(n int) bool { return n == 1 || r.dropped == n }

func (w *writing) setAside(points []sent, reason string) {
	for _, p := range points {
		w.refused = append(w.refused, Refused{p.index, reason})
	}
}

// probe writes a point that nobody can have anything against.
func (w *writing) probe(ctx context.Context) error {
	point := write.NewPointWithMeasurement(measProbe).AddField("ok", true).SetTime(w.store.now().Truncate(time.Minute))
	err := w.post(ctx, []sent{{line: point}})
	r, refused := errors.AsType[*refusal](err)
	if !refused {
		return err
	}
	return &Later{
		Fault: fmt.Sprintf("the InfluxDB at %s refuses readings, and also a point that is known to be good (%s): look into its log, and at what is on the way to it", w.store.c.URL, r.text),
		Err:   r,
	}
}

// post sends points in one request. The error is a *refusal or a *Later, or that of ctx.
func (w *writing) post(ctx context.Context, points []sent) error {
	lines := make([]*write.Point, len(points))
	for i, p := range points {
		lines[i] = p.line
	}
	s := w.store
	if err := s.client.WriteAPIBlocking(s.c.Org, w.bucket).WritePoint(ctx, lines...); err != nil {
		return s.trouble(ctx, w.bucket, err)
	}
	return nil
}
