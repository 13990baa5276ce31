package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"

	"github.com/ucare-project/ucare/sqlite"
)

// A ballast is a file that does nothing but take space, so that there is some
// to give when the disk is full.
type ballast struct {
	path    string
	size    int64        // 0 or less: there is none
	givenUp atomic.Int64 // how often it was
	free    func(path string) (int64, error)
	halt    atomic.Bool // the writer of the file shall stop
	filling sync.WaitGroup
	mu      sync.Mutex // held while the file is made or removed
}

func newBallast(path string, size int64) *ballast {
	return &ballast{path: path, size: size, free: sqlite.FreeBytes}
}

// errHalted says that the ballast was not finished because the space is needed
// or the journal is being closed.
var errHalted = errors.New("interrupted")

// BallastPresent reports whether there is space to give up. It is false for a
// moment after the first start, while the ballast is being written.
func (j *Journal) BallastPresent() bool { return j.ballast.present() }

// RestoreBallast writes the ballast again after it was given up. It is an error
// while the disk has less than twice its size free.
func (j *Journal) RestoreBallast() error {
	j.ballast.halt.Store(false)
	return j.ballast.restore()
}

// DiskShort reports whether the disk has no room to spare for anything but alarms. It asks
// the disk.
func (j *Journal) DiskShort() bool { return j.ballast.short() }

// unfinished is the name of the file while it is being written.
func (b *ballast) unfinished() string { return b.path + ".new" }

func (b *ballast) present() bool {
	info, err := os.Stat(b.path)
	return err == nil && b.size > 0 && info.Size() == b.size
}

// short reports whether the disk has no room to spare: less is free than the ballast
// takes, or a missing one cannot be written. One that is being written is no shortage.
// Without a ballast nobody has said how much to spare.
func (b *ballast) short() bool {
	if b.size <= 0 {
		return false
	}
	free, err := b.free(b.path)
	if err != nil {
		return !b.present()
	}
	if b.present() {
		return free < b.size
	}
	if info, err := os.Stat(b.unfinished()); err == nil {
		free += info.Size()
	}
	return free < 2*b.size
}

// fill writes a missing ballast in the background: a start must not wait for it.
func (b *ballast) fill(log *slog.Logger) {
	if b.size <= 0 || b.present() {
		return
	}
	b.filling.Go(func() {
		if err := b.restore(); err != nil && !errors.Is(err, errHalted) {
			log.Warn("the journal has no ballast for a full disk", "error", err)
		}
	})
}

// stop ends a fill.
func (b *ballast) stop() {
	b.halt.Store(true)
	b.filling.Wait()
}

// giveUp removes the file, if it is there.
func (b *ballast) giveUp() (gave bool, err error) {
	b.halt.Store(true)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size <= 0 {
		return false, nil
	}
	if err := os.Remove(b.unfinished()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	switch err := os.Remove(b.path); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	b.givenUp.Add(1)
	// The sync makes the file system hand the space out at once.
	return true, syncFolder(b.path)
}

func (b *ballast) restore() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size <= 0 || b.present() {
		return nil
	}
	free, err := b.free(b.path)
	if err != nil {
		return fmt.Errorf("write the ballast: %w", err)
	}
	if free < 2*b.size {
		return fmt.Errorf("write the ballast: the disk has %d bytes free, %d are needed; free some space", free, 2*b.size)
	}
	unfinished := b.unfinished()
	if err := b.writeFile(unfinished); err != nil {
		_ = os.Remove(unfinished) // the next try writes over what is left
		return fmt.Errorf("write the ballast: %w", err)
	}
	if err := os.Rename(unfinished, b.path); err != nil {
		return fmt.Errorf("write the ballast: %w", err)
	}
	return syncFolder(b.path)
}

// writeFile writes noise, which no file system can compress or leave out. It
// syncs often, so that commits of the journal never wait behind much of it.
func (b *ballast) writeFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte{})
	chunk := make([]byte, 256<<10)
	for left := b.size; left > 0 && err == nil; {
		if b.halt.Load() {
			err = errHalted
			break
		}
		n := min(left, int64(len(chunk)))
		_, _ = noise.Read(chunk[:n]) // never fails
		if _, err = file.Write(chunk[:n]); err == nil {
			err = file.Sync()
		}
		left -= n
	}
	return errors.Join(err, file.Close())
}
