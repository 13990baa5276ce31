package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

// appender is the inbox's port to the journal.
type appender interface {
	Append(ctx context.Context, e journal.Entry) (journal.Entry, error)
}

// An inbox takes messages durably: it is what the broker and the client ask
// before they acknowledge.
type inbox struct {
	journal appender
	refused chan<- journal.Entry // to the watch, when the disk takes nothing
	clock   *wallClock
	faults  *Faults
	metrics *Metrics
}

// Commit returns nil when the message is on disk. When the disk refuses, it
// hands the message to the watch from memory and returns the error, so that
// the sender is not told that we have it and sends again.
func (b *inbox) Commit(ctx context.Context, m sensors.Message) error {
	began := time.Now()
	if by := b.clock.jumped(began); by != 0 {
		b.faults.Set(ucare.Fault{Code: ucare.FaultClockJump, Since: began, Detail: by.String()}, true)
		if _, err := b.journal.Append(ctx, clockSetEntry(began, by)); err != nil {
			b.keepInMemory(clockSetEntry(began, by))
		}
	}
	e := entryOf(m)
	_, err := b.journal.Append(ctx, e)
	b.metrics.committed(time.Since(began), err)
	b.faults.Set(ucare.Fault{Code: ucare.FaultJournal, Subject: "append", Detail: errorText(err)}, err != nil)
	if err != nil {
		b.keepInMemory(e)
		return fmt.Errorf("commit a message on %s to the journal: %w", m.Topic, err)
	}
	return nil
}

// keepInMemory hands an entry to the watch without the disk. It never blocks:
// when even that queue is full, the sender's next try has to do.
func (b *inbox) keepInMemory(e journal.Entry) {
	select {
	case b.refused <- e:
	default:
		b.metrics.messages.WithLabelValues("lost_from_memory").Inc()
	}
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
