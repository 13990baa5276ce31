package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

const (
	// shutdownLimit bounds how long one part may take to stop.
	shutdownLimit = 5 * time.Second
	// asideLimit bounds it for a part that no alarm depends on.
	asideLimit = time.Second
)

// A closing is one named part that has to be taken down. What no alarm depends on
// may be left behind: then it is no error when it does not stop within asideLimit.
type closing struct {
	name  string
	stop  func() error
	aside bool
}

// closings takes parts down in the opposite order of their setting up. New
// uses it to roll back when it fails half-way, Close to end.
type closings struct {
	parts  []closing
	logger *slog.Logger
}

func (c *closings) add(name string, stop func() error) {
	c.parts = append(c.parts, closing{name: name, stop: stop})
}

// addAside adds a part that may be left behind: whatever becomes of it, the gateway has
// stopped well.
func (c *closings) addAside(name string, stop func() error) {
	c.parts = append(c.parts, closing{name: name, stop: stop, aside: true})
}

// run stops every part, last in first out, each within the limit, and joins
// what went wrong. A part that does not stop in time is left behind: the
// journal is safe at any instant, so nothing is worth waiting for longer.
func (c *closings) run() error {
	var failures []error
	for _, part := range slices.Backward(c.parts) {
		began := time.Now()
		limit := shutdownLimit
		if part.aside {
			limit = asideLimit
		}
		err := stopWithin(part.stop, limit)
		switch {
		case err != nil && part.aside:
			c.logger.Warn("a part did not stop well; nothing is lost by it", "part", part.name, "error", err)
			continue
		case err != nil:
			failures = append(failures, fmt.Errorf("stop %s: %w", part.name, err))
			continue
		}
		c.logger.Debug("stopped", "part", part.name, "took", time.Since(began))
	}
	c.parts = nil
	return errors.Join(failures...)
}

var errTooSlow = errors.New("it did not stop in time and was left behind")

func stopWithin(stop func() error, limit time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- stop() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return errTooSlow
	}
}

// inBackground starts run and returns a stop that ends its context and waits.
func inBackground(run func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() error {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}
