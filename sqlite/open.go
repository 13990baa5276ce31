package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Options say how a file is opened. The zero value opens a durable file
// without a schema.
type Options struct {
	// Migrations are SQL scripts: the n-th brings user_version from n to n+1,
	// in a transaction of its own.
	Migrations []string
	Sync       Sync
	// Driver is the database/sql driver, "sqlite" (modernc.org/sqlite) when
	// empty. Another one is for tests whose files are not on the disk: Open then
	// neither locks the file nor moves a damaged one aside.
	Driver string
	// SyncFolder replaces the sync of the folder of the file, in the same tests.
	SyncFolder func() error
	// free replaces the question for the free bytes of a disk, in tests.
	free func(path string) (int64, error)
	// Query is added to the data source name: "vfs=…", "_pragma=…".
	Query string
	// Exclusive uses one connection for reads and writes, so that SQLite needs
	// no shared-memory file.
	Exclusive bool
	// Shrink makes a file of which free pages can be given back to the disk, a few at
	// a time (PRAGMA incremental_vacuum). A file that was made without it is written
	// anew by Open, once; if there is no room for that, by a later one.
	Shrink bool
	// Modest is for a file that is worth less than what else is on its disk, or than the
	// memory of its program. Open neither brings an old one up to date nor writes it anew
	// where the disk has not several times the room of it.
	Modest bool
	// Check bounds the search for damage (PRAGMA quick_check); zero leaves it
	// out. Without a verdict in that time opening goes on: a daemon that
	// supervises a person late because it reads its whole file first would be
	// worse, and damage that is touched later comes back as an error.
	Check time.Duration
}

// Sync says when a commit is on the disk.
type Sync int

// Full and Normal are SQLite's own settings for its write-ahead log.
const (
	// Full syncs every commit: nothing that Write reported is lost in a power cut.
	Full Sync = iota
	// Normal syncs at checkpoints only: a power cut loses the last commits, and
	// damages nothing.
	Normal
)

const (
	usual       = "sqlite"        // the driver of modernc.org/sqlite
	busyTimeout = 2 * time.Second // another program, a backup or the sqlite3 shell, may hold the file for that long
	readers     = 4               // connections that read at the same time
	walLimit    = 16 << 20        // bytes to which a grown write-ahead log is cut back
)

// onDisk reports whether the file is one of the operating system's.
func (o Options) onDisk() bool { return o.driver() == usual }

func (o Options) driver() string { return cmp.Or(o.Driver, usual) }

func (o Options) synchronous() string {
	if o.Sync == Normal {
		return "synchronous=NORMAL"
	}
	return "synchronous=FULL"
}

func (o Options) syncFolder(path string) error {
	switch {
	case o.SyncFolder != nil:
		return o.SyncFolder()
	case o.onDisk():
		return syncFolder(path)
	}
	return nil
}

// Open opens the SQLite file at path, or creates it. Its folder must exist. A
// damaged file is moved aside, together with its write-ahead log, and a fresh
// one is opened: then aside is its new name. A file with a newer schema than
// o.Migrations is an error and stays where it is.
func Open(ctx context.Context, path string, o Options) (f *File, aside string, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, "", fmt.Errorf("open %s: %w", path, err)
	}
	unlock := func() error { return nil }
	if o.onDisk() && !o.Exclusive {
		if unlock, err = lock(path); err != nil {
			return nil, "", err
		}
	}
	f, err = open(ctx, path, o)
	if isDamaged(err) && o.onDisk() {
		if aside, err = moveAside(path, time.Now()); err == nil {
			f, err = open(ctx, path, o)
		}
	}
	if err != nil {
		return nil, aside, errors.Join(fmt.Errorf("open %s: %w", path, err), unlock())
	}
	f.unlock = unlock
	return f, aside, nil
}

// OpenToRead opens a file that is there, and that another program may be writing, to
// read it and nothing else. Its schema has to be the one of the migrations.
func OpenToRead(ctx context.Context, path string, migrations []string) (*File, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s to read it: %w", path, err)
	}
	f := newFile(Options{})
	f.readOnly = true
	f.reads, err = sql.Open(usual, source(path, "mode=ro",
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "query_only(1)", "temp_store(MEMORY)"))
	if err != nil {
		return nil, fmt.Errorf("open %s to read it: %w", path, err)
	}
	var version int
	if err = f.Read(ctx, func(tx *Tx) error { return tx.QueryRow("PRAGMA user_version").Scan(&version) }); err == nil && version != len(migrations) {
		err = fmt.Errorf("its schema has version %d, this program reads %d: use the u-Care that writes it", version, len(migrations))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s to read it: %w", path, err), f.Close())
	}
	return f, nil
}

func open(ctx context.Context, path string, o Options) (*File, error) {
	if o.onDisk() {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	f := newFile(o)
	err := f.connect(ctx, path, o)
	if err == nil {
		err = f.writer.prepareFile(ctx, path, o)
	}
	if err == nil {
		// SQLite made the file with a rollback journal, and does not sync the
		// deletion of that. Should it come back after a power cut, it would roll
		// the file back to nothing, and with it all that was written since.
		err = o.syncFolder(path)
	}
	if err == nil && !o.Exclusive {
		f.home, err = newHomebringer(ctx, f.writes, o)
	}
	if err != nil {
		return nil, errors.Join(err, f.disconnect())
	}
	f.working.Go(f.work)
	if f.home != nil {
		f.working.Go(func() { f.home.work(f.closing) })
	}
	return f, nil
}

// create makes an empty file that only its owner can read; SQLite gives its
// companions the same mode.
func create(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	}
	// SQLite never leaves a log without a file: somebody or something took the
	// file away. SQLite would delete the log; we keep it for whoever looks.
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return fmt.Errorf("%w: %s is empty or missing, its write-ahead log is not", errDamaged, path)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("create it: %w (does the folder exist, may this user write there?)", err)
	}
	return file.Close()
}

// connect opens the connection of the writer, and the pool of the readers.
func (f *File) connect(ctx context.Context, path string, o Options) (err error) {
	if f.writes, err = sql.Open(o.driver(), source(path, o.Query)); err != nil {
		return err
	}
	if f.writer.conn, err = f.writes.Conn(ctx); err != nil {
		return err
	}
	if o.Exclusive {
		return nil
	}
	f.reads, err = sql.Open(o.driver(), source(path, o.Query,
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "query_only(1)", "temp_store(MEMORY)"))
	return err
}

// source is the data source name, in the form that both drivers read.
func source(path, query string, pragmas ...string) string {
	raw := query
	for _, p := range pragmas {
		if raw != "" {
			raw += "&"
		}
		raw += url.Values{"_pragma": {p}}.Encode()
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: raw}).String()
}

// prepareFile sets the connection up, looks for damage and brings the schema up
// to date.
func (s *session) prepareFile(ctx context.Context, path string, o Options) error {
	if err := s.configure(ctx, o); err != nil {
		return err
	}
	if err := s.check(ctx, o.Check); err != nil {
		return err
	}
	if err := s.bringHome(ctx); err != nil {
		return err
	}
	room := o.room(path)
	if err := s.migrate(ctx, o.Migrations, room); err != nil || !o.Shrink || room != nil {
		return err
	}
	return s.learnToShrink(ctx, !o.Modest)
}

// bringHome brings the write-ahead log of an earlier opening home, and empties it. A
// commit whose sync failed stands in the kernel's memory as if it were on the disk, and
// an opening after it takes it for good. What is committed from now on must not come
// behind it in the log, where a power cut would leave a hole. A full disk takes nothing
// home, and must not keep anybody from opening.
func (s *session) bringHome(ctx context.Context) error {
	if _, err := s.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil && !IsFull(err) {
		return fmt.Errorf("PRAGMA wal_checkpoint: %w", err)
	}
	return nil
}

func (s *session) configure(ctx context.Context, o Options) error {
	pragmas := []string{fmt.Sprintf("busy_timeout=%d", busyTimeout.Milliseconds())}
	if o.Exclusive {
		// Before journal_mode: only so SQLite does without shared memory.
		pragmas = append(pragmas, "locking_mode=EXCLUSIVE")
	}
	if o.Shrink {
		pragmas = append(pragmas, shrinking) // before the first table
	}
	pragmas = append(pragmas, o.synchronous(), "foreign_keys=ON", "temp_store=MEMORY",
		fmt.Sprintf("journal_size_limit=%d", walLimit))
	if !o.Exclusive {
		pragmas = append(pragmas, fmt.Sprintf("wal_autocheckpoint=%d", walPages))
	}
	for _, p := range pragmas {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+p); err != nil {
			return fmt.Errorf("PRAGMA %s: %w", p, err)
		}
	}
	var mode string
	if err := s.conn.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return fmt.Errorf("PRAGMA journal_mode=WAL: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("this file system cannot keep a write-ahead log (journal_mode stays %q); put the file on a local disk", mode)
	}
	return nil
}

// check looks for damage for at most bound.
func (s *session) check(ctx context.Context, bound time.Duration) error {
	if bound <= 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	var verdict string
	err := s.conn.QueryRowContext(bounded, "PRAGMA quick_check(1)").Scan(&verdict)
	switch {
	case bounded.Err() != nil && ctx.Err() == nil && !isDamaged(err):
		return nil // no verdict in time
	case err != nil:
		return fmt.Errorf("PRAGMA quick_check: %w", err)
	case verdict != "ok":
		return fmt.Errorf("%w: %s", errDamaged, verdict)
	}
	return nil
}

// migrate runs the migrations that the file has not seen; those of an old file only if
// there is room for it.
func (s *session) migrate(ctx context.Context, migrations []string, room error) error {
	var version int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("PRAGMA user_version: %w", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("its schema has version %d, this program knows up to %d: it was written by a newer u-Care; install that one, or move the file away to start afresh",
			version, len(migrations))
	}
	if 0 < version && version < len(migrations) && room != nil {
		return fmt.Errorf("migrate its schema to version %d: %w", len(migrations), room)
	}
	for n, script := range migrations[version:] {
		next := version + n + 1
		err := s.exec(ctx, "BEGIN IMMEDIATE", script, fmt.Sprintf("PRAGMA user_version=%d", next), "COMMIT")
		if err != nil {
			s.rollback()
			return fmt.Errorf("migrate its schema to version %d: %w", next, err)
		}
	}
	return nil
}
