package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A disk that is nearly full is for alarms. A file that is worth less must not take the
// rest of it, nor the memory instead, for being brought up to date.
func TestAModestFileIsWrittenAnewOnlyWhereThereIsRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	openNotes(t, path, Options{}).Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	need := 3*info.Size() + roomLeft
	newer := append(notes[:1:1], `ALTER TABLE notes ADD COLUMN color TEXT NOT NULL DEFAULT 'grey'`)
	open := func(free int64, o Options) (mode int, err error) {
		o.free = func(string) (int64, error) { return free, nil }
		f, aside, err := Open(t.Context(), path, o)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		if aside != "" {
			t.Errorf("it was moved aside to %s", aside)
		}
		return pragma(t, f, "auto_vacuum"), nil
	}
	if mode, err := open(need-1, Options{Migrations: notes, Shrink: true, Modest: true}); err != nil || mode != 0 {
		t.Errorf("without room it opens with %d, %v; want it as it is", mode, err)
	}
	if _, err := open(need-1, Options{Migrations: newer, Shrink: true, Modest: true}); err == nil || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("without room it is brought up to date: %v", err)
	}
	if mode, err := open(need, Options{Migrations: newer, Shrink: true, Modest: true}); err != nil || mode != 2 {
		t.Errorf("with room it opens with %d, %v; want 2 (incremental)", mode, err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	path = fresh
	if mode, err := open(0, Options{Migrations: newer, Shrink: true, Modest: true}); err != nil || mode != 2 {
		t.Errorf("a new file opens with %d, %v", mode, err)
	}
	path = filepath.Join(t.TempDir(), "journal.db")
	openNotes(t, path, Options{}).Close()
	if _, err := open(0, Options{Migrations: newer}); err != nil {
		t.Errorf("what alarms need does not open on a full disk: %v", err)
	}
}
