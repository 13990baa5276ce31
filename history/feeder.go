package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

// An Appender is what a Feeder fills: a [Store], or a database elsewhere.
type Appender interface {
	// Append writes readings; writing one again must be harmless.
	Append(ctx context.Context, readings []ucare.Reading) error
}

// FeederOptions say how a Feeder works. The zero value of each number means
// the default beside it.
type FeederOptions struct {
	Queue    int           // how many readings may wait; 20,000
	Batch    int           // how many are appended at once; 500
	Patience time.Duration // how long one append may take before it is a fault; 10 s
	Retry    time.Duration // the longest pause between attempts; 30 s
	// Fault hears when the history begins to fail (holds) and when it works
	// again. It is called from the feeder's goroutine, never from Offer's.
	Fault  func(f ucare.Fault, holds bool)
	Logger *slog.Logger
}

func (o FeederOptions) withDefaults() FeederOptions {
	orElse(&o.Queue, 20_000)
	orElse(&o.Batch, 500)
	orElse(&o.Patience, 10*time.Second)
	orElse(&o.Retry, 30*time.Second)
	if o.Fault == nil {
		o.Fault = func(ucare.Fault, bool) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orElse[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// A Feeder copies readings to a store from a goroutine of its own. Whoever
// offers readings never waits: when the store cannot keep up and the queue is
// full, the oldest readings are dropped, counted and reported as a fault.
//
// The queue is in memory, so what waits in it is lost when the process is
// killed. Feeding from the journal's position instead, which loses nothing, is
// meant to replace it behind the same Offer.
type Feeder struct {
	store   Appender
	o       FeederOptions
	offered chan struct{} // cap 1: something waits
	closing chan struct{} // closed by Close
	stop    context.CancelFunc
	done    chan struct{} // closed when run has ended

	mu      sync.Mutex
	waiting []ucare.Reading
	flight  []ucare.Reading // taken from waiting, not yet in the store
	dropped int64
	closed  bool
}

// NewFeeder starts feeding the store. Close it before the store.
func NewFeeder(store Appender, o FeederOptions) *Feeder {
	ctx, stop := context.WithCancel(context.Background())
	f := &Feeder{
		store: store, o: o.withDefaults(), stop: stop,
		offered: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go f.run(ctx)
	return f
}

// Offer hands readings over and returns at once, whatever the store does.
// After Close it takes none.
func (f *Feeder) Offer(readings []ucare.Reading) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.waiting = append(f.waiting, readings...)
	if over := len(f.waiting) - f.o.Queue; over > 0 {
		f.waiting = f.waiting[over:]
		f.dropped += int64(over)
	}
	select {
	case f.offered <- struct{}{}:
	default:
	}
}

// Dropped returns how many readings were given up because the queue was full.
func (f *Feeder) Dropped() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dropped
}

// Waiting returns how many readings the store does not have yet.
func (f *Feeder) Waiting() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting) + len(f.flight)
}

// Close takes no more readings and lets the store have those that wait. It
// returns when the store has them, when it fails, or when ctx ends, even if the
// store hangs; the error says how many readings were lost.
func (f *Feeder) Close(ctx context.Context) error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.closing)
	}
	f.mu.Unlock()
	reason := errors.New("it was failing when it was closed")
	select {
	case <-f.done:
	case <-ctx.Done():
		reason = context.Cause(ctx)
	}
	f.stop()
	if lost := f.Waiting(); lost > 0 {
		return fmt.Errorf("the history did not take its last %d readings: %w", lost, reason)
	}
	return nil
}
