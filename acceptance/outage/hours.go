package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/load"
)

// A plan says how an hour is published.
type plan struct {
	Length     time.Duration // that it takes
	PerHour    int           // readings
	AlarmEvery time.Duration
	Rounds     int
	Modes      []mode // nil: all of them
}

func (p plan) factor() float64 { return float64(time.Hour) / float64(p.Length) }

// A spell is what came of one mode.
type spell struct {
	mode
	took       []time.Duration // alarms while it lasted
	afterwards []time.Duration // alarms while what had piled up was sent
	during     int             // readings of its last hour that the server held when it ended, -1: it could not be asked
	settled    time.Duration   // from its end until the server held everything
	difference difference      // of its hours
}

// A result is what came of all modes.
type result struct {
	spells []*spell
	whole  difference // of everything that was published, the alarms too
}

// settlePatience is how long the server may take to hold everything, once it is well: the
// gateway may have to wait for an answer that does not come, and then for its next attempt.
const settlePatience = 4 * time.Minute

// outages lets each mode last for the length of an hour, in turns.
func (h *home) outages(ctx context.Context, p plan, progress io.Writer) (*result, error) {
	if p.Modes == nil {
		p.Modes = modes
	}
	began := time.Now()
	out := new(result)
	for _, m := range p.Modes {
		out.spells = append(out.spells, &spell{mode: m})
	}
	hour := began.UTC().Truncate(time.Hour).Add(-time.Duration(1+p.Rounds*len(p.Modes)) * time.Hour)
	first := hour
	for round := range p.Rounds {
		for _, s := range out.spells {
			fmt.Fprintf(progress, "\rround %d of %d: %-40s", round+1, p.Rounds, s.name)
			if err := h.spell(ctx, s, p, hour); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			hour = hour.Add(time.Hour)
		}
	}
	fmt.Fprintf(progress, "\r%60s\r", "")
	var err error
	out.whole, _, err = h.settle(ctx, first, time.Now().Add(time.Hour))
	return out, err
}

// spell is one mode for one hour, and then the time until everything is stored.
func (h *home) spell(ctx context.Context, s *spell, p plan, hour time.Time) error {
	if err := s.begin(h); err != nil {
		return err
	}
	readings := load.Home{Dwelling: acceptance.Dwelling, Seed: 1, PerHour: p.PerHour}.Readings(hour, hour.Add(time.Hour))
	took, err := h.meanwhile(ctx, p.AlarmEvery, func(ctx context.Context) error {
		return h.publish(ctx, readings, float64(p.PerHour)/p.Length.Seconds())
	})
	s.took = append(s.took, took...)
	if err != nil {
		return errors.Join(err, s.end(ctx, h))
	}
	s.during = -1
	if s.answers {
		held, err := h.stored(ctx, hour, hour.Add(time.Hour))
		if err != nil {
			return errors.Join(err, s.end(ctx, h))
		}
		s.during = len(held)
	}
	if err := s.end(ctx, h); err != nil {
		return err
	}
	var d difference
	took, err = h.meanwhile(ctx, p.AlarmEvery, func(ctx context.Context) (err error) {
		var settled time.Duration
		d, settled, err = h.settle(ctx, hour, hour.Add(time.Hour))
		s.settled = max(s.settled, settled)
		return err
	})
	s.afterwards = append(s.afterwards, took...)
	s.difference = s.difference.and(d)
	return err
}

// meanwhile lets rooms burn while something is done.
func (h *home) meanwhile(ctx context.Context, every time.Duration, do func(context.Context) error) ([]time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		defer stop() // with it the alarms
		done <- do(ctx)
	}()
	took, err := h.burns(ctx, every)
	stop() // where an alarm did not come
	return took, errors.Join(err, <-done)
}

// settle waits until the server holds what was published of a time, or for as long as it
// has patience, and returns what is different then and how long that took.
func (h *home) settle(ctx context.Context, from, to time.Time) (d difference, took time.Duration, err error) {
	began := time.Now()
	for {
		stored, err := h.stored(ctx, from, to)
		if err != nil {
			return d, 0, err
		}
		d = compare(h.publishedIn(from, to), stored)
		took = time.Since(began)
		if d.same() || took > h.patience {
			return d, took, nil
		}
		select {
		case <-ctx.Done():
			return d, took, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// publishedIn is what was published of a time.
func (h *home) publishedIn(from, to time.Time) (readings []ucare.Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.published {
		if !r.At.Before(from) && r.At.Before(to) {
			readings = append(readings, r)
		}
	}
	return readings
}

// verdict is an error when the server does not hold exactly what was published.
func (r *result) verdict() error { return r.whole.verdict() }

// print prints the table: each mode beside the good one of the same run.
func (r *result) print(out io.Writer, p plan) {
	fmt.Fprintf(out, "An hour of %d readings in %v: %.0f times as fast as it was lived. Smoke every %v, from its publishing to the first byte at the centre:\n\n",
		p.PerHour, p.Length, p.factor(), p.AlarmEvery)
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "InfluxDB\talarms\tp50 ms\tp99 ms\tp50 / well\tp99 / well\tafterwards p50 / well\treadings\tmissing\tdouble\tsame hash\tsettled after\t")
	well := r.spells[0].took
	for _, s := range r.spells {
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%d\t%d\t%t\t%v\t\n", s.name, len(s.took),
			acceptance.Milliseconds(s.took, .5), acceptance.Milliseconds(s.took, .99), acceptance.Ratio(s.took, well, .5), acceptance.Ratio(s.took, well, .99),
			acceptance.Ratio(s.afterwards, well, .5), s.difference.published, len(s.difference.missing), len(s.difference.double),
			s.difference.hashes[0] == s.difference.hashes[1], s.settled.Round(100*time.Millisecond))
	}
	_ = table.Flush()
	fmt.Fprintf(out, "\nAltogether, with the alarms: %s\n", r.whole)
}
