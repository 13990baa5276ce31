package embedded

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// A Store is the embedded history. It is safe for concurrent use.
type Store struct {
	file     *sqlite.File
	queue    bool   // line up what is stored for an InfluxDB
	names    *names // used by the writer only, within a transaction
	allLined atomic.Bool
}

// Open opens the history in the file at path, or creates it. A damaged file is
// moved aside: then aside is its new name and the history begins afresh.
//
// A file of an earlier version is brought up to date and written anew, once, which takes
// some seconds a million readings: open it where nobody waits.
func Open(ctx context.Context, path string, o Options) (s *Store, aside string, err error) {
	file, aside, err := sqlite.Open(ctx, path, sqlite.Options{
		Migrations: migrations, Sync: sqlite.Normal, Check: time.Second, Shrink: true, Modest: true,
	})
	if err == nil {
		err = file.Overwrite(ctx)
	}
	if err != nil {
		return nil, aside, fmt.Errorf("open the history %s (check that its folder exists and can be written): %w", path, err)
	}
	s = &Store{file: file, queue: o.Queue, names: newNames()}
	// A disk that takes nothing now may take it later, as all else.
	_ = s.write(ctx, func(w *writing) error {
		_, err := w.Exec(`UPDATE progress SET complete = ? WHERE complete IS NULL`, time.Now().UnixNano())
		return err
	})
	return s, aside, nil
}

// OpenToRead opens the history that a gateway may be writing, to read it and nothing
// else.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	file, err := sqlite.OpenToRead(ctx, path, migrations)
	if err != nil {
		return nil, err
	}
	return &Store{file: file}, nil
}

// Close ends what is under way and closes the file.
func (s *Store) Close() error { return s.file.Close() }

// A writing is a transaction that writes, with what is counted in the file.
type writing struct {
	*sqlite.Tx
	names *names
	queue bool
	// stored, changes, known and queued are the columns of progress.
	stored, changes, known, queued int64
	marked                         bool // this change has its number
}

// write runs do in a transaction. An error of do undoes all of it.
func (s *Store) write(ctx context.Context, do func(*writing) error) error {
	return s.writeBy(ctx, s.file.Write, do)
}

func (s *Store) writeBy(ctx context.Context, by func(context.Context, func(*sqlite.Tx) error) error, do func(*writing) error) error {
	return by(ctx, func(tx *sqlite.Tx) error {
		w := writing{Tx: tx, names: s.names, queue: s.queue}
		err := tx.QueryRow(`SELECT stored, changes, names, queued FROM progress`).Scan(&w.stored, &w.changes, &w.known, &w.queued)
		if err != nil {
			return err
		}
		before := w
		w.names.checked(w.known)
		if err := do(&w); err != nil {
			return err
		}
		if w == before {
			return nil
		}
		_, err = tx.Exec(`UPDATE progress SET stored = ?, changes = ?, names = ?, queued = ?`, w.stored, w.changes, w.known, w.queued)
		return err
	})
}

// mark is the number of this change.
func (w *writing) mark() int64 {
	if !w.marked {
		w.changes++
		w.marked = true
	}
	return w.changes
}

// changed runs a statement and returns how many rows it changed.
func (w *writing) changed(query string, args ...any) (int64, error) {
	done, err := w.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
