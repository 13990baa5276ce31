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

// readDay reads what is remembered of a dwelling's day until ctx ends. A read
// that does not even listen to its context goes on alone; its place is taken
// until it comes back.
func (s *site) readDay(ctx context.Context, sc scope, d *day) (pastDay, error) {
	select {
	case s.reads <- struct{}{}:
	case <-ctx.Done():
		return pastDay{}, errBusy
	}
	type answer struct {
		past pastDay
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { <-s.reads }()
		var a answer
		a.past, a.err = s.fold(ctx, sc, d)
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.past, a.err
	case <-ctx.Done():
		return pastDay{}, ctx.Err()
	}
}

func (s *site) fold(ctx context.Context, sc scope, d *day) (past pastDay, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("the history panicked: %v", trouble)
		}
	}()
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
