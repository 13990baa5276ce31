package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// appendAtOnce bounds the readings that share a transaction, and with it how long the
// next one waits.
const appendAtOnce = 2000

// Append stores readings. One that is there already, with the same content, is not
// stored again; when its room is another one, it is moved to that. A reading whose time
// the file cannot hold (before 1678, after 2262) is left out. A value that is not a
// number is stored as an unknown state.
//
// With them all readings of the journal up to the entry seq are stored; 0: they are of
// no journal. After an error some of the readings may be stored: append them again.
func (s *Store) Append(ctx context.Context, readings []ucare.Reading, seq int64) error {
	for len(readings) > appendAtOnce {
		if err := s.append(ctx, readings[:appendAtOnce], 0); err != nil {
			return err
		}
		readings = readings[appendAtOnce:]
	}
	if len(readings) == 0 && seq == 0 {
		return nil
	}
	return s.append(ctx, readings, seq)
}

// OfFile reports whether an error is about the file or its disk, and not about the readings
// that were to be stored: they may be stored later.
func OfFile(err error) bool { return sqlite.OfFile(err) }

func (s *Store) append(ctx context.Context, readings []ucare.Reading, seq int64) error {
	err := s.write(ctx, func(w *writing) error {
		w.stored = max(w.stored, seq)
		if err := w.unlined(); err != nil {
			return err
		}
		a := appending{writing: w}
		for _, r := range readings {
			if err := a.reading(r); err != nil {
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

// An appending is a transaction that appends.
type appending struct {
	*writing
	dirty struct{ dwelling, hour int64 } // that was marked last: most readings are of one hour
}

// A window is the samples of a reading, as JSON.
type window struct {
	RateHz  float64      `json:"rate_hz"`
	Samples [][3]float64 `json:"samples"`
}

// A content is what of a reading is not in its form.
type content struct {
	value  sql.Null[float64]
	window sql.Null[string]
}

func (a *appending) reading(r ucare.Reading) error {
	at, possible := nanoseconds(r.At)
	if !possible {
		return nil
	}
	r = finite(r)
	c, err := contentOf(r)
	if err != nil {
		return err
	}
	k := key{at: at}
	if k.dwelling, err = a.dwelling(r.Dwelling); err != nil {
		return err
	}
	if k.series, err = a.series(series{k.dwelling, r.Sensor, r.Kind}); err != nil {
		return err
	}
	f, err := a.form(form{k.series, r.Room, r.Unit, r.State, r.UnknownAge, r.Drill})
	if err != nil {
		return err
	}
	fresh, err := a.insert(k, f, c)
	if err != nil || fresh {
		return err
	}
	return a.beside(k, f, c, r)
}

// insert stores a reading if there is none with its key.
func (a *appending) insert(k key, f int64, c content) (fresh bool, err error) {
	n, err := a.changed(`INSERT INTO reading (dwelling, at, series, n, form, value, window) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, k.dwelling, k.at, k.series, k.n, f, c.value, c.window)
	if err != nil || n == 0 {
		return false, err
	}
	if a.queue {
		if err := a.line(k); err != nil {
			return false, err
		}
	}
	return true, a.touch(k)
}

// beside stores a reading where there are others with its key, unless it is one of them.
func (a *appending) beside(k key, f int64, c content, r ucare.Reading) error {
	found, err := a.find(k, c, r)
	switch {
	case err != nil:
		return err
	case !found.same:
		k.n = found.n + 1
		_, err := a.insert(k, f, c)
		return err
	case found.form == f:
		return nil
	}
	k.n = found.n
	if _, err := a.Exec(`UPDATE reading SET form = ? WHERE dwelling = ? AND at = ? AND series = ? AND n = ?`,
		f, k.dwelling, k.at, k.series, k.n); err != nil {
		return err
	}
	return a.touch(k)
}

// A likeness is the stored reading that is the same as another one but for the room, or
// else the last of those with its key.
type likeness struct {
	same    bool
	n, form int64
}

func (a *appending) find(k key, c content, r ucare.Reading) (l likeness, err error) {
	rows, err := a.Query(`SELECT r.n, r.form, r.value, r.window, f.unit, f.state, f.unknown_age, f.drill
		FROM reading r JOIN form f ON f.id = r.form WHERE r.dwelling = ? AND r.at = ? AND r.series = ? ORDER BY r.n`,
		k.dwelling, k.at, k.series)
	if err != nil {
		return l, err
	}
	defer rows.Close()
	for rows.Next() {
		var there content
		var f form
		if err := rows.Scan(&l.n, &l.form, &there.value, &there.window, &f.unit, &f.state, &f.unknownAge, &f.drill); err != nil {
			return l, err
		}
		if f.unit != r.Unit || f.state != r.State || f.unknownAge != r.UnknownAge || f.drill != r.Drill {
			continue
		}
		if l.same = there.equal(c); l.same {
			return l, nil
		}
	}
	return l, rows.Err()
}

// equal compares what the columns say: numbers can be written in more ways than one.
func (c content) equal(other content) bool {
	if c.value.V != other.value.V || c.window.Valid != other.window.Valid {
		return false
	}
	if c.window.V == other.window.V {
		return true
	}
	var a, b window
	if json.Unmarshal([]byte(c.window.V), &a) != nil || json.Unmarshal([]byte(other.window.V), &b) != nil {
		return false
	}
	return a.RateHz == b.RateHz && slices.Equal(a.Samples, b.Samples) && (a.Samples == nil) == (b.Samples == nil)
}

// line lets a reading wait for an InfluxDB.
func (w *writing) line(k key) error {
	n, err := w.changed(`INSERT INTO queue (dwelling, at, series, n) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		k.dwelling, k.at, k.series, k.n)
	w.queued += n
	return err
}

// touch makes the hour of a reading dirty.
func (a *appending) touch(k key) error {
	hour := hourOf(k.at)
	if a.dirty.dwelling == k.dwelling && a.dirty.hour == hour {
		return nil
	}
	a.dirty.dwelling, a.dirty.hour = k.dwelling, hour
	return a.smudge(k.dwelling, hour)
}

// smudge makes an hour dirty.
func (w *writing) smudge(dwelling, hour int64) error {
	_, err := w.Exec(`INSERT INTO dirty (dwelling, hour, mark) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET mark = excluded.mark`,
		dwelling, hour, w.mark())
	return err
}

// finite makes an unknown state of a reading with a number that is none: no sum, no
// JSON and no InfluxDB could take it.
func finite(r ucare.Reading) ucare.Reading {
	good := number(r.Value) && number(r.RateHz)
	for _, s := range r.Samples {
		good = good && number(s[0]) && number(s[1]) && number(s[2])
	}
	if !good {
		r.Value, r.Unit, r.RateHz, r.Samples = 0, "", 0, nil
	}
	return r
}

func number(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func contentOf(r ucare.Reading) (c content, err error) {
	if r.Unit != "" || r.Value != 0 {
		c.value = sql.Null[float64]{V: r.Value, Valid: true}
	}
	if r.Samples != nil || r.RateHz != 0 {
		text, err := json.Marshal(window{r.RateHz, r.Samples})
		if err != nil {
			return c, err
		}
		c.window = sql.Null[string]{V: string(text), Valid: true}
	}
	return c, nil
}
