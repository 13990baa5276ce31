package emergency

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
)

// A Stage is a place on an alarm's way through the dispatcher.
type Stage string

// The stages, each passed once by an alarm.
const (
	StageFirstAttempt Stage = "first_attempt"
	StageAccepted     Stage = "accepted"
	StageAcknowledged Stage = "acknowledged"
	StageClosed       Stage = "closed"
)

// Options are what a Dispatcher works with. Policy, Links and Outbox are needed.
// The functions may be nil. They are called one after another and apart from
// all sending: one that takes its time delays no report, only
// the end of Run.
type Options struct {
	Policy  *Policy
	Links   map[string]Link // by receiver
	Outbox  Outbox
	Version string // of the program, for the heartbeat
	// HeartbeatEvery is the ordinary interval of heartbeats; 0 means 60 s.
	HeartbeatEvery time.Duration
	Logger         *slog.Logger
	// Faults returns what the heartbeat tells the centres about the gateway.
	Faults func() []ucare.Fault
	// Fault is called when a fault begins (active) and when it has ended.
	Fault func(f ucare.Fault, active bool)
	// Answered is called with all answers to an alarm so far, when one is new.
	Answered func(alarm string, a ucare.Answers)
	// Passed is called when an alarm passes a stage; receiver is who brought it there.
	Passed func(s Stage, a ucare.Alarm, receiver string, at time.Time)
}

// A Dispatcher owns the working set: the deliveries that no receipt has come
// for, and the alarms that are not closed. One goroutine, the loop in Run,
// decides everything; each attempt, the outbox and the callbacks have
// goroutines of their own, so that none of them can hold up the loop.
type Dispatcher struct {
	o        Options
	log      *slog.Logger
	inbox    *mailbox[func(now time.Time)] // what the loop is to do next
	tellings *mailbox[func()]              // callbacks that wait for their turn
	recorder *recorder
	flights  sync.WaitGroup // attempts and heartbeats under way
	unsent   atomic.Int64   // for Pending

	// Only the loop touches these.
	receivers map[string]*receiver
	open      map[string]*openAlarm
}

// New makes a Dispatcher. What is submitted before Run waits for it.
func New(o Options) *Dispatcher {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.HeartbeatEvery <= 0 {
		o.HeartbeatEvery = usualHeartbeat
	}
	d := &Dispatcher{
		o:         o,
		log:       o.Logger.With("component", "emergency"),
		inbox:     newMailbox[func(time.Time)](),
		tellings:  newMailbox[func()](),
		receivers: make(map[string]*receiver, len(o.Links)),
		open:      make(map[string]*openAlarm),
	}
	for name, link := range o.Links {
		d.receivers[name] = &receiver{name: name, link: link}
	}
	d.recorder = newRecorder(o.Outbox, d.log, d.fault)
	return d
}

// Submit hands over alarms that are new or changed, and deliveries. It never
// blocks and never loses; what is known already is passed over.
func (d *Dispatcher) Submit(alarms []ucare.Alarm, ds []Delivery) {
	d.inbox.put(func(now time.Time) { d.take(alarms, ds, now) })
}

// Resume hands over what a former process left: the alarms that are not closed
// and the deliveries that were not accepted, which go out at once. The accepted
// deliveries of the open alarms belong to it too: they say exactly how far the
// escalation had come. Without them it goes on where the order stands by the
// clock.
func (d *Dispatcher) Resume(open []ucare.Alarm, ds []Delivery) {
	d.Submit(open, d.o.Policy.inOrder(ds))
}

// Answers tells what a centre has answered by a way other than the links. It
// never blocks.
func (d *Dispatcher) Answers(alarm string, a ucare.Answers) {
	d.inbox.put(func(now time.Time) { d.answer(alarm, "", a, now) })
}

// Pending returns how many deliveries wait for a receipt.
func (d *Dispatcher) Pending() int { return int(d.unsent.Load()) }

// stopTime bounds how long Run takes to write down the last marks.
const stopTime = 2 * time.Second

// Run sends until ctx ends; attempts under way are given up then, and what is
// not accepted waits in the outbox for the next start. It returns nil.
func (d *Dispatcher) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	stop := make(chan struct{})
	beside.Go(func() { d.recorder.run(ctx) })
	beside.Go(func() { d.tellAll(stop) })

	d.loop(ctx)

	d.flights.Wait()
	d.readInbox(time.Now()) // a receipt that came in at the last moment counts
	close(stop)
	beside.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if !d.recorder.write(last) {
		d.log.Warn("the outbox does not have the last attempts; they will be repeated after the next start")
	}
	return nil
}

func (d *Dispatcher) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for _, r := range d.receivers {
		r.startBeating(time.Now(), d.o.HeartbeatEvery)
	}
	for ctx.Err() == nil {
		now := time.Now()
		d.readInbox(now)
		d.escalate(now)
		d.send(ctx, now)
		d.beat(ctx, now)
		d.judge(now)
		timer.Reset(d.wake(now).Sub(now))
		select {
		case <-ctx.Done():
		case <-d.inbox.arrived:
		case <-timer.C:
		}
	}
}

func (d *Dispatcher) readInbox(now time.Time) {
	for _, do := range d.inbox.take() {
		do(now)
	}
}

// take brings alarms and deliveries into the working set.
func (d *Dispatcher) take(alarms []ucare.Alarm, ds []Delivery, now time.Time) {
	var opened []*openAlarm
	for _, a := range alarms {
		if o := d.openAlarm(a, now); o != nil {
			opened = append(opened, o)
		}
	}
	for _, delivery := range ds {
		d.add(delivery, now)
	}
	for _, o := range opened {
		d.catchUp(o, now)
		d.judgeAnswer(o)
	}
	for _, a := range alarms {
		d.tellRestore(d.open[a.ID], now)
		d.tellConfirm(d.open[a.ID], now)
	}
}

// add brings one delivery into the working set, once, to be sent at an instant.
func (d *Dispatcher) add(delivery Delivery, at time.Time) {
	o := d.open[delivery.Alarm]
	r := d.receivers[delivery.Receiver]
	if r == nil {
		d.noLink(delivery)
		return
	}
	if o != nil && !o.note(delivery, at) || r.has(delivery) {
		return
	}
	if delivery.AcceptedAt.IsZero() {
		p := &pending{Delivery: delivery, alarm: o, dueAt: at, alone: at}
		if p.verb, p.round, _ = parseReportID(p.Alarm, p.Report); r.supersedes(p) {
			d.unsent.Add(int64(r.add(p)))
		}
	}
}

// noLink: the outbox names a receiver that the configuration does not have any
// more. The delivery stays in the outbox; the alarm escalates without it.
func (d *Dispatcher) noLink(delivery Delivery) {
	d.log.Error("a report waits for a receiver that is not configured; add it again, or the report stays in the outbox",
		"report", delivery.Report, "receiver", delivery.Receiver)
	d.fault(ucare.Fault{
		Code: ucare.FaultReceiver, Subject: delivery.Receiver, Since: delivery.CreatedAt,
		Detail: "report " + delivery.Report + " waits for it, but the configuration has no such receiver",
	}, true)
}

// idle is how long the loop sleeps when nothing at all is due.
const idle = time.Hour

// wake returns when the loop has to look again. What is due already either was
// started or waits for a place, and then the end of an attempt wakes the loop.
func (d *Dispatcher) wake(now time.Time) time.Time {
	next := now.Add(idle)
	consider := func(at time.Time) {
		if at.After(now) && at.Before(next) {
			next = at
		}
	}
	for _, r := range d.receivers {
		for _, p := range r.pending {
			if !p.flying {
				consider(p.dueAt)
			}
			consider(p.stuckAt())
		}
		if !r.beating {
			consider(d.beatAt(r, now))
		}
	}
	for _, o := range d.open {
		if o.escalates() {
			consider(o.dueAt)
		}
	}
	return next
}

// fault tells people about a technical condition.
func (d *Dispatcher) fault(f ucare.Fault, active bool) {
	if d.o.Fault != nil {
		d.tellings.put(func() { d.o.Fault(f, active) })
	}
}

func (d *Dispatcher) passed(s Stage, a ucare.Alarm, receiver string, at time.Time) {
	if d.o.Passed != nil {
		d.tellings.put(func() { d.o.Passed(s, a, receiver, at) })
	}
}

// tellAll calls the callbacks in their order until stop, and then the rest.
func (d *Dispatcher) tellAll(stop <-chan struct{}) {
	for stopped := false; !stopped; {
		select {
		case <-stop:
			stopped = true
		case <-d.tellings.arrived:
		}
		for _, tell := range d.tellings.take() {
			tell()
		}
	}
}
