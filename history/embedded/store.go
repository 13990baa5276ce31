package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// migrations build the file. The primary key makes sending a reading again
// harmless and lets a range of a dwelling's time be read in order.
var migrations = []string{`
CREATE TABLE reading (
	dwelling TEXT    NOT NULL,
	at       INTEGER NOT NULL, -- nanoseconds since 1970, UTC
	sensor   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	room     TEXT    NOT NULL,
	state    INTEGER NOT NULL, -- 0 unknown, 1 inactive, 2 active
	value    REAL,             -- with a unit
	unit     TEXT,
	rate_hz  REAL,
	samples  TEXT,             -- JSON [[x,y,z],…]
	unknown_age INTEGER NOT NULL,
	drill       INTEGER NOT NULL,
	PRIMARY KEY (dwelling, at, sensor, kind)
) WITHOUT ROWID;
`}

const (
	insert = `INSERT INTO reading
		(dwelling, at, sensor, kind, room, state, value, unit, rate_hz, samples, unknown_age, drill)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET room=excluded.room, state=excluded.state, value=excluded.value, unit=excluded.unit,
			rate_hz=excluded.rate_hz, samples=excluded.samples, unknown_age=excluded.unknown_age, drill=excluded.drill`
	between = `SELECT at, sensor, kind, room, state, value, unit, rate_hz, samples, unknown_age, drill
		FROM reading WHERE dwelling = ? AND at >= ? AND at < ? ORDER BY at, sensor, kind`
	trimSome = `DELETE FROM reading WHERE (dwelling, at, sensor, kind) IN
		(SELECT dwelling, at, sensor, kind FROM reading WHERE dwelling = ? AND at < ? LIMIT ?)`
	dwellings = `SELECT DISTINCT dwelling FROM reading`
)

// trimBatch bounds how long trimming keeps the writer from appending.
const trimBatch = 5000

// A Store is the embedded history. It is safe for concurrent use.
type Store struct{ file *sqlite.File }

// Open opens the history in the file at path, or creates it. A damaged file is
// moved aside: then aside is its new name and the history begins afresh.
func Open(ctx context.Context, path string, o Options) (s *Store, aside string, err error) {
	file, aside, err := sqlite.Open(ctx, path, sqlite.Options{
		Migrations: migrations, Sync: sqlite.Normal, Check: time.Second,
	})
	if err != nil {
		return nil, aside, fmt.Errorf("open the history %s (check that its folder exists and can be written): %w", path, err)
	}
	return &Store{file}, aside, nil
}

// OpenToRead opens the history that a gateway may be writing, to read it and nothing
// else.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	file, err := sqlite.OpenToRead(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Store{file}, nil
}

// Close ends what is under way and closes the file.
func (s *Store) Close() error { return s.file.Close() }

// Append adds readings in one transaction. A reading that is already there (by
// dwelling, instant, sensor and kind) is written again, so it is safe to send
// readings twice. A reading whose time the file cannot hold is left out. With them all
// readings of the journal up to the entry seq are stored; 0: they are of no journal.
func (s *Store) Append(ctx context.Context, readings []ucare.Reading, seq int64) error {
	if len(readings) == 0 {
		return nil
	}
	err := s.file.Write(ctx, func(tx *sqlite.Tx) error {
		for _, r := range readings {
			if _, representable := nanoseconds(r.At); !representable {
				continue
			}
			if err := appendOne(tx, r); err != nil {
				return fmt.Errorf("reading %s of %s at %s: %w", r.Kind, r.Sensor, r.At.Format(time.RFC3339Nano), err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write %d readings to the history: %w", len(readings), err)
	}
	return nil
}

func appendOne(tx *sqlite.Tx, r ucare.Reading) error {
	var value sql.Null[float64]
	if r.Unit != "" && r.Samples == nil && !math.IsNaN(r.Value) {
		value = sql.Null[float64]{V: r.Value, Valid: true}
	}
	var samples sql.Null[string]
	if r.Samples != nil {
		text, err := json.Marshal(r.Samples)
		if err != nil {
			return err
		}
		samples = sql.Null[string]{V: string(text), Valid: true}
	}
	at, _ := nanoseconds(r.At)
	_, err := tx.Exec(insert, r.Dwelling, at, r.Sensor, string(r.Kind), r.Room, int(r.State),
		value, r.Unit, r.RateHz, samples, r.UnknownAge, r.Drill)
	return err
}

// Between returns the dwelling's readings with from ≤ at < to, ordered by time,
// in UTC. An error ends the sequence, as its last pair.
func (s *Store) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		wanted := true
		err := s.file.Read(ctx, func(tx *sqlite.Tx) error {
			rows, err := tx.Query(between, dwelling, clamp(from), clamp(to))
			if err != nil {
				return err
			}
			for rows.Next() {
				r, err := scan(rows)
				if err != nil {
					return err
				}
				r.Dwelling = dwelling
				if wanted = yield(r, nil); !wanted {
					return nil
				}
			}
			return rows.Err()
		})
		if err != nil && wanted {
			yield(ucare.Reading{}, fmt.Errorf("read the history of %s: %w", dwelling, err))
		}
	}
}

func scan(rows *sql.Rows) (ucare.Reading, error) {
	var (
		r       ucare.Reading
		at      int64
		value   sql.Null[float64]
		samples sql.Null[[]byte]
	)
	err := rows.Scan(&at, &r.Sensor, &r.Kind, &r.Room, &r.State, &value, &r.Unit, &r.RateHz, &samples, &r.UnknownAge, &r.Drill)
	if err != nil {
		return r, err
	}
	r.At, r.Value = time.Unix(0, at).UTC(), value.V
	if samples.Valid {
		err = json.Unmarshal(samples.V, &r.Samples)
	}
	return r, err
}

// Trim removes what is not to be kept, a little at a time so that appending goes on
// meanwhile. It returns how much it removed.
func (s *Store) Trim(ctx context.Context, keep Keep) (Trimmed, error) {
	n, err := s.trim(ctx, keep.Readings)
	return Trimmed{Readings: n}, err
}

func (s *Store) trim(ctx context.Context, before time.Time) (int64, error) {
	var names []string
	err := s.file.Read(ctx, func(tx *sqlite.Tx) (err error) {
		names, err = column(tx, dwellings)
		return err
	})
	var trimmed int64
	for _, name := range slices.Sorted(slices.Values(names)) {
		for n := int64(trimBatch); err == nil && n == trimBatch; trimmed += n {
			n = 0
			err = s.file.Write(ctx, func(tx *sqlite.Tx) error {
				done, err := tx.Exec(trimSome, name, clamp(before), trimBatch)
				if err == nil {
					n, err = done.RowsAffected()
				}
				return err
			})
		}
	}
	if err != nil {
		return trimmed, fmt.Errorf("forget the history before %s: %w", before.Format(time.RFC3339), err)
	}
	return trimmed, nil
}

func column(tx *sqlite.Tx, query string) ([]string, error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// The instants that nanoseconds since 1970 can say, about the years 1678 to 2262.
var (
	earliest = time.Unix(0, math.MinInt64)
	latest   = time.Unix(0, math.MaxInt64)
)

func nanoseconds(t time.Time) (int64, bool) {
	if t.Before(earliest) || t.After(latest) {
		return 0, false
	}
	return t.UnixNano(), true
}

// clamp is the end of a range as the file can say it.
func clamp(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	default:
		return t.UnixNano()
	}
}
