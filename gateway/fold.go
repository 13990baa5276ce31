package gateway

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A fold is all that the watch remembers: what the decoder has learned about
// the devices, when each of them was heard, and the rule state of each dwelling. Its only
// input is the journal's entries in their order, so that folding them again gives the same.
type fold struct {
	decoder    *sensors.Decoder
	supervisor *supervision.Supervisor
	policies   policies
	states     map[string]*rules.State
	// clockSetAt is the last set clock. One that was handed on from memory, and
	// stored after all, comes twice.
	clockSetAt time.Time
}

// folded is what one entry led to.
type folded struct {
	decisions []ucare.Decision
	readings  []ucare.Reading
	faults    []ucare.Fault // began
	cleared   []ucare.Fault // ended
	relisten  bool          // what has to be heard has changed
}

// gap is the payload of a Start and of a Deaf entry: when nothing could be heard.
type gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// clockSet is the payload of a ClockSet entry.
type clockSet struct {
	By time.Duration `json:"by_ns"`
}

// profile is the payload of a Profile entry: what the history taught about a
// dwelling's usual silences.
type profile struct {
	Dwelling string        `json:"dwelling"`
	Profile  rules.Profile `json:"profile"`
}

func newFold(decoder *sensors.Decoder, supervisor *supervision.Supervisor, policies policies, dwellings []string) *fold {
	f := &fold{decoder: decoder, supervisor: supervisor, policies: policies, states: make(map[string]*rules.State)}
	for _, id := range dwellings {
		f.state(id)
	}
	return f
}

// state returns the dwelling's rule state. A dwelling that is not in the
// configuration gets one too: its smoke is smoke.
func (f *fold) state(dwelling string) *rules.State {
	s := f.states[dwelling]
	if s == nil {
		s = rules.NewState(dwelling)
		f.states[dwelling] = s
	}
	return s
}

// entry folds one journal entry. A payload of our own kinds that cannot be
// read is a fault; nothing an entry holds stops the fold.
func (f *fold) entry(e journal.Entry) folded {
	var out folded
	var err error
	switch e.Kind {
	case journal.Message:
		out = f.message(e)
	case journal.Tick:
		out = f.tick(e.At)
	case journal.Answer:
		out.decisions, err = f.answer(e)
	case journal.Start, journal.Deaf:
		out, err = f.gap(e)
	case journal.ClockSet:
		out, err = f.clockSet(e)
	case journal.Profile:
		err = f.learn(e)
	default:
		err = fmt.Errorf("an entry of kind %q is not known to this version", e.Kind)
	}
	if err != nil {
		out.faults = append(out.faults, ucare.Fault{
			Code: ucare.FaultNotUnderstood, Subject: "journal entry " + string(e.Kind), Since: e.At, Detail: err.Error(),
		})
	}
	return out
}

func (f *fold) message(e journal.Entry) folded {
	return f.heard(f.decoder.Hear(messageOf(e)), e.Topic, e.At)
}

func messageOf(e journal.Entry) sensors.Message {
	return sensors.Message{
		At: e.At, Source: e.Source, Topic: e.Topic, Payload: e.Payload,
		QoS: e.QoS, Retained: e.Retained, Duplicate: e.Duplicate,
	}
}

// heard folds what a message on a topic, or the passing of time, said about the sensors.
func (f *fold) heard(h sensors.Heard, topic string, now time.Time) folded {
	out := folded{readings: h.Readings, faults: h.Faults, cleared: h.Cleared, relisten: h.Relisten}
	for _, r := range h.Readings {
		out.decisions = f.policies.of(r.Dwelling).Observe(f.state(r.Dwelling), r, now, out.decisions)
	}
	f.changed(f.supervisor.Hear(topic, h, now), now, &out)
	f.doubt(h.Faults, h.Cleared, now, &out)
	return out
}

// changed adds what began and ended in the supervision of the sensors.
func (f *fold) changed(c supervision.Change, now time.Time, out *folded) {
	out.faults, out.cleared = append(out.faults, c.Began...), append(out.cleared, c.Ended...)
	f.doubt(c.Began, c.Ended, now, out)
}

// doubt tells the rules which sensors cannot be relied on any more, and which can
// again.
func (f *fold) doubt(began, ended []ucare.Fault, now time.Time, out *folded) {
	for _, list := range []struct {
		faults []ucare.Fault
		blind  bool
	}{{ended, false}, {began, true}} {
		for _, fault := range list.faults {
			if s := f.states[fault.Dwelling]; s != nil && blinds[fault.Code] {
				out.decisions = f.policies.of(fault.Dwelling).Blind(s, fault.Subject, list.blind, now, out.decisions)
			}
		}
	}
}

// blinds are the faults whose subject is a sensor that cannot be relied on.
var blinds = map[ucare.FaultCode]bool{
	ucare.FaultSilent: true, ucare.FaultStuck: true, ucare.FaultNeverTriggers: true, ucare.FaultUnreachable: true,
}

// tick lets time pass: first for the sensors, whose states may expire, then for the rules.
func (f *fold) tick(now time.Time) folded {
	out := f.heard(f.decoder.Tick(now), "", now)
	f.changed(f.supervisor.Tick(now), now, &out)
	for _, id := range sortedKeys(f.states) {
		out.decisions = f.policies.of(id).Tick(f.states[id], now, out.decisions)
	}
	return out
}

func (f *fold) answer(e journal.Entry) ([]ucare.Decision, error) {
	var a journal.AnswerPayload
	if err := json.Unmarshal(e.Payload, &a); err != nil {
		return nil, err
	}
	var out []ucare.Decision
	for _, id := range sortedKeys(f.states) {
		out = f.policies.of(id).Answer(f.states[id], a.Alarm, a.Answers, e.At, out)
	}
	return out, nil
}

// gap tells the rules and the supervision how long nothing could be heard. A board without a
// clock of its own starts in the past: then the time that passed is unknown,
// and only the clock's setting is made good.
func (f *fold) gap(e journal.Entry) (out folded, err error) {
	var g gap
	if err := json.Unmarshal(e.Payload, &g); err != nil {
		return out, err
	}
	for id, s := range f.states {
		if g.To.Before(g.From) {
			f.policies.of(id).Shift(s, g.To.Sub(g.From))
		} else {
			f.policies.of(id).Gap(s, g.From, g.To)
		}
	}
	if g.To.Before(g.From) {
		f.supervisor.Shift(g.To.Sub(g.From))
	}
	f.changed(f.supervisor.Gap(g.From, g.To, e.At), e.At, &out)
	return out, nil
}

// clockSet moves what is being measured. What was due by the old clock is
// decided first.
func (f *fold) clockSet(e journal.Entry) (due folded, err error) {
	c, err := clockSetIn(e)
	if err != nil || e.At.Equal(f.clockSetAt) {
		return due, err
	}
	f.clockSetAt = e.At
	due = f.tick(e.At.Add(-c.By))
	for id, s := range f.states {
		f.policies.of(id).Shift(s, c.By)
	}
	f.supervisor.Shift(c.By)
	return due, nil
}

func clockSetIn(e journal.Entry) (c clockSet, err error) {
	err = json.Unmarshal(e.Payload, &c)
	return c, err
}

func (f *fold) learn(e journal.Entry) error {
	var p profile
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		return err
	}
	f.policies.of(p.Dwelling).Learn(f.state(p.Dwelling), p.Profile)
	return nil
}

// standing are the faults of the sensors that hold now.
func (f *fold) standing() []ucare.Fault {
	return append(f.decoder.Standing(), f.supervisor.Standing()...)
}

// next is when the fold must hear of the time again.
func (f *fold) next() (time.Time, bool) {
	first, _ := f.decoder.Next()
	if at, due := f.supervisor.Next(); due && (first.IsZero() || at.Before(first)) {
		first = at
	}
	for id, s := range f.states {
		if at, due := f.policies.of(id).Next(s); due && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}
