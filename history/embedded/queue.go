package embedded

import (
	"context"
	"fmt"
	"slices"

	"github.com/ucare-project/ucare/sqlite"
)

// Waiting returns readings that wait for an InfluxDB, at most most, ordered by dwelling
// and time. In a file to which was written without [Options.Queue], everything waits.
func (s *Store) Waiting(ctx context.Context, most int) ([]Queued, error) {
	var all []Queued
	err := s.lineUp(ctx)
	if err != nil {
		return nil, err
	}
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT q.dwelling, q.at, q.series, q.n, r.form, r.value, r.window
			FROM queue q CROSS JOIN reading r USING (dwelling, at, series, n)
			ORDER BY q.dwelling, q.at, q.series, q.n LIMIT ?`, most)
		if err != nil {
			return err
		}
		l := newLegend()
		for rows.Next() {
			var q Queued
			var inForm int64
			var c content
			if err := rows.Scan(&q.key.dwelling, &q.key.at, &q.key.series, &q.key.n, &inForm, &c.value, &c.window); err != nil {
				return err
			}
			if q.Row, err = l.reading(tx, q.key, inForm, c); err != nil {
				return err
			}
			all = append(all, q)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read what waits for the InfluxDB: %w", err)
	}
	return all, nil
}

// Sent says that an InfluxDB has the readings.
func (s *Store) Sent(ctx context.Context, sent []Queued) error {
	err := forEach(ctx, s, sent, func(w *writing, q Queued) error {
		_, err := w.unline(q.key)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that the InfluxDB has %d readings: %w", len(sent), err)
	}
	return nil
}

// forEach runs do for each of all, for some at a time in a transaction.
func forEach[T any](ctx context.Context, s *Store, all []T, do func(*writing, T) error) error {
	for some := range slices.Chunk(all, writeAtOnce) {
		err := s.write(ctx, func(w *writing) error {
			for _, one := range some {
				if err := do(w, one); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unline takes a reading out of the queue, if it is there.
func (w *writing) unline(k key) (wasThere bool, err error) {
	n, err := w.changed(`DELETE FROM queue WHERE dwelling = ? AND at = ? AND series = ? AND n = ?`, k.dwelling, k.at, k.series, k.n)
	w.queued -= n
	return n > 0, err
}

// SetAside says that an InfluxDB refuses the reading for good, and why.
func (s *Store) SetAside(ctx context.Context, q Queued, reason string) error {
	err := s.write(ctx, func(w *writing) error {
		wasThere, err := w.unline(q.key)
		if err != nil || !wasThere {
			return err
		}
		_, err = w.Exec(`INSERT INTO aside (dwelling, at, series, n, reason) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET reason = excluded.reason`, q.key.dwelling, q.key.at, q.key.series, q.key.n, reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("set a reading aside that the InfluxDB refuses: %w", err)
	}
	return nil
}

// AsideFor counts the readings that were set aside, by reason.
func (s *Store) AsideFor(ctx context.Context) (map[string]int64, error) {
	var all map[string]int64
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = map[string]int64{}
		rows, err := tx.Query(`SELECT reason, count(*) FROM aside GROUP BY reason`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var reason string
			var n int64
			if err := rows.Scan(&reason, &n); err != nil {
				return err
			}
			all[reason] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count what the InfluxDB refuses: %w", err)
	}
	return all, nil
}

// OfferAgain lets all readings wait again that were set aside, and returns how many. One
// that is set aside meanwhile may be left out.
func (s *Store) OfferAgain(ctx context.Context) (offered int64, err error) {
	var last key
	for more := true; more; {
		var some []key
		err := s.write(ctx, func(w *writing) (err error) {
			if some, err = w.asideAfter(last); err != nil {
				return err
			}
			for _, k := range some {
				if err := w.line(k); err != nil {
					return err
				}
				if _, err := w.Exec(`DELETE FROM aside WHERE dwelling = ? AND at = ? AND series = ? AND n = ?`, k.dwelling, k.at, k.series, k.n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return offered, fmt.Errorf("offer the InfluxDB again what it has refused: %w", err)
		}
		offered += int64(len(some))
		if more = len(some) == writeAtOnce; more {
			last = some[len(some)-1]
		}
	}
	return offered, nil
}

// asideAfter returns the keys of the next readings that were set aside.
func (w *writing) asideAfter(last key) ([]key, error) {
	rows, err := w.Query(`SELECT dwelling, at, series, n FROM aside WHERE (dwelling, at, series, n) > (?, ?, ?, ?)
		ORDER BY dwelling, at, series, n LIMIT ?`, last.dwelling, last.at, last.series, last.n, writeAtOnce)
	if err != nil {
		return nil, err
	}
	var all []key
	for rows.Next() {
		var k key
		if err := rows.Scan(&k.dwelling, &k.at, &k.series, &k.n); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// QueueState returns how much waits.
func (s *Store) QueueState(ctx context.Context) (Waiting, error) {
	var state Waiting
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		var oldest int64
		err := tx.QueryRow(`SELECT queued, (SELECT coalesce(min(first), 0) FROM
			(SELECT (SELECT min(at) FROM queue WHERE dwelling = d.id) AS first FROM dwelling d)) FROM progress`).Scan(&state.Readings, &oldest)
		if state.Readings > 0 {
			state.Oldest = instant(oldest)
		}
		return err
	})
	if err != nil {
		return Waiting{}, fmt.Errorf("count what waits for the InfluxDB: %w", err)
	}
	return state, nil
}

// WaitingHours returns hours that wait for an InfluxDB, at most most, ordered by
// dwelling and time.
func (s *Store) WaitingHours(ctx context.Context, most int) ([]QueuedHour, error) {
	all, err := s.hours(ctx, `SELECT dwelling, hour, sensors, course, waiting FROM hour
		WHERE waiting > 0 ORDER BY dwelling, hour LIMIT ?`, most)
	if err != nil {
		return nil, fmt.Errorf("read the hours that wait for the InfluxDB: %w", err)
	}
	return all, nil
}

// SentHours says that an InfluxDB has the hours. Those that were stored anew meanwhile
// go on waiting.
func (s *Store) SentHours(ctx context.Context, sent []QueuedHour) error {
	err := forEach(ctx, s, sent, func(w *writing, h QueuedHour) error {
		_, err := w.Exec(`UPDATE hour SET waiting = 0 WHERE dwelling = ? AND hour = ? AND waiting = ?`, h.dwelling, h.hour, h.mark)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that the InfluxDB has %d hours: %w", len(sent), err)
	}
	return nil
}

// WaitingDays returns days that wait for an InfluxDB, at most most, ordered by dwelling
// and date.
func (s *Store) WaitingDays(ctx context.Context, most int) ([]QueuedDay, error) {
	all, err := s.days(ctx, `SELECT dwelling, body, waiting FROM day WHERE waiting > 0 ORDER BY dwelling, date LIMIT ?`, most)
	if err != nil {
		return nil, fmt.Errorf("read the days that wait for the InfluxDB: %w", err)
	}
	return all, nil
}

// SentDays says that an InfluxDB has the days. Those that were stored anew meanwhile go
// on waiting.
func (s *Store) SentDays(ctx context.Context, sent []QueuedDay) error {
	err := forEach(ctx, s, sent, func(w *writing, d QueuedDay) error {
		_, err := w.Exec(`UPDATE day SET waiting = 0 WHERE dwelling = ? AND date = ? AND waiting = ?`, d.dwelling, d.Date, d.mark)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that the InfluxDB has %d days: %w", len(sent), err)
	}
	return nil
}
