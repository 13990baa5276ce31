package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

// StaleDays returns the dates (2006-01-02) of the days by the clock of that location of
// which hours were stored since the days were, ordered, and the mark that
// [Store.PutDays] wants. When the location is another one than last time, all days are
// forgotten and stale. Days that have not begun are not stale.
func (s *Store) StaleDays(ctx context.Context, dwelling string, location *time.Location) (dates []string, mark int64, err error) {
	for more := true; more && err == nil; {
		more, err = s.noteStale(ctx, dwelling, location)
	}
	if err == nil {
		err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
			if err := tx.QueryRow(`SELECT changes FROM progress`).Scan(&mark); err != nil {
				return err
			}
			dates, err = column[string](tx, `SELECT date FROM stale WHERE dwelling = (SELECT id FROM dwelling WHERE name = ?) ORDER BY date`, dwelling)
			return err
		})
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read which days of %s have to be made again: %w", dwelling, err)
	}
	return dates, mark, nil
}

// noteStale notes which days have to be made again because of some hours that were
// stored. It returns whether there may be more of those.
func (s *Store) noteStale(ctx context.Context, dwelling string, location *time.Location) (more bool, err error) {
	var hours []int64
	var id int64
	var zone string
	err = s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		if id, err = numberOfDwelling(tx, dwelling); err != nil || id == 0 {
			return err
		}
		if err := tx.QueryRow(`SELECT zone FROM dwelling WHERE id = ?`, id).Scan(&zone); err != nil {
			return err
		}
		hours, err = staleHours(tx, id)
		return err
	})
	moved := zone != location.String()
	if err != nil || id == 0 || !moved && len(hours) == 0 {
		return false, err
	}
	return true, s.write(ctx, func(w *writing) error {
		if moved {
			return w.moveTo(id, location.String())
		}
		hours, err := staleHours(w.Tx, id)
		if err != nil {
			return err
		}
		return w.staleDays(id, hours, location)
	})
}

// staleHours returns some hours of which it is not noted that their days are stale.
func staleHours(tx *sqlite.Tx, dwelling int64) ([]int64, error) {
	return column[int64](tx, `SELECT hour FROM hour WHERE dwelling = ? AND stale > 0 ORDER BY hour LIMIT ?`, dwelling, writeAtOnce)
}

// staleDays notes that the days that are made of hours are stale.
func (w *writing) staleDays(dwelling int64, hours []int64, location *time.Location) error {
	dates := map[string]bool{}
	now := time.Now()
	for _, hour := range hours {
		for _, date := range activity.Days(beginning(hour), location, now) {
			dates[date] = true
		}
		if _, err := w.Exec(`UPDATE hour SET stale = 0 WHERE dwelling = ? AND hour = ?`, dwelling, hour); err != nil {
			return err
		}
	}
	for date := range dates {
		_, err := w.Exec(`INSERT INTO stale (dwelling, date, mark) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark`,
			dwelling, date, w.mark())
		if err != nil {
			return err
		}
	}
	return nil
}

// moveTo sets the zone of the clock that the days of a dwelling are of.
func (w *writing) moveTo(dwelling int64, zone string) error {
	if _, err := w.Exec(`UPDATE dwelling SET zone = ? WHERE id = ?`, zone, dwelling); err != nil {
		return err
	}
	for _, table := range [...]string{
		`DELETE FROM day WHERE dwelling = ?`,
		`DELETE FROM stale WHERE dwelling = ?`,
		`UPDATE hour SET stale = 1 WHERE dwelling = ?`,
	} {
		if _, err := w.Exec(table, dwelling); err != nil {
			return err
		}
	}
	return nil
}

// PutDays stores days instead of those that were there. They are not stale any more,
// unless hours of theirs were stored after [Store.StaleDays] gave out the mark.
func (s *Store) PutDays(ctx context.Context, days []activity.Day, mark int64) error {
	bodies := make([]string, len(days))
	for i, d := range days {
		body, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("store the day %s of %s: %w", d.Date, d.Dwelling, err)
		}
		bodies[i] = string(body)
	}
	err := s.write(ctx, func(w *writing) error {
		for i, d := range days {
			if err := w.day(d, bodies[i], mark); err != nil {
				return fmt.Errorf("day %s: %w", d.Date, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store %d days: %w", len(days), err)
	}
	return nil
}

// day stores a day. One that says the same as before is not sent again.
func (w *writing) day(d activity.Day, body string, mark int64) error {
	dwelling, err := w.dwelling(d.Dwelling)
	if err != nil {
		return err
	}
	waiting, err := w.toSend()
	if err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO day (dwelling, date, body, waiting) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET body = excluded.body, waiting = excluded.waiting WHERE body != excluded.body`,
		dwelling, d.Date, body, waiting)
	if err != nil {
		return err
	}
	_, err = w.Exec(`DELETE FROM stale WHERE dwelling = ? AND date = ? AND mark <= ?`, dwelling, d.Date, mark)
	return err
}

// Days returns the days of a dwelling with from ≤ date ≤ to (2006-01-02), ordered.
func (s *Store) Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error) {
	all, err := s.days(ctx, `SELECT dwelling, body, waiting FROM day
		WHERE dwelling = (SELECT id FROM dwelling WHERE name = ?) AND date BETWEEN ? AND ? ORDER BY date`, dwelling, from, to)
	if err != nil {
		return nil, fmt.Errorf("read the days of %s: %w", dwelling, err)
	}
	days := make([]activity.Day, len(all))
	for i, d := range all {
		days[i] = d.Day
	}
	return days, nil
}

// days reads days.
func (s *Store) days(ctx context.Context, query string, args ...any) ([]QueuedDay, error) {
	var all []QueuedDay
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var d QueuedDay
			var body []byte
			if err := rows.Scan(&d.dwelling, &body, &d.mark); err != nil {
				return err
			}
			if err := json.Unmarshal(body, &d.Day); err != nil {
				return err
			}
			all = append(all, d)
		}
		return rows.Err()
	})
	return all, err
}
