package embedded

import (
	"context"
	"fmt"
	"math"
)

// A history to which was written when there was no InfluxDB is lined up for the one that
// there is now: all of it, for nobody knows what an earlier one has, and to send a reading
// twice is harmless. It is done a little at a time and goes on where it was interrupted.

// unlined notes that what is stored now is not lined up.
func (w *writing) unlined() error {
	if w.queue {
		return nil
	}
	_, err := w.Exec(`UPDATE progress SET unlined = 1, lined_dwelling = 0, lined_at = 0 WHERE unlined = 0 OR lined_dwelling > 0`)
	return err
}

// toSend is the number by which an hour or day that is stored now waits for an InfluxDB; 0
// without one.
func (w *writing) toSend() (waiting int64, err error) {
	if !w.queue {
		return 0, w.unlined()
	}
	return w.mark(), nil
}

// LineUpAgain lets everything wait again for an InfluxDB, also what one has confirmed: for
// one that has lost it, or for another one.
func (s *Store) LineUpAgain(ctx context.Context) error {
	err := s.write(ctx, func(w *writing) error {
		_, err := w.Exec(`UPDATE progress SET unlined = 1, lined_dwelling = 0, lined_at = 0`)
		return err
	})
	if err != nil {
		return fmt.Errorf("line the history up for the InfluxDB again: %w", err)
	}
	s.allLined.Store(false)
	return nil
}

// lineUp lets everything wait for an InfluxDB that was stored when there was none.
func (s *Store) lineUp(ctx context.Context) error {
	if !s.queue || s.allLined.Load() {
		return nil
	}
	for done := false; !done; {
		err := s.write(ctx, func(w *writing) (err error) {
			done, err = w.lineSome()
			return err
		})
		if err != nil {
			return fmt.Errorf("line the history up for the InfluxDB: %w", err)
		}
	}
	s.allLined.Store(true)
	return nil
}

// lineSome lines up the readings of some instants, and in the end the hours and days.
func (w *writing) lineSome() (done bool, err error) {
	var unlined bool
	var dwelling, at int64
	if err := w.QueryRow(`SELECT unlined, lined_dwelling, lined_at FROM progress`).Scan(&unlined, &dwelling, &at); err != nil || !unlined {
		return true, err
	}
	var n, to int64
	err = w.QueryRow(`SELECT count(*), coalesce(max(at), 0) FROM
		(SELECT at FROM reading WHERE dwelling = ? AND at >= ? ORDER BY at LIMIT ?)`, dwelling, at, writeAtOnce).Scan(&n, &to)
	if err != nil {
		return false, err
	}
	if n == 0 {
		return w.lineNext(dwelling)
	}
	queued, err := w.changed(`INSERT INTO queue SELECT dwelling, at, series, n FROM reading r WHERE dwelling = ? AND at BETWEEN ? AND ?
		AND NOT EXISTS (SELECT 1 FROM aside a WHERE (a.dwelling, a.at, a.series, a.n) = (r.dwelling, r.at, r.series, r.n))
		ON CONFLICT DO NOTHING`, dwelling, at, to)
	if err != nil {
		return false, err
	}
	w.queued += queued
	_, err = w.Exec(`UPDATE progress SET lined_at = ?`, to+1)
	return false, err
}

// lineNext goes on to the next dwelling, and lines up its hours and days.
func (w *writing) lineNext(after int64) (done bool, err error) {
	var next int64
	if err := w.QueryRow(`SELECT coalesce(min(id), 0) FROM dwelling WHERE id > ?`, after).Scan(&next); err != nil {
		return false, err
	}
	if next == 0 {
		_, err := w.Exec(`UPDATE progress SET unlined = 0, lined_dwelling = 0, lined_at = 0`)
		return true, err
	}
	for _, table := range [...]string{
		`UPDATE hour SET waiting = ? WHERE dwelling = ? AND waiting = 0`,
		`UPDATE day SET waiting = ? WHERE dwelling = ? AND waiting = 0`,
	} {
		if _, err := w.Exec(table, w.mark(), next); err != nil {
			return false, err
		}
	}
	_, err = w.Exec(`UPDATE progress SET lined_dwelling = ?, lined_at = ?`, next, int64(math.MinInt64))
	return false, err
}
