package gateway

import (
	"context"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
)

// An outbox is the journal as the dispatcher sees it.
type outbox struct{ journal *journal.Journal }

var _ emergency.Outbox = outbox{}

func (o outbox) Queue(ctx context.Context, ds []emergency.Delivery) error {
	return o.journal.Queue(ctx, toJournal(ds))
}

func (o outbox) Mark(ctx context.Context, m emergency.Mark) error {
	if m.Failure != "" {
		return o.journal.Attempted(ctx, m.Report, m.Receiver, m.At, m.Failure)
	}
	return o.journal.Accepted(ctx, m.Report, m.Receiver, m.At)
}

func (o outbox) Answered(ctx context.Context, alarm string, at time.Time, a ucare.Answers) error {
	_, err := o.journal.Answered(ctx, alarm, at, a)
	return err
}

func toJournal(ds []emergency.Delivery) []journal.Delivery {
	out := make([]journal.Delivery, 0, len(ds))
	for _, d := range ds {
		out = append(out, journal.Delivery{
			Report: d.Report, Receiver: d.Receiver, Alarm: d.Alarm, Body: d.Body,
			Priority: int(d.Priority), CreatedAt: d.CreatedAt, Attempts: d.Attempts, AcceptedAt: d.AcceptedAt,
		})
	}
	return out
}

func fromJournal(ds []journal.Delivery) []emergency.Delivery {
	out := make([]emergency.Delivery, 0, len(ds))
	for _, d := range ds {
		out = append(out, emergency.Delivery{
			Report: d.Report, Receiver: d.Receiver, Alarm: d.Alarm, Body: d.Body,
			Priority: ucare.Priority(d.Priority), CreatedAt: d.CreatedAt, Attempts: d.Attempts, AcceptedAt: d.AcceptedAt,
		})
	}
	return out
}
