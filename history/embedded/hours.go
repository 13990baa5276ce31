package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

// DirtyHours returns the first hours of a dwelling that have to be summed up, at most
// most, ordered.
func (s *Store) DirtyHours(ctx context.Context, dwelling string, most int) ([]Dirty, error) {
	var all []Dirty
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT d.hour, d.mark, coalesce(h.trimmed, 0)
			FROM dirty d LEFT JOIN hour h ON h.dwelling = d.dwelling AND h.hour = d.hour
			WHERE d.dwelling = (SELECT id FROM dwelling WHERE name = ?) ORDER BY d.hour LIMIT ?`, dwelling, most)
		if err != nil {
			return err
		}
		for rows.Next() {
			var d Dirty
			var hour int64
			if err := rows.Scan(&hour, &d.Mark, &d.Trimmed); err != nil {
				return err
			}
			d.From = beginning(hour)
			all = append(all, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read which hours of %s have to be summed up: %w", dwelling, err)
	}
	return all, nil
}

// PutHour stores an hour instead of the one that was there. It is not dirty any more,
// unless readings came after [Store.DirtyHours] gave out the mark. With carryChanged,
// the next hour becomes dirty. The days that are made of it become stale, unless it
// is the same as before.
func (s *Store) PutHour(ctx context.Context, h activity.Hour, mark int64, carryChanged bool) error {
	from, possible := nanoseconds(h.From)
	if !possible || from%int64(time.Hour) != 0 {
		return fmt.Errorf("an hour of %s that begins at %s is none of the clock of UTC", h.Dwelling, h.From.Format(time.RFC3339Nano))
	}
	err := s.write(ctx, func(w *writing) error {
		dwelling, err := w.dwelling(h.Dwelling)
		if err != nil {
			return err
		}
		if err := w.hour(dwelling, h); err != nil {
			return err
		}
		hour := hourOf(from)
		if _, err := w.Exec(`DELETE FROM dirty WHERE dwelling = ? AND hour = ? AND mark <= ?`, dwelling, hour, mark); err != nil || !carryChanged {
			return err
		}
		return w.smudge(dwelling, hour+1)
	})
	if err != nil {
		return fmt.Errorf("store the hour %s of %s: %w", h.From.Format(time.RFC3339), h.Dwelling, err)
	}
	return nil
}

// hour stores an hour. One that says the same as before is not sent again.
func (w *writing) hour(dwelling int64, h activity.Hour) error {
	sums, course := packer{w: w, dwelling: dwelling}, packer{w: w, dwelling: dwelling}
	if err := sums.sums(h.From, h.Sensors); err != nil {
		return err
	}
	if err := course.course(&h.Course); err != nil {
		return err
	}
	waiting, err := w.toSend()
	if err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO hour (dwelling, hour, sensors, course, stale, waiting) VALUES (?, ?, ?, ?, 1, ?)
		ON CONFLICT DO UPDATE SET sensors = excluded.sensors, course = excluded.course, stale = 1, waiting = excluded.waiting
		WHERE sensors != excluded.sensors OR course != excluded.course`,
		dwelling, hourOf(h.From.UnixNano()), sums.b, course.b, waiting)
	return err
}

// Hours returns the hours of a dwelling that begin at from ≤ hour < to, ordered.
func (s *Store) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	all, err := s.hours(ctx, `SELECT dwelling, hour, sensors, course, waiting FROM hour
		WHERE dwelling = (SELECT id FROM dwelling WHERE name = ?) AND hour >= ? AND hour < ? ORDER BY hour`,
		dwelling, firstHour(from), firstHour(to))
	if err != nil {
		return nil, fmt.Errorf("read the hours of %s: %w", dwelling, err)
	}
	hours := make([]activity.Hour, len(all))
	for i, h := range all {
		hours[i] = h.Hour
	}
	return hours, nil
}

// FirstHour returns the beginning of the first hour that the file has of a dwelling, if
// there is any.
func (s *Store) FirstHour(ctx context.Context, dwelling string) (first time.Time, some bool, err error) {
	var hour sql.Null[int64]
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT min(hour) FROM hour WHERE dwelling = (SELECT id FROM dwelling WHERE name = ?)`, dwelling).Scan(&hour)
	})
	if err != nil {
		return first, false, fmt.Errorf("read from when on there are hours of %s: %w", dwelling, err)
	}
	if hour.Valid {
		first = beginning(hour.V)
	}
	return first, hour.Valid, nil
}

// hours reads hours.
func (s *Store) hours(ctx context.Context, query string, args ...any) ([]QueuedHour, error) {
	var all []QueuedHour
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		l := newLegend()
		for rows.Next() {
			var h QueuedHour
			var sensors, course sql.RawBytes
			if err := rows.Scan(&h.dwelling, &h.hour, &sensors, &course, &h.mark); err != nil {
				return err
			}
			if err := h.read(tx, l, sensors, course); err != nil {
				return fmt.Errorf("hour %s: %w", h.From.Format(time.RFC3339), err)
			}
			all = append(all, h)
		}
		return rows.Err()
	})
	return all, err
}

// read puts an hour together.
func (h *QueuedHour) read(tx *sqlite.Tx, l *legend, sensors, course []byte) (err error) {
	h.From = beginning(h.hour)
	if h.Dwelling, err = l.dwelling(tx, h.dwelling); err != nil {
		return err
	}
	u := unpacker{tx: tx, legend: l, dwelling: h.dwelling}
	h.Sensors, h.Course = u.sums(h.From, sensors), u.course(course)
	return u.err
}
