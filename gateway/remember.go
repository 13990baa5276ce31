package gateway

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
)

// A memory is the history, opened when it is first wanted and tried again when
// that fails: a history that cannot be opened must not keep anybody from being
// watched over.
type memory struct {
	path  string
	aside func(name string) // told where a damaged file was moved

	mu     sync.Mutex
	store  *embedded.Store
	closed bool
}

var errForgotten = errors.New("the history is closed")

// open returns the store. Only those who want the history wait for it.
func (m *memory) open(ctx context.Context) (*embedded.Store, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errForgotten
	}
	if m.store != nil {
		return m.store, nil
	}
	store, aside, err := embedded.Open(ctx, m.path, embedded.Options{})
	if err != nil {
		return nil, err
	}
	if aside != "" {
		m.aside(aside)
	}
	m.store = store
	return store, nil
}

// Append is for the feeder, which tries again by itself.
func (m *memory) Append(ctx context.Context, readings []ucare.Reading) error {
	store, err := m.open(ctx)
	if err != nil {
		return err
	}
	return store.Append(ctx, readings, 0)
}

// Between returns the dwelling's readings of that time.
func (m *memory) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	store, err := m.open(ctx)
	if err != nil {
		return func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, err) }
	}
	return store.Between(ctx, dwelling, from, to)
}

// Trim forgets what is older.
func (m *memory) Trim(ctx context.Context, before time.Time) (int64, error) {
	store, err := m.open(ctx)
	if err != nil {
		return 0, err
	}
	trimmed, err := store.Trim(ctx, embedded.Keep{Readings: before})
	return trimmed.Readings, err
}

// Close closes the store for good.
func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.store == nil {
		return nil
	}
	return m.store.Close()
}
