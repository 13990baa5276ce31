package gateway

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ucare-project/ucare/journal"
)

// BenchmarkStart is a start after kill -9 with 35 days of a home in the
// journal, 1,200 messages an hour, and the checkpoint of five minutes before.
// The budget is one second until sensors are heard again.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	config := fmt.Sprintf(testConfig, freeAddress(b), freeAddress(b), "http://"+freeAddress(b))
	fill(b, dir, config, 35*24*1200)
	b.ResetTimer()
	for b.Loop() {
		g := openGateway(b, dir, config)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- g.Run(ctx) }()
		look := time.NewTicker(time.Millisecond)
		for g.watch.progress.folded.Load() < 35*24*1200 {
			<-look.C
		}
		look.Stop()
		b.StopTimer()
		cancel()
		<-ended
		b.StartTimer()
	}
}

// fill writes so many motions into the journal, and a checkpoint before the last hundred.
func fill(b *testing.B, dir, config string, entries int) {
	b.Helper()
	g := openGateway(b, dir, config)
	defer g.Close()
	began := time.Now().Add(-35 * 24 * time.Hour)
	var senders sync.WaitGroup
	for s := range 256 {
		senders.Go(func() {
			for i := s; i < entries; i += 256 {
				m := reading(fmt.Sprint("motion-", i%20), "motion", i%2 == 0)
				_, err := g.journal.Append(context.Background(), journal.Entry{
					At: began.Add(time.Duration(i) * 3 * time.Second), Kind: journal.Message, Topic: m.Topic, Payload: m.Payload,
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	senders.Wait()
	saved, err := g.watch.fold.save()
	if err != nil {
		b.Fatal(err)
	}
	at := int64(entries - 100)
	if err := g.journal.Decide(b.Context(), journal.Folded{Seq: at}); err != nil {
		b.Fatal(err)
	}
	if err := g.journal.SaveCheckpoint(b.Context(), journal.Checkpoint{Seq: at, Version: stateVersion, State: saved}); err != nil {
		b.Fatal(err)
	}
}
