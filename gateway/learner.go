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

// learnPatience bounds how long one resident's usual days are asked for: a server may
// take long, and the others are to be learned from as well.
const learnPatience = 10 * time.Minute

// learnNightly learns the residents' profiles each night and trims the history to its
// age. After a start it learns as soon as the history is as far as the journal: what it
// has then may be more than it had last night.
func (g *Gateway) learnNightly(ctx context.Context) error {
	caught := g.chronicle.caught
	nightly := time.NewTimer(untilClock(time.Now(), learnAt, g.location))
	defer nightly.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-caught:
			caught = nil
			g.learn(ctx, time.Now())
		case now := <-nightly.C:
			g.learn(ctx, now)
			if !g.clock.doubtful(now) {
				g.trimHistory(ctx, now)
			}
			nightly.Reset(untilClock(time.Now(), learnAt, g.location))
		}
	}
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
	ctx, cancel := context.WithTimeout(ctx, learnPatience)
	defer cancel()
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

// trimHistory forgets what is older than the configuration keeps.
func (g *Gateway) trimHistory(ctx context.Context, now time.Time) {
	readings, err := g.history.Trim(ctx, now)
	if err != nil && ctx.Err() == nil {
		g.logger.Error("the history was not trimmed", "error", err)
		return
	}
	g.logger.Info("the history was trimmed", "readings", readings)
}
