package emergency

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// An openAlarm is an alarm in the working set, and how far it has come.
type openAlarm struct {
	ucare.Alarm
	route Route
	told  Turn      // the last turn that was told
	dueAt time.Time // when the next one is

	reports   map[delivered]time.Time // every report there is, with its creation
	accepted  map[string]time.Time    // the receivers whose machines have the raise
	attempted bool
	noAnswer  bool      // the fault is known
	closedAt  time.Time // when this process heard of it
}

// delivered names a delivery.
type delivered struct{ report, receiver string }

// keepClosed is how long a closed alarm is remembered, for what about it was
// still under way elsewhere: a restore that is submitted late must not open it again.
const keepClosed = 10 * time.Minute

// restoreLag bounds how long a restore takes from its decision to the loop. A
// raise told in that time may not know of it.
const restoreLag = 10 * time.Second

// openAlarm brings an alarm into the working set and returns it, or up to date.
func (d *Dispatcher) openAlarm(a ucare.Alarm, now time.Time) (opened *openAlarm) {
	o := d.open[a.ID]
	switch {
	case o != nil:
		answers := o.Answers // the loop hears them before anybody else
		o.Alarm, o.Answers = a, answers
		d.answer(a.ID, "", a.Answers, now)
	case a.ClosedAt.IsZero() && !a.RaisedAt.IsZero():
		o = &openAlarm{
			Alarm: a, route: d.o.Policy.Route(a.Rule), dueAt: now,
			reports: make(map[delivered]time.Time), accepted: make(map[string]time.Time),
		}
		d.open[a.ID] = o
		return o
	}
	return nil
}

// catchUp finds the place of an alarm that has a receipt, when nobody has said
// which deliveries were accepted: it is where the order stands by the clock. To
// tell a turn twice would be worse than to leave one out until the next round,
// for a centre that has a report does not take another under its name.
func (d *Dispatcher) catchUp(o *openAlarm, now time.Time) {
	if o.ReceivedAt.IsZero() || len(o.accepted) > 0 || len(o.route.Steps) == 0 {
		return
	}
	if t, left := o.route.At(now.Sub(o.RaisedAt)); o.told.Before(t) {
		o.told, o.dueAt = t, now.Add(left)
	}
	o.attempted = true
	for i, step := range o.route.Steps {
		for _, name := range step.Receivers {
			told := o.told.Round > 1 || i <= o.told.Step
			if r := d.receivers[name]; told && r != nil && r.raises[o.ID] == nil {
				o.accepted[name] = now
			}
		}
	}
}

// note remembers a delivery of the alarm; false when it is known already. A
// raise says how far the escalation has come.
func (o *openAlarm) note(delivery Delivery, now time.Time) bool {
	name := delivered{delivery.Report, delivery.Receiver}
	if _, known := o.reports[name]; known {
		return false
	}
	o.reports[name] = delivery.CreatedAt
	verb, round, _ := parseReportID(o.ID, delivery.Report)
	if verb != ucare.Raise {
		return true
	}
	if !delivery.AcceptedAt.IsZero() {
		o.accepted[delivery.Receiver] = now
	}
	o.attempted = o.attempted || delivery.Attempts > 0 || !delivery.AcceptedAt.IsZero()
	if t, ok := o.route.turnOf(delivery.Receiver, round); ok && o.told.Before(t) {
		o.told = t
		_, o.dueAt = o.route.Due(t, delivery.CreatedAt, now)
	}
	return true
}

// firstAttempt reports whether this is the first attempt ever to tell of the alarm.
func (o *openAlarm) firstAttempt() bool {
	first := !o.attempted
	o.attempted = true
	return first
}

// settled alarms have been taken by a human.
func (o *openAlarm) settled() bool {
	return !o.AcknowledgedAt.IsZero() || !o.ClosedAt.IsZero()
}

// escalates reports whether a further turn will be told when it is due. A drill
// stays with the first.
func (o *openAlarm) escalates() bool {
	return !o.settled() && len(o.route.Steps) > 0 && (!o.Drill || o.told == Turn{})
}

// escalate tells the next turn of every alarm whose deadline has passed.
func (d *Dispatcher) escalate(now time.Time) {
	for id, o := range d.open {
		if !o.closedAt.IsZero() && now.Sub(o.closedAt) >= keepClosed {
			delete(d.open, id)
		}
		if o.escalates() && !o.dueAt.After(now) {
			d.tell(o, o.route.Next(o.told), now)
		}
	}
}

// judgeAnswer tells people once when an alarm has come round unanswered, after
// a start too.
func (d *Dispatcher) judgeAnswer(o *openAlarm) {
	if o.told.Round > 1 && !o.noAnswer && o.escalates() {
		o.noAnswer = true
		d.fault(o.noAnswerFault(), true)
	}
}

// tell queues the raise of one turn. Who still has an earlier one coming is not
// told again: an outage of a day must not end in a flood about one alarm. Who
// refuses the earlier one is told anew: it may have been that one report.
func (d *Dispatcher) tell(o *openAlarm, t Turn, now time.Time) {
	o.told, o.dueAt = t, now.Add(o.route.Wait(t))
	d.judgeAnswer(o)
	var receivers []string
	for _, name := range o.route.Steps[t.Step].Receivers {
		if r := d.receivers[name]; r == nil || !r.awaits(o.ID, now) {
			receivers = append(receivers, name)
		}
	}
	d.log.Warn("nobody has acknowledged the alarm yet; the next are told",
		"alarm", o.ID, "rule", o.Rule, "round", t.Round, "step", t.Step+1, "receivers", receivers)
	d.queue(d.o.Policy.deliveries(o.Alarm, ucare.Raise, t.Round, receivers, now.Round(0)), now)
}

func (o *openAlarm) noAnswerFault() ucare.Fault {
	return ucare.Fault{
		Code: ucare.FaultNoAnswer, Subject: o.ID, Dwelling: o.Dwelling, Since: o.RaisedAt,
		Detail: o.what() + ": every receiver of route " + o.route.ID + " was told and nobody has acknowledged",
	}
}

// what names the alarm for people: rule and room.
func (o *openAlarm) what() string {
	if o.Room == "" {
		return string(o.Rule)
	}
	return string(o.Rule) + " in " + clip(o.Room, longestName)
}

// tellRestore queues the restore for those who were told of the raise by
// escalation; the gateway has queued it for the first step.
func (d *Dispatcher) tellRestore(o *openAlarm, now time.Time) {
	if o == nil || o.RestoredAt.IsZero() || !o.ClosedAt.IsZero() {
		return
	}
	// A raise told well after the restore says itself that the condition is gone.
	receivers := o.raisedTo(ReportID(o.ID, ucare.Restore, 1), o.RestoredAt.Add(restoreLag))
	d.queue(d.o.Policy.deliveries(o.Alarm, ucare.Restore, 1, receivers, now.Round(0)), now)
}

// tellConfirm queues the last confirmation for those who were told of the raise by
// escalation before it; the gateway has queued it for the first step.
func (d *Dispatcher) tellConfirm(o *openAlarm, now time.Time) {
	if o == nil || o.Confirmed == 0 || !o.ClosedAt.IsZero() {
		return
	}
	report := ReportID(o.ID, ucare.Confirm, o.Confirmed)
	var at time.Time
	for name, told := range o.reports {
		if name.report == report && (at.IsZero() || told.Before(at)) {
			at = told
		}
	}
	receivers := o.raisedTo(report, at.Add(restoreLag))
	d.queue(d.o.Policy.deliveries(o.Alarm, ucare.Confirm, o.Confirmed, receivers, now.Round(0)), now)
}

// raisedTo are the receivers that were told of the raise before that instant and do not
// have the report.
func (o *openAlarm) raisedTo(report string, before time.Time) (receivers []string) {
	for name, told := range o.reports {
		verb, _, _ := parseReportID(o.ID, name.report)
		_, knows := o.reports[delivered{report, name.receiver}]
		if verb == ucare.Raise && !knows && told.Before(before) && !slices.Contains(receivers, name.receiver) {
			receivers = append(receivers, name.receiver)
		}
	}
	return receivers
}

// diskPatience is how long further deliveries wait to be on disk before they
// are sent. It matters only for a power cut in between: after it they are made
// again under the same names, and a centre wonders when the body is another.
const diskPatience = 2 * time.Second

// queue puts further deliveries into the outbox and into the working set. They
// go when the outbox has said yes or no, or has said nothing for diskPatience.
func (d *Dispatcher) queue(ds []Delivery, now time.Time) {
	if len(ds) == 0 {
		return
	}
	for _, delivery := range ds {
		d.add(delivery, now.Add(diskPatience))
	}
	d.recorder.queue(ds, func() {
		d.inbox.put(func(now time.Time) { d.release(ds, now) })
	})
}

// release lets go what has waited for the disk.
func (d *Dispatcher) release(ds []Delivery, now time.Time) {
	for _, delivery := range ds {
		r := d.receivers[delivery.Receiver]
		if r == nil {
			continue
		}
		if p := r.byReport[delivery.Report]; p != nil && p.tries == 0 {
			p.dueAt = now
		}
	}
}

// answers takes what a receiver's reply says about alarms.
func (d *Dispatcher) answers(r *receiver, answers []Answer, now time.Time) {
	for _, a := range answers {
		if !a.ReceivedAt.IsZero() && a.ReceivedBy == "" {
			a.ReceivedBy = r.name
		}
		d.answer(a.Alarm, r.name, a.Answers, now)
	}
}

// answer takes what is new in the answers to an alarm.
func (d *Dispatcher) answer(alarm, receiver string, a ucare.Answers, now time.Time) {
	o := d.open[alarm]
	if o == nil {
		return // closed long ago, or never ours
	}
	before := o.Answers
	if !o.Answers.Merge(a) {
		return
	}
	d.recorder.answered(alarm, now.Round(0), o.Answers)
	if d.o.Answered != nil {
		answers := o.Answers
		d.tellings.put(func() { d.o.Answered(alarm, answers) })
	}
	d.note(StageAccepted, o, receiver, before.ReceivedAt, o.ReceivedAt, now)
	d.note(StageAcknowledged, o, receiver, before.AcknowledgedAt, o.AcknowledgedAt, now)
	d.note(StageClosed, o, receiver, before.ClosedAt, o.ClosedAt, now)
	if o.settled() && o.noAnswer {
		o.noAnswer = false
		d.fault(o.noAnswerFault(), false)
	}
	if !o.ClosedAt.IsZero() && o.closedAt.IsZero() {
		o.closedAt = now
	}
}

// note reports a stage when its instant is new.
func (d *Dispatcher) note(s Stage, o *openAlarm, receiver string, before, after, now time.Time) {
	if before.IsZero() && !after.IsZero() {
		d.log.Info("an alarm was answered", "alarm", o.ID, "stage", string(s), "receiver", receiver, "at", after)
		d.passed(s, o.Alarm, receiver, now)
	}
}
