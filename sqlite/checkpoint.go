package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

const (
	// checkpointAfter is how many commits go into the write-ahead log before it
	// is brought home.
	checkpointAfter = 200
	// walPages is where a commit brings the log home itself, because whoever
	// should have done so cannot keep up.
	walPages = 8000
)

// A homebringer copies the write-ahead log into the file on a connection of
// its own. Done by the commit that happens to be the thousandth, as SQLite does
// by default, it would be an alarm's bad luck to wait for it.
type homebringer struct {
	conn *sql.Conn
	due  chan struct{} // holds one
	mu   sync.Mutex    // held while the log is brought home
}

// newHomebringer prepares the connection. SQLite copies beside the writer: it
// waits for nobody and nobody waits for it.
func newHomebringer(ctx context.Context, writes *sql.DB, o Options) (*homebringer, error) {
	conn, err := writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	h := &homebringer{conn: conn, due: make(chan struct{}, 1)}
	for _, p := range []string{o.synchronous(), "wal_autocheckpoint=0"} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+p); err != nil {
			return h, fmt.Errorf("PRAGMA %s: %w", p, err)
		}
	}
	return h, nil
}

// committed says that commits were made, counted from the opening.
func (h *homebringer) committed(commits int64) {
	if h == nil || commits%checkpointAfter != 0 {
		return
	}
	select {
	case h.due <- struct{}{}:
	default:
	}
}

// work brings home until the file is closed. A failure is left to the writer,
// who meets the same disk and has somebody to tell.
func (h *homebringer) work(closing <-chan struct{}) {
	for {
		select {
		case <-closing:
			return
		case <-h.due:
			h.mu.Lock()
			_, _ = h.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
			h.mu.Unlock()
		}
	}
}

// hold waits until nothing is under way, and keeps it so until release: while one connection
// brings the log home, SQLite lets no other one empty it, and does not wait.
func (h *homebringer) hold() (release func()) {
	if h == nil {
		return func() {}
	}
	h.mu.Lock()
	return h.mu.Unlock
}

func (h *homebringer) close() error {
	if h == nil {
		return nil
	}
	return h.conn.Close()
}
