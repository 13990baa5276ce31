package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/journal"
)

// recovered is where the watch goes on after a start.
type recovered struct {
	fold     *fold
	position int64 // fold from after this entry
	decided  int64 // entries up to this one were decided before
}

// recoverFold loads the last checkpoint. One that cannot be read costs time,
// not alarms: the journal is folded from its beginning.
func (g *Gateway) recoverFold(ctx context.Context, fresh func() *fold) (recovered, error) {
	decided, err := g.journal.Position(ctx)
	if err != nil {
		return recovered{}, fmt.Errorf("read the journal's position: %w", err)
	}
	checkpoint, err := g.journal.LoadCheckpoint(ctx)
	if err != nil {
		return recovered{}, fmt.Errorf("read the journal's checkpoint: %w", err)
	}
	r := recovered{fold: fresh(), decided: max(decided, checkpoint.Seq)}
	if checkpoint.Seq == 0 || checkpoint.Version != stateVersion {
		return r, nil
	}
	if err := r.fold.load(checkpoint.State); err != nil {
		g.logger.Warn("the checkpoint cannot be read; the journal is folded from its beginning", "error", err)
		r.fold = fresh()
		return r, nil
	}
	r.position = checkpoint.Seq
	return r, nil
}

// startEntry says how long nothing could be heard.
func startEntry(lastAt, now time.Time) journal.Entry {
	if lastAt.IsZero() {
		lastAt = now
	}
	payload, _ := json.Marshal(gap{From: lastAt, To: now.Round(0)}) // instants of this century always marshal
	return journal.Entry{At: now.Round(0), Kind: journal.Start, Source: "gateway", Payload: payload}
}
