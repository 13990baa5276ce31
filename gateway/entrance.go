package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ucare-project/ucare/journal"
)

// appender is the entrance's port to the journal.
type appender interface {
	Append(ctx context.Context, e journal.Entry) (journal.Entry, error)
}

// mostKept bounds what waits in memory for a disk that refuses.
const mostKept = 10_000

// An entrance is where entries come in. What the disk refuses it hands to the
// watch from memory, and stores it when the disk takes writes again: before
// anything newer, because the log must hold a message before its repetition.
type entrance struct {
	journal appender
	refused chan<- journal.Entry // to the watch

	mu       sync.Mutex
	kept     []journal.Entry // refused so far, in order
	flushing bool
	storing  *journal.Entry // the one of kept that is being stored
	written  map[int64]bool // stored late: the watch has folded them from memory
}

func newEntrance(j appender, refused chan<- journal.Entry) *entrance {
	return &entrance{journal: j, refused: refused, written: make(map[int64]bool)}
}

var errWaiting = errors.New("older entries still wait for the disk")

// enter returns nil when the entry is on disk. Otherwise it went to the watch
// from memory. It waits for the disk as long as ctx allows, and for nobody else.
func (n *entrance) enter(ctx context.Context, e journal.Entry) error {
	err := n.flush(ctx)
	if err == nil {
		_, err = n.journal.Append(ctx, e)
	}
	if err == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.kept = append(n.kept, e); len(n.kept) > mostKept {
		n.kept = n.kept[1:]
	}
	select {
	case n.refused <- e:
	default:
		return fmt.Errorf("%w; and the watch has %d others to fold from memory", err, cap(n.refused))
	}
	return err
}

// flush stores what was refused. One caller at a time offers it to the disk; the
// others are told that it waits.
func (n *entrance) flush(ctx context.Context) error {
	n.mu.Lock()
	if len(n.kept) == 0 {
		n.mu.Unlock()
		return nil
	}
	if n.flushing {
		n.mu.Unlock()
		return errWaiting
	}
	n.flushing = true
	defer func() { n.flushing = false; n.mu.Unlock() }()
	for len(n.kept) > 0 {
		oldest := n.kept[0]
		n.storing = &oldest
		n.mu.Unlock()
		stored, err := n.journal.Append(ctx, oldest)
		n.mu.Lock()
		seen := n.storing == nil // the watch was quicker than the answer
		n.storing = nil
		if err != nil {
			return err
		}
		if !seen {
			n.written[stored.Seq] = true
		}
		n.kept = n.kept[1:]
	}
	return nil
}

// wroteLate reports whether an entry of the journal was folded from memory
// before it was stored, and forgets it: the watch asks once.
func (n *entrance) wroteLate(e journal.Entry) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.written[e.Seq] {
		delete(n.written, e.Seq)
		return true
	}
	if n.storing != nil && same(*n.storing, e) {
		n.storing = nil
		return true
	}
	return false
}

func same(a, b journal.Entry) bool {
	return a.At.Equal(b.At) && a.Kind == b.Kind && a.Source == b.Source && a.Topic == b.Topic && bytes.Equal(a.Payload, b.Payload)
}

// waiting reports whether entries wait for the disk.
func (n *entrance) waiting() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.kept) > 0
}
