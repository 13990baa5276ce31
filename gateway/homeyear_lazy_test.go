package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/simulation"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
)

// A lazy state of a home hears what the real one hears and is never told that time has
// passed: it learns so from the next reading. It goes through JSON now and then. Both
// must decide the same.
type lazy struct {
	policy  *rules.Policy
	state   *rules.State
	real    []ucare.Decision // not decided here yet
	decided []ucare.Decision // here, and not there
	steps   int
}

func newLazy(p *rules.Policy) *lazy {
	return &lazy{policy: p, state: rules.NewState(simulation.Dwelling)}
}

// pass lets it know of the time before the gateway stops.
func (l *lazy) pass(now time.Time) {
	if l != nil {
		l.decided = l.policy.Tick(l.state, now, l.decided)
	}
}

// follow gives it what an entry said, and compares.
func (l *lazy) follow(e journal.Entry, out folded) error {
	if l == nil {
		return nil
	}
	l.real = append(l.real, out.decisions...)
	if err := l.hear(e); err != nil {
		return err
	}
	for _, r := range out.readings {
		l.decided = l.policy.Observe(l.state, r, e.At, l.decided)
	}
	if e.Kind != journal.ClockSet {
		l.doubt(out, e.At)
	} else if err := l.shift(e, out); err != nil {
		return err
	}
	if l.steps++; l.steps%500 == 0 {
		if err := l.store(); err != nil {
			return err
		}
	}
	return l.compare(len(out.readings) > 0)
}

// hear takes in the entries that are no messages.
func (l *lazy) hear(e journal.Entry) error {
	var (
		a       journal.AnswerPayload
		g       gap
		learned profile
		err     error
	)
	switch e.Kind {
	case journal.Answer:
		err = json.Unmarshal(e.Payload, &a)
		l.decided = l.policy.Answer(l.state, a.Alarm, a.Answers, e.At, l.decided)
	case journal.Deaf: // the gateway was there and knew what time it was
		l.pass(e.At)
		fallthrough
	case journal.Start:
		err = json.Unmarshal(e.Payload, &g)
		l.policy.Gap(l.state, g.From, g.To)
	case journal.Profile:
		err = json.Unmarshal(e.Payload, &learned)
		l.pass(e.At)
		l.policy.Learn(l.state, learned.Profile)
	case journal.Message, journal.Tick, journal.ClockSet:
	}
	return err
}

// shift sets the clock.
func (l *lazy) shift(e journal.Entry, out folded) error {
	var c clockSet
	err := json.Unmarshal(e.Payload, &c)
	before := e.At.Add(-c.By)
	l.pass(before)
	l.doubt(out, before)
	l.policy.Shift(l.state, c.By)
	return err
}

// doubt tells it of sensors that cannot be relied on, in the order of the fold: what the
// supervision says, then what the devices say.
func (l *lazy) doubt(out folded, now time.Time) {
	for _, byDevice := range []bool{false, true} {
		for _, list := range []struct {
			faults []ucare.Fault
			blind  bool
		}{{out.cleared, false}, {out.faults, true}} {
			for _, f := range list.faults {
				if blinds[f.Code] && (f.Code == ucare.FaultUnreachable) == byDevice {
					l.decided = l.policy.Blind(l.state, f.Subject, list.blind, now, l.decided)
				}
			}
		}
	}
}

func (l *lazy) store() error {
	text, err := json.Marshal(l.state)
	if err != nil {
		return err
	}
	l.state = new(rules.State)
	return json.Unmarshal(text, l.state)
}

// compare holds both against each other, as far as both have come; all of it where both
// must know what time it is.
func (l *lazy) compare(all bool) error {
	n := min(len(l.real), len(l.decided))
	for i := range n {
		if !reflect.DeepEqual(l.real[i], l.decided[i]) {
			return fmt.Errorf("with every tick\n%+v\nwithout\n%+v", l.real[i], l.decided[i])
		}
	}
	l.real, l.decided = l.real[n:], l.decided[n:]
	if all && len(l.real)+len(l.decided) > 0 {
		return fmt.Errorf("with every tick %+v, without %+v", l.real, l.decided)
	}
	return nil
}
