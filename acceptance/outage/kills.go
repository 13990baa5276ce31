package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
)

// What a kill run found.
type killsFound struct {
	difference difference
	midDrain   int // kills after a batch was offered and before its answer was there
}

const (
	killLoad = 80 // readings a second
	// pileUp is how long the line is bad before what has piled up is sent.
	pileUp = 700 * time.Millisecond
	// answerTakes is how long an answer is on its way in a drain, so that most kills come
	// when the server has stored a batch and the gateway does not know it.
	answerTakes = 150 * time.Millisecond
)

// kills kills the gateway so many times while readings come in: every other time while it sends what
// had piled up, otherwise in an outage of some kind. Then it lets everything be well.
func (h *home) kills(ctx context.Context, times int, progress io.Writer) (found killsFound, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	first := time.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour)
	enough := make(chan struct{})
	published := make(chan error, 1)
	go func() { published <- h.publish(ctx, until(enough, endless(first)), killLoad) }()

	random := rand.New(rand.NewPCG(1, uint64(times)))
	for i := range times {
		fmt.Fprintf(progress, "\rkill %d of %d ", i+1, times)
		mid, err := h.killOnce(ctx, i, random)
		if err != nil {
			return found, fmt.Errorf("kill %d: %w", i+1, err)
		}
		if mid {
			found.midDrain++
		}
	}
	fmt.Fprintf(progress, "\r%20s\r", "")
	close(enough)
	if err := <-published; err != nil {
		return found, err
	}
	found.difference, _, err = h.settle(ctx, first, time.Now().Add(time.Hour))
	return found, err
}

// endless are the readings of a home from an instant on, without an end.
func endless(from time.Time) iter.Seq[ucare.Reading] {
	return load.Home{Dwelling: acceptance.Dwelling, Seed: 2, PerHour: load.Busy}.Readings(from, from.Add(23*time.Hour))
}

// until ends a sequence when a channel is closed.
func until(end <-chan struct{}, readings iter.Seq[ucare.Reading]) iter.Seq[ucare.Reading] {
	return func(yield func(ucare.Reading) bool) {
		for r := range readings {
			select {
			case <-end:
				return
			default:
			}
			if !yield(r) {
				return
			}
		}
	}
}

// killOnce kills the gateway and starts it again, and reports whether that was while a
// batch of what had piled up was on its way. Two times in three it was: once the server has it
// and the gateway does not know, once the server never gets it. The third time there is an
// outage of some kind.
func (h *home) killOnce(ctx context.Context, i int, random *rand.Rand) (mid bool, err error) {
	switch i % 3 {
	case 0:
		mid, err = true, h.drains(ctx, influxd.Slow(answerTakes))
	case 1:
		mid, err = true, h.drains(ctx, influxd.Hang())
	default:
		faults := []influxd.Fault{
			influxd.Status(http.StatusInternalServerError, "internal error", 0),
			influxd.Status(http.StatusTooManyRequests, "too many requests", time.Second),
			influxd.Status(http.StatusUnprocessableEntity, "unprocessable", 0),
			influxd.Cut(), influxd.Slow(time.Second),
		}
		h.writes(faults[random.IntN(len(faults))])
		err = acceptance.Rest(ctx, pileUp)
	}
	if err != nil {
		return mid, err
	}
	if err := acceptance.Rest(ctx, time.Duration(random.Int64N(int64(2*answerTakes)))); err != nil {
		return mid, err
	}
	return mid, h.killAndStart(ctx)
}

// writes makes the line bad for what is written, and leaves what a gateway asks at its start
// alone: it comes to write although the line is bad.
func (h *home) writes(fault influxd.Fault) {
	h.line.SetFor(func(r *http.Request) influxd.Fault {
		if r.URL.Path == writePath {
			return fault
		}
		return influxd.Pass()
	})
}

// drains lets readings pile up and then waits until a batch of them has come to the line, as it
// is then.
func (h *home) drains(ctx context.Context, line influxd.Fault) error {
	h.writes(influxd.Status(http.StatusServiceUnavailable, "timeout", 0))
	if err := acceptance.Rest(ctx, pileUp); err != nil {
		return err
	}
	before := h.line.Requests(writePath)
	h.writes(line)
	deadline := time.Now().Add(settlePatience)
	for h.line.Requests(writePath) == before {
		if time.Now().After(deadline) {
			return fmt.Errorf("the gateway sent nothing for %v", settlePatience)
		}
		if err := acceptance.Rest(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

const writePath = "/api/v2/write"

func (h *home) killAndStart(ctx context.Context) error {
	if err := h.killGateway(); err != nil {
		return err
	}
	h.line.Set(influxd.Pass())
	return h.startGateway(ctx)
}
