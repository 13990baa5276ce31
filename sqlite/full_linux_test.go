package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of so many bytes, if this user may.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestAFullDiskRefusesAndKeepsWhatItHas(t *testing.T) {
	dir := smallDisk(t, 2<<20)
	f := openNotes(t, filepath.Join(dir, "notes.db"), Options{})
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, bytes.Repeat([]byte{1}, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
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
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(context.Background(), note("there is room again")); err != nil {
		t.Error(err)
	}
}
