package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/sqlite"
)

// StaleDays returns the dates (2006-01-02) of the days by the clock of that location of
// which hours were stored since the days were, ordered, and the mark that
// [Store.PutDays] wants. When the location is another one than last time, all days are
// forgotten and stale.
func (s *Store) StaleDays(ctx context.Context, dwelling string, location *time.Location) (dates []string, mark int64, err error) {
	hours, zone, mark, err := s.staleHours(ctx, dwelling)
	if err == nil && zone != location.String() {
		if err = s.moveTo(ctx, dwelling, location.String()); err == nil {
			hours, _, mark, err = s.staleHours(ctx, dwelling)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read which days of %s have to be summed up: %w", dwelling, err)
	}
	for _, hour := range hours {
		from := beginning(hour).In(location)
		// Where the clock is not a whole hour from UTC, an hour can be of two days.
		for _, t := range [...]time.Time{from, from.Add(time.Hour - 1)} {
			dates = append(dates, t.Format(time.DateOnly))
		}
	}
	slices.Sort(dates)
	return slices.Compact(dates), mark, nil
}

// staleHours returns the hours that their days do not know yet, with what the marks of
// all of them do not exceed, and the zone of the clock that the days are of.
func (s *Store) staleHours(ctx context.Context, dwelling string) (hours []int64, zone string, mark int64, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		hours = nil
		id, err := numberOfDwelling(tx, dwelling)
		if err != nil || id == 0 {
			return err
		}
		if err := tx.QueryRow(`SELECT d.zone, p.changes FROM dwelling d, progress p WHERE d.id = ?`, id).Scan(&zone, &mark); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT hour FROM hour WHERE dwelling = ? AND stale > 0`, id)
		if err != nil {
			return err
		}
		for rows.Next() {
			var hour int64
			if err := rows.Scan(&hour); err != nil {
				return err
			}
			hours = append(hours, hour)
		}
		return rows.Err()
	})
	return hours, zone, mark, err
}

// moveTo sets the zone of the clock that days are of.
func (s *Store) moveTo(ctx context.Context, dwelling, zone string) error {
	return s.write(ctx, func(w *writing) error {
		moved, err := w.changed(`UPDATE dwelling SET zone = ? WHERE name = ?`, zone, dwelling)
		if err != nil || moved == 0 {
			return err
		}
		id, err := w.dwelling(dwelling)
		if err != nil {
			return err
		}
		if _, err := w.Exec(`DELETE FROM day WHERE dwelling = ?`, id); err != nil {
			return err
		}
		_, err = w.Exec(`UPDATE hour SET stale = ? WHERE dwelling = ?`, w.mark(), id)
		return err
	})
}

// PutDays stores days of one dwelling instead of those that were there. They are not
// stale any more, unless hours of theirs were stored after [Store.StaleDays] gave out
// the mark. An hour that is of two days is known to them when both are put at once.
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
			if err := w.day(d, bodies[i], s.queue); err != nil {
				return fmt.Errorf("day %s: %w", d.Date, err)
			}
		}
		for _, covered := range merged(days) {
			dwelling, err := w.dwelling(covered.Dwelling)
			if err != nil {
				return err
			}
			_, err = w.Exec(`UPDATE hour SET stale = 0 WHERE dwelling = ? AND hour >= ? AND hour < ? AND stale BETWEEN 1 AND ?`,
				dwelling, firstHour(covered.From), hourOf(clamp(covered.To)), mark)
			if err != nil {
				return err
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
func (w *writing) day(d activity.Day, body string, queue bool) error {
	dwelling, err := w.dwelling(d.Dwelling)
	if err != nil {
		return err
	}
	if err := w.unlined(queue); err != nil {
		return err
	}
	var waiting int64
	if queue {
		waiting = w.mark()
	}
	_, err = w.Exec(`INSERT INTO day (dwelling, date, body, waiting) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET body = excluded.body, waiting = excluded.waiting WHERE body != excluded.body`,
		dwelling, d.Date, body, waiting)
	return err
}

// merged makes one of days that follow each other.
func merged(days []activity.Day) []activity.Day {
	days = slices.SortedFunc(slices.Values(days), func(a, b activity.Day) int { return a.From.Compare(b.From) })
	var all []activity.Day
	for _, d := range days {
		if n := len(all); n > 0 && all[n-1].Dwelling == d.Dwelling && !d.From.After(all[n-1].To) {
			all[n-1].To = d.To
			continue
		}
		all = append(all, d)
	}
	return all
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
