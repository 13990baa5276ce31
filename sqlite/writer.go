package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// batchSize bounds how many writes share a commit, and with it how long the
// first of them waits for the others.
const batchSize = 256

// A job is one call of Write.
type job struct {
	ctx  context.Context
	do   func(*Tx) error
	done chan error // holds one, so that the writer never waits for a caller that left
	err  error
}

// work is the writer: it commits whatever waits, until the file is closed.
func (f *File) work() {
	for {
		select {
		case j := <-f.jobs:
			f.commit(f.gather(j))
		case <-f.closing:
			return
		}
	}
}

// gather adds to the first job all that wait beside it.
func (f *File) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < batchSize {
		select {
		case j := <-f.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch and answers everybody in it.
func (f *File) commit(batch []*job) {
	f.writing.Lock()
	err := f.transaction(batch)
	if err != nil && len(batch) > 1 && !isBroken(err) {
		// One of them was too much for the disk, or SQLite ended the shared
		// transaction: the others shall not suffer for it.
		for i := range batch {
			if failed := f.transaction(batch[i : i+1]); failed != nil {
				batch[i].err = failed
			}
		}
		err = nil
	}
	f.writing.Unlock()
	for _, j := range batch {
		if err != nil {
			j.err = err
		}
		j.done <- j.err
	}
}

// transaction runs the jobs in one transaction. What goes wrong in a job is
// noted there; an error says that nothing at all is stored.
func (f *File) transaction(batch []*job) error {
	if err := f.writer.step("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	wrote := false
	for _, j := range batch {
		if err := f.run(j, len(batch) > 1); err != nil {
			f.writer.rollback()
			return err
		}
		wrote = wrote || j.err == nil
	}
	if !wrote {
		f.writer.rollback()
		return nil
	}
	if err := f.writer.step("COMMIT"); err != nil {
		f.writer.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	f.home.committed(f.commits.Add(1))
	return nil
}

// run runs one job, in a savepoint if it is not alone. The error says that the
// whole transaction is lost.
func (f *File) run(j *job, shared bool) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil // the caller left before its turn
	}
	if !shared {
		j.err = f.call(j)
		return nil
	}
	if err := f.writer.step("SAVEPOINT job"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if j.err = f.call(j); j.err == nil {
		return f.writer.step("RELEASE job")
	}
	undone := f.writer.step("ROLLBACK TO job")
	if undone == nil {
		undone = f.writer.step("RELEASE job")
	}
	if undone != nil {
		return errors.Join(j.err, undone) // SQLite ended the transaction because of j.err
	}
	return nil
}

// call runs the function of a job. No context goes with it: interrupting one
// job's statement would roll back everybody's transaction.
func (f *File) call(j *job) (err error) {
	tx := &Tx{ctx: context.Background(), session: f.writer}
	defer tx.closeRows()
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: debug.Stack()}
		}
	}()
	return j.do(tx)
}

// panicked carries a panic from the writer to the caller of Write.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }
