package main

import (
	"context"
	"net/http"
	"time"

	"github.com/ucare-project/ucare/acceptance/influxd"
)

// A mode is one way in which a server is bad, or that it is well.
type mode struct {
	name  string
	begin func(*home) error
	end   func(context.Context, *home) error
}

// onTheLine is a mode in which the server is well and what is between is not.
func onTheLine(name string, fault influxd.Fault) mode {
	return mode{
		name,
		func(h *home) error { h.line.Set(fault); return nil },
		func(_ context.Context, h *home) error { h.line.Set(influxd.Pass()); return nil },
	}
}

// retryAfter is what a server asks for that is asked too much.
const retryAfter = 5 * time.Second

// modes are all of them, the good one first: the others are measured beside it.
var modes = []mode{
	onTheLine("well", influxd.Pass()),
	{
		"killed",
		func(h *home) error { return h.server.Kill() },
		func(ctx context.Context, h *home) error { return h.server.Restart(ctx) },
	},
	{
		"paused (SIGSTOP)",
		func(h *home) error { return h.server.Pause() },
		func(_ context.Context, h *home) error { return h.server.Resume() },
	},
	onTheLine("answers after 19 s", influxd.Slow(19*time.Second)),
	onTheLine("429 to everything", influxd.Status(http.StatusTooManyRequests, "too many requests", retryAfter)),
	onTheLine("422 to everything", influxd.Status(http.StatusUnprocessableEntity, "failure writing points to database: partial write", 0)),
	onTheLine("500 to everything", influxd.Status(http.StatusInternalServerError, "internal error", 0)),
	onTheLine("takes and never answers", influxd.Hang()),
	onTheLine("stores, and its answer is lost", influxd.Cut()),
}
