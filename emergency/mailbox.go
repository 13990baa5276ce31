package emergency

import "sync"

// A mailbox hands things from any goroutine to one. It has no bound, so that
// putting never blocks and never loses.
type mailbox[T any] struct {
	mu      sync.Mutex
	letters []T
	arrived chan struct{} // holds one: there is something to take
}

func newMailbox[T any]() *mailbox[T] {
	return &mailbox[T]{arrived: make(chan struct{}, 1)}
}

func (m *mailbox[T]) put(letter T) {
	m.mu.Lock()
	m.letters = append(m.letters, letter)
	m.mu.Unlock()
	select {
	case m.arrived <- struct{}{}:
	default: // the reader has not been there since the last one
	}
}

// take returns everything in the mailbox, in order.
func (m *mailbox[T]) take() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	letters := m.letters
	m.letters = nil
	return letters
}
