package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ucare-project/ucare/sqlite"
)

// BenchmarkAppend is one sender that waits for each acknowledgement.
func BenchmarkAppend(b *testing.B) {
	j := fresh(b)
	e := message("zigbee2mqtt/kitchen smoke", noon)
	for b.Loop() {
		mustAppend(b, j, e)
	}
	b.ReportMetric(float64(b.N)/float64(j.Commits()), "entries/commit")
}

// BenchmarkAppendParallel is 64 senders: their entries share commits.
func BenchmarkAppendParallel(b *testing.B) {
	j := fresh(b)
	e := message("zigbee2mqtt/kitchen smoke", noon)
	b.SetParallelism(32)
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mustAppend(b, j, e)
			n.Add(1)
		}
	})
	b.ReportMetric(float64(n.Load())/float64(j.Commits()), "entries/commit")
}

// BenchmarkDecide is one fold with an alarm and its delivery.
func BenchmarkDecide(b *testing.B) {
	j := fresh(b)
	for seq := int64(1); b.Loop(); seq++ {
		check(b, j.Decide(context.Background(), foldOf(seq)))
	}
}

// BenchmarkOpen opens a journal of 35 days of a home with 20 sensors that say
// something every 20 minutes, checks included.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "journal.db")
	j, _ := openAt(b, path, Options{BallastBytes: -1})
	check(b, j.file.Write(context.Background(), func(tx *sqlite.Tx) error {
		for i := range 50_000 {
			if _, err := appendEntry(tx, message(fmt.Sprint("zigbee2mqtt/sensor ", i%20), noon)); err != nil {
				return err
			}
		}
		return nil
	}))
	check(b, j.Close())
	for b.Loop() {
		j, _ := openAt(b, path, Options{BallastBytes: -1})
		check(b, j.Close())
	}
}
