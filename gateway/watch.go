package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
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
	Append(ctx context.Context, e journal.Entry) (journal.Entry, error)
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
	appended   <-chan struct{}
	refused    <-chan journal.Entry // what the disk refused, to be folded from memory
	dispatcher receiverSide
	faults     *Faults
	metrics    *Metrics
	logger     *slog.Logger
	clock      *wallClock

	remember     func([]ucare.Reading)         // to the history
	announce     func(ucare.Decision)          // to the speaker in the home
	acknowledged func(ucare.Alarm)             // to the speaker in the home
	board        *board                        // for the pages
	checkpoint   func(seq int64, saved []byte) // to the journal, outside the alarm path
}

// A watch is the one goroutine that owns the fold.
type watch struct {
	watchParts
	fold  *fold
	cases *cases

	position int64            // the last entry that was folded
	decided  int64            // the last entry whose decisions are on disk
	unsaved  []journal.Folded // decided and handed over, but refused by the disk
	saved    time.Time        // when the last checkpoint was written
	shown    time.Time        // when the pages last heard of the sensors
	progress progress
}

// run folds until the context ends.
func (w *watch) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more, err := w.foldNew(ctx)
		if err != nil {
			w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "read", Detail: err.Error()}, true)
		} else {
			w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "read"}, false)
		}
		w.progress.beat(w.position)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if more {
			continue
		}
		w.housekeeping(ctx)
		timer.Reset(w.untilNext(time.Now()))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.appended:
		case e := <-w.refused:
			w.foldFromMemory(ctx, e)
		case <-timer.C:
			w.tick(ctx)
		}
	}
}

// foldNew folds the next entries of the journal and commits what they led to
// in one transaction, then hands it over. It reports whether there may be more.
func (w *watch) foldNew(ctx context.Context) (more bool, err error) {
	entries, err := w.log.After(ctx, w.position, batch)
	if err != nil {
		return false, fmt.Errorf("read the journal after entry %d: %w", w.position, err)
	}
	var decided []ucare.Decision
	for _, e := range entries {
		out := w.fold.entry(e)
		w.tell(out)
		if e.Seq > w.decided { // below it this is start-up: decided long ago
			decided = append(decided, out.decisions...)
			w.news(e, out)
		}
		w.position = e.Seq
	}
	w.commit(ctx, decided)
	return len(entries) == batch, nil
}

// foldFromMemory folds an entry that the disk refused: durability protects
// delivery, it must never prevent it.
func (w *watch) foldFromMemory(ctx context.Context, e journal.Entry) {
	out := w.fold.entry(e)
	w.tell(out)
	w.news(e, out)
	w.commit(ctx, out.decisions)
}

// commit puts decisions and their deliveries on disk, and then hands them
// over; when the disk refuses, it hands them over all the same.
func (w *watch) commit(ctx context.Context, decisions []ucare.Decision) {
	if len(decisions) == 0 {
		return
	}
	work := w.cases.take(decisions)
	w.save(ctx, journal.Folded{
		Seq: w.position, Decisions: decisions, Alarms: work.alarms, Deliveries: toJournal(work.deliveries),
	})
	w.dispatcher.Submit(work.alarms, work.deliveries)
	for _, d := range decisions {
		w.metrics.decisions.WithLabelValues(string(d.Rule), string(d.Verb)).Inc()
		w.logger.Info("decided", "decision", d)
		if d.Verb == ucare.TellFault {
			w.faults.Set(faultOf(d), true)
		}
		if d.Verb == ucare.Raise {
			w.metrics.passed(stepCommitted, d.Rule, d.At, time.Now())
		}
		w.announce(d)
	}
}

// save commits what was decided, after whatever could not be saved before.
func (w *watch) save(ctx context.Context, f journal.Folded) {
	w.unsaved = append(w.unsaved, f)
	w.retryUnsaved(ctx)
}

func (w *watch) retryUnsaved(ctx context.Context) {
	for len(w.unsaved) > 0 {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), diskPatience)
		err := w.log.Decide(bounded, w.unsaved[0])
		cancel()
		if err != nil {
			w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "decide", Detail: err.Error()}, true)
			return
		}
		w.decided = max(w.decided, w.unsaved[0].Seq)
		w.unsaved = slices.Delete(w.unsaved, 0, 1)
	}
	w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "decide"}, false)
}

// tell hands over what an entry led to beside its decisions.
func (w *watch) tell(out folded) {
	for _, f := range out.faults {
		w.faults.Set(f, true)
	}
	for _, f := range out.cleared {
		w.faults.Set(f, false)
	}
	if len(out.readings) > 0 {
		w.remember(out.readings)
	}
}

// news is what is done only the first time that an entry is folded.
func (w *watch) news(e journal.Entry, out folded) {
	for _, d := range out.decisions {
		if d.Verb == ucare.Raise {
			w.metrics.passed(stepReceived, d.Rule, e.At, e.At)
		}
	}
	if e.Kind == journal.Answer {
		if a, acknowledged := w.cases.answered(e); acknowledged {
			w.acknowledged(a)
		}
	}
}

// tick lets time pass, through the journal like everything else. A set clock
// comes before the tick that it would otherwise make wrong.
func (w *watch) tick(ctx context.Context) {
	now := time.Now()
	if by := w.clock.jumped(now); by != 0 {
		w.enter(ctx, clockSetEntry(now, by))
		w.faults.Set(ucare.Fault{Code: ucare.FaultClockJump, Since: now, Detail: by.String()}, true)
	}
	if at, due := w.fold.next(); due && !now.Before(at) {
		w.enter(ctx, journal.Entry{At: now.Round(0), Kind: journal.Tick, Source: "gateway", Payload: []byte("{}")})
	}
}

// enter appends an entry of our own; when the disk refuses, it is folded from
// memory at once.
func (w *watch) enter(ctx context.Context, e journal.Entry) {
	bounded, cancel := context.WithTimeout(ctx, diskPatience)
	defer cancel()
	if _, err := w.log.Append(bounded, e); err != nil {
		w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "append", Detail: err.Error()}, true)
		w.foldFromMemory(ctx, e)
	}
}

// untilNext is how long the watch may sleep.
func (w *watch) untilNext(now time.Time) time.Duration {
	wait := showEvery
	if len(w.unsaved) > 0 {
		wait = retryEvery
	}
	if at, due := w.fold.next(); due {
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
		w.shown = now
	}
	if len(w.unsaved) > 0 {
		w.retryUnsaved(ctx)
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

func clockSetEntry(now time.Time, by time.Duration) journal.Entry {
	payload, _ := json.Marshal(clockSet{By: by}) // an integer always marshals
	return journal.Entry{At: now.Round(0), Kind: journal.ClockSet, Source: "gateway", Payload: payload}
}

// faultOf turns a rule's fault decision into a condition for people.
func faultOf(d ucare.Decision) ucare.Fault {
	f := ucare.Fault{Code: ucare.FaultOldHelp, Dwelling: d.Dwelling, Since: d.At}
	if len(d.Because) > 0 {
		f.Subject = d.Because[0].Sensor
	}
	return f
}
