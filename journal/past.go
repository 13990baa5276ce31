package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// This file lets a Reader look back at a dwelling: for the person who wants to have what
// is known of them.

// Alarms returns what [Journal.Alarms] does.
func (r *Reader) Alarms(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Alarm, error) {
	return alarmsBetween(ctx, r.file, dwelling, from, to)
}

// Decisions returns what [Journal.Decisions] does.
func (r *Reader) Decisions(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Decision, error) {
	return decisionsBetween(ctx, r.file, dwelling, from, to)
}

// Deliveries returns the reports about the dwelling's alarms that were made from one
// instant up to and without another, oldest first.
func (r *Reader) Deliveries(ctx context.Context, dwelling string, from, to time.Time) ([]Delivery, error) {
	all, err := deliveriesIn(ctx, r.file, `
		FROM outbox
		WHERE alarm IN (SELECT id FROM alarms WHERE dwelling = ? UNION SELECT alarm FROM decisions WHERE dwelling = ?)
			AND created_at >= ? AND created_at < ?
		ORDER BY created_at, report, receiver`, dwelling, dwelling, nanos(from), nanos(to))
	if err != nil {
		return nil, fmt.Errorf("journal: read the reports about %s: %w", dwelling, err)
	}
	return all, nil
}

// Profile returns the last Profile entry of the dwelling; one without a payload when
// there is none.
func (r *Reader) Profile(ctx context.Context, dwelling string) (Entry, error) {
	e := Entry{Kind: Profile}
	err := r.file.Read(ctx, func(tx *sqlite.Tx) error {
		var at int64
		err := tx.QueryRow(`SELECT seq, at, payload FROM entries WHERE kind = ? AND json_valid(CAST(payload AS TEXT))
			AND json_extract(CAST(payload AS TEXT), '$.dwelling') = ? ORDER BY seq DESC LIMIT 1`, string(Profile), dwelling).Scan(&e.Seq, &at, &e.Payload)
		e.At = instant(at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return e, fmt.Errorf("journal: read what is usual for %s: %w", dwelling, err)
	}
	return e, nil
}
