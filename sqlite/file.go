package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned by a File that is closed or closing.
var ErrClosed = errors.New("the file is closed")

// ErrReadOnly is returned by Write on a File that was opened to read.
var ErrReadOnly = errors.New("the file was opened to be read only")

// A File is an open SQLite file. Its methods may be called from any goroutine.
type File struct {
	jobs    chan *job
	closing chan struct{}
	working sync.WaitGroup // the writer and the homebringer
	closed  sync.Once
	failed  error // of Close
	// readOnly: nobody takes the jobs of a writer.
	readOnly bool
	commits  atomic.Int64

	writing sync.Mutex // held by whoever uses the writer's connection
	writer  *session
	writes  *sql.DB
	sync    string       // the pragma
	home    *homebringer // nil with one connection: then commits bring the log home

	free   chan *session // readers that nobody uses; not yet connected ones among them
	reads  *sql.DB       // nil when reads use the writer's connection
	unlock func() error
}

func newFile(o Options) *File {
	f := &File{
		jobs: make(chan *job), closing: make(chan struct{}),
		writer: newSession(), sync: o.synchronous(), unlock: func() error { return nil },
	}
	if !o.Exclusive {
		f.free = make(chan *session, readers)
		for range readers {
			f.free <- newSession()
		}
	}
	return f
}

// Write runs do in a write transaction and returns when that is committed, and
// with Full on the disk. Concurrent calls share a commit. An error of do undoes
// what do wrote, and nothing else.
//
// do runs on another goroutine and, when a shared commit fails, once more: it
// should do nothing but read, write and note results. When ctx ends Write stops
// waiting, but its transaction may still be committed: after an error nothing
// is known about it, and what do noted must not be looked at. A panic of do is
// passed on to the caller.
func (f *File) Write(ctx context.Context, do func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.readOnly {
		return ErrReadOnly
	}
	j := &job{ctx: ctx, do: do, done: make(chan error, 1)}
	select {
	case f.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-f.closing:
		return ErrClosed
	}
	select {
	case err := <-j.done:
		if p, ok := errors.AsType[*panicked](err); ok {
			panic(fmt.Sprintf("%v\n\n%s", p.value, p.stack))
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// WriteThrough is Write for a file with Normal: when it returns, what it wrote is on the
// disk, and with it all that was committed before. It waits for its turn whatever becomes
// of ctx.
func (f *File) WriteThrough(ctx context.Context, do func(*Tx) error) error {
	return f.alone(ctx, func(ctx context.Context) (err error) {
		if err := f.writer.exec(ctx, "PRAGMA synchronous=FULL"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.writer.exec(ctx, "PRAGMA "+f.sync)) }()
		j := &job{ctx: ctx, do: do}
		return cmp.Or(f.transaction([]*job{j}), j.err)
	})
}

// Read runs do on a read connection; everything do reads is of one instant. do
// should be short: as long as it runs the write-ahead log cannot be cut back.
func (f *File) Read(ctx context.Context, do func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.reads == nil {
		return f.readExclusively(do)
	}
	select {
	case <-f.closing:
		return ErrClosed
	default:
	}
	var s *session
	select {
	case s = <-f.free:
	case <-ctx.Done():
		return ctx.Err()
	case <-f.closing:
		return ErrClosed
	}
	defer func() { f.free <- s }()
	if s.conn == nil {
		conn, err := f.reads.Conn(ctx)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	return s.snapshot(ctx, do)
}

// readExclusively reads on the writer's connection, between two commits. It
// does not listen to a context: an interrupted statement could take the
// connection's transaction with it.
func (f *File) readExclusively(do func(*Tx) error) error {
	return f.asWriter(func() error { return f.writer.snapshot(context.Background(), do) })
}

// asWriter runs do with the writer's connection, between two commits.
func (f *File) asWriter(do func() error) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	select {
	case <-f.closing:
		return ErrClosed
	default:
		return do()
	}
}

// Commits is the number of commits so far. Under load it grows more slowly than
// the number of writes.
func (f *File) Commits() int64 { return f.commits.Load() }

// Close commits what was handed to it, waits for the readers and closes the
// file. It may be called more than once.
func (f *File) Close() error {
	f.closed.Do(func() {
		close(f.closing)
		f.working.Wait()
		f.failed = errors.Join(f.disconnect(), f.unlock())
	})
	return f.failed
}

// disconnect closes all connections, the writer's last: the last one out
// brings the write-ahead log home.
func (f *File) disconnect() error {
	var errs []error
	if f.reads != nil {
		for range readers {
			errs = append(errs, (<-f.free).close())
		}
		errs = append(errs, f.reads.Close())
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	errs = append(errs, f.home.close(), f.writer.close())
	if f.writes != nil {
		errs = append(errs, f.writes.Close())
	}
	return errors.Join(errs...)
}
