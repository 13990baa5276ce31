package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
)

// An outbox is the journal as the dispatcher sees it.
type outbox struct {
	journal *journal.Journal
	refused chan<- journal.Entry
	clock   *clockWatch
}

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

// Answered stores a centre's answers. When the disk refuses, the rules hear of
// them from memory: a help button must not stay deaf because nobody seems to
// have answered.
func (o outbox) Answered(ctx context.Context, alarm string, at time.Time, a ucare.Answers) error {
	o.clock.check(ctx, time.Now())
	_, err := o.journal.Answered(ctx, alarm, at, a)
	if err == nil {
		return nil
	}
	payload, marshalErr := json.Marshal(journal.AnswerPayload{Alarm: alarm, Answers: a})
	if marshalErr != nil {
		return errors.Join(err, marshalErr)
	}
	select {
	case o.refused <- journal.Entry{At: at, Kind: journal.Answer, Source: "center", Payload: payload}:
	default: // the dispatcher offers it again
	}
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
