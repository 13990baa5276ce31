package emergency

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	writeTime  = 5 * time.Second // bounds one call of the outbox
	writeAgain = 2 * time.Second // after the outbox refused
)

// A recorder writes to the outbox, in a goroutine of its own: a disk that is
// slow, full or broken delays no report. What the outbox refuses stays here, of
// each delivery only the last mark and of each alarm only the last answers, and
// is offered again.
type recorder struct {
	outbox Outbox
	log    *slog.Logger
	fault  func(ucare.Fault, bool)

	mu      sync.Mutex
	work    record
	arrived chan struct{} // holds one: there is something to write

	failure string // only run and write use it
}

// A record is what waits to be written.
type record struct {
	queue   []Delivery
	asked   []func() // to be called when queue was offered
	answers map[string]answered
	marks   map[delivered]Mark
}

type answered struct {
	at      time.Time
	answers ucare.Answers
}

func newRecord() record {
	return record{answers: make(map[string]answered), marks: make(map[delivered]Mark)}
}

func newRecorder(outbox Outbox, log *slog.Logger, fault func(ucare.Fault, bool)) *recorder {
	return &recorder{outbox: outbox, log: log, fault: fault, work: newRecord(), arrived: make(chan struct{}, 1)}
}

// queue calls then when the outbox has been asked, whatever it said.
func (r *recorder) queue(ds []Delivery, then func()) {
	r.change(func(w *record) {
		w.queue = append(w.queue, ds...)
		w.asked = append(w.asked, then)
	})
}

func (r *recorder) mark(m Mark) {
	r.change(func(w *record) { w.marks[delivered{m.Report, m.Receiver}] = m })
}

func (r *recorder) answered(alarm string, at time.Time, a ucare.Answers) {
	r.change(func(w *record) { w.answers[alarm] = answered{at, a} })
}

func (r *recorder) change(do func(*record)) {
	r.mu.Lock()
	do(&r.work)
	r.mu.Unlock()
	select {
	case r.arrived <- struct{}{}:
	default:
	}
}

// run writes until ctx ends.
func (r *recorder) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.arrived:
		}
		for !r.write(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(writeAgain):
			}
		}
	}
}

// write offers the outbox everything that waits, and reports whether it took
// it all. Deliveries come before the marks about them.
func (r *recorder) write(ctx context.Context) bool {
	r.mu.Lock()
	work := r.work
	r.work = newRecord()
	r.mu.Unlock()

	err := r.writeQueue(ctx, &work)
	err = cmp.Or(r.writeAnswers(ctx, work.answers), err)
	if len(work.queue) == 0 { // a mark before its delivery would be lost
		err = cmp.Or(r.writeMarks(ctx, work.marks), err)
	}
	r.putBack(work)
	if ctx.Err() == nil {
		r.judge(err)
	}
	return err == nil
}

func (r *recorder) writeQueue(ctx context.Context, work *record) error {
	if len(work.queue) == 0 {
		return nil
	}
	err := bounded(ctx, func(ctx context.Context) error { return r.outbox.Queue(ctx, work.queue) })
	if err == nil {
		work.queue = nil
	}
	for _, then := range work.asked {
		then()
	}
	return err
}

// writeAnswers takes out of answers what the outbox took.
func (r *recorder) writeAnswers(ctx context.Context, answers map[string]answered) (refused error) {
	for alarm, a := range answers {
		err := bounded(ctx, func(ctx context.Context) error { return r.outbox.Answered(ctx, alarm, a.at, a.answers) })
		if err == nil {
			delete(answers, alarm)
			continue
		}
		refused = err
		if errors.Is(err, context.DeadlineExceeded) {
			break // the disk hangs; the others would hang too
		}
	}
	return refused
}

// writeMarks takes out of marks what the outbox took.
func (r *recorder) writeMarks(ctx context.Context, marks map[delivered]Mark) (refused error) {
	for name, m := range marks {
		err := bounded(ctx, func(ctx context.Context) error { return r.outbox.Mark(ctx, m) })
		if err == nil {
			delete(marks, name)
			continue
		}
		refused = err
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return refused
}

// bounded calls the outbox for no longer than writeTime.
func bounded(ctx context.Context, do func(context.Context) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	return do(ctx)
}

// putBack keeps what was refused, behind anything newer that came meanwhile.
func (r *recorder) putBack(refused record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.work.queue = append(refused.queue, r.work.queue...)
	maps.Copy(refused.answers, r.work.answers)
	maps.Copy(refused.marks, r.work.marks)
	r.work.answers, r.work.marks = refused.answers, refused.marks
}

// judge tells people when the outbox begins to refuse, and when it takes
// everything again.
func (r *recorder) judge(err error) {
	f := ucare.Fault{Code: ucare.FaultJournal, Subject: "outbox", Since: time.Now().Round(0)}
	switch {
	case err != nil && err.Error() != r.failure:
		r.failure = err.Error()
		f.Detail = r.failure
		r.log.Error("the outbox refuses; reports are sent all the same and written down later", "error", err)
		r.fault(f, true)
	case err == nil && r.failure != "":
		r.failure = ""
		r.fault(f, false)
	}
}
