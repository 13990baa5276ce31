package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// firstPause is how long the feeder waits after the first failure; the pause
// doubles with each further one.
const firstPause = time.Second

var errHangs = errors.New("the store does not answer")

// run appends batch after batch until the feeder is closed and the queue is
// empty, or the store fails once more after that.
func (f *Feeder) run(ctx context.Context) {
	defer close(f.done)
	var health health
	pause := firstPause
	for f.wait(ctx) {
		err := f.append(ctx, f.load(), &health)
		if err == nil {
			f.unload()
			pause = firstPause
			health.tell(f, f.overrun(&health))
			continue
		}
		health.tell(f, err)
		if !f.rest(ctx, pause) {
			return
		}
		pause = min(2*pause, f.o.Retry)
	}
}

// wait returns true when there is something to append, false at the end.
func (f *Feeder) wait(ctx context.Context) bool {
	for {
		// Read before Waiting: nothing is offered once closing is closed.
		last := f.isClosing()
		if f.Waiting() > 0 {
			return ctx.Err() == nil
		}
		if last {
			return false
		}
		select {
		case <-f.offered:
		case <-f.closing:
		case <-ctx.Done():
			return false
		}
	}
}

// rest pauses after a failure. It returns false when there is no further
// attempt to wait for.
func (f *Feeder) rest(ctx context.Context, pause time.Duration) bool {
	if f.isClosing() {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.closing: // one last attempt
	case <-ctx.Done():
		return false
	}
	return true
}

func (f *Feeder) isClosing() bool {
	select {
	case <-f.closing:
		return true
	default:
		return false
	}
}

// load takes the next batch out of the queue, where it could be dropped. After
// a failure it is the same batch again.
func (f *Feeder) load() []ucare.Reading {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.flight) == 0 {
		n := min(len(f.waiting), f.o.Batch)
		f.flight, f.waiting = f.waiting[:n:n], f.waiting[n:]
	}
	return f.flight
}

func (f *Feeder) unload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flight = nil
}

// append gives the store one batch. A store that does not even answer when its
// time is over is a fault, and is waited for: one stuck call is enough.
func (f *Feeder) append(ctx context.Context, batch []ucare.Reading, h *health) error {
	attempt, cancel := context.WithTimeout(ctx, f.o.Patience)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- f.store.Append(attempt, batch) }()

	hangs := time.NewTimer(f.o.Patience + time.Second)
	defer hangs.Stop()
	for {
		select {
		case err := <-result:
			return err
		case <-hangs.C:
			h.tell(f, errHangs)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// health tells about the failing of the store once when it begins and once
// when it ends.
type health struct {
	fault   ucare.Fault
	failing bool
	dropped int64 // of which was already told
}

func (h *health) tell(f *Feeder, err error) {
	switch {
	case err != nil && !h.failing:
		h.failing = true
		h.fault = ucare.Fault{Code: ucare.FaultHistory, Since: time.Now(), Detail: err.Error()}
		f.o.Logger.Warn("the history takes no readings; alarms are not affected", "error", err, "waiting", f.Waiting())
		f.o.Fault(h.fault, true)
	case err == nil && h.failing:
		h.failing = false
		f.o.Logger.Info("the history takes readings again", "dropped", f.Dropped())
		f.o.Fault(h.fault, false)
	}
}

// overrun is the error of a store that works, but not fast enough.
func (f *Feeder) overrun(h *health) error {
	dropped := f.Dropped()
	if dropped == h.dropped {
		return nil
	}
	lost := dropped - h.dropped
	h.dropped = dropped
	return fmt.Errorf("%d readings were dropped because the store could not take them in time", lost)
}
