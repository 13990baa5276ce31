package embedded

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// A series is a sensor of a dwelling and a kind that it reports on.
type series struct {
	dwelling int64
	sensor   string
	kind     ucare.Kind
}

// A form is what readings of a series have in common.
type form struct {
	series            int64
	room, unit        string
	state             ucare.State
	unknownAge, drill bool
}

// names are the numbers of the names in the file, for the writer. They hold what was
// looked up or added since the file last had a change of names that was not made here.
type names struct {
	known     int64 // progress.names as of these maps
	dwellings map[string]int64
	series    map[series]int64
	forms     map[form]int64
}

func newNames() *names {
	n := &names{}
	n.forget()
	return n
}

func (n *names) forget() {
	n.dwellings, n.series, n.forms = map[string]int64{}, map[series]int64{}, map[form]int64{}
}

// checked forgets the numbers if they are not those of the file: a transaction that
// added some was undone, or one erased some.
func (n *names) checked(known int64) {
	if n.known != known {
		n.forget()
		n.known = known
	}
}

// renamed says that this transaction changes the names.
func (w *writing) renamed() {
	w.known++
	w.names.known = w.known
}

// dwelling is the number of a dwelling, which gets one if it has none.
func (w *writing) dwelling(name string) (int64, error) {
	return numberOf(w, w.names.dwellings, name,
		`SELECT id FROM dwelling WHERE name = ?`,
		`INSERT INTO dwelling (name) VALUES (?)`, name)
}

func (w *writing) series(s series) (int64, error) {
	return numberOf(w, w.names.series, s,
		`SELECT id FROM series WHERE dwelling = ? AND sensor = ? AND kind = ?`,
		`INSERT INTO series (dwelling, sensor, kind) VALUES (?, ?, ?)`, s.dwelling, s.sensor, string(s.kind))
}

func (w *writing) form(f form) (int64, error) {
	return numberOf(w, w.names.forms, f,
		`SELECT id FROM form WHERE series = ? AND room = ? AND unit = ? AND state = ? AND unknown_age = ? AND drill = ?`,
		`INSERT INTO form (series, room, unit, state, unknown_age, drill) VALUES (?, ?, ?, ?, ?, ?)`,
		f.series, f.room, f.unit, int64(f.state), bit(f.unknownAge), bit(f.drill))
}

// numberOf is the number of what is said by args: from memory, from the file, or new.
func numberOf[K comparable](w *writing, numbers map[K]int64, what K, find, add string, args ...any) (int64, error) {
	if id, known := numbers[what]; known {
		return id, nil
	}
	var id int64
	err := w.QueryRow(find, args...).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		var done sql.Result
		if done, err = w.Exec(add, args...); err != nil {
			return 0, err
		}
		w.renamed()
		id, err = done.LastInsertId()
	}
	if err != nil {
		return 0, err
	}
	numbers[what] = id
	return id, nil
}

// numberOfDwelling is the number of a dwelling, 0 if it has none.
func numberOfDwelling(tx *sqlite.Tx, name string) (id int64, err error) {
	err = tx.QueryRow(`SELECT id FROM dwelling WHERE name = ?`, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// A meaning is what the number of a form stands for.
type meaning struct {
	dwelling, sensor, room, unit string
	kind                         ucare.Kind
	state                        ucare.State
	unknownAge, drill            bool
}

// A legend says what the numbers in rows stand for. It reads the names of a dwelling
// when it first meets a number that it does not know.
type legend struct {
	dwellings map[int64]string
	forms     map[int64]meaning
}

func newLegend() *legend { return &legend{map[int64]string{}, map[int64]meaning{}} }

var errNoName = errors.New("the file has a number without a name: it is damaged")

// dwelling returns the name of a dwelling.
func (l *legend) dwelling(tx *sqlite.Tx, id int64) (string, error) {
	if name, known := l.dwellings[id]; known {
		return name, nil
	}
	err := l.read(tx, id)
	return l.dwellings[id], err
}

// of returns what a form of a dwelling stands for.
func (l *legend) of(tx *sqlite.Tx, dwelling, inForm int64) (meaning, error) {
	if m, known := l.forms[inForm]; known {
		return m, nil
	}
	if err := l.read(tx, dwelling); err != nil {
		return meaning{}, err
	}
	m, known := l.forms[inForm]
	if !known {
		return m, fmt.Errorf("%w (form %d of dwelling %d)", errNoName, inForm, dwelling)
	}
	return m, nil
}

// read reads the names of a dwelling.
func (l *legend) read(tx *sqlite.Tx, dwelling int64) error {
	var name string
	if err := tx.QueryRow(`SELECT name FROM dwelling WHERE id = ?`, dwelling).Scan(&name); err != nil {
		return fmt.Errorf("%w (dwelling %d: %w)", errNoName, dwelling, err)
	}
	l.dwellings[dwelling] = name
	rows, err := tx.Query(`SELECT f.id, s.sensor, s.kind, f.room, f.unit, f.state, f.unknown_age, f.drill
		FROM series s JOIN form f ON f.series = s.id WHERE s.dwelling = ?`, dwelling)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		id, m := int64(0), meaning{dwelling: name}
		if err := rows.Scan(&id, &m.sensor, &m.kind, &m.room, &m.unit, &m.state, &m.unknownAge, &m.drill); err != nil {
			return err
		}
		l.forms[id] = m
	}
	return rows.Err()
}

// bit is the form of a bool in the file.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
