package gateway

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare/sensors"
)

// manyReadings is how many readings go through the gateway: some in an ordinary run, as
// many as UCARE_READINGS says in a long one.
func manyReadings(t *testing.T) int {
	t.Helper()
	text := os.Getenv("UCARE_READINGS")
	if text == "" {
		return 40_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		t.Fatalf("UCARE_READINGS=%q is not a number of readings", text)
	}
	return n
}

// pour lets readings of twenty sensors come in as quickly as the disk takes them, and waits
// until the history has them.
func (h *testHome) pour(t *testing.T, readings int) {
	t.Helper()
	var next atomic.Int64
	var sensorsOfTheHome sync.WaitGroup
	for range 64 {
		sensorsOfTheHome.Go(func() {
			for n := next.Add(1); n <= int64(readings); n = next.Add(1) {
				m := sensors.Message{At: time.Now(), Topic: fmt.Sprint("ucare/home/air-", n%20)}
				m.Payload = fmt.Appendf(nil, `{"room":"kitchen","kind":"temperature","value":%d.%d,"unit":"°C"}`, 15+n%10, n%7)
				if n%2 == 0 {
					m = reading(fmt.Sprint("hall-", n%20), "motion", n%40 < 20)
				}
				if err := h.gateway.inbox.Commit(t.Context(), m); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	sensorsOfTheHome.Wait()
	await(t, "the watch and the history to be as far as the journal", func() bool {
		last := h.gateway.journal.LastPlace()
		return h.gateway.chronicle.read.Load() >= last && h.gateway.watch.progress.folded.Load() >= last
	})
}

// held is the memory that is in use: Go's, and all that the system has given, which is
// SQLite's too; 0 where the system does not tell.
func held() (heap, resident int64) {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	if _, after, found := bytes.Cut(status, []byte("VmRSS:")); found {
		kib, _ := strconv.ParseInt(string(bytes.Fields(after)[0]), 10, 64)
		resident = kib << 10
	}
	return int64(m.HeapAlloc), resident
}

// What has gone through the gateway leaves nothing behind in its memory: with a tenth of
// the readings it holds as much as with all of them.
func TestTheMemoryIsFlatOverManyReadings(t *testing.T) {
	h := newTestHome(t, t.TempDir())
	h.start(t)
	readings := manyReadings(t)
	h.pour(t, readings/10)
	heapBefore, residentBefore := held()
	h.pour(t, readings-readings/10)
	heap, resident := held()
	const mostHeap, mostResident = 2 << 20, 40 << 20 // the files have caches, which fill
	if heap-heapBefore > mostHeap {
		t.Errorf("the heap has %d bytes after %d readings and %d after %d", heapBefore, readings/10, heap, readings)
	}
	if resident-residentBefore > mostResident {
		t.Errorf("%d bytes are resident after %d readings and %d after %d", residentBefore, readings/10, resident, readings)
	}
	t.Logf("%d readings: heap %d then %d bytes, resident %d then %d", readings, heapBefore, heap, residentBefore, resident)
}
