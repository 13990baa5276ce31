package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// readAtOnce is about how many rows are read in one piece. Between the pieces nothing is
// held: whoever reads slowly keeps neither a connection nor the log from being cut back.
const readAtOnce = 2000

// Between returns the dwelling's readings with from ≤ at < to in UTC, ordered by time,
// then sensor, kind and the order in which they came. An error ends the sequence, as its
// last pair. What is appended meanwhile may be among them or not.
func (s *Store) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for row, err := range s.Rows(ctx, dwelling, from, to) {
			if !yield(row.Reading, err) {
				return
			}
		}
	}
}

// Rows returns what [Store.Between] does, with the numbers of the readings.
func (s *Store) Rows(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		p := piece{from: clamp(from), to: clamp(to), legend: newLegend()}
		for !p.last {
			err := s.file.Read(ctx, func(tx *sqlite.Tx) error { return p.read(tx, dwelling) })
			if err != nil {
				yield(Row{}, fmt.Errorf("read the history of %s: %w", dwelling, err))
				return
			}
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// A piece is some of the readings of a range: all those of its instants.
type piece struct {
	from, to int64 // of what is still to be read
	rows     []Row
	last     bool
	legend   *legend
}

// read reads the next piece.
func (p *piece) read(tx *sqlite.Tx, dwelling string) error {
	p.rows, p.last = p.rows[:0], true
	id, err := numberOfDwelling(tx, dwelling)
	if err != nil || id == 0 {
		return err
	}
	rows, err := tx.Query(`SELECT at, series, n, form, value, window FROM reading
		WHERE dwelling = ? AND at >= ? AND at < ? ORDER BY at, series, n`, id, p.from, p.to)
	if err != nil {
		return err
	}
	begun := 0 // the first of those of the last instant
	for rows.Next() {
		k, row, err := p.legend.row(tx, rows, id)
		if err != nil {
			return err
		}
		if n := len(p.rows); n > 0 && k.at != p.rows[n-1].Reading.At.UnixNano() {
			arrange(p.rows[begun:])
			if begun = n; n >= readAtOnce {
				p.from, p.last = k.at, false
				return nil
			}
		}
		p.rows = append(p.rows, row)
	}
	arrange(p.rows[begun:])
	return rows.Err()
}

// arrange orders readings of one instant.
func arrange(rows []Row) {
	if len(rows) < 2 {
		return
	}
	slices.SortFunc(rows, InOrder)
}

// InOrder compares readings of one instant: by sensor, then kind and number.
func InOrder(a, b Row) int {
	return cmp.Or(cmp.Compare(a.Reading.Sensor, b.Reading.Sensor), cmp.Compare(a.Reading.Kind, b.Reading.Kind), cmp.Compare(a.N, b.N))
}

// row scans at, series, n, form, value and window.
func (l *legend) row(tx *sqlite.Tx, rows *sql.Rows, dwelling int64) (key, Row, error) {
	k := key{dwelling: dwelling}
	var inForm int64
	var c content
	if err := rows.Scan(&k.at, &k.series, &k.n, &inForm, &c.value, &c.window); err != nil {
		return k, Row{}, err
	}
	row, err := l.reading(tx, k, inForm, c)
	return k, row, err
}

// reading puts a reading together.
func (l *legend) reading(tx *sqlite.Tx, k key, inForm int64, c content) (Row, error) {
	m, err := l.of(tx, k.dwelling, inForm)
	if err != nil {
		return Row{}, err
	}
	row := Row{N: int(k.n), Reading: ucare.Reading{
		At: instant(k.at), Dwelling: m.dwelling, Sensor: m.sensor, Room: m.room, Kind: m.kind, State: m.state,
		Value: c.value.V, Unit: m.unit, UnknownAge: m.unknownAge, Drill: m.drill,
	}}
	if c.window.Valid {
		var w window
		if err := json.Unmarshal([]byte(c.window.V), &w); err != nil {
			return Row{}, fmt.Errorf("samples of %s at %s: %w", m.sensor, row.Reading.At.Format(time.RFC3339Nano), err)
		}
		row.Reading.RateHz, row.Reading.Samples = w.RateHz, w.Samples
	}
	return row, nil
}

// Dwellings returns the names of the dwellings of which something is stored, ordered.
func (s *Store) Dwellings(ctx context.Context) ([]string, error) {
	var names []string
	err := s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		names, err = column[string](tx, `SELECT name FROM dwelling ORDER BY name`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of the dwellings: %w", err)
	}
	return names, nil
}

// Sensors returns the names of all sensors that a dwelling had, ordered.
func (s *Store) Sensors(ctx context.Context, dwelling string) ([]string, error) {
	var names []string
	err := s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		names, err = column[string](tx, `SELECT DISTINCT sensor FROM series
			WHERE dwelling = (SELECT id FROM dwelling WHERE name = ?) ORDER BY sensor`, dwelling)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of the sensors of %s: %w", dwelling, err)
	}
	return names, nil
}

// Series returns what readings of a dwelling differ in beside their content: at most most,
// in the order in which they first came, which stays the same. An InfluxDB takes a bounded
// number of them.
func (s *Store) Series(ctx context.Context, dwelling string, most int) ([]Series, error) {
	var all []Series
	err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
		all = nil
		rows, err := tx.Query(`SELECT s.sensor, s.kind, f.room FROM series s JOIN form f ON f.series = s.id
			WHERE s.dwelling = (SELECT id FROM dwelling WHERE name = ?) GROUP BY s.id, f.room ORDER BY min(f.id) LIMIT ?`, dwelling, most)
		if err != nil {
			return err
		}
		for rows.Next() {
			var one Series
			if err := rows.Scan(&one.Sensor, &one.Kind, &one.Room); err != nil {
				return err
			}
			all = append(all, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the series of %s: %w", dwelling, err)
	}
	return all, nil
}

// Complete returns since when the file has every reading of all dwellings: the later of
// when the file was made and how far [Store.Trim] went. Readings from before may be here
// too (late ones, those that wait for an InfluxDB), but not all. It moves before Trim
// removes anything, so rows that were read before Complete was asked are all there were
// from its answer on.
func (s *Store) Complete(ctx context.Context) (since time.Time, err error) {
	var ns sql.Null[int64]
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error { return tx.QueryRow(`SELECT complete FROM progress`).Scan(&ns) })
	if err != nil {
		return since, fmt.Errorf("read since when the history is complete: %w", err)
	}
	if !ns.Valid {
		return latest, nil // nobody could say so yet
	}
	return instant(ns.V), nil
}

// column reads the one value that each row has.
func column[T any](tx *sqlite.Tx, query string, args ...any) ([]T, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Span returns the instants of the first and the last reading of a dwelling, in UTC.
// Without any, they are zero.
func (s *Store) Span(ctx context.Context, dwelling string) (first, last time.Time, err error) {
	var from, to sql.Null[int64]
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		id, err := numberOfDwelling(tx, dwelling)
		if err != nil {
			return err
		}
		return tx.QueryRow(`SELECT
			(SELECT min(at) FROM reading WHERE dwelling = ?1), (SELECT max(at) FROM reading WHERE dwelling = ?1)`, id).Scan(&from, &to)
	})
	if err != nil {
		return first, last, fmt.Errorf("read from when on there is a history of %s: %w", dwelling, err)
	}
	if from.Valid {
		first, last = instant(from.V), instant(to.V)
	}
	return first, last, nil
}

// Count counts what is stored of a dwelling. It reads all of it: some tenths of a second
// a million readings.
func (s *Store) Count(ctx context.Context, dwelling string) (Counts, error) {
	var c Counts
	err := s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		id, err := numberOfDwelling(tx, dwelling)
		if err == nil {
			c, err = count(tx, id)
		}
		return err
	})
	if err != nil {
		return Counts{}, fmt.Errorf("count the history of %s: %w", dwelling, err)
	}
	return c, nil
}

func count(tx *sqlite.Tx, dwelling int64) (c Counts, err error) {
	err = tx.QueryRow(`SELECT
		(SELECT count(*) FROM reading WHERE dwelling = ?1), (SELECT count(*) FROM hour WHERE dwelling = ?1),
		(SELECT count(*) FROM day WHERE dwelling = ?1), (SELECT count(*) FROM queue WHERE dwelling = ?1),
		(SELECT count(*) FROM aside WHERE dwelling = ?1)`, dwelling).Scan(&c.Readings, &c.Hours, &c.Days, &c.Waiting, &c.Aside)
	return c, err
}
