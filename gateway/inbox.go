package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

// An inbox takes messages durably: it is what the broker and the client ask
// before they acknowledge.
type inbox struct {
	entrance *entrance
	clock    *clockWatch
	faults   *Faults
	metrics  *Metrics
}

// Commit returns nil when the message is on disk. When the disk refuses, it
// hands the message to the watch from memory and returns the error, so that
// the sender is not told that we have it and sends again.
func (b *inbox) Commit(ctx context.Context, m sensors.Message) error {
	began := time.Now()
	b.clock.check(ctx, began)
	err := b.entrance.enter(ctx, entryOf(m))
	b.metrics.committed(time.Since(began), err)
	b.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "append", Detail: errorText(err)}, err != nil)
	if err != nil {
		return fmt.Errorf("commit a message on %s to the journal: %w", m.Topic, err)
	}
	return nil
}

func entryOf(m sensors.Message) journal.Entry {
	return journal.Entry{
		At: m.At.Round(0), Kind: journal.Message, Source: m.Source, Topic: m.Topic, Payload: m.Payload,
		QoS: m.QoS, Retained: m.Retained, Duplicate: m.Duplicate,
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
