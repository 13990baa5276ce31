package journal

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ucare-project/ucare/sqlite"
)

// filled opens a journal with a ballast of so many bytes and waits for it.
func filled(t *testing.T, dir string, ballast int64, log *slog.Logger) *Journal {
	t.Helper()
	j, _ := openAt(t, filepath.Join(dir, "journal.db"), Options{BallastBytes: ballast, Logger: log})
	j.ballast.filling.Wait()
	if !j.BallastPresent() {
		t.Fatal("there is no ballast")
	}
	return j
}

func TestTheBallastTakesItsSpaceForReal(t *testing.T) {
	dir := t.TempDir()
	j := filled(t, dir, 0, nil)
	info, err := os.Stat(filepath.Join(dir, "journal.db.ballast"))
	check(t, err)
	if taken := info.Sys().(*syscall.Stat_t).Blocks * 512; info.Size() != 16<<20 || taken < info.Size() {
		t.Errorf("size %d, taken %d", info.Size(), taken)
	}
	check(t, j.Close())
	again := filled(t, dir, 0, nil)
	after, err := os.Stat(filepath.Join(dir, "journal.db.ballast"))
	check(t, err)
	if !os.SameFile(info, after) || !after.ModTime().Equal(info.ModTime()) {
		t.Error("the ballast was written again")
	}
	check(t, again.Close())
}

func TestNoBallastWhenNoneIsWanted(t *testing.T) {
	j := fresh(t)
	check(t, j.RestoreBallast())
	if j.BallastPresent() {
		t.Error("there is a ballast")
	}
}

func TestAFullJournalGivesUpItsBallastAndTellsTheCaller(t *testing.T) {
	var log bytes.Buffer
	j, _ := openAt(t, filepath.Join(t.TempDir(), "journal.db"), Options{
		BallastBytes: 4096, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		SQLite: sqlite.Options{Query: "_pragma=max_page_count(30)"},
	})
	j.ballast.filling.Wait()
	n, err := appendUntilRefused(j, 1000)
	// No ballast helps here, since it is not the disk that is full.
	if !sqlite.IsFull(err) || j.BallastPresent() || len(all(t, j)) != n {
		t.Errorf("error %v, ballast %v, %d stored of %d", err, j.BallastPresent(), len(all(t, j)), n)
	}
	if got := strings.Count(log.String(), "gave up the ballast"); got != 1 {
		t.Errorf("said %d times that the ballast is gone: %s", got, log.String())
	}
}

// appendUntilRefused returns how many entries of so many bytes were stored.
func appendUntilRefused(j *Journal, size int) (n int, err error) {
	for {
		e := message(fmt.Sprint("filler/", n), noon)
		e.Payload = bytes.Repeat([]byte("x"), size)
		if _, err := j.Append(context.Background(), e); err != nil {
			return n, err
		}
		n++
	}
}

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

// fill takes all that is left of the disk and returns how to give it back.
func fill(t *testing.T, dir string) (release func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	file, err := os.Create(name)
	check(t, err)
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	return func() { check(t, os.Remove(name)) }
}

func TestOnAFullDiskTheBallastLetsEntriesIn(t *testing.T) {
	dir := smallDisk(t, 4<<20)
	j := filled(t, dir, 512<<10, nil)
	mustAppend(t, j, message("before", noon))
	release := fill(t, dir)
	n := 0
	for j.BallastPresent() { // the log may have a little room left
		mustAppend(t, j, message(fmt.Sprint(n), noon))
		n++
	}
	mustAppend(t, j, message("in the room of the ballast", noon))
	check(t, j.Decide(t.Context(), raised(1)))
	if err := j.RestoreBallast(); err == nil || !strings.Contains(err.Error(), "bytes free") {
		t.Errorf("restoring the ballast on a full disk: %v", err)
	}
	more, err := appendUntilRefused(j, 1000)
	if !sqlite.IsFull(err) || len(all(t, j)) != n+more+2 {
		t.Errorf("error %v, %d stored of %d", err, len(all(t, j)), n+more+2)
	}
	release()
	mustAppend(t, j, message("after", noon))
	check(t, j.RestoreBallast())
	if !j.BallastPresent() {
		t.Error("there is no ballast again")
	}
	check(t, integrity(j))
}

func TestAJournalOpensOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, 2<<20)
	j := filled(t, dir, 512<<10, nil)
	mustAppend(t, j, message("before", noon))
	check(t, j.Close())
	fill(t, dir)
	j, opened := openAt(t, filepath.Join(dir, "journal.db"), Options{BallastBytes: 512 << 10})
	if opened.Aside != "" || !opened.LastAt.Equal(noon) || len(all(t, j)) != 1 {
		t.Errorf("opened %+v", opened)
	}
	mustAppend(t, j, message("after", noon))
	if j.BallastPresent() {
		t.Error("the ballast is there, so the disk was not full")
	}
}
