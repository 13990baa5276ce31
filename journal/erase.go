package journal

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ucare-project/ucare/sqlite"
)

// This file erases a dwelling. Of a log that several dwellings share it is not always
// known whose an entry is; for the resident who asks to be forgotten the doubt counts:
// an entry, an answer or a delivery stays only when it is known to be another's.

// Counts say how much the journal holds of a dwelling.
type Counts struct {
	Decisions, Alarms, Answers, Deliveries int64
}

// The conditions of what is a dwelling's; the parameter is its ID, once or more.
const (
	othersAlarms = `(SELECT id FROM alarms WHERE dwelling <> ? UNION SELECT alarm FROM decisions WHERE dwelling <> ?)`
	itsAnswers   = `FROM answers WHERE alarm NOT IN ` + othersAlarms
	// The body of a delivery says whose it is, should the alarm not be known.
	itsDeliveries = `FROM outbox WHERE alarm NOT IN ` + othersAlarms + `
		AND NOT (json_valid(CAST(body AS TEXT)) AND coalesce(json_extract(CAST(body AS TEXT), '$.dwelling.id'), ?) <> ?)`
	itsAlarms    = `FROM alarms WHERE dwelling = ?`
	itsDecisions = `FROM decisions WHERE dwelling = ?`
)

// parts are the tables but entries, in the order in which they are erased: the answers
// and deliveries are told apart by the alarms.
func (c *Counts) parts(dwelling string) []part {
	d := dwelling
	return []part{
		{&c.Deliveries, itsDeliveries, []any{d, d, d, d}},
		{&c.Answers, itsAnswers, []any{d, d}},
		{&c.Alarms, itsAlarms, []any{d}},
		{&c.Decisions, itsDecisions, []any{d}},
	}
}

type part struct {
	n    *int64
	from string
	args []any
}

// CountOf counts the decisions, alarms, answers and deliveries of a dwelling.
func (j *Journal) CountOf(ctx context.Context, dwelling string) (Counts, error) {
	var c Counts
	err := j.file.Read(ctx, func(tx *sqlite.Tx) error {
		for _, p := range c.parts(dwelling) {
			if err := tx.QueryRow("SELECT count(*) "+p.from, p.args...).Scan(p.n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("journal: count what it has of %s: %w", dwelling, err)
	}
	return c, nil
}

// EraseDecided erases the decisions, alarms, answers and deliveries of a dwelling, all
// or nothing, and puts the checkpoint in the place of the one that is there; the zero
// Checkpoint is none. It returns how many there were.
func (j *Journal) EraseDecided(ctx context.Context, dwelling string, c Checkpoint) (Counts, error) {
	var n Counts
	if err := j.file.Overwrite(ctx); err != nil {
		return n, fmt.Errorf("journal: erase %s: %w", dwelling, err)
	}
	err := j.write(ctx, func(tx *sqlite.Tx) error {
		for _, p := range n.parts(dwelling) {
			done, err := tx.Exec("DELETE "+p.from, p.args...)
			if err != nil {
				return err
			}
			if *p.n, err = done.RowsAffected(); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM checkpoints WHERE reader = ?`, watch); err != nil || c.Seq == 0 {
			return err
		}
		_, err := tx.Exec(`INSERT INTO checkpoints (reader, seq, version, state) VALUES (?, ?, ?, ?)`, watch, c.Seq, c.Version, c.State)
		return err
	})
	if err != nil {
		return Counts{}, fmt.Errorf("journal: erase the alarms and decisions of %s: %w", dwelling, err)
	}
	return n, nil
}

// OthersAlarm reports whether the alarm is known to be that of another dwelling.
func (j *Journal) OthersAlarm(ctx context.Context, dwelling, alarm string) (others bool, err error) {
	err = j.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT ? IN `+othersAlarms, alarm, dwelling, dwelling).Scan(&others)
	})
	if err != nil {
		return false, fmt.Errorf("journal: ask whose alarm %s is: %w", alarm, err)
	}
	return others, nil
}

// EraseEntries erases the entries with these places, which may not be many: a
// transaction is as long. Of the last entry of the log only the place and the instant
// stay, as a Tick, for no place is ever given twice.
func (j *Journal) EraseEntries(ctx context.Context, seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	places, err := json.Marshal(seqs)
	if err != nil {
		return err
	}
	if err := j.file.Overwrite(ctx); err != nil {
		return fmt.Errorf("journal: erase %d entries: %w", len(seqs), err)
	}
	err = j.write(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec(`UPDATE entries SET kind = ?, source = 'gateway', topic = '', payload = X'7B7D', qos = 0, retained = 0, duplicate = 0
			WHERE seq = (SELECT max(seq) FROM entries) AND seq IN (SELECT value FROM json_each(?))`, string(Tick), string(places))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM entries WHERE seq < (SELECT max(seq) FROM entries) AND seq IN (SELECT value FROM json_each(?))`, string(places))
		return err
	})
	if err != nil {
		return fmt.Errorf("journal: erase %d entries: %w", len(seqs), err)
	}
	j.tail.forget(seqs[len(seqs)-1])
	return nil
}

// Scrub overwrites what was ever deleted from the journal. It takes long.
func (j *Journal) Scrub(ctx context.Context) error {
	if err := j.file.Scrub(ctx); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
