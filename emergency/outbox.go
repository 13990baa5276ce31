package emergency

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// A Delivery is one report on its way to one receiver. (Report, Receiver) names
// it; its body is frozen, the same for every attempt.
type Delivery struct {
	Report    string // from ReportID
	Receiver  string
	Alarm     string
	Priority  ucare.Priority // of the delivery, not only of the alarm: see Policy
	Body      []byte         // the JSON of a Report
	CreatedAt time.Time
	Attempts  int // before this process, as the outbox counted them
	// AcceptedAt is when the receiver's receipt came; zero as long as it has not.
	AcceptedAt time.Time
}

// A Mark is how one attempt ended.
type Mark struct {
	Report, Receiver string
	At               time.Time
	Failure          string // empty when the receiver accepted
}

// An Outbox is the durable side of the dispatcher. The dispatcher calls it from
// one goroutine and apart from all sending: however slow or broken it is, it
// delays no report. What it refuses is offered again until it takes it.
type Outbox interface {
	// Queue stores the further deliveries of an escalation. One that is there
	// already stays as it is.
	Queue(ctx context.Context, ds []Delivery) error
	// Mark stores how the last attempt of a delivery ended; of several since the
	// last call only the last is told. A delivery that is not there yet is an
	// error, so that the mark is offered again when it is.
	Mark(ctx context.Context, m Mark) error
	// Answered stores what the centres have answered about an alarm so far.
	Answered(ctx context.Context, alarm string, at time.Time, a ucare.Answers) error
}

// A Link is one way to one receiver. Its methods are called by several
// goroutines at once and return when their context ends.
type Link interface {
	// Send makes one attempt to hand over a report. The dispatcher looks for
	// the receipt in the reply itself.
	Send(ctx context.Context, report string, body []byte) (Reply, error)
	// Heartbeat proves that the path lives and asks for news.
	Heartbeat(ctx context.Context, h Heartbeat) (HeartbeatReply, error)
}

// A Refusal is an answer of a receiver that is not a yes.
type Refusal struct {
	URL    string // what was asked; empty when the link has no such thing
	Status int    // of HTTP, or of what the link speaks
	Title  string // what the receiver calls it
	Detail string
	// RetryAfter is how long the receiver asks us to wait; 0 when it does not.
	// More than LongestWait is not granted.
	RetryAfter time.Duration
}

// Error says what the receiver answered.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("the receiver")
	if r.URL != "" {
		b.WriteString(" at " + r.URL)
	}
	fmt.Fprintf(&b, " answered %d", r.Status)
	for _, part := range []string{r.Title, r.Detail} {
		if part != "" {
			b.WriteString(": ")
			b.WriteString(part)
		}
	}
	return b.String()
}

// ofReport reports whether the answer may be about this one report, so that
// another could be taken: a 4xx other than those that speak of time.
func (r *Refusal) ofReport() bool {
	const timeout, tooEarly, tooMany = 408, 425, 429
	return r.Status/100 == 4 && r.Status != timeout && r.Status != tooEarly && r.Status != tooMany
}

// Confirms returns nil when the reply carries the receipt for that very report.
func (r Reply) Confirms(report string) error {
	switch {
	case r.Receipt == nil:
		return fmt.Errorf("the receiver answered without a receipt for report %s: it does not say that it has it", report)
	case r.Receipt.Report != report:
		return fmt.Errorf("the receiver's receipt is for report %q, not for %s", r.Receipt.Report, report)
	}
	return nil
}
