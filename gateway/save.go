package gateway

import (
	"context"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
)

// mostUnsaved bounds what was decided and waits for a disk that refuses. What is
// over it was handed over long ago.
const mostUnsaved = 10_000

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
		w.voice.Decided(d)
	}
	w.showHomes(about(decisions)...)
}

// save commits what was decided. Behind something that the disk has refused
// already it only queues: an alarm must not wait for the patience of each
// before it.
func (w *watch) save(ctx context.Context, f journal.Folded) {
	w.unsaved = append(w.unsaved, f)
	if len(w.unsaved) > mostUnsaved {
		w.unsaved = w.unsaved[len(w.unsaved)-mostUnsaved:]
	}
	if len(w.unsaved) == 1 && !w.entrance.waiting() {
		w.offerUnsaved(ctx)
	}
}

// retryUnsaved offers the disk again what it refused, once in a while.
func (w *watch) retryUnsaved(ctx context.Context, now time.Time) {
	if now.Sub(w.retried) >= retryEvery && len(w.refused) == 0 {
		w.offerUnsaved(ctx)
		w.retried = time.Now()
	}
}

// offerUnsaved writes what is unsaved, in order, until the disk refuses.
func (w *watch) offerUnsaved(ctx context.Context) {
	err := w.flush(ctx)
	for len(w.unsaved) > 0 && err == nil {
		if err = w.decide(ctx, w.unsaved[0]); err == nil {
			w.unsaved = w.unsaved[1:]
		}
	}
	w.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "decide", Detail: errorText(err)}, err != nil)
}

func (w *watch) flush(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), diskPatience)
	defer cancel()
	return w.entrance.flush(bounded)
}

func (w *watch) decide(ctx context.Context, f journal.Folded) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), diskPatience)
	defer cancel()
	err := w.log.Decide(bounded, f)
	if err == nil {
		w.decided = max(w.decided, f.Seq)
	}
	return err
}

// silent notes what start-up decides once more, below the decided position.
type silent struct{ raised []ucare.Decision }

func (s *silent) folded(decisions []ucare.Decision) {
	for _, d := range decisions {
		switch d.Verb {
		case ucare.Raise:
			s.raised = append(s.raised, d)
		case ucare.Restore:
			s.raised = slices.DeleteFunc(s.raised, func(r ucare.Decision) bool { return r.Alarm == d.Alarm })
		case ucare.PreAlarm, ucare.Confirm, ucare.Cancel, ucare.TellFault, ucare.TellConcern, ucare.Settled: // nobody waits for these
		}
	}
}

// untold returns the alarms that stand and that nobody was told of: a message
// that the program or its configuration of then did not understand, and that of
// now does.
func (s *silent) untold(known func(alarm string) bool) []ucare.Decision {
	var out []ucare.Decision
	for _, d := range s.raised {
		if !known(d.Alarm) {
			out = append(out, d)
		}
	}
	s.raised = nil
	return out
}
