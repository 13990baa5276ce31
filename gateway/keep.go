package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
)

const (
	// learnAt is when, by the clock on the resident's wall, the profile is learned.
	learnAt = 3*time.Hour + 30*time.Minute
	// ballastEvery is how often a ballast that was given up is tried again.
	ballastEvery = 10 * time.Minute
	// aliveEvery bounds how much real silence a power cut turns into unheard time.
	aliveEvery = time.Minute
)

// keep does what can wait, apart from the alarm path: it learns the residents'
// profiles each night, trims the stores to their age, and restores the ballast.
func (g *Gateway) keep(ctx context.Context) error {
	g.learn(ctx, time.Now())
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
		case <-ballast.C:
			g.restoreBallast()
		case now := <-nightly.C:
			g.learn(ctx, now)
			g.trim(ctx, now)
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

// learn puts each dwelling's usual silences into the journal, from where they
// reach the rules like everything else. When the history cannot be read, the
// last profile stays in force.
func (g *Gateway) learn(ctx context.Context, now time.Time) {
	for _, d := range g.dwellings {
		if err := g.learnDwelling(ctx, d.ID, now); err != nil && ctx.Err() == nil {
			g.faults.Set(ucare.Fault{Code: ucare.FaultHistory, Dwelling: d.ID, Subject: "profile", Detail: err.Error()}, true)
			continue
		}
		g.faults.Set(ucare.Fault{Code: ucare.FaultHistory, Dwelling: d.ID, Subject: "profile"}, false)
	}
}

func (g *Gateway) learnDwelling(ctx context.Context, dwelling string, now time.Time) error {
	learned, err := g.policies.of(dwelling).LearnProfile(g.history.Between(ctx, dwelling, now.AddDate(0, 0, -rules.LearnFrom), now), now)
	if err != nil {
		return fmt.Errorf("learn the usual days of %s: %w", dwelling, err)
	}
	if learned.Days == 0 {
		return nil
	}
	payload, err := json.Marshal(profile{dwelling, learned})
	if err != nil {
		return err
	}
	_, err = g.journal.Append(ctx, journal.Entry{At: now.Round(0), Kind: journal.Profile, Source: "gateway", Payload: payload})
	return err
}

// trim forgets what is older than the configuration keeps.
func (g *Gateway) trim(ctx context.Context, now time.Time) {
	entries, err := g.journal.Trim(ctx, journal.Trimming{Before: now.Add(-g.keepJournal), UnreadBefore: now})
	if err != nil {
		g.logger.Error("the journal was not trimmed", "error", err)
	}
	readings, err := g.history.Trim(ctx, now.Add(-g.keepHistory))
	if err != nil {
		g.logger.Error("the history was not trimmed", "error", err)
	}
	g.logger.Info("trimmed", "journal_entries", entries.Entries, "history_readings", readings)
}

// restoreBallast tells of a full disk as long as the ballast is given up.
func (g *Gateway) restoreBallast() {
	var err error
	if !g.journal.BallastPresent() {
		err = g.journal.RestoreBallast()
	}
	g.faults.Set(ucare.Fault{Code: ucare.FaultDisk, Subject: g.dataDir, Detail: errorText(err)}, !g.journal.BallastPresent())
}
