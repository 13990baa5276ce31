package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestAFullFileRefusesAndKeepsWhatItHas(t *testing.T) {
	f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{Query: "_pragma=max_page_count(20)"})
	var n int
	var err error
	for err == nil {
		if err = f.Write(t.Context(), note(fmt.Sprint(n, strings.Repeat("x", 1000)))); err == nil {
			n++
		}
	}
	if !IsFull(err) || len(stored(t, f)) != n || n == 0 {
		t.Errorf("error %v, %d stored, %d reported", err, len(stored(t, f)), n)
	}
}

func TestAWriteThatIsTooBigLeavesRoomForTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{Query: "_pragma=max_page_count(20)"})
		errs, _ := together(f, note("one"), note(strings.Repeat("x", 1<<20)), note("three"))
		if errs[0] != nil || !IsFull(errs[1]) || errs[2] != nil {
			t.Errorf("errors %v", errs)
		}
		if got := stored(t, f); len(got) != 2 {
			t.Errorf("%d stored", len(got))
		}
		f.Close()
	})
}

func TestOtherErrorsAreNotAFullDisk(t *testing.T) {
	f := openNotes(t, filepath.Join(t.TempDir(), "notes.db"), Options{})
	err := f.Write(t.Context(), func(tx *Tx) error { return errors.Join(note("a")(tx), note("a")(tx)) })
	if err == nil || IsFull(err) || IsFull(nil) || !IsFull(fmt.Errorf("write: %w", syscall.ENOSPC)) {
		t.Errorf("error %v", err)
	}
}
