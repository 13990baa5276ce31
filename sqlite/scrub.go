package sqlite

import (
	"context"
	"fmt"
)

// This file is for what a person has a right to have erased. SQLite leaves what is
// deleted in the file until something else is written there.

// Overwrite makes deletions overwrite what they delete, from now on until the file is
// closed.
func (f *File) Overwrite(ctx context.Context) error {
	return f.alone(ctx, "PRAGMA secure_delete=ON")
}

// Scrub writes the file anew without what was deleted from it before, however long
// ago, and empties its write-ahead log. It keeps the writer for as long as that takes,
// and needs as much free space as the file has, beside it and where temporary files
// are (TMPDIR). No other program may be reading the file.
func (f *File) Scrub(ctx context.Context) error {
	// What a file loses at its end, the file system gives away as it is.
	err := f.alone(ctx, "PRAGMA secure_delete=ON", "PRAGMA temp_store=FILE", "VACUUM", "PRAGMA temp_store=MEMORY")
	if err != nil {
		return fmt.Errorf("write the file anew without what was deleted (free as much disk as the file has, there and in TMPDIR): %w", err)
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	var busy, pages, home int
	err = f.writer.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &home)
	if err == nil && busy != 0 {
		err = fmt.Errorf("another program reads the file; end it and try again")
	}
	if err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	return nil
}

// alone runs statements outside of any transaction, with nobody else writing.
func (f *File) alone(ctx context.Context, statements ...string) error {
	if f.readOnly {
		return ErrReadOnly
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	select {
	case <-f.closing:
		return ErrClosed
	default:
		return f.writer.exec(ctx, statements...)
	}
}
