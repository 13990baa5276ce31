package gateway

import (
	"context"
	"log/slog"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/voice"
)

const (
	// batch bounds how many entries are folded before what they decided is
	// committed, and so how long an alarm can wait for the ones before it.
	batch = 64
	// checkpointEvery bounds how much of the journal a start has to fold again.
	checkpointEvery = 5 * time.Minute
	// showEvery bounds how often the sensors' states are copied for the pages.
	showEvery = time.Second
	// retryEvery is how soon a refused commit is tried again.
	retryEvery = 2 * time.Second
	// diskPatience bounds how long the watch waits for the disk before it
	// sends an alarm from memory.
	diskPatience = 2 * time.Second
)

// log is the watch's port to the journal.
type log interface {
	After(ctx context.Context, seq int64, most int) ([]journal.Entry, error)
	Decide(ctx context.Context, f journal.Folded) error
}

// receiverSide is the watch's port to the dispatcher. Submit never blocks.
type receiverSide interface {
	Submit(alarms []ucare.Alarm, deliveries []emergency.Delivery)
}

// watchParts are what the watch is wired to. Every func is a hand-over that
// never blocks.
type watchParts struct {
	log        log
	entrance   *entrance
	appended   <-chan struct{}
	refused    <-chan journal.Entry // what the disk refused, to be folded from memory
	dispatcher receiverSide
	faults     *Faults
	metrics    *Metrics
	logger     *slog.Logger
	clock      *clockWatch

	voice      *voice.Voice                  // to those who live there
	board      *board                        // for the pages
	checkpoint func(seq int64, saved []byte) // to the journal, outside the alarm path
	known      func(alarm string) bool       // whether the journal has an alarm
	listen     func(filters []string)        // to the client: what has to be heard from now on
}

// A watch is the one goroutine that owns the fold.
type watch struct {
	watchParts
	fold  *fold
	cases *cases

	position int64             // the last entry of the journal that was folded
	decided  int64             // the last entry whose decisions are on disk
	reading  <-chan readResult // nil while nothing is being read
	unsaved  []journal.Folded  // decided and handed over, but refused by the disk
	retried  time.Time         // when it was last offered to the disk again
	silent   silent            // what start-up decided once more
	ticked   time.Time         // the deadline for which the last tick was entered,
	tickedAt time.Time         // and when
	saved    time.Time         // when the last checkpoint was written
	shown    time.Time         // when the pages last heard of the sensors
	relisten bool              // what has to be heard has changed
	progress progress
}

// run folds until the context ends. Reading the journal is apart from it: a disk
// that hangs must not keep what comes from memory waiting.
func (w *watch) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	unread := true // there may be entries that were not read yet
	for {
		if unread && w.reading == nil {
			w.reading, unread = w.read(ctx), false
		}
		w.progress.beat(w.position)
		timer.Reset(w.untilNext(time.Now()))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-w.reading:
			w.reading = nil
			unread = w.foldRead(ctx, r) || unread
		case <-w.appended:
			unread = true
		case e := <-w.refused:
			w.foldFromMemory(ctx, e)
		case <-timer.C:
			w.tick(ctx)
			unread = true
		}
		if w.relisten {
			w.listen(w.fold.decoder.Filters())
			w.relisten = false
		}
		if !unread && w.reading == nil {
			w.housekeeping(ctx)
		}
	}
}

// A readResult is what came of reading the journal.
type readResult struct {
	entries []journal.Entry
	err     error
}

// read reads the next entries of the journal, on a goroutine of its own.
func (w *watch) read(ctx context.Context) <-chan readResult {
	result := make(chan readResult, 1)
	after := w.position
	go func() {
		entries, err := w.log.After(ctx, after, batch)
		result <- readResult{entries, err}
	}()
	return result
}

// foldRead folds entries of the journal, commits what they led to in one
// transaction and hands it over. It reports whether there may be more.
func (w *watch) foldRead(ctx context.Context, r readResult) (more bool) {
	w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "read", Detail: errorText(r.err)}, r.err != nil)
	var decided []ucare.Decision
	for _, e := range r.entries {
		w.position = e.Seq
		if w.entrance.wroteLate(e) {
			continue // it was folded from memory
		}
		out := w.fold.entry(e)
		w.tell(out)
		if e.Seq > w.decided {
			decided = append(decided, out.decisions...)
			w.news(e, out)
		} else { // this is start-up: decided long ago
			w.silent.folded(out.decisions)
		}
		if e.Seq == w.decided {
			decided = append(decided, w.silent.untold(w.known)...)
		}
	}
	w.commit(ctx, decided)
	return len(r.entries) == batch
}

// foldFromMemory folds an entry that the disk refused: durability protects
// delivery, it must never prevent it.
func (w *watch) foldFromMemory(ctx context.Context, e journal.Entry) {
	out := w.fold.entry(e)
	w.tell(out)
	w.news(e, out)
	w.commit(ctx, out.decisions)
}

// tell hands over what an entry led to beside its decisions.
func (w *watch) tell(out folded) {
	for _, f := range out.faults {
		w.faults.Set(f, true)
	}
	for _, f := range out.cleared {
		w.faults.Set(f, false)
	}
	w.relisten = w.relisten || out.relisten
}

// news is what is done only the first time that an entry is folded.
func (w *watch) news(e journal.Entry, out folded) {
	for _, d := range out.decisions {
		if d.Verb == ucare.Raise {
			w.metrics.passed(stepReceived, d.Rule, e.At, e.At)
		}
	}
	for _, r := range out.readings {
		if r.Kind == ucare.Away {
			w.showHomes(r.Dwelling)
		}
	}
	switch {
	case e.Kind == journal.Answer:
		a, acknowledged := w.cases.answered(e)
		if acknowledged {
			w.voice.Acknowledged(a)
		}
		w.showHomes(a.Dwelling)
	case w.voice.Greets(e.Topic, e.Payload):
		w.voice.Again()
	}
}

// tick lets time pass, through the journal like everything else. A set clock
// comes before the tick that it would otherwise make wrong.
func (w *watch) tick(ctx context.Context) {
	now := time.Now()
	w.clock.check(ctx, now)
	at, due := w.fold.next()
	if due && !now.Before(at) && !w.ticking(at, now) {
		w.ticked, w.tickedAt = at, now
		w.enter(ctx, journal.Entry{At: now.Round(0), Kind: journal.Tick, Source: "gateway", Payload: []byte("{}")})
	}
}

// ticking reports whether the tick for that deadline is on its way through the
// journal.
func (w *watch) ticking(at, now time.Time) bool {
	return at.Equal(w.ticked) && now.Sub(w.tickedAt) < showEvery
}

// enter lets an entry of our own come in.
func (w *watch) enter(ctx context.Context, e journal.Entry) {
	bounded, cancel := context.WithTimeout(ctx, diskPatience)
	defer cancel()
	err := w.entrance.enter(bounded, e)
	w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "append", Detail: errorText(err)}, err != nil)
}

// untilNext is how long the watch may sleep.
func (w *watch) untilNext(now time.Time) time.Duration {
	wait := showEvery
	if len(w.unsaved) > 0 {
		wait = retryEvery
	}
	if at, due := w.fold.next(); due && !w.ticking(at, now) {
		wait = min(wait, at.Sub(now))
	}
	return max(0, wait)
}

// housekeeping is done when nothing waits: show the sensors to the pages, try
// again what the disk refused, write a checkpoint.
func (w *watch) housekeeping(ctx context.Context) {
	now := time.Now()
	if now.Sub(w.shown) >= showEvery {
		w.board.show(w.fold, w.cases.open)
		w.showHomes()
		w.shown = now
	}
	if len(w.unsaved) > 0 || w.entrance.waiting() {
		w.retryUnsaved(ctx, now)
		return // a checkpoint must not pass by what is not on disk yet
	}
	if now.Sub(w.saved) >= checkpointEvery {
		w.saveCheckpoint()
		w.saved = now
	}
}

func (w *watch) saveCheckpoint() {
	state, err := w.fold.save()
	if err != nil {
		w.logger.Error("no checkpoint was written; the next start takes longer", "error", err)
		return
	}
	w.checkpoint(w.position, state)
}

// faultOf turns a rule's fault decision into a condition for people.
func faultOf(d ucare.Decision) ucare.Fault {
	f := ucare.Fault{Code: ucare.FaultOldHelp, Dwelling: d.Dwelling, Since: d.At}
	if len(d.Because) > 0 {
		f.Subject = d.Because[0].Sensor
	}
	return f
}
