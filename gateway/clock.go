package gateway

import (
	"sync"
	"time"
)

// jumpTolerance is how far wall and monotonic time may drift apart before it
// counts as a set clock: a time daemon that slews stays far below it.
const jumpTolerance = 60 * time.Second

// A wallClock notices when somebody set the clock: it compares how far the
// wall clock and the monotonic clock went since it last looked.
type wallClock struct {
	mu   sync.Mutex
	last time.Time // with its monotonic part
}

// jumped returns by how much the wall clock was set since the last call, or
// zero. now must carry a monotonic part, as time.Now returns it.
func (c *wallClock) jumped(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last
	c.last = now
	if last.IsZero() {
		return 0
	}
	return setBy(now.Round(0).Sub(last.Round(0)), now.Sub(last))
}

// setBy tells by how much a clock was set from how far it went and how much
// time really passed.
func setBy(wall, real time.Duration) time.Duration {
	if by := wall - real; by.Abs() > jumpTolerance {
		return by
	}
	return 0
}
