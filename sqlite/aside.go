package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// companions are the endings of the files that SQLite keeps beside a file. The
// file itself comes first: should the power fail in between, then what is left
// is a log without a file, which the next Open recognises.
var companions = [...]string{"", "-wal", "-shm", "-journal"}

// moveAside renames a damaged file and its companions to
// path.corrupt-20060102T150405Z, and makes that survive a power cut.
func moveAside(path string, now time.Time) (aside string, err error) {
	stamped := path + ".corrupt-" + now.UTC().Format("20060102T150405Z")
	aside = stamped
	for n := 2; taken(aside); n++ {
		aside = fmt.Sprintf("%s-%d", stamped, n)
	}
	for _, c := range companions {
		if err := os.Rename(path+c, aside+c); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("move the damaged file aside: %w", err)
		}
	}
	if err := syncFolder(path); err != nil {
		return "", fmt.Errorf("move the damaged file aside: %w", err)
	}
	return aside, nil
}

func taken(path string) bool {
	for _, c := range companions {
		if _, err := os.Lstat(path + c); err == nil {
			return true
		}
	}
	return false
}
