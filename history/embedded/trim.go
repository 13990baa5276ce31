package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// writeAtOnce bounds the rows that a transaction changes which nobody waits for, and
// with it how long an append waits for such a transaction.
const writeAtOnce = 1000

// Trim removes what is not to be kept, a little at a time so that appending goes on
// meanwhile. It returns how much it removed, also with an error. The readings of the
// hour in which keep.Readings is stay.
func (s *Store) Trim(ctx context.Context, keep Keep) (Trimmed, error) {
	t := trimming{Store: s, hours: math.MinInt64, summed: math.MinInt64}
	t.readings, t.unsent = clamp(keep.Readings.Truncate(time.Hour)), clamp(keep.Unsent)
	if !s.queue {
		t.unsent = max(t.unsent, t.readings) // there is nobody who could still take them
	}
	if !keep.Hours.IsZero() {
		t.hours = firstHour(keep.Hours)
		t.summed = clamp(beginning(t.hours))
		// Wherever the resident lives, the day before this one is over when Hours begin.
		t.days = keep.Hours.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	err := s.lineUp(ctx)
	if err == nil {
		err = s.write(ctx, func(w *writing) error {
			_, err := w.Exec(`UPDATE progress SET complete = ?1 WHERE complete < ?1`, t.readings)
			return err
		})
	}
	var dwellings []int64
	if err == nil {
		dwellings, err = s.numbers(ctx)
	}
	for _, id := range dwellings {
		if err == nil {
			err = t.dwelling(ctx, id)
		}
	}
	if err != nil {
		return t.done, fmt.Errorf("remove what is old from the history: %w", err)
	}
	return t.done, nil
}

// A trimming is a Trim under way.
type trimming struct {
	*Store
	// From when on readings are kept, those that no InfluxDB has, and those that are
	// not summed up.
	readings, unsent, summed int64
	hours                    int64  // are kept from this one on
	days                     string // are kept from this one on
	done                     Trimmed
}

func (t *trimming) dwelling(ctx context.Context, id int64) error {
	err := t.repeat(ctx, &t.done.Unsent, func(w *writing) (int64, error) { return w.cutQueue(id, t.unsent) })
	if err == nil {
		err = t.repeat(ctx, &t.done.Unsent, func(w *writing) (int64, error) { return w.changed(cutAside, id, t.unsent, writeAtOnce) })
	}
	if err == nil {
		err = t.oldReadings(ctx, id)
	}
	if err == nil {
		err = t.repeat(ctx, new(int64), func(w *writing) (int64, error) { return w.changed(cutDirty, id, t.hours, writeAtOnce) })
	}
	if err == nil {
		err = t.repeat(ctx, &t.done.Hours, func(w *writing) (int64, error) { return w.changed(cutHours, id, t.hours, writeAtOnce) })
	}
	if err == nil {
		err = t.repeat(ctx, new(int64), func(w *writing) (int64, error) { return w.changed(cutStale, id, t.days, writeAtOnce) })
	}
	if err == nil {
		err = t.repeat(ctx, &t.done.Days, func(w *writing) (int64, error) { return w.changed(cutDays, id, t.days, writeAtOnce) })
	}
	if err == nil {
		err = t.write(ctx, func(w *writing) error {
			_, err := w.forgetUnused(id)
			return err
		})
	}
	return err
}

// What is removed of a dwelling before an end, in portions.
const (
	cutQueue = `DELETE FROM queue WHERE (dwelling, at, series, n) IN
		(SELECT dwelling, at, series, n FROM queue WHERE dwelling = ? AND at < ? LIMIT ?)`
	cutAside = `DELETE FROM aside WHERE (dwelling, at, series, n) IN
		(SELECT dwelling, at, series, n FROM aside WHERE dwelling = ? AND at < ? LIMIT ?)`
	cutReadings = `DELETE FROM reading WHERE (dwelling, at, series, n) IN
		(SELECT dwelling, at, series, n FROM reading WHERE dwelling = ? AND at < ? LIMIT ?)`
	cutDirty = `DELETE FROM dirty WHERE (dwelling, hour) IN
		(SELECT dwelling, hour FROM dirty WHERE dwelling = ? AND hour < ? LIMIT ?)`
	cutHours = `DELETE FROM hour WHERE id IN (SELECT id FROM hour WHERE dwelling = ? AND hour < ? LIMIT ?)`
	cutStale = `DELETE FROM stale WHERE (dwelling, date) IN
		(SELECT dwelling, date FROM stale WHERE dwelling = ? AND date < ? LIMIT ?)`
	cutDays = `DELETE FROM day WHERE id IN (SELECT id FROM day WHERE dwelling = ? AND date < ? LIMIT ?)`
)

// repeat runs once, each time in a transaction of its own, until it has less to do than
// it may.
func (s *Store) repeat(ctx context.Context, total *int64, once func(*writing) (int64, error)) error {
	for more := true; more; {
		var n int64
		err := s.write(ctx, func(w *writing) (err error) {
			n, err = once(w)
			return err
		})
		if err != nil {
			return err
		}
		*total += n
		more = n >= writeAtOnce
	}
	return nil
}

func (w *writing) cutQueue(dwelling, before int64) (int64, error) {
	n, err := w.changed(cutQueue, dwelling, before, writeAtOnce)
	w.queued -= n
	return n, err
}

// oldReadings goes through the readings before the end and removes those that nothing
// keeps.
func (t *trimming) oldReadings(ctx context.Context, id int64) error {
	for from, last := int64(math.MinInt64), false; !last; {
		var n int64
		var to sql.Null[int64]
		err := t.file.Read(ctx, func(tx *sqlite.Tx) error {
			return tx.QueryRow(`SELECT count(*), max(at) FROM (SELECT at FROM reading WHERE dwelling = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?)`,
				id, from, t.readings, writeAtOnce).Scan(&n, &to)
		})
		if err != nil {
			return err
		}
		if last = n < writeAtOnce; n == 0 {
			return nil
		}
		var removed int64
		err = t.write(ctx, func(w *writing) (err error) {
			removed, err = w.cutBetween(id, from, to.V, t.summed)
			return err
		})
		if err != nil {
			return err
		}
		t.done.Readings += removed
		from = to.V + 1
	}
	return nil
}

// cutBetween removes the readings with from ≤ at ≤ to that do not wait for an InfluxDB,
// were not refused by it, and are summed up or older than summed.
func (w *writing) cutBetween(dwelling, from, to, summed int64) (n int64, err error) {
	rows, err := w.Query(`DELETE FROM reading WHERE dwelling = ?1 AND at BETWEEN ?2 AND ?3
		AND NOT EXISTS (SELECT 1 FROM queue q WHERE (q.dwelling, q.at, q.series, q.n) = (reading.dwelling, reading.at, reading.series, reading.n))
		AND NOT EXISTS (SELECT 1 FROM aside a WHERE (a.dwelling, a.at, a.series, a.n) = (reading.dwelling, reading.at, reading.series, reading.n))
		AND (at < ?4 OR NOT EXISTS (SELECT 1 FROM dirty d WHERE d.dwelling = reading.dwelling AND d.hour = `+hourOfAt+`))
		RETURNING at`, dwelling, from, to, summed)
	if err != nil {
		return 0, err
	}
	hours := map[int64]bool{}
	for rows.Next() {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return 0, err
		}
		hours[hourOf(at)] = true
		n++
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for hour := range hours {
		if _, err := w.Exec(`UPDATE hour SET trimmed = 1 WHERE dwelling = ? AND hour = ? AND trimmed = 0`, dwelling, hour); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// forgetUnused removes the names of a dwelling, unless something else is stored of it.
func (w *writing) forgetUnused(dwelling int64) (used bool, err error) {
	err = w.QueryRow(`SELECT EXISTS (SELECT 1 FROM reading WHERE dwelling = ?1) OR EXISTS (SELECT 1 FROM hour WHERE dwelling = ?1)
		OR EXISTS (SELECT 1 FROM day WHERE dwelling = ?1) OR EXISTS (SELECT 1 FROM dirty WHERE dwelling = ?1)
		OR EXISTS (SELECT 1 FROM stale WHERE dwelling = ?1)`, dwelling).Scan(&used)
	if err != nil || used {
		return used, err
	}
	return false, w.forgetNames(dwelling)
}

func (w *writing) forgetNames(dwelling int64) error {
	w.renamed()
	w.names.forget()
	for _, table := range [...]string{
		`DELETE FROM form WHERE series IN (SELECT id FROM series WHERE dwelling = ?)`,
		`DELETE FROM series WHERE dwelling = ?`,
		`DELETE FROM dwelling WHERE id = ?`,
	} {
		if _, err := w.Exec(table, dwelling); err != nil {
			return err
		}
	}
	return nil
}

// numbers returns the numbers of the dwellings.
func (s *Store) numbers(ctx context.Context) (all []int64, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		all, err = column[int64](tx, `SELECT id FROM dwelling ORDER BY id`)
		return err
	})
	return all, err
}

// vacuumAtOnce bounds the pages that are given back in one transaction.
const vacuumAtOnce = 100

// Vacuum gives free pages of the file back to the disk, a few at a time so that
// appending goes on meanwhile. A tenth of the file it leaves to the next days.
func (s *Store) Vacuum(ctx context.Context) error {
	for before := int64(math.MaxInt64); ; {
		var free, all int64
		err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
			if err := tx.QueryRow(`PRAGMA freelist_count`).Scan(&free); err != nil {
				return err
			}
			return tx.QueryRow(`PRAGMA page_count`).Scan(&all)
		})
		if err == nil && (free <= all/10 || free >= before) {
			return nil // free ≥ before: others free more than is given back, or the file cannot shrink
		}
		if err == nil {
			err = s.file.Write(ctx, func(tx *sqlite.Tx) error {
				_, err := tx.Exec(fmt.Sprintf(`PRAGMA incremental_vacuum(%d)`, vacuumAtOnce))
				return err
			})
		}
		if err != nil {
			return fmt.Errorf("give free room of the history back to the disk: %w", err)
		}
		before = free
	}
}
