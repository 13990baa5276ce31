package journal

import (
	"sync"
	"sync/atomic"
)

// The bounds of what the tail keeps: enough for a burst, little for a small board.
const (
	tailEntries = 1024
	tailBytes   = 4 << 20
)

// A tail is the newest entries in memory. Whoever follows the log reads them
// here: it saves a query on the way of an alarm, and an entry that is on disk
// still reaches its reader when the disk is too full or too broken to be read.
type tail struct {
	mu     sync.Mutex
	by     map[int64]Entry
	oldest int64 // no entry in by is older
	bytes  int

	last atomic.Int64 // the place of the last entry, here or not, for who wants no lock
}

func newTail() *tail { return &tail{by: make(map[int64]Entry)} }

// add takes an entry that is on disk.
func (t *tail) add(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.by) == 0 || e.Seq < t.oldest {
		t.oldest = e.Seq
	}
	t.by[e.Seq] = e
	t.bytes += len(e.Payload)
	last := max(t.last.Load(), e.Seq)
	t.last.Store(last)
	for (len(t.by) > tailEntries || t.bytes > tailBytes) && t.oldest < last {
		t.drop()
	}
}

// forget drops the entries up to seq.
func (t *tail) forget(seq int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.by) > 0 && t.oldest <= seq {
		t.drop()
	}
}

// drop drops the oldest entry.
func (t *tail) drop() {
	t.bytes -= len(t.by[t.oldest].Payload)
	delete(t.by, t.oldest)
	t.oldest++
}

// after returns the entries that follow seq without a gap, at most most; none
// when the next one is not here.
func (t *tail) after(seq int64, most int) []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	var entries []Entry
	for len(entries) < most {
		e, here := t.by[seq+int64(len(entries))+1]
		if !here {
			break
		}
		entries = append(entries, e)
	}
	return entries
}
