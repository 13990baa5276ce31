package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
)

const (
	// learnAt is when, by the clock on the resident's wall, the profile is learned and what
	// is old is forgotten.
	learnAt = 3*time.Hour + 30*time.Minute
	// ballastEvery is how often a ballast that was given up is tried again.
	ballastEvery = 10 * time.Minute
	// aliveEvery bounds how much real silence a power cut turns into unheard time.
	aliveEvery = time.Minute
)

// keep does what can wait, apart from the alarm path: it trims the journal to its age,
// restores the ballast, and notes that we are alive. It asks nothing of the history,
// which may hang.
func (g *Gateway) keep(ctx context.Context) error {
	nightly := time.NewTimer(untilClock(time.Now(), learnAt, g.location))
	defer nightly.Stop()
	ballast := time.NewTicker(ballastEvery)
	defer ballast.Stop()
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			g.noteAlive(time.Now())
			return ctx.Err()
		case now := <-alive.C:
			g.noteAlive(now)
		case now := <-ballast.C:
			if g.restoreBallast(); !g.journal.BallastPresent() {
				g.trimJournal(ctx, now) // a full disk does not wait for the night
			}
		case now := <-nightly.C:
			if !g.clock.doubtful(now) {
				g.trimJournal(ctx, now)
			}
			nightly.Reset(untilClock(time.Now(), learnAt, g.location))
		}
	}
}

// untilClock is how long it is until the wall clock next shows at.
func untilClock(now time.Time, at time.Duration, location *time.Location) time.Duration {
	local := now.In(location)
	hour, minute := int(at.Hours()), int(at.Minutes())%60
	next := time.Date(local.Year(), local.Month(), local.Day(), hour, minute, 0, 0, location)
	if !next.After(now) {
		next = time.Date(local.Year(), local.Month(), local.Day()+1, hour, minute, 0, 0, location)
	}
	return next.Sub(now)
}

// trimJournal forgets the entries that are older than the configuration keeps. What the
// history has not read is kept for as long again, if the disk has room.
func (g *Gateway) trimJournal(ctx context.Context, now time.Time) {
	trimmed, err := g.journal.Trim(ctx, journal.Trimming{
		Before: now.Add(-g.keepJournal), Read: g.chronicle.safe.Load(), UnreadBefore: now.Add(-2 * g.keepJournal),
	})
	if err != nil {
		g.logger.Error("the journal was not trimmed", "error", err)
	}
	g.logger.Info("the journal was trimmed", "entries", trimmed.Entries)
	if trimmed.Unread > 0 {
		g.unread += trimmed.Unread
		g.faults.Set(ucare.Fault{Code: ucare.FaultHistoryGap, Subject: journalFile, Detail: fmt.Sprintf(
			"%d messages were removed from the journal before the history had read them", g.unread)}, true)
	}
}

// restoreBallast tells of a full disk as long as the ballast is given up.
func (g *Gateway) restoreBallast() {
	var err error
	if !g.journal.BallastPresent() {
		err = g.journal.RestoreBallast()
	}
	g.faults.Set(ucare.Fault{Code: ucare.FaultDisk, Subject: g.dataDir, Detail: errorText(err)}, !g.journal.BallastPresent())
}
