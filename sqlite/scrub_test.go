package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// secret is found in no file by accident.
const secret = "Halmeoni-Kim-of-Mapo"

// traces says in which of the files of path the text stands.
func traces(t *testing.T, path, text string) (found []string) {
	t.Helper()
	for _, c := range companions {
		content, err := os.ReadFile(path + c)
		if err == nil && bytes.Contains(content, []byte(text)) {
			found = append(found, filepath.Base(path+c))
		}
	}
	return found
}

func pragma(t *testing.T, f *File, name string) (n int) {
	t.Helper()
	if err := f.Read(t.Context(), func(tx *Tx) error { return tx.QueryRow("PRAGMA " + name).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func statement(query string, args ...any) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}
}

func TestScrubLeavesNoTraceOfWhatWasDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{Shrink: true})
	for i := range 3000 {
		text := fmt.Sprintf("%d %s", i*7919%3000, strings.Repeat("x", i%50))
		if i%2 == 0 {
			text = secret + text
		}
		if err := f.Write(t.Context(), note(text)); err != nil {
			t.Fatal(err)
		}
	}
	if len(traces(t, path, secret)) == 0 {
		t.Fatal("the test looks for something that was never there")
	}
	if err := f.Write(t.Context(), statement(`DELETE FROM notes WHERE text LIKE ?`, secret+"%")); err != nil {
		t.Fatal(err)
	}
	if err := f.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := traces(t, path, secret); found != nil {
		t.Errorf("deleted text stands in %v", found)
	}
	if n := len(stored(t, f)); n != 1500 {
		t.Errorf("%d notes are left, want 1500", n)
	}
	if err := f.Write(t.Context(), note("goes on")); err != nil {
		t.Error(err)
	}
}

func TestScrubSaysThatSomebodyStillReadsWhatWasDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	if err := f.Write(t.Context(), note(secret)); err != nil {
		t.Fatal(err)
	}
	other, err := OpenToRead(t.Context(), path, notes)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	err = other.Read(t.Context(), func(tx *Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT count(*) FROM notes`).Scan(&n); err != nil {
			return err
		}
		return f.Scrub(t.Context())
	})
	if !errors.Is(err, ErrInUse) {
		t.Errorf("with a reader in the log: %v", err)
	}
	if err := f.Scrub(t.Context()); err != nil {
		t.Errorf("without one: %v", err)
	}
}

func TestADeletionThatOverwritesLeavesNothingInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	if err := f.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), note(secret)); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), statement(`DELETE FROM notes`)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if found := traces(t, path, secret); found != nil {
		t.Errorf("deleted text stands in %v", found)
	}
}

func TestScrubIsForWhoMayWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	reader, err := OpenToRead(t.Context(), path, notes)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Scrub(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("opened to read: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Scrub(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("given up before: %v", err)
	}
	f.Close()
	if err := f.Scrub(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestAFileThatWasMadeWithoutItLearnsToShrink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	for i := range 1000 {
		if err := f.Write(t.Context(), note(fmt.Sprint(i, strings.Repeat("x", 300)))); err != nil {
			t.Fatal(err)
		}
	}
	if mode := pragma(t, f, "auto_vacuum"); mode != 0 {
		t.Fatalf("auto_vacuum is %d from the beginning", mode)
	}
	f.Close()
	f = openNotes(t, path, Options{Shrink: true})
	if mode := pragma(t, f, "auto_vacuum"); mode != 2 {
		t.Errorf("auto_vacuum is %d, want 2 (incremental)", mode)
	}
	if n := len(stored(t, f)); n != 1000 {
		t.Errorf("%d notes, want 1000", n)
	}
	before := pragma(t, f, "page_count")
	if err := f.Write(t.Context(), statement(`DELETE FROM notes`)); err != nil {
		t.Fatal(err)
	}
	free := pragma(t, f, "freelist_count")
	if err := f.Write(t.Context(), statement(`PRAGMA incremental_vacuum(20)`)); err != nil {
		t.Fatal(err)
	}
	if after := pragma(t, f, "page_count"); after != before-20 || free < 50 {
		t.Errorf("%d pages, %d of them free, became %d by giving 20 back", before, free, after)
	}
}
