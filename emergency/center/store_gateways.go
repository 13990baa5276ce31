package center

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// A silence is a time in which a gateway was not heard.
type silence struct {
	Gateway    string
	LastHeard  time.Time // zero: never
	RaisedAt   time.Time
	RestoredAt time.Time // zero: not yet
}

// silent records that a gateway is not heard any more, together with its state,
// so that a restart does not raise the same silence again. It and heardAgain
// may come in any order.
func (s store) silent(ctx context.Context, g gatewayState) error {
	return s.file.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT OR IGNORE INTO silences (gateway, last_heard, raised_at, restored_at) VALUES (?, ?, ?, 0)`,
			g.ID, millis(g.HeardAt), g.SilentSince.UnixMilli())
		if err != nil {
			return err
		}
		return saveGateway(tx, g.ID, g.watched)
	})
}

// heardAgain records that a silence has ended; was is the state before.
func (s store) heardAgain(ctx context.Context, g gatewayState, was watched) error {
	return s.file.Write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`INSERT INTO silences (gateway, last_heard, raised_at, restored_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (gateway, raised_at) DO UPDATE SET restored_at = excluded.restored_at`,
			g.ID, millis(was.HeardAt), was.SilentSince.UnixMilli(), g.HeardAt.UnixMilli())
		if err != nil {
			return err
		}
		return saveGateway(tx, g.ID, g.watched)
	})
}

// silences returns the newest ones, at most max.
func (s store) silences(ctx context.Context, max int) (all []silence, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var g silence
			var heard, raised, restored int64
			if err := rows.Scan(&g.Gateway, &heard, &raised, &restored); err != nil {
				return err
			}
			g.LastHeard, g.RaisedAt, g.RestoredAt = instant(heard), instant(raised), instant(restored)
			all = append(all, g)
			return nil
		}, `SELECT gateway, last_heard, raised_at, restored_at FROM silences ORDER BY seq DESC LIMIT ?`, max)
	})
	return all, err
}

func (s store) saveGateways(ctx context.Context, states map[string]watched) error {
	if len(states) == 0 {
		return nil
	}
	err := s.file.Write(ctx, func(tx *sqlite.Tx) error {
		for id, g := range states {
			if err := saveGateway(tx, id, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the state of %d gateways: %w", len(states), err)
	}
	return nil
}

func saveGateway(tx *sqlite.Tx, id string, g watched) error {
	state, err := json.Marshal(g)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO gateways (gateway, state) VALUES (?, ?) ON CONFLICT (gateway) DO UPDATE SET state = excluded.state`, id, state)
	return err
}

func (s store) loadGateways(ctx context.Context) (states map[string]watched, err error) {
	states = make(map[string]watched)
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var id string
			var state []byte
			if err := rows.Scan(&id, &state); err != nil {
				return err
			}
			var g watched
			if err := json.Unmarshal(state, &g); err != nil {
				return fmt.Errorf("state of gateway %s: %w", id, err)
			}
			states[id] = g
			return nil
		}, `SELECT gateway, state FROM gateways`)
	})
	return states, err
}
