package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// Options say how a journal is opened. The zero value is right for a gateway.
type Options struct {
	// BallastBytes is the size of the file that is given up when the disk is
	// full: 0 is 16 MiB, negative is none.
	BallastBytes int64
	// Logger hears when the ballast is given up; nil is silence.
	Logger *slog.Logger
	// SQLite overrides how the file is opened, in tests. Its Migrations are
	// the journal's own, and a Check of 0 is half a second.
	SQLite sqlite.Options
}

const (
	defaultBallast = 16 << 20
	defaultCheck   = 500 * time.Millisecond // of the one second in which a gateway must watch again
)

// Opened says what Open found.
type Opened struct {
	// Aside is the new name of a damaged journal that was moved aside; empty if
	// all was well.
	Aside string
	// LastAt is when the last entry was received; zero in an empty journal. The
	// gateway was deaf since then at the latest.
	LastAt time.Time
}

// A Journal is an open journal. Its methods may be called from any goroutine.
type Journal struct {
	file     *sqlite.File
	ballast  *ballast
	appended chan struct{}
	tail     *tail
	log      *slog.Logger
}

// Open opens the journal at path, or creates it. Its folder must exist.
func Open(ctx context.Context, path string, o Options) (*Journal, Opened, error) {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if o.BallastBytes == 0 {
		o.BallastBytes = defaultBallast
	}
	o.SQLite.Migrations = migrations[:]
	if o.SQLite.Check == 0 {
		o.SQLite.Check = defaultCheck
	}
	b := newBallast(path+".ballast", o.BallastBytes)
	j := &Journal{ballast: b, appended: make(chan struct{}, 1), tail: newTail(), log: log}
	var opened Opened
	err := j.withRoom(func() (err error) {
		j.file, opened.Aside, err = sqlite.Open(ctx, path, o.SQLite)
		return err
	})
	if err != nil {
		return nil, opened, fmt.Errorf("journal: %w", err)
	}
	if opened.LastAt, err = j.readLast(ctx); err != nil {
		return nil, opened, errors.Join(fmt.Errorf("journal: read its last entry: %w", err), j.file.Close())
	}
	b.fill(log)
	return j, opened, nil
}

// DiskIsGone reports whether err says that the disk itself refuses: read-only,
// full or broken. A folder that this user may not write, or that another process
// holds, is for whoever installs to put right.
func DiskIsGone(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EIO) || sqlite.IsFull(err)
}

// readLast reads when the last entry was received, and where it is.
func (j *Journal) readLast(ctx context.Context) (time.Time, error) {
	var seq, at int64
	err := j.file.Read(ctx, func(tx *sqlite.Tx) error {
		err := tx.QueryRow("SELECT seq, at FROM entries ORDER BY seq DESC LIMIT 1").Scan(&seq, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	j.tail.last.Store(seq)
	return instant(at), err
}

// LastPlace is the place of the last entry; 0 in an empty journal. It asks no disk.
func (j *Journal) LastPlace() int64 { return j.tail.last.Load() }

// Commits is the number of commits since Open. Under load it grows more slowly
// than the number of entries, which share commits.
func (j *Journal) Commits() int64 { return j.file.Commits() }

// Close commits what was handed over and closes the journal. It may be called
// more than once.
func (j *Journal) Close() error {
	j.ballast.stop()
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("journal: close: %w", err)
	}
	return nil
}

// write runs do in a transaction and makes room once if the disk is full.
func (j *Journal) write(ctx context.Context, do func(*sqlite.Tx) error) error {
	return j.withRoom(func() error { return j.file.Write(ctx, do) })
}

// withRoom runs do, and once more if do failed for want of space and the
// ballast was given up since do began, by this call or another.
func (j *Journal) withRoom(do func() error) error {
	before := j.ballast.givenUp.Load()
	err := do()
	if !sqlite.IsFull(err) {
		return err
	}
	gave, failed := j.ballast.giveUp()
	switch {
	case failed != nil:
		return errors.Join(err, fmt.Errorf("give up the ballast: %w", failed))
	case gave:
		j.log.Warn("the disk is full: gave up the ballast of the journal; free some space", "file", j.ballast.path, "error", err)
	case j.ballast.givenUp.Load() == before:
		return err
	}
	return do()
}
