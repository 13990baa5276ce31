package sqlite

import (
	"context"
	"fmt"
)

// shrinking is the setting of a file that can give pages back. On a file with tables it
// waits for a VACUUM.
const shrinking = "auto_vacuum=INCREMENTAL"

// learnToShrink writes a file anew that was made without that setting. Where it cannot,
// for want of room, the file works as well: it only stays as large as it is.
func (s *session) learnToShrink(ctx context.Context, inMemory bool) error {
	var mode int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&mode); err != nil {
		return fmt.Errorf("PRAGMA auto_vacuum: %w", err)
	}
	if mode != 0 {
		return nil
	}
	if err := s.vacuum(ctx, inMemory); isDamaged(err) || isBroken(err) {
		return err
	}
	return nil
}

// vacuum writes all that is in the file into a temporary one, and back. That one is on
// the disk, or in memory, where it may be, if there is no folder for it.
func (s *session) vacuum(ctx context.Context, inMemory bool) error {
	err := s.exec(ctx, "PRAGMA temp_store=FILE", "VACUUM")
	if err != nil && inMemory && !isDamaged(err) && !isBroken(err) {
		err = s.exec(ctx, "PRAGMA temp_store=MEMORY", "VACUUM")
	}
	if again := s.exec(ctx, "PRAGMA temp_store=MEMORY"); err == nil {
		err = again
	}
	return err
}
