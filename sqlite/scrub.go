package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// This file is for what a person has a right to have erased. SQLite leaves what is
// deleted in the file until something else is written there.

// ErrInUse is returned by Scrub when the write-ahead log cannot be emptied because
// somebody reads what is in it.
var ErrInUse = errors.New("another program reads the file; end it and try again")

// Overwrite makes deletions overwrite what they delete, from now on until the file is
// closed. Traces can stay where rows were moved within the file, until Scrub.
func (f *File) Overwrite(ctx context.Context) error {
	return f.alone(ctx, func(ctx context.Context) error { return f.writer.exec(ctx, "PRAGMA secure_delete=ON") })
}

// Scrub writes the file anew without what was deleted from it before, however long
// ago, and empties its write-ahead log. It keeps the writer for as long as that takes,
// and needs as much free space as the file has, beside it and where temporary files
// are (TMPDIR). Nobody may be reading the file. Once it has begun it goes on to its
// end, also when ctx ends.
func (f *File) Scrub(ctx context.Context) error {
	return f.alone(ctx, func(ctx context.Context) error {
		// What a file loses at its end, the file system gives away as it is.
		err := f.writer.exec(ctx, "PRAGMA secure_delete=ON")
		if err == nil {
			err = f.writer.vacuum(ctx, true)
		}
		if err != nil {
			return fmt.Errorf("write the file anew without what was deleted (free as much disk as the file has, there and in TMPDIR): %w", err)
		}
		defer f.home.hold()()
		if err := f.writer.emptyLog(ctx); err != nil {
			return fmt.Errorf("empty the write-ahead log: %w", err)
		}
		return nil
	})
}

// emptyLog brings the write-ahead log home, and leaves nothing in it.
func (s *session) emptyLog(ctx context.Context) error {
	var busy, pages, home int
	err := s.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &home)
	if err == nil && busy != 0 {
		err = ErrInUse
	}
	return err
}

// alone runs statements outside of any transaction, with nobody else writing. No
// context goes with them: an interrupted one could leave anything behind.
func (f *File) alone(ctx context.Context, run func(context.Context) error) error {
	if f.readOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.asWriter(func() error { return run(context.WithoutCancel(ctx)) })
}
