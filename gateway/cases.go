package gateway

import (
	"encoding/json"
	"slices"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
)

// closedByResident is who ends an alarm that was never raised.
const closedByResident = "resident"

// cases are the alarms that are not closed yet. They turn decisions into what
// has to be stored and sent. The watch owns them.
type cases struct {
	open   map[string]ucare.Alarm
	policy *emergency.Policy
}

// work is what decisions ask for: alarms to store and reports to send.
type work struct {
	alarms     []ucare.Alarm
	deliveries []emergency.Delivery
}

func newCases(policy *emergency.Policy, open []ucare.Alarm) *cases {
	c := &cases{open: make(map[string]ucare.Alarm), policy: policy}
	for _, a := range open {
		c.open[a.ID] = a
	}
	return c
}

// take turns decisions into work.
func (c *cases) take(decisions []ucare.Decision) work {
	var w work
	for _, d := range decisions {
		switch d.Verb {
		case ucare.Raise:
			c.raise(d, &w)
		case ucare.Restore:
			c.restore(d, &w)
		case ucare.Cancel:
			c.cancel(d, &w)
		case ucare.Confirm:
			c.confirm(d, &w)
		case ucare.PreAlarm, ucare.TellFault, ucare.TellConcern, ucare.Settled: // heard in the home and shown on the page
		}
	}
	return w
}

func (c *cases) raise(d ucare.Decision, w *work) {
	a := alarmOf(d)
	a.RaisedAt = d.At
	c.open[a.ID] = a
	w.alarms = append(w.alarms, a)
	w.deliveries = append(w.deliveries, c.policy.First(a, ucare.Raise, d.At)...)
}

// confirm adds evidence to an alarm that is open. Of one that was closed nobody needs
// to hear more.
func (c *cases) confirm(d ucare.Decision, w *work) {
	a, open := c.open[d.Alarm]
	if !open {
		return
	}
	a.Because = append(slices.Clip(a.Because), d.Because...)
	a.Confirmed++
	c.open[a.ID] = a
	w.alarms = append(w.alarms, a)
	w.deliveries = append(w.deliveries, c.policy.First(a, ucare.Confirm, d.At)...)
}

// restore notes that the condition is gone. An alarm that the centre has
// closed before is not opened again by it; the centre is told all the same.
func (c *cases) restore(d ucare.Decision, w *work) {
	a, open := c.open[d.Alarm]
	if !open {
		a = alarmOf(d)
	}
	a.RestoredAt = d.At
	if open {
		c.open[a.ID] = a
		w.alarms = append(w.alarms, a)
	}
	w.deliveries = append(w.deliveries, c.policy.First(a, ucare.Restore, d.At)...)
}

// cancel tells the centre of an alarm that the resident prevented: it was never
// raised, and it is closed from the start.
func (c *cases) cancel(d ucare.Decision, w *work) {
	a := alarmOf(d)
	a.RestoredAt = d.At
	a.ClosedAt, a.ClosedBy, a.Outcome = d.At, closedByResident, string(ucare.Cancel)
	w.alarms = append(w.alarms, a)
	w.deliveries = append(w.deliveries, c.policy.First(a, ucare.Cancel, d.At)...)
}

func alarmOf(d ucare.Decision) ucare.Alarm {
	return ucare.Alarm{
		ID: d.Alarm, Dwelling: d.Dwelling, Rule: d.Rule, Kind: d.Kind, Room: d.Room, Onset: d.Onset,
		Because: d.Because, UnknownAge: d.UnknownAge, Drill: d.Drill,
	}
}

// answered takes over a centre's instants from the journal. It returns the
// alarm when this is the news that an operator has acknowledged it.
func (c *cases) answered(e journal.Entry) (a ucare.Alarm, acknowledged bool) {
	var said journal.AnswerPayload
	if json.Unmarshal(e.Payload, &said) != nil {
		return a, false // the fold has told of it
	}
	a, open := c.open[said.Alarm]
	if !open {
		return a, false
	}
	before := a.AcknowledgedAt
	a.Merge(said.Answers)
	c.open[a.ID] = a
	if !a.ClosedAt.IsZero() {
		delete(c.open, a.ID)
	}
	return a, before.IsZero() && !a.AcknowledgedAt.IsZero()
}
