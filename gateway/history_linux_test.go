package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ucare-project/ucare"
)

// onASmallDisk puts the history of the data directory below dir on a file system of its
// own, if this user may mount one.
func onASmallDisk(t *testing.T, dir string) (disk string) {
	t.Helper()
	disk = t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1048576"); err != nil {
		t.Skipf("SKIPPED: needs the right to mount a small file system: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(disk, "history.db"), filepath.Join(dir, "data", "history.db")); err != nil {
		t.Fatal(err)
	}
	return disk
}

// The disk of the history is full or cannot be written to: each alarm goes out, and when
// there is room again nothing is missing.
func TestAHistoryWithoutADiskDelaysNoAlarmAndMissesNothing(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, disk string) (release func()){
		"full": func(t *testing.T, disk string) func() {
			filler := filepath.Join(disk, "filler")
			file, err := os.Create(filler)
			for err == nil {
				_, err = file.Write(make([]byte, 4096))
			}
			_ = file.Close()
			return func() { _ = os.Remove(filler) }
		},
		"read only": func(t *testing.T, disk string) func() {
			if err := unix.Mount("", disk, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
				t.Skipf("SKIPPED: needs the right to mount a file system for reading only: %v", err)
			}
			return func() {
				if err := unix.Mount("", disk, "", unix.MS_REMOUNT, ""); err != nil {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "data", "history.db")
			release := take(t, onASmallDisk(t, dir))
			h := newTestHome(t, dir)
			h.start(t)
			const alarms = 20
			for i := range alarms {
				h.alarms(t, fmt.Sprint("room-", i))
			}
			await(t, "the fault of the history", func() bool { return h.stands(ucare.FaultHistory, file) })
			release()
			await(t, "the readings", func() bool { return len(h.remembered(t, time.Time{})) == alarms })
			await(t, "the end of the fault", func() bool { return !h.stands(ucare.FaultHistory, file) })
		})
	}
}
