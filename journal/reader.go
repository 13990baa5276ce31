package journal

import (
	"context"
	"fmt"

	"github.com/ucare-project/ucare/sqlite"
)

// A Reader reads the log beside the Journal that writes it, in this process or
// another, through connections of its own: whoever follows the log at leisure shares
// nothing with an alarm, no queue, no connection and no deadline. Its methods may be
// called from any goroutine.
type Reader struct{ file *sqlite.File }

// OpenToRead opens the log of the journal at path, which has to be there.
func OpenToRead(ctx context.Context, path string) (*Reader, error) {
	file, err := sqlite.OpenToRead(ctx, path, migrations[:])
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Reader{file}, nil
}

// readerBytes bounds the payloads that a Reader has in memory at a time.
const readerBytes = 4 << 20

// After returns at most most entries that follow the place seq, in order, and fewer
// when their payloads are large. None: there are no more for now.
func (r *Reader) After(ctx context.Context, seq int64, most int) ([]Entry, error) {
	entries, err := entriesAfter(ctx, r.file, seq, most, readerBytes)
	if err != nil {
		return nil, fmt.Errorf("journal: read entries after %d: %w", seq, err)
	}
	return entries, nil
}

// Extent is the first and the last place of the log; 0 and 0 of an empty one.
func (r *Reader) Extent(ctx context.Context) (oldest, newest int64, err error) {
	err = r.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT coalesce((SELECT min(seq) FROM entries), 0), coalesce((SELECT max(seq) FROM entries), 0)`).Scan(&oldest, &newest)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("journal: read its first and last place: %w", err)
	}
	return oldest, newest, nil
}

// Identity is a random name that the journal was given when it was made: a place in
// one journal means nothing in another, which begins from 1 again.
func (r *Reader) Identity(ctx context.Context) (id string, err error) {
	err = r.file.Read(ctx, func(tx *sqlite.Tx) error { return tx.QueryRow(`SELECT id FROM identity`).Scan(&id) })
	if err != nil {
		return "", fmt.Errorf("journal: read its identity: %w", err)
	}
	return id, nil
}

// Close closes the connections. It may be called more than once.
func (r *Reader) Close() error { return r.file.Close() }
