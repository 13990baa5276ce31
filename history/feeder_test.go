package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
)

// appender is a store that does what the test says.
type appender func(ctx context.Context, readings []ucare.Reading) error

func (a appender) Append(ctx context.Context, readings []ucare.Reading) error {
	return a(ctx, readings)
}

// hung never answers and does not even listen to its context.
func hung(release <-chan struct{}) appender {
	return func(context.Context, []ucare.Reading) error {
		<-release
		return nil
	}
}

func numbered(from, n int) []ucare.Reading {
	all := make([]ucare.Reading, n)
	for i := range all {
		all[i] = ucare.Reading{Sensor: fmt.Sprint(from + i), Kind: ucare.Motion}
	}
	return all
}

// faults collects what a feeder tells.
type faults struct {
	mu   sync.Mutex
	told []string
}

func (f *faults) hear(fault ucare.Fault, holds bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf("%s %v %s", fault.Code, holds, fault.Detail))
}

func (f *faults) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.told
}

func TestFeederKeepsTheOrderAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []ucare.Reading
		f := NewFeeder(appender(func(_ context.Context, r []ucare.Reading) error {
			if len(r) > 7 {
				t.Errorf("a batch of %d is over the limit of 7", len(r))
			}
			time.Sleep(time.Millisecond)
			got = append(got, r...)
			return nil
		}), FeederOptions{Batch: 7})
		for i := range 100 {
			f.Offer(numbered(i*3, 3))
		}
		if err := f.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.Offer(numbered(300, 1)) // too late, and harmless
		if len(got) != 300 {
			t.Fatalf("the store has %d readings, want 300", len(got))
		}
		for i, r := range got {
			if r.Sensor != fmt.Sprint(i) {
				t.Fatalf("reading %d is %s", i, r.Sensor)
			}
		}
	})
}

func TestFeederTriesAgainWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			told  faults
			tries []time.Duration
			took  int
			start = time.Now()
		)
		f := NewFeeder(appender(func(_ context.Context, r []ucare.Reading) error {
			tries = append(tries, time.Since(start))
			if len(tries) <= 4 {
				return errors.New("no room")
			}
			took += len(r)
			return nil
		}), FeederOptions{Retry: 4 * time.Second, Fault: told.hear})
		f.Offer(numbered(0, 5))
		time.Sleep(time.Minute)
		f.Offer(numbered(5, 5))
		synctest.Wait()
		if got, want := fmt.Sprint(tries), "[0s 1s 3s 7s 11s 1m0s]"; got != want {
			t.Errorf("attempts at %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(told.all()), "[history_failing true no room history_failing false no room]"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
		if err := f.Close(t.Context()); err != nil || took != 10 {
			t.Errorf("the store took %d readings, close: %v; want 10", took, err)
		}
	})
}

func TestHungStoreBlocksNeitherOfferNorClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var told faults
		f := NewFeeder(hung(release), FeederOptions{Queue: 50, Batch: 10, Fault: told.hear})
		start := time.Now()
		for i := range 1000 {
			f.Offer(numbered(i, 1))
			if i == 0 {
				synctest.Wait() // the store has the first one and hangs
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("offering took %v beside a hung store, want no time at all", d)
		}
		if f.Dropped() != 949 || f.Waiting() != 51 {
			t.Errorf("dropped %d, waiting %d; want 949 and 51", f.Dropped(), f.Waiting())
		}
		time.Sleep(time.Minute)
		if got, want := fmt.Sprint(told.all()), "[history_failing true "+errHangs.Error()+"]"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start = time.Now()
		if err := f.Close(ctx); err == nil {
			t.Error("Close says nothing of the readings that were lost")
		}
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("Close took %v, want the 2 s it was given", d)
		}
	})
}

func TestSlowStoreIsAFaultToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told faults
		f := NewFeeder(appender(func(context.Context, []ucare.Reading) error {
			time.Sleep(time.Second)
			return nil
		}), FeederOptions{Queue: 10, Batch: 1, Fault: told.hear})
		f.Offer(numbered(0, 20))
		time.Sleep(time.Minute)
		want := "[history_failing true 10 readings were dropped because the store could not take them in time " +
			"history_failing false 10 readings were dropped because the store could not take them in time]"
		if got := fmt.Sprint(told.all()); got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
		if err := f.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseOfAFailingStoreTriesOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		f := NewFeeder(appender(func(context.Context, []ucare.Reading) error {
			tries++
			return errors.New("no room")
		}), FeederOptions{})
		f.Offer(numbered(0, 3))
		synctest.Wait()
		if err := f.Close(t.Context()); err == nil || tries != 2 {
			t.Errorf("Close = %v after %d attempts; want an error after 2", err, tries)
		}
		if err := f.Close(t.Context()); err == nil {
			t.Error("a second Close forgets that readings were lost")
		}
	})
}
