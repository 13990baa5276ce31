package broker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	// settled is how long a later connection has to do nothing that it may not, for the
	// fault about what an earlier one did to end. Devices announce themselves soon
	// after they have connected, and again after the next time: that is one fault.
	settled = 5 * time.Minute
	// forgotten is how long after the last refusal its fault ends anyhow.
	forgotten = 24 * time.Hour
	// topicsMost bounds the topics that a fault names, refusedMost those who have one.
	topicsMost  = 4
	refusedMost = 500
)

// refusals are who was refused, and what: one fault for each account, or for each
// address where nobody we know was named.
type refusals struct {
	began, ended func(ucare.Fault)

	mu    sync.Mutex
	all   map[string]*refusal // by the fault's subject
	swept time.Time
}

type refusal struct {
	fault ucare.Fault
	entry string   // why it was not let in the last time; "": it was
	said  []string // the topics that it published on and may not
	more  bool     // and others
	by    string   // the client id of the last one
	since time.Time
	// again is when the client of that id has connected after that; zero: it has not.
	again time.Time
}

func newRefusals(began, ended func(ucare.Fault)) *refusals {
	return &refusals{began: began, ended: ended, all: map[string]*refusal{}}
}

// of is the refusal about the fault's subject; nil when there are too many.
func (r *refusals) of(f ucare.Fault, now time.Time) *refusal {
	one := r.all[f.Subject]
	if one == nil {
		if len(r.all) >= refusedMost {
			return nil
		}
		one = &refusal{fault: f}
		r.all[f.Subject] = one
	}
	one.since = now
	return one
}

// notLetIn notes that a client of the fault's subject was not let in.
func (r *refusals) notLetIn(f ucare.Fault, why string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.of(f, now); one != nil && one.entry != why {
		one.entry = why
		r.tell(one)
	}
}

// letIn notes that a client of the subject was let in.
func (r *refusals) letIn(subject, client string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[subject]
	if one == nil {
		return
	}
	if one.by == client {
		one.again = now
	}
	if one.entry != "" {
		one.entry = ""
		r.tell(one)
	}
}

// said notes that the client published on a topic that is not its own, and reports
// whether that is new.
func (r *refusals) said(f ucare.Fault, client, topic string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of(f, now)
	if one == nil {
		return false
	}
	one.by, one.again = client, time.Time{}
	switch {
	case slices.Contains(one.said, topic) || one.more:
		return false
	case len(one.said) == topicsMost:
		one.more = true
	default:
		one.said = append(one.said, topic)
	}
	r.tell(one)
	return true
}

// heard ends what is over, now that the client of the subject has said something
// that it may.
func (r *refusals) heard(subject, client string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.all[subject]; one != nil && one.by == client && !one.again.IsZero() && now.Sub(one.again) >= settled {
		one.said, one.more = nil, false
		r.tell(one)
	}
	if now.Sub(r.swept) < settled {
		return
	}
	r.swept = now
	for _, one := range r.all {
		if now.Sub(one.since) >= forgotten {
			one.entry, one.said, one.more = "", nil, false
			r.tell(one)
		}
	}
}

// tell tells what holds of one now.
func (r *refusals) tell(one *refusal) {
	var all []string
	if one.entry != "" {
		all = append(all, one.entry)
	}
	if len(one.said) > 0 {
		topics := make([]string, len(one.said), topicsMost+1)
		for i, topic := range one.said {
			topics[i] = fmt.Sprintf("%q", topic)
		}
		if one.more {
			topics = append(topics, "and others")
		}
		all = append(all, "publish on "+strings.Join(topics, ", ")+": not one of its own; what it says there is not heard, the rest is (publish in sensors.broker.devices)")
	}
	f := one.fault
	f.Since, f.Detail = one.since, strings.Join(all, "; ")
	if len(all) == 0 {
		delete(r.all, f.Subject)
		r.ended(f)
		return
	}
	r.began(f)
}
