package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// A Delivery is one report to one receiver, kept until the receiver has
// accepted it. The two names are its key.
type Delivery struct {
	Report, Receiver string
	// Alarm is the alarm the report is about.
	Alarm string
	// Body is the JSON of the report, frozen: every attempt sends the same.
	Body      []byte
	Priority  int // lower is more urgent
	CreatedAt time.Time

	Attempts   int
	LastError  string    // of the last attempt that failed
	AcceptedAt time.Time // zero until then
}

// ErrNoDelivery says that the outbox has no such delivery: it was sent from
// memory because the disk refused it, or the journal was replaced since.
var ErrNoDelivery = errors.New("the outbox has no such delivery")

// Queue puts deliveries in the outbox. One that is there already stays as it is.
func (j *Journal) Queue(ctx context.Context, ds []Delivery) error {
	err := j.write(ctx, func(tx *sqlite.Tx) error {
		for _, d := range ds {
			if err := queue(tx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("journal: queue %d deliveries: %w", len(ds), err)
	}
	return nil
}

func queue(tx *sqlite.Tx, d Delivery) error {
	if d.Report == "" || d.Receiver == "" {
		return fmt.Errorf("delivery of report %q to receiver %q needs both names", d.Report, d.Receiver)
	}
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	_, err := tx.Exec(`
		INSERT INTO outbox (report, receiver, alarm, body, priority, created_at, attempts, last_error, accepted_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (report, receiver) DO NOTHING`,
		d.Report, d.Receiver, d.Alarm, body, d.Priority, nanos(d.CreatedAt), d.Attempts, d.LastError, nanos(d.AcceptedAt))
	return err
}

// Unfinished returns the deliveries that are still to be accepted, and those of
// open alarms that were: they tell how far the escalation has come. The most
// urgent are first and among those the oldest.
func (j *Journal) Unfinished(ctx context.Context) ([]Delivery, error) {
	ds, err := deliveriesIn(ctx, j.file, `
		FROM outbox LEFT JOIN answers USING (alarm)
		WHERE accepted_at = 0 OR coalesce(closed_at, 0) = 0
		ORDER BY priority, created_at, report, receiver`)
	if err != nil {
		return nil, fmt.Errorf("journal: read the outbox: %w", err)
	}
	return ds, nil
}

// deliveriesIn reads the deliveries that from, the rest of a query, says.
func deliveriesIn(ctx context.Context, file *sqlite.File, from string, args ...any) ([]Delivery, error) {
	var ds []Delivery
	err := file.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT report, receiver, alarm, body, priority, created_at, attempts, last_error, accepted_at `+from, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var d Delivery
			var created, accepted int64
			if err := rows.Scan(&d.Report, &d.Receiver, &d.Alarm, &d.Body, &d.Priority, &created, &d.Attempts, &d.LastError, &accepted); err != nil {
				return err
			}
			d.CreatedAt, d.AcceptedAt = instant(created), instant(accepted)
			ds = append(ds, d)
		}
		return rows.Err()
	})
	return ds, err
}

// Attempted notes an attempt to deliver that failed.
func (j *Journal) Attempted(ctx context.Context, report, receiver string, at time.Time, failure string) error {
	return j.mark(ctx, report, receiver, `UPDATE outbox SET attempts = attempts + 1, attempted_at = ?, last_error = ?
		WHERE report = ? AND receiver = ?`, nanos(at), failure, report, receiver)
}

// Accepted notes that the receiver has the report. The first acceptance stands.
func (j *Journal) Accepted(ctx context.Context, report, receiver string, at time.Time) error {
	if at.IsZero() {
		return fmt.Errorf("journal: accept report %s to %s: the instant is missing", report, receiver)
	}
	return j.mark(ctx, report, receiver, `UPDATE outbox SET attempts = attempts + (accepted_at = 0),
		attempted_at = CASE accepted_at WHEN 0 THEN ? ELSE attempted_at END,
		accepted_at = CASE accepted_at WHEN 0 THEN ? ELSE accepted_at END
		WHERE report = ? AND receiver = ?`, nanos(at), nanos(at), report, receiver)
}

// mark updates one delivery. One that is not there is an error, so that the
// caller can queue it and mark it again.
func (j *Journal) mark(ctx context.Context, report, receiver, query string, args ...any) error {
	err := j.write(ctx, func(tx *sqlite.Tx) error {
		done, err := tx.Exec(query, args...)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return ErrNoDelivery
	})
	if err != nil {
		return fmt.Errorf("journal: mark report %s to %s: %w", report, receiver, err)
	}
	return nil
}
