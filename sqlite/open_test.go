package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("UCARE_TEST_HOLD"); path != "" {
		hold(path)
	}
	os.Exit(m.Run())
}

// hold is what the second process of a test does: open the file and stay.
func hold(path string) {
	if _, _, err := Open(context.Background(), path, Options{Migrations: notes}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	select {}
}

func TestASecondProcessIsTurnedAwayUntilTheFirstIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "UCARE_TEST_HOLD="+path)
	says, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Process.Kill() })
	if line, _ := bufio.NewReader(says).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q", line)
	}
	_, _, err = Open(t.Context(), path, Options{Migrations: notes})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("another u-Care process (pid %d) uses %s", other.Process.Pid, path)) {
		t.Errorf("error %v", err)
	}
	other.Process.Kill()
	other.Wait()
	openNotes(t, path, Options{})
}

func TestMigrationsBringAnOldFileUpToDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	if err := f.Write(t.Context(), note("old")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	newer := append(notes[:1:1], `ALTER TABLE notes ADD COLUMN color TEXT NOT NULL DEFAULT 'grey'; CREATE INDEX colors ON notes (color)`,
		`UPDATE notes SET color = 'red' WHERE text = 'old'`)
	for range 2 { // the second time there is nothing to do
		f, _, err := Open(t.Context(), path, Options{Migrations: newer})
		if err != nil {
			t.Fatal(err)
		}
		var color string
		var version int
		err = f.Read(t.Context(), func(tx *Tx) error {
			if err := tx.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil {
				return err
			}
			return tx.QueryRow(`SELECT color FROM notes`).Scan(&color)
		})
		if err != nil || color != "red" || version != 3 {
			t.Errorf("color %q, version %d, %v", color, version, err)
		}
		f.Close()
	}
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	openNotes(t, path, Options{}).Close()
	_, aside, err := Open(t.Context(), path, Options{Migrations: append(notes[:1:1], `DROP TABLE notes; CREATE TABLE oops (`)})
	if err == nil || aside != "" || !strings.Contains(err.Error(), "version 2") {
		t.Fatalf("aside %q, error %v", aside, err)
	}
	if err := openNotes(t, path, Options{}).Write(t.Context(), note("still works")); err != nil {
		t.Error(err)
	}
}

func TestAFileOfANewerProgramStaysWhereItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f, _, err := Open(t.Context(), path, Options{Migrations: append(notes[:1:1], `CREATE TABLE future (id INTEGER)`)})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, aside, err := Open(t.Context(), path, Options{Migrations: notes, Check: time.Minute})
	if err == nil || aside != "" || !strings.Contains(err.Error(), "newer u-Care") {
		t.Errorf("aside %q, error %v", aside, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// damaged makes a file of 200 notes, closes it and lets harm do its work.
func damaged(t *testing.T, harm func(t *testing.T, path string)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	for i := range 200 {
		if err := f.Write(t.Context(), note(fmt.Sprint(i, strings.Repeat("x", 500)))); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	harm(t, path)
	return path
}

func rewrite(change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, change(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADamagedFileIsMovedAsideAndAFreshOneOpened(t *testing.T) {
	junk := bytes.Repeat([]byte{0xa5, 0x5a, 0x13}, 1<<20)
	harms := map[string]func([]byte) []byte{
		"junk in the middle":       func(b []byte) []byte { copy(b[8*4096:14*4096], junk); return b },
		"junk in the first page":   func(b []byte) []byte { copy(b[100:4096], junk); return b },
		"not a database":           func(b []byte) []byte { copy(b, junk[:len(b)]); return b },
		"a header cut off":         func(b []byte) []byte { return b[:50] },
		"half of it gone":          func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
		"cut in the first page":    func(b []byte) []byte { return b[:1000] },
		"zeros from the middle on": func(b []byte) []byte { clear(b[len(b)/2:]); return b },
	}
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			path := damaged(t, rewrite(harm))
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, aside, err := Open(t.Context(), path, Options{Migrations: notes, Check: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if !strings.HasPrefix(aside, path+".corrupt-2") || !strings.HasSuffix(aside, "Z") {
				t.Fatalf("aside %q", aside)
			}
			if got, err := os.ReadFile(aside); err != nil || !bytes.Equal(got, want) {
				t.Errorf("what was moved aside is not what was there (%v)", err)
			}
			if err := f.Write(t.Context(), note("fresh")); err != nil || len(stored(t, f)) != 1 {
				t.Errorf("write to the fresh file: %v", err)
			}
		})
	}
}

func TestTheLogOfAVanishedFileIsKept(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"emptied": func(path string) error { return os.Truncate(path, 0) },
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "notes.db")
			openNotes(t, path, Options{}).Close()
			log := []byte("all that is left")
			if err := os.WriteFile(path+"-wal", log, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			f, aside, err := Open(t.Context(), path, Options{Migrations: notes})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got, err := os.ReadFile(aside + "-wal"); err != nil || !bytes.Equal(got, log) {
				t.Errorf("log %q, %v", got, err)
			}
		})
	}
}

func TestTwoDamagedFilesInOneSecondAreBothKept(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	path := filepath.Join(dir, "notes.db")
	for _, want := range []string{".corrupt-20261122T080000Z", ".corrupt-20261122T080000Z-2", ".corrupt-20261122T080000Z-3"} {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		aside, err := moveAside(path, now)
		if err != nil || aside != path+want {
			t.Errorf("aside %q, %v, want %q", aside, err, path+want)
		}
	}
}

func TestNoVerdictInTimeDoesNotKeepAFileFromOpening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	openNotes(t, path, Options{}).Close()
	openNotes(t, path, Options{Check: time.Nanosecond})
}

func TestASearchForDamageThatIsCutShortLeavesTheFileUsable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	f := openNotes(t, path, Options{})
	err := f.Write(t.Context(), func(tx *Tx) error {
		for i := range 20_000 {
			if err := note(fmt.Sprint(i, strings.Repeat("x", 500)))(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	f = openNotes(t, path, Options{Check: time.Millisecond})
	if err := f.Write(t.Context(), note("after")); err != nil || len(stored(t, f)) != 20_001 {
		t.Errorf("%d stored, %v", len(stored(t, f)), err)
	}
}

func TestAMissingFolderIsSaid(t *testing.T) {
	_, _, err := Open(t.Context(), filepath.Join(t.TempDir(), "missing", "notes.db"), Options{})
	if err == nil || !strings.Contains(err.Error(), "does the folder exist") {
		t.Errorf("error %v", err)
	}
}

func TestEveryCommitIsSyncedUnlessToldOtherwise(t *testing.T) {
	for sync, want := range map[Sync]int{Full: 2, Normal: 1} {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{Sync: sync})
		var got int
		err := f.Write(t.Context(), func(tx *Tx) error { return tx.QueryRow(`PRAGMA synchronous`).Scan(&got) })
		if err != nil || got != want {
			t.Errorf("synchronous is %d, want %d (%v)", got, want, err)
		}
	}
}

func TestAFileIsReadWhileSomebodyWritesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.db")
	if _, err := OpenToRead(t.Context(), path, notes); err == nil {
		t.Error("a file that is not there was opened")
	}
	f := openNotes(t, path, Options{})
	r, err := OpenToRead(t.Context(), path, notes)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := f.Write(t.Context(), note("written after it was opened")); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, r); len(got) != 1 {
		t.Errorf("read %q", got)
	}
	if err := r.Write(t.Context(), note("refused")); err != ErrReadOnly {
		t.Errorf("error %v", err)
	}
	if _, err := OpenToRead(t.Context(), path, append(notes, "CREATE TABLE more (x)")); err == nil || !strings.Contains(err.Error(), "version 1, this program reads 2") {
		t.Errorf("error %v", err)
	}
}
