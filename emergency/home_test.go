package emergency_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// A try is one attempt that a receiver saw.
type try struct {
	receiver, report string
	after            time.Duration // since the test began
	body             []byte
}

// A receiver is the other end of a link, in memory. Its functions may be set
// before the dispatcher runs.
type receiver struct {
	send func(ctx context.Context, report string) (emergency.Reply, error)
	beat func(ctx context.Context, h emergency.Heartbeat) (emergency.HeartbeatReply, error)

	name  string
	begun time.Time
	tries chan try
	beats chan time.Duration
}

func (r *receiver) Send(ctx context.Context, report string, body []byte) (emergency.Reply, error) {
	r.tries <- try{r.name, report, time.Since(r.begun), body}
	if r.send == nil {
		return receipt(report), nil
	}
	return r.send(ctx, report)
}

func (r *receiver) Heartbeat(ctx context.Context, h emergency.Heartbeat) (emergency.HeartbeatReply, error) {
	r.beats <- time.Since(r.begun)
	if r.beat == nil {
		return emergency.HeartbeatReply{At: time.Now()}, nil
	}
	return r.beat(ctx, h)
}

func receipt(report string, answers ...emergency.Answer) emergency.Reply {
	return emergency.Reply{Receipt: &emergency.Receipt{Report: report, At: time.Now()}, Answer: answers}
}

func down(context.Context, string) (emergency.Reply, error) {
	return emergency.Reply{}, errors.New("connection refused")
}

func hang(ctx context.Context, _ string) (emergency.Reply, error) {
	<-ctx.Done()
	return emergency.Reply{}, ctx.Err()
}

func refuse(r emergency.Refusal) func(context.Context, string) (emergency.Reply, error) {
	return func(context.Context, string) (emergency.Reply, error) { return emergency.Reply{}, &r }
}

// An outbox in memory, which can be made to refuse.
type outbox struct {
	mu       sync.Mutex
	refuses  error
	hangs    bool
	queued   []string // report and receiver
	marks    map[string]emergency.Mark
	answered map[string]ucare.Answers
}

func (o *outbox) do(ctx context.Context, write func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hangs {
		o.mu.Unlock()
		<-ctx.Done()
		o.mu.Lock()
		return ctx.Err()
	}
	if o.refuses == nil {
		write()
	}
	return o.refuses
}

func (o *outbox) Queue(ctx context.Context, ds []emergency.Delivery) error {
	return o.do(ctx, func() {
		for _, d := range ds {
			o.queued = append(o.queued, d.Report+" "+d.Receiver)
		}
	})
}

func (o *outbox) Mark(ctx context.Context, m emergency.Mark) error {
	return o.do(ctx, func() { o.marks[m.Report+" "+m.Receiver] = m })
}

func (o *outbox) Answered(ctx context.Context, alarm string, _ time.Time, a ucare.Answers) error {
	return o.do(ctx, func() { o.answered[alarm] = a })
}

func (o *outbox) set(refuses error, hangs bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuses, o.hangs = refuses, hangs
}

func (o *outbox) mark(report, receiver string) (emergency.Mark, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, ok := o.marks[report+" "+receiver]
	return m, ok
}

func (o *outbox) answers(alarm string) ucare.Answers {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answered[alarm]
}

// A home is a dispatcher with its receivers and outbox in a synctest bubble.
type home struct {
	t      *testing.T
	d      *emergency.Dispatcher
	policy *emergency.Policy
	outbox *outbox
	begun  time.Time
	tries  chan try
	faults chan string
	stages chan string
	stop   func()
}

// in runs do with a home whose route has one step for each group of receivers,
// a minute apart.
func in(t *testing.T, steps [][]string, set map[string]*receiver, do func(t *testing.T, h *home)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, steps, set)
		h.run()
		do(t, h)
	})
}

func newHome(t *testing.T, steps [][]string, receivers map[string]*receiver) *home {
	h := &home{
		t: t, begun: time.Now(), outbox: &outbox{marks: map[string]emergency.Mark{}, answered: map[string]ucare.Answers{}},
		tries: make(chan try, 100000), faults: make(chan string, 1000), stages: make(chan string, 1000),
	}
	route := emergency.Route{ID: "usual"}
	links := map[string]emergency.Link{}
	for _, names := range steps {
		route.Steps = append(route.Steps, emergency.Step{Receivers: names, Deadline: time.Minute})
		for _, name := range names {
			r := receivers[name]
			if r == nil {
				r = &receiver{}
			}
			r.name, r.begun, r.tries = name, h.begun, h.tries
			if r.beats == nil {
				r.beats = make(chan time.Duration, 100000)
			}
			links[name] = r
		}
	}
	h.policy = &emergency.Policy{
		SentBy: "box-1", Routes: []emergency.Route{route},
		Dwellings: map[string]ucare.Dwelling{"kim": {ID: "kim", Account: "1234", Address: "12 Harbour Street"}},
	}
	h.d = emergency.New(emergency.Options{
		Policy: h.policy, Links: links, Outbox: h.outbox, Version: "test",
		Fault: func(f ucare.Fault, active bool) {
			h.faults <- fmt.Sprintf("%v %s %s %t", time.Since(h.begun), f.Code, f.Subject, active)
		},
		Passed: func(s emergency.Stage, a ucare.Alarm, receiver string, _ time.Time) {
			h.stages <- fmt.Sprintf("%s %s %s", a.ID, s, receiver)
		},
	})
	return h
}

func (h *home) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.d.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
	h.t.Cleanup(h.stop)
}

// alarm is one that the rules raise now.
func (h *home) alarm(id string, rule ucare.Rule) ucare.Alarm {
	return ucare.Alarm{ID: id, Dwelling: "kim", Rule: rule, Room: "kitchen", Onset: time.Now(), RaisedAt: time.Now()}
}

// raise does what the gateway does after its commit.
func (h *home) raise(id string, rule ucare.Rule) ucare.Alarm {
	a := h.alarm(id, rule)
	h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Raise, time.Now()))
	return a
}

// after lets time pass, and returns what was tried meanwhile.
func (h *home) after(d time.Duration) []try {
	h.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	return drain(h.tries)
}

func drain[T any](c chan T) []T {
	var all []T
	for {
		select {
		case v := <-c:
			all = append(all, v)
		default:
			return all
		}
	}
}

// said lists the tries in one line each: seconds, report, receiver.
func said(tries []try) []string {
	var lines []string
	for _, t := range tries {
		lines = append(lines, fmt.Sprintf("%v %s %s", t.after, t.report, t.receiver))
	}
	return lines
}

func reportOf(t *testing.T, body []byte) emergency.Report {
	t.Helper()
	var r emergency.Report
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("the body is not a report: %v\n%s", err, body)
	}
	return r
}
