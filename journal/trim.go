package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// trimBatch bounds the entries removed in one transaction: an alarm that
// arrives meanwhile waits for one of them, not for all.
const trimBatch = 500

// A Trimming says which entries may go.
type Trimming struct {
	// Before: those received earlier go.
	Before time.Time
	// Read is the place up to which the history has read the log. What follows it
	// stays until it is older than UnreadBefore, or until the disk has no room.
	Read         int64
	UnreadBefore time.Time
}

// Trimmed counts what Trim removed.
type Trimmed struct {
	Entries int64
	Unread  int64 // of them, those that the history had not read
}

// Trim removes old entries. It leaves those that a recovery would fold again, which
// are the ones after the checkpoint, and the one at it: so the log is never empty,
// and no number is given twice. It leaves what the history has not read, too, unless
// the disk is short of room: a new alarm matters more than an old reading. After an
// error some may have been removed.
func (j *Journal) Trim(ctx context.Context, t Trimming) (Trimmed, error) {
	var removed Trimmed
	if j.ballast.short() {
		t.UnreadBefore = t.Before
	}
	for after := int64(0); ; {
		first, last, err := j.trimmable(ctx, after, t)
		if err == nil && last > 0 {
			err = j.trimSome(ctx, first, last, t, &removed)
		}
		if err != nil {
			return removed, fmt.Errorf("journal: trim entries before %s: %w", t.Before.Format(time.RFC3339), err)
		}
		if last == 0 {
			return removed, nil
		}
		after = last
	}
}

// trimmable is the first and last place of the next entries to remove, 0 and 0
// when there are none.
func (j *Journal) trimmable(ctx context.Context, after int64, t Trimming) (first, last int64, err error) {
	err = j.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`
			SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM (
				SELECT seq FROM entries
				WHERE seq > ? AND at < ? AND (seq <= ? OR at < ?)
					AND seq < coalesce((SELECT seq FROM checkpoints WHERE reader = ?), 0)
				ORDER BY seq LIMIT ?)`,
			after, nanos(t.Before), t.Read, nanos(t.UnreadBefore), watch, trimBatch).Scan(&first, &last)
	})
	return first, last, err
}

const (
	trimRead   = `DELETE FROM entries WHERE seq BETWEEN ? AND ? AND seq <= ? AND at < ?`
	trimUnread = `DELETE FROM entries WHERE seq BETWEEN ? AND ? AND seq > ? AND at < ?`
)

// trimSome removes the entries between two places that may go, in one transaction.
func (j *Journal) trimSome(ctx context.Context, first, last int64, t Trimming, removed *Trimmed) error {
	var read, unread int64
	err := j.file.Write(ctx, func(tx *sqlite.Tx) error {
		done, err := tx.Exec(trimRead, first, last, t.Read, nanos(t.Before))
		if err != nil {
			return err
		}
		if read, err = done.RowsAffected(); err != nil {
			return err
		}
		if done, err = tx.Exec(trimUnread, first, last, t.Read, nanos(ucare.Earlier(t.Before, t.UnreadBefore))); err != nil {
			return err
		}
		unread, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return err
	}
	j.tail.forget(last)
	removed.Entries, removed.Unread = removed.Entries+read+unread, removed.Unread+unread
	return nil
}
