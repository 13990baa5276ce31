package main

import (
	"context"
	"net/http"
	"time"

	"github.com/ucare-project/ucare/acceptance/influxd"
)

// A mode is one way in which a server is bad, or that it is well.
type mode struct {
	name    string
	answers bool // the server itself can be asked meanwhile, past the line
	refuses bool // nothing comes to be stored meanwhile
	begin   func(*home) error
	end     func(context.Context, *home) error
}

// onTheLine is a mode in which the server is well and what is between is not.
func onTheLine(name string, fault influxd.Fault) mode {
	return mode{
		name: name, answers: true,
		begin: func(h *home) error { h.line.Set(fault); return nil },
		end:   func(_ context.Context, h *home) error { h.line.Set(influxd.Pass()); return nil },
	}
}

// refused is such a mode in which nothing comes to be stored.
func refused(name string, fault influxd.Fault) mode {
	m := onTheLine(name, fault)
	m.refuses = true
	return m
}

// retryAfter is what a server asks for that is asked too much.
const retryAfter = 5 * time.Second

// modes are all of them, the good one first: the others are measured beside it.
var modes = []mode{
	onTheLine("well", influxd.Pass()),
	{
		name: "killed", refuses: true,
		begin: func(h *home) error { return h.server.Kill() },
		end:   func(ctx context.Context, h *home) error { return h.server.Restart(ctx) },
	},
	{
		name: "paused (SIGSTOP)", refuses: true,
		begin: func(h *home) error { return h.server.Pause() },
		end:   func(_ context.Context, h *home) error { return h.server.Resume() },
	},
	onTheLine("answers after 19 s", influxd.Slow(19*time.Second)),
	refused("429 to everything", influxd.Status(http.StatusTooManyRequests, "too many requests", retryAfter)),
	refused("422 to everything", influxd.Status(http.StatusUnprocessableEntity, "failure writing points to database: partial write", 0)),
	refused("500 to everything", influxd.Status(http.StatusInternalServerError, "internal error", 0)),
	refused("takes and never answers", influxd.Hang()),
	onTheLine("stores, and its answer is lost", influxd.Cut()),
}
