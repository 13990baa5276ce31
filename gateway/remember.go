package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

// This file wires the history: what remembers, what follows the journal, and what learns.

const (
	// standingEvery is how often it is looked how the sending to the InfluxDB stands.
	standingEvery = 15 * time.Second
	// againAfter is the pause before a part that ended is started again, and wellAfter is
	// how long it has to run before it counts as well.
	againAfter = 10 * time.Second
	wellAfter  = time.Minute
)

// wireHistory prepares the history and what follows the journal. It cannot fail, and it
// opens nothing but the key of the pseudonyms: no start waits for the history.
func (g *Gateway) wireHistory(c *configs.Gateway) {
	options, err := HistoryOptions(c, false)
	g.faults.Set(ucare.Fault{Code: ucare.FaultHistory, Subject: pseudonymKeyFile, Detail: errorText(err)}, err != nil)
	options.Fault, options.Logger = g.faults.Set, g.part("history")
	options.Aside = func(name string) {
		g.logger.Warn("the history was damaged and was moved aside; a fresh one begins and is written again from the journal", "file", name)
	}
	g.history = history.New(options)
	g.closings.addAside("history", g.history.Close)
	g.chronicle = newChronicle(chronicleParts{
		open:    func(ctx context.Context) (logReader, error) { return journal.OpenToRead(ctx, g.logFile) },
		history: g.history, file: options.Path, fresh: func() *sensors.Decoder { return NewDecoder(c) },
		short: g.journal.DiskShort, fault: g.faults.Set, logger: g.part("chronicle"),
	})
	g.metrics.follow(func() int64 { return g.journal.LastPlace() - g.chronicle.read.Load() })
}

// startHistory starts the parts that no alarm depends on.
func (g *Gateway) startHistory() {
	g.startAside("history", g.history.Run)
	g.startAside("chronicle", g.chronicle.run)
	g.startAside("learner", g.learnNightly)
	g.startAside("history's state", g.showHistory)
}

// startAside runs a part in the background that no alarm depends on. One that ends or
// breaks is a fault and is started again; one that does not stop is left behind.
func (g *Gateway) startAside(name string, run func(context.Context) error) {
	g.closings.addAside(name, inBackground(func(ctx context.Context) error {
		fault := ucare.Fault{Code: ucare.FaultHistory, Subject: name}
		for {
			well := time.AfterFunc(wellAfter, func() { g.faults.Set(fault, false) })
			err := g.unbroken(ctx, name, run)
			well.Stop()
			if ctx.Err() != nil {
				return ctx.Err()
			}
			ended := fault
			ended.Detail = fmt.Sprintf("it ended by itself and is started again: %v", err)
			g.faults.Set(ended, true)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(againAfter):
			}
		}
	}))
}

// unbroken runs a part and makes an error of what breaks it.
func (g *Gateway) unbroken(ctx context.Context, name string, run func(context.Context) error) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			g.logger.Error("a part broke", "part", name, "panic", broken, "stack", string(debug.Stack()))
			err = fmt.Errorf("it broke (%v)", broken)
		}
	}()
	if err = run(ctx); err == nil {
		err = errors.New("it gave no reason")
	}
	return err
}

// showHistory shows the metrics how the sending to the InfluxDB stands.
func (g *Gateway) showHistory(ctx context.Context) error {
	ticker := time.NewTicker(standingEvery)
	defer ticker.Stop()
	for {
		if standing, err := g.history.Standing(ctx); err == nil { // otherwise the history tells why
			g.metrics.history.show(standing, time.Now())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
