package emergency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// send starts an attempt for every delivery that is due and has a place.
func (d *Dispatcher) send(ctx context.Context, now time.Time) {
	for _, r := range d.receivers {
		for p := r.pick(now); p != nil; p = r.pick(now) {
			d.attempt(ctx, r, p, now)
		}
	}
}

// attempt makes one attempt in a goroutine of its own.
func (d *Dispatcher) attempt(ctx context.Context, r *receiver, p *pending, now time.Time) {
	r.started(p, now)
	if p.alarm != nil && p.alarm.firstAttempt() {
		d.passed(StageFirstAttempt, p.alarm.Alarm, r.name, now)
	}
	report, body := p.Report, p.Body
	d.flights.Go(func() {
		reply, err := sendOnce(ctx, r.link, report, body)
		if err != nil && ctx.Err() != nil {
			return // we gave up the attempt, not the receiver
		}
		d.inbox.put(func(now time.Time) { d.landed(r, p, reply, err, now) })
	})
}

// sendOnce is one bounded attempt; nil means that the receipt is there. A link
// that panics must not take the other receivers with it.
func sendOnce(ctx context.Context, link Link, report string, body []byte) (reply Reply, err error) {
	defer recoverAs(&err)
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	reply, err = link.Send(ctx, report, body)
	if err == nil {
		err = reply.Confirms(report)
	}
	return reply, err
}

func recoverAs(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("the link broke, which is a defect of this program: %v", v)
	}
}

// landed takes the end of an attempt into the working set.
func (d *Dispatcher) landed(r *receiver, p *pending, reply Reply, err error, now time.Time) {
	r.landed(p)
	if err != nil {
		d.failed(r, p, err, now)
		return
	}
	d.accepted(r, p, reply, now)
}

// failed: whatever the reason, it is tried again. No status of a receiver, 4xx
// and 410 included, is a reason to stop calling for help. Only a confirmation is let
// go when it is refused: it calls nobody, and a centre may not know what it is.
func (d *Dispatcher) failed(r *receiver, p *pending, err error, now time.Time) {
	r.failed(err, p.lastTry)
	p.failures++
	var asked time.Duration
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		asked = refusal.RetryAfter
		if refusal.ofReport() {
			p.refusals++
		}
	}
	p.dueAt = p.nextTry(now, asked)
	if p.unwanted() && r.remove(p) {
		d.unsent.Add(-1)
	}
	if failure := err.Error(); failure != p.failure {
		p.failure = failure
		d.log.Warn("a report was not accepted; it is tried again without end",
			"report", p.Report, "receiver", r.name, "attempts", p.Attempts+p.tries, "error", failure)
	}
	d.recorder.mark(Mark{Report: p.Report, Receiver: r.name, At: now.Round(0), Failure: p.failure})
}

// accepted: the receiver's machine has the report. That ends its retries, not
// the escalation.
func (d *Dispatcher) accepted(r *receiver, p *pending, reply Reply, now time.Time) {
	if r.remove(p) { // a later round may have taken its place meanwhile
		d.unsent.Add(-1)
	}
	r.heardAt = now
	r.wasReached(now, r.failing)
	d.recorder.mark(Mark{Report: p.Report, Receiver: r.name, At: now.Round(0)})
	d.log.Info("a report was accepted", "report", p.Report, "receiver", r.name, "attempts", p.Attempts+p.tries)

	if verb, _, _ := parseReportID(p.Alarm, p.Report); verb == ucare.Raise && p.alarm != nil {
		p.alarm.accepted[r.name] = now
		at := reply.Receipt.At
		if at.IsZero() {
			at = now.Round(0)
		}
		d.answer(p.Alarm, r.name, ucare.Answers{ReceivedAt: at, ReceivedBy: r.name}, now)
	}
	d.answers(r, reply.Answer, now)
}

// judge tells people which receivers fail, and which do not any more.
func (d *Dispatcher) judge(now time.Time) {
	for _, r := range d.receivers {
		trouble := r.inTrouble(now)
		if trouble == r.failing {
			continue
		}
		r.failing = trouble
		if r.since.IsZero() {
			r.since = now // it hangs: nothing has failed yet
		}
		f := ucare.Fault{Code: ucare.FaultReceiver, Subject: r.name, Since: r.since.Round(0), Detail: r.failure}
		if !trouble {
			r.since, r.failure = time.Time{}, ""
		} else if f.Detail == "" {
			f.Detail = "it has not answered for " + stuckAfter.String()
		}
		d.fault(f, trouble)
	}
}
