package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// Folded is what came of the entries up to a place in the log.
type Folded struct {
	Seq       int64
	Decisions []ucare.Decision
	// Alarms are stored as they are now; what a centre has answered stays.
	Alarms []ucare.Alarm
	// Deliveries are put in the outbox, those that are there already not again.
	Deliveries []Delivery
}

// Decide stores all of it, and that the log is decided up to f.Seq, in one
// transaction. To repeat it changes nothing. The position only grows: with an
// older f.Seq the rest is stored and the position stays.
func (j *Journal) Decide(ctx context.Context, f Folded) error {
	err := j.write(ctx, func(tx *sqlite.Tx) error {
		for _, d := range f.Decisions {
			if err := storeDecision(tx, f.Seq, d); err != nil {
				return err
			}
		}
		for _, a := range f.Alarms {
			if err := storeAlarm(tx, a); err != nil {
				return err
			}
		}
		for _, d := range f.Deliveries {
			if err := queue(tx, d); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO positions (reader, seq) VALUES (?, ?)
			ON CONFLICT (reader) DO UPDATE SET seq = max(seq, excluded.seq)`, watch, f.Seq)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal: decide up to %d: %w", f.Seq, err)
	}
	return nil
}

// Position is the place up to which the log is decided, 0 at first.
func (j *Journal) Position(ctx context.Context) (int64, error) {
	var seq int64
	err := j.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		seq, err = position(tx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("journal: read the position: %w", err)
	}
	return seq, nil
}

func position(tx *sqlite.Tx) (seq int64, err error) {
	err = tx.QueryRow(`SELECT seq FROM positions WHERE reader = ?`, watch).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

func storeDecision(tx *sqlite.Tx, seq int64, d ucare.Decision) error {
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("decision about alarm %q: %w", d.Alarm, err)
	}
	// The whole decision is its key: folding is pure, so the same one again is a repetition.
	_, err = tx.Exec(`INSERT INTO decisions (at, body, seq, dwelling, alarm) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		nanos(d.At), string(body), seq, d.Dwelling, d.Alarm)
	return err
}

// Decisions returns what was decided from one instant up to and without
// another, oldest first; for all dwellings if dwelling is empty.
func (j *Journal) Decisions(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Decision, error) {
	return decisionsBetween(ctx, j.file, dwelling, from, to)
}

// decisionsBetween reads what [Journal.Decisions] returns.
func decisionsBetween(ctx context.Context, file *sqlite.File, dwelling string, from, to time.Time) ([]ucare.Decision, error) {
	var decisions []ucare.Decision
	err := file.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT body FROM decisions WHERE at >= ? AND at < ? AND (? = '' OR dwelling = ?) ORDER BY at, seq`,
			nanos(from), nanos(to), dwelling, dwelling)
		if err != nil {
			return err
		}
		for rows.Next() {
			var body []byte
			if err := rows.Scan(&body); err != nil {
				return err
			}
			var d ucare.Decision
			if err := json.Unmarshal(body, &d); err != nil {
				return fmt.Errorf("decision %q: %w", body, err)
			}
			decisions = append(decisions, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("journal: read decisions: %w", err)
	}
	return decisions, nil
}

// A Checkpoint is the state of the fold at a place in the log: a start folds
// only what follows it.
type Checkpoint struct {
	Seq     int64
	Version string // of the form of State; another program may not be able to read it
	State   []byte
}

// SaveCheckpoint replaces the checkpoint. One beyond the position is refused:
// a start from it would pass over entries of which nobody was told.
func (j *Journal) SaveCheckpoint(ctx context.Context, c Checkpoint) error {
	state := c.State
	if state == nil {
		state = []byte{}
	}
	// No ballast is given up for it: without a checkpoint a start takes longer, no more.
	err := j.file.Write(ctx, func(tx *sqlite.Tx) error {
		decided, err := position(tx)
		if err != nil {
			return err
		}
		if c.Seq > decided {
			return fmt.Errorf("the log is decided up to %d only; Decide first", decided)
		}
		_, err = tx.Exec(`INSERT INTO checkpoints (reader, seq, version, state) VALUES (?, ?, ?, ?)
			ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq, version = excluded.version, state = excluded.state`,
			watch, c.Seq, c.Version, state)
		return err
	})
	if err != nil {
		return fmt.Errorf("journal: save a checkpoint at %d: %w", c.Seq, err)
	}
	return nil
}

// LoadCheckpoint returns the last checkpoint, the zero Checkpoint if there is
// none.
func (j *Journal) LoadCheckpoint(ctx context.Context) (Checkpoint, error) {
	var c Checkpoint
	err := j.file.Read(ctx, func(tx *sqlite.Tx) error {
		err := tx.QueryRow(`SELECT seq, version, state FROM checkpoints WHERE reader = ?`, watch).Scan(&c.Seq, &c.Version, &c.State)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("journal: load the checkpoint: %w", err)
	}
	return c, nil
}
