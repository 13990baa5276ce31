package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors/supervision"
	"github.com/ucare-project/ucare/voice"
)

// Options are what a gateway is made of.
type Options struct {
	Config  *configs.Gateway
	Version string
	Logger  *slog.Logger
}

// A Gateway is the daemon. New makes one, Run runs it.
type Gateway struct {
	version     string
	dwellings   []ucare.Dwelling
	location    *time.Location
	language    string
	policies    policies
	dataDir     string
	keepJournal time.Duration

	logger   *slog.Logger
	metrics  *Metrics
	faults   *Faults
	closings closings

	journal    *journal.Journal
	logFile    string // of the journal
	history    *history.Memory
	chronicle  *chronicle
	dispatcher *emergency.Dispatcher
	refused    chan journal.Entry // what the disk refused, on its way to the watch
	entrance   *entrance
	clock      *clockWatch
	inbox      *inbox
	watch      *watch
	voice      *voice.Voice
	tellers    []*voice.Teller // one for each broker
	board      *board
	hearing    hearing
	servers    []server
	heardLast  time.Time // the journal's last entry before this start
	unread     int64     // entries that were trimmed before the history had read them; the keeper has it
}

// New opens the stores, recovers the state and wires the parts. Nothing runs
// and nobody is heard before Run. When it fails, everything it opened is
// closed again.
func New(ctx context.Context, o Options) (*Gateway, error) {
	g := &Gateway{
		version:     o.Version,
		dwellings:   o.Config.Homes(),
		location:    o.Config.Box.TimeZone.Location,
		language:    o.Config.Box.Language,
		policies:    policiesOf(o.Config),
		dataDir:     o.Config.Box.Data,
		keepJournal: o.Config.Box.Journal.Keep,
		logger:      o.Logger,
		metrics:     newMetrics(o.Version),
	}
	g.closings.logger = o.Logger
	g.faults = newFaults(o.Logger, g.metrics.fault)
	g.board = &board{dwellings: g.dwellings, faults: g.faults}
	if err := g.wire(ctx, o.Config); err != nil {
		return nil, errors.Join(err, g.closings.run())
	}
	return g, nil
}

// wire sets the parts up in the order of the way of a reading, backwards: what
// a part hands over to is there before it.
func (g *Gateway) wire(ctx context.Context, c *configs.Gateway) error {
	if err := os.MkdirAll(g.dataDir, 0o700); err != nil {
		return fmt.Errorf("gateway.data: the directory cannot be made: %w", err)
	}
	if err := g.openJournal(ctx, c); err != nil {
		return err
	}
	g.wireHistory(c)
	open, err := g.journal.OpenAlarms(ctx)
	if err != nil {
		return fmt.Errorf("read the open alarms: %w", err)
	}
	policy := routesOf(c)
	if err := g.wireDispatcher(ctx, c, policy, open); err != nil {
		return err
	}
	if err := g.wireWatch(ctx, c, policy, open); err != nil {
		return err
	}
	if err := g.wireHearing(c); err != nil {
		return err
	}
	return g.wireServers(c)
}

func (g *Gateway) openJournal(ctx context.Context, c *configs.Gateway) error {
	options := journal.Options{BallastBytes: int64(c.Box.Journal.Ballast), Logger: g.part("journal")}
	g.logFile = g.path(journalFile)
	j, opened, err := journal.Open(ctx, g.logFile, options)
	if journal.DiskIsGone(err) {
		j, opened, err = g.openElsewhere(ctx, err)
	}
	if err != nil {
		return fmt.Errorf("open the journal in %s: %w", g.dataDir, err)
	}
	g.journal, g.heardLast = j, g.lastAlive(opened.LastAt)
	g.closings.add("journal", j.Close)
	g.refused = make(chan journal.Entry, 256)
	g.entrance = newEntrance(j, g.refused)
	g.clock = &clockWatch{entrance: g.entrance, faults: g.faults}
	g.clock.began(time.Now(), g.heardLast)
	if opened.Aside != "" {
		g.faults.Set(ucare.Fault{Code: ucare.FaultJournalReplaced, Subject: journalFile, Detail: opened.Aside}, true)
	}
	return nil
}

// openElsewhere opens a journal that does not last, where temporary files are: a
// gateway whose card has died still gets an alarm out. It is a fault for as long
// as it runs.
func (g *Gateway) openElsewhere(ctx context.Context, why error) (*journal.Journal, journal.Opened, error) {
	dir, err := os.MkdirTemp("", "ucare-journal-")
	if err != nil {
		return nil, journal.Opened{}, errors.Join(why, err)
	}
	g.closings.add("temporary journal", func() error { return os.RemoveAll(dir) })
	g.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: g.dataDir, Detail: why.Error()}, true)
	g.logFile = filepath.Join(dir, journalFile)
	return journal.Open(ctx, g.logFile, journal.Options{BallastBytes: -1, Logger: g.part("journal")})
}

func (g *Gateway) wireDispatcher(ctx context.Context, c *configs.Gateway, policy *emergency.Policy, open []ucare.Alarm) error {
	links, err := g.linksOf(c)
	if err = errors.Join(err, policy.Validate(sortedKeys(links))); err != nil {
		return fmt.Errorf("emergency: %w", err)
	}
	g.dispatcher = emergency.New(emergency.Options{
		Policy: policy, Links: links, Outbox: outbox{g.journal, g.refused, g.clock}, Version: g.version, HeartbeatEvery: c.Emergency.Heartbeat, Logger: g.part("dispatcher"),
		Faults: func() []ucare.Fault { return g.faults.Standing("") },
		Fault:  g.faults.Set,
		Passed: func(s emergency.Stage, a ucare.Alarm, _ string, at time.Time) {
			g.metrics.passed(string(s), a.Rule, a.RaisedAt, at)
		},
	})
	waiting, err := g.journal.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("read the outbox: %w", err)
	}
	g.dispatcher.Resume(open, fromJournal(waiting))
	return nil
}

func (g *Gateway) wireWatch(ctx context.Context, c *configs.Gateway, policy *emergency.Policy, open []ucare.Alarm) error {
	recovered, err := g.recoverFold(ctx, func() *fold {
		return newFold(NewDecoder(c), supervision.New(topicsOf(c)), g.policies, dwellingIDs(g.dwellings))
	})
	if err != nil {
		return err
	}
	g.inbox = &inbox{entrance: g.entrance, clock: g.clock, faults: g.faults, metrics: g.metrics}
	_, status := statusOf(c)
	g.voice = voice.New(voice.Config{
		Homes: homesOf(c, g.version), Status: status, TopicsFile: g.path(toldFile), Logger: g.part("home"),
		Faults: func() []ucare.Fault { return g.faults.Standing("") },
	})
	g.watch = &watch{
		watchParts: watchParts{
			log: g.journal, entrance: g.entrance, appended: g.journal.Appended(), refused: g.refused, dispatcher: g.dispatcher,
			faults: g.faults, metrics: g.metrics, logger: g.part("watch"), clock: g.clock,
			voice: g.voice,
			board: g.board, checkpoint: g.saveCheckpoint, known: g.knows, listen: g.hearing.listen,
		},
		fold: recovered.fold, cases: newCases(policy, open),
		position: recovered.position, decided: recovered.decided, saved: time.Now(),
	}
	g.watch.progress.beat(recovered.position)
	for _, f := range recovered.fold.standing() { // what the journal tells no more
		g.faults.Set(f, true)
	}
	return nil
}

// knows reports whether the journal has an alarm. When it cannot be asked, the
// alarm counts as told: its deliveries are in the outbox, if anywhere.
func (g *Gateway) knows(alarm string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), diskPatience)
	defer cancel()
	known, err := g.journal.Knows(ctx, alarm)
	return known || err != nil
}

// saveCheckpoint writes in the background: an alarm does not wait for it.
func (g *Gateway) saveCheckpoint(seq int64, state []byte) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownLimit)
		defer cancel()
		// Everything up to the checkpoint was decided: mostly that nothing is to be done.
		err := g.journal.Decide(ctx, journal.Folded{Seq: seq})
		if err == nil {
			err = g.journal.SaveCheckpoint(ctx, journal.Checkpoint{Seq: seq, Version: stateVersion, State: state})
		}
		if err != nil {
			g.logger.Warn("no checkpoint was written; the next start takes longer", "error", err)
		}
	}()
}

// Run watches until ctx ends, and takes everything down again.
func (g *Gateway) Run(ctx context.Context) error {
	failed := make(chan error, 8)
	g.start(failed, "dispatcher", g.dispatcher.Run)
	// How long nothing could be heard comes before anything that is heard now.
	if err := g.entrance.enter(ctx, startEntry(g.heardLast, time.Now())); err != nil {
		g.logger.Error("the start could not be written to the journal", "error", err)
	}
	g.start(failed, "watch", g.watch.run)
	g.start(failed, "keeper", g.keep)
	g.startHistory()
	for _, s := range g.servers {
		g.start(failed, s.name, func(ctx context.Context) error { return g.serve(ctx, s) })
	}
	err := g.hearing.start(g, failed)
	if err == nil {
		for _, t := range g.tellers { // behind the brokers, for them to hear the goodbye
			g.start(failed, "voice on the "+t.Name, t.Run)
		}
		g.logger.Info("watching", "dwellings", len(g.dwellings), "version", g.version)
		_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // no systemd is no error
		g.start(failed, "watchdog", g.keepAlive)
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	err = errors.Join(err, g.Close())
	g.logger.Info("stopped")
	return err
}

// start runs a part in the background. One that ends by itself ends the gateway:
// nothing in here may be missing unnoticed.
func (g *Gateway) start(failed chan<- error, name string, run func(context.Context) error) {
	g.closings.add(name, inBackground(func(ctx context.Context) error {
		err := run(ctx)
		if ctx.Err() == nil {
			failed <- fmt.Errorf("the %s ended by itself: %w", name, err)
		}
		return err
	}))
}

// keepAlive tells systemd's watchdog that the watch makes progress. No network
// is part of it: an outage must not restart us in a loop.
func (g *Gateway) keepAlive(ctx context.Context) error {
	ticker := time.NewTicker(watchdogEvery / 2)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			if g.watch.progress.since() < watchdogEvery {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

// Close takes everything down, last in first out. It may be called again.
func (g *Gateway) Close() error { return g.closings.run() }

func (g *Gateway) part(name string) *slog.Logger { return g.logger.With("component", name) }

func dwellingIDs(dwellings []ucare.Dwelling) []string {
	var ids []string
	for _, d := range dwellings {
		ids = append(ids, d.ID)
	}
	return ids
}
