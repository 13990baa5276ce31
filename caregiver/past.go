package caregiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	// patience is how long a page waits for all that it wants of the past.
	patience = 1500 * time.Millisecond
	// maxReads bounds how many reads of the past are under way, those included
	// that hang although nobody waits for them any more.
	maxReads = 8
)

var errBusy = errors.New("too many earlier reads have not come back")

// A pastDay is what is remembered of a day.
type pastDay struct {
	day      *day
	alarms   []ucare.Alarm
	concerns []ToldConcern
}

// readDay reads what is remembered of a dwelling's day until ctx ends.
func (s *site) readDay(ctx context.Context, sc scope, d *day) (pastDay, error) {
	return read(ctx, s.reads, func() (pastDay, error) { return s.fold(ctx, sc, d) })
}

// read waits for a read of the past until ctx ends. A read that does not even listen to
// its context goes on alone; its place among those that are under way is taken until it
// comes back.
func read[T any](ctx context.Context, underWay chan struct{}, from func() (T, error)) (T, error) {
	var nothing T
	select {
	case underWay <- struct{}{}:
	case <-ctx.Done():
		return nothing, errBusy
	}
	type answer struct {
		past T
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-underWay }()
		var a answer
		a.past, a.err = unpanicked(from)
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.past, a.err
	case <-ctx.Done():
		return nothing, ctx.Err()
	}
}

func unpanicked[T any](from func() (T, error)) (past T, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("the history panicked: %v", trouble)
		}
	}()
	return from()
}

func (s *site) fold(ctx context.Context, sc scope, d *day) (pastDay, error) {
	// A bed that was entered yesterday is still occupied at midnight, so the
	// day before is heard too; what it left standing is carried over.
	for r, err := range s.Past.Readings(ctx, sc.dwelling.ID, d.from.Add(-lookBack), d.to) {
		if err != nil {
			return pastDay{}, err
		}
		if ctx.Err() != nil {
			return pastDay{}, ctx.Err()
		}
		d.hear(r)
	}
	d.finish()
	alarms, err := s.Past.Alarms(ctx, sc.dwelling.ID, d.from, d.to)
	if err != nil {
		return pastDay{}, err
	}
	concerns, err := s.Past.Concerns(ctx, sc.dwelling.ID, d.from, d.to)
	return pastDay{d, alarms, concerns}, err
}
