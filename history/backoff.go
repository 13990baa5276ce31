package history

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ucare-project/ucare/history/influx"
)

const (
	shortestPause = time.Second
	longestPause  = time.Minute
	// longestWish bounds for how long a server may ask us to stay away.
	longestWish = time.Hour
)

// A backoff says how long to wait after failures in a row: twice as long after each, and not
// as long as others who failed at the same time.
type backoff struct{ next time.Duration }

func (b *backoff) after(err error) time.Duration {
	b.next = min(max(2*b.next, shortestPause), longestPause*2/3)
	pause := b.next + rand.N(b.next/2)
	if later, ok := errors.AsType[*influx.Later](err); ok {
		pause = max(pause, min(later.After, longestWish))
	}
	return pause
}

// rest waits, until it is woken or ctx ends.
func rest(ctx context.Context, pause time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}
