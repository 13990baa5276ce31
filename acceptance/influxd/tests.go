package influxd

import (
	"context"
	"errors"
	"sync"
)

// A Test is what the servers for tests need of a *testing.T.
type Test interface {
	Helper()
	Context() context.Context
	Cleanup(run func())
	Skip(args ...any)
	Error(args ...any)
	Fatal(args ...any)
}

// ForTest starts a server for one test, as Start does, and closes it after the test.
func ForTest(t Test, extra ...string) *Server {
	t.Helper()
	server, err := Start(t.Context(), extra...)
	Need(t, err)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Need ends a test that got an error for a server: on a machine without an influxd the test
// is skipped.
func Need(t Test, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) {
		t.Skip("SKIPPED:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A Shared is one server for those tests of a package that do it no harm. It is started when
// the first of them wants it.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// URL is where the server listens.
func (s *Shared) URL(t Test) string {
	t.Helper()
	s.once.Do(func() { s.server, s.err = Start(context.Background()) })
	Need(t, s.err)
	return s.server.URL
}

// Close ends the server, if it was started.
func (s *Shared) Close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}
