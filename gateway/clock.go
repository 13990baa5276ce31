package gateway

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
)

// jumpTolerance is how far wall and monotonic time may drift apart before it
// counts as a set clock: a time daemon that slews stays far below it.
const jumpTolerance = 60 * time.Second

const (
	// leap is how far the clock has to go at once for nobody to know whether it went right.
	leap = 24 * time.Hour
	// doubtFor is for how long nothing is forgotten for its age after that. What a wrong
	// clock lets forget does not come back when somebody puts it right.
	doubtFor = 7 * 24 * time.Hour
)

// A clockWatch notices when somebody set the clock: it compares how far the
// wall clock and the monotonic clock went since it last looked. Whoever is about
// to put an instant into the journal has it look before.
type clockWatch struct {
	entrance *entrance
	faults   *Faults

	mu    sync.Mutex
	last  time.Time // with its monotonic part
	leapt time.Time // when it last went by more than leap; with its monotonic part
}

// began takes it that the program was last alive at an instant: a clock that is far from
// there may be wrong, and whoever was away for long loses nothing by waiting.
func (c *clockWatch) began(now, alive time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !alive.IsZero() {
		c.setAt(now, now.Round(0).Sub(alive))
	}
}

// doubtful reports whether the clock leapt so lately that nothing should be forgotten
// for its age.
func (c *clockWatch) doubtful(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.leapt.IsZero() && now.Sub(c.leapt) < doubtFor
}

// check enters a set clock into the journal, or hands it on from memory. now
// must carry a monotonic part, as time.Now returns it.
func (c *clockWatch) check(ctx context.Context, now time.Time) {
	by := c.jumped(now)
	if by == 0 {
		return
	}
	c.faults.Set(ucare.Fault{Code: ucare.FaultClockJump, Since: now, Detail: by.String()}, true)
	_ = c.entrance.enter(ctx, clockSetEntry(now, by)) // when the disk refuses, the watch has it from memory
}

func (c *clockWatch) jumped(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last
	c.last = now
	if last.IsZero() {
		return 0
	}
	by := setBy(now.Round(0).Sub(last.Round(0)), now.Sub(last))
	c.setAt(now, by)
	return by
}

// setAt notes by how much the clock was set. The caller holds mu.
func (c *clockWatch) setAt(now time.Time, by time.Duration) {
	if by.Abs() > leap {
		c.leapt = now
	}
}

// setBy tells by how much a clock was set from how far it went and how much
// time really passed.
func setBy(wall, real time.Duration) time.Duration {
	if by := wall - real; by.Abs() > jumpTolerance {
		return by
	}
	return 0
}

func clockSetEntry(now time.Time, by time.Duration) journal.Entry {
	payload, _ := json.Marshal(clockSet{By: by}) // an integer always marshals
	return journal.Entry{At: now.Round(0), Kind: journal.ClockSet, Source: "gateway", Payload: payload}
}
