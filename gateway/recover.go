package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
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
	if checkpoint.Seq == 0 {
		return r, nil
	}
	if checkpoint.Version != stateVersion {
		g.logger.Info("the checkpoint is of another version; the journal is folded from its beginning", "version", checkpoint.Version)
		r.fold.salvage(checkpoint.State)
		return r, nil
	}
	if err := r.fold.load(checkpoint.State); err != nil {
		g.logger.Warn("the checkpoint cannot be read; the journal is folded from its beginning", "error", err)
		r.fold = fresh()
		r.fold.salvage(checkpoint.State)
		return r, nil
	}
	r.position = checkpoint.Seq
	return r, nil
}

// aliveFile holds the instant at which the gateway was last known to hear. The
// journal's last entry is no measure of that: a quiet home says nothing.
const aliveFile = "alive"

// noteAlive writes down that the gateway hears at this moment. It costs nothing
// when that fails: then more silence than was real counts as unheard.
func (g *Gateway) noteAlive(now time.Time) {
	if err := os.WriteFile(g.path(aliveFile), now.UTC().AppendFormat(nil, time.RFC3339Nano), 0o600); err != nil {
		g.logger.Debug("the instant could not be written down", "file", aliveFile, "error", err)
	}
}

// lastAlive is when the gateway last heard: as it wrote down, or its last entry.
func (g *Gateway) lastAlive(lastEntry time.Time) time.Time {
	text, err := os.ReadFile(g.path(aliveFile))
	if err != nil {
		return lastEntry
	}
	alive, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil || alive.Before(lastEntry) {
		return lastEntry
	}
	return alive
}

// startEntry says how long nothing could be heard.
func startEntry(lastAt, now time.Time) journal.Entry {
	if lastAt.IsZero() {
		lastAt = now
	}
	return gapEntry(journal.Start, lastAt, now, now)
}

func gapEntry(kind journal.EntryKind, from, to, now time.Time) journal.Entry {
	payload, _ := json.Marshal(gap{From: from.Round(0), To: to.Round(0)}) // instants of this century always marshal
	return journal.Entry{At: now.Round(0), Kind: kind, Source: "gateway", Payload: payload}
}
