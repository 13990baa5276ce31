package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

var notes = []string{`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT`}

func openNotes(t testing.TB, path string, o Options) *File {
	t.Helper()
	o.Migrations = notes
	f, aside, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	if aside != "" {
		t.Fatalf("a healthy file was moved aside to %s", aside)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func note(text string) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO notes (text) VALUES (?)`, text)
		return err
	}
}

// stored returns the notes in the order in which they were written.
func stored(t testing.TB, f *File) []string {
	t.Helper()
	var texts []string
	err := f.Read(context.Background(), func(tx *Tx) error {
		rows, err := tx.Query(`SELECT text FROM notes ORDER BY id`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			texts = append(texts, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// together runs the writes so that all share one commit: they wait while
// another one holds the writer. It returns their errors and how many commits
// they took. Each do runs in its own goroutine.
func together(f *File, writes ...func(*Tx) error) (errs []error, commits int64) {
	gate := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = f.Write(context.Background(), func(*Tx) error { <-gate; return nil })
	})
	synctest.Wait()
	errs = make([]error, len(writes))
	for i, do := range writes {
		wg.Go(func() { errs[i] = f.Write(context.Background(), do) })
	}
	synctest.Wait()
	before := f.Commits()
	close(gate)
	wg.Wait()
	return errs, f.Commits() - before - 1
}

func TestWritesThatWaitShareACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
		var writes []func(*Tx) error
		for i := range 100 {
			writes = append(writes, note(fmt.Sprint(i)))
		}
		errs, commits := together(f, writes...)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if n := len(stored(t, f)); n != 100 || commits != 1 {
			t.Errorf("%d notes in %d commits, want 100 in 1", n, commits)
		}
		f.Close()
	})
}

func TestMoreWritesThanABatchTakeMoreCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
		var writes []func(*Tx) error
		for i := range 3*batchSize - 1 {
			writes = append(writes, note(fmt.Sprint(i)))
		}
		if _, commits := together(f, writes...); commits != 3 {
			t.Errorf("%d writes took %d commits, want 3", len(writes), commits)
		}
		f.Close()
	})
}

func TestAWriteThatFailsTakesNobodyWithIt(t *testing.T) {
	refused := errors.New("refused")
	synctest.Test(t, func(t *testing.T) {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
		errs, commits := together(f,
			note("one"),
			func(tx *Tx) error { return errors.Join(note("undone")(tx), refused) },
			func(tx *Tx) error { // a statement that fails is undone alone too
				if err := note("three")(tx); err != nil {
					return err
				}
				if err := note("three")(tx); err == nil {
					return errors.New("the same note twice")
				}
				return nil
			},
		)
		if errs[0] != nil || !errors.Is(errs[1], refused) || errs[2] != nil || commits != 1 {
			t.Errorf("errors %v in %d commits", errs, commits)
		}
		got := stored(t, f)
		if len(got) != 2 || strings.Contains(fmt.Sprint(got), "undone") {
			t.Errorf("stored %q, want one and three", got)
		}
		f.Close()
	})
}

func TestASingleWriteThatFailsIsUndone(t *testing.T) {
	f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
	refused := errors.New("refused")
	err := f.Write(t.Context(), func(tx *Tx) error { return errors.Join(note("undone")(tx), refused) })
	if !errors.Is(err, refused) || len(stored(t, f)) != 0 {
		t.Errorf("error %v, stored %q", err, stored(t, f))
	}
}

func TestAPanicReachesItsCallerAndNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
		caught := make(chan any, 1)
		// The batch is built by hand because the panic must surface in its own goroutine.
		gate := make(chan struct{})
		go f.Write(context.Background(), func(*Tx) error { <-gate; return nil })
		synctest.Wait()
		go func() {
			defer func() { caught <- recover() }()
			f.Write(context.Background(), func(tx *Tx) error {
				note("undone")(tx)
				panic("boom")
			})
		}()
		good := make(chan error, 1)
		go func() { good <- f.Write(context.Background(), note("good")) }()
		synctest.Wait()
		close(gate)
		if v := <-caught; !strings.Contains(fmt.Sprint(v), "boom") {
			t.Errorf("the caller caught %v", v)
		}
		if err := <-good; err != nil || fmt.Sprint(stored(t, f)) != "[good]" {
			t.Errorf("error %v, stored %q", err, stored(t, f))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestACallerStopsWaitingWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "notes.db")
		f := openNotes(t, path, Options{})
		gate := make(chan struct{})
		running, leave := context.WithCancel(context.Background())
		left := make(chan error, 2)
		go func() {
			left <- f.Write(running, func(tx *Tx) error { <-gate; return note("running")(tx) })
		}()
		synctest.Wait()
		waiting, leave2 := context.WithCancel(context.Background())
		go func() { left <- f.Write(waiting, note("waiting")) }()
		synctest.Wait()
		leave()
		leave2()
		for range 2 {
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want that the context ended", err)
			}
		}
		close(gate)
		// What had begun is committed all the same; what waited is not begun.
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f = openNotes(t, path, Options{})
		if got := fmt.Sprint(stored(t, f)); got != "[running]" {
			t.Errorf("stored %s", got)
		}
		f.Close()
	})
}

func TestCloseLosesNoWriteThatWasReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	var written, refused atomic.Int64
	var wg sync.WaitGroup
	begun := make(chan struct{}, 1)
	for g := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				switch err := f.Write(context.Background(), note(fmt.Sprint(g, "/", i))); {
				case err == nil:
					written.Add(1)
				case errors.Is(err, ErrClosed):
					refused.Add(1)
					return
				default:
					t.Errorf("write: %v", err)
					return
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 20 {
		<-begun
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	wg.Wait()
	if err := f.Read(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if n := len(stored(t, openNotes(t, path, Options{}))); int64(n) != written.Load() || refused.Load() != 8 {
		t.Errorf("%d stored, %d reported, %d refused", n, written.Load(), refused.Load())
	}
}

func TestReadersSeeOneInstantAndCannotWrite(t *testing.T) {
	for _, exclusive := range []bool{false, true} {
		t.Run(fmt.Sprint("exclusive=", exclusive), func(t *testing.T) {
			f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{Exclusive: exclusive})
			count := func(tx *Tx) (n int) {
				if err := tx.QueryRow(`SELECT count(*) FROM notes`).Scan(&n); err != nil {
					t.Error(err)
				}
				return n
			}
			err := f.Read(t.Context(), func(tx *Tx) error {
				before := count(tx)
				if !exclusive {
					if err := f.Write(context.Background(), note("meanwhile")); err != nil {
						return err
					}
				}
				if after := count(tx); before != after {
					t.Errorf("%d, then %d in the same transaction", before, after)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Read(t.Context(), note("by a reader")); err == nil && !exclusive {
				t.Error("a reader may write")
			}
			if got := fmt.Sprint(stored(t, f)); strings.Contains(got, "reader") {
				t.Errorf("a reader wrote: %s", got)
			}
		})
	}
}

func TestRowsLeftOpenAreClosed(t *testing.T) {
	f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
	for range 3 * readers {
		for _, transact := range []func(context.Context, func(*Tx) error) error{f.Read, f.Write} {
			err := transact(t.Context(), func(tx *Tx) error {
				_, err := tx.Query(`SELECT 1 UNION SELECT 2`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWrongQueryIsAnError(t *testing.T) {
	f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
	var n int
	err := f.Read(t.Context(), func(tx *Tx) error { return tx.QueryRow(`SELECT nonsense`).Scan(&n) })
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("error %v", err)
	}
	if err := f.Write(t.Context(), note("still works")); err != nil {
		t.Error(err)
	}
}

func TestOthersCannotReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	if err := f.Write(t.Context(), note("private")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode())
		}
	}
}
