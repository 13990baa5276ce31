package gateway

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A hangingLog is a journal on a disk that never comes back.
type hangingLog struct {
	*paperLog
	hangs, hangsReading atomic.Bool
}

func (l *hangingLog) wait(ctx context.Context, hangs *atomic.Bool) error {
	if !hangs.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (l *hangingLog) Append(ctx context.Context, e journal.Entry) (journal.Entry, error) {
	if err := l.wait(ctx, &l.hangs); err != nil {
		return e, err
	}
	return l.paperLog.Append(ctx, e)
}

func (l *hangingLog) Decide(ctx context.Context, f journal.Folded) error {
	if err := l.wait(ctx, &l.hangs); err != nil {
		return err
	}
	return l.paperLog.Decide(ctx, f)
}

func (l *hangingLog) After(ctx context.Context, seq int64, most int) ([]journal.Entry, error) {
	if err := l.wait(ctx, &l.hangsReading); err != nil {
		return nil, err
	}
	return l.paperLog.After(ctx, seq, most)
}

func (b *bench) hang() *hangingLog {
	l := &hangingLog{paperLog: b.log}
	b.watch.log, b.watch.entrance.journal = l, l
	return l
}

// commit takes a message as the broker does: with two seconds of patience.
func (b *bench) commit(sensor, kind string, active bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return b.inbox.Commit(ctx, reading(sensor, kind, active))
}

func TestADiskThatHangsDelaysTheTenthAlarmNoMoreThanTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		disk := b.hang()
		b.run(t)
		synctest.Wait()
		disk.hangs.Store(true)
		disk.hangsReading.Store(true)
		began := time.Now()
		for i := range 10 {
			go func() { _ = b.commit(fmt.Sprint("room-", i), "smoke", true) }()
		}
		for i := range 10 {
			<-b.sent
			if late := time.Since(began); late > 2*diskPatience+time.Second {
				t.Errorf("alarm %d went out %v after its message", i+1, late)
			}
		}
	})
}

// restart kills the bench's watch and starts another over the same log, without
// a checkpoint.
func (b *bench) restart(t *testing.T, stop context.CancelFunc) *bench {
	t.Helper()
	stop()
	synctest.Wait()
	again := newBench()
	again.log.entries = b.log.entries
	for _, f := range b.log.decided {
		again.watch.decided = max(again.watch.decided, f.Seq)
	}
	again.run(t)
	synctest.Wait()
	return again
}

func (b *bench) start(t *testing.T) context.CancelFunc {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = b.watch.run(ctx) }()
	synctest.Wait()
	return cancel
}

func TestWhatWasFoldedFromMemoryIsFoldedAgainAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		stop := b.start(t)
		if err := b.commit("kitchen", "smoke", true); err != nil {
			t.Fatal(err)
		}
		first := <-b.sent
		b.log.refuse(true)
		_ = b.commit("kitchen", "smoke", false) // nobody says it again
		time.Sleep(2 * time.Minute)             // restored
		<-b.sent
		b.log.refuse(false)
		time.Sleep(2 * retryEvery)
		synctest.Wait()
		after := b.restart(t, stop)
		time.Sleep(time.Hour)
		if err := after.commit("kitchen", "smoke", true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		told := 0
		for range len(after.sent) {
			// The restore may go out once more, under the same name.
			if d := <-after.sent; d.Alarm != first.Alarm {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the next fire made %d reports, want 1", told)
		}
	})
}

func TestAnAlarmFromMemoryKeepsItsNameOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		stop := b.start(t)
		b.log.refuse(true)
		_ = b.commit("kitchen", "smoke", true)
		first := <-b.sent
		b.log.refuse(false)
		time.Sleep(time.Second)
		if err := b.commit("kitchen", "smoke", true); err != nil { // the sensor was not answered
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(b.sent) != 0 {
			t.Errorf("the repetition made a report of its own: %s", (<-b.sent).Report)
		}
		after := b.restart(t, stop)
		for range len(after.sent) {
			if d := <-after.sent; d.Alarm != first.Alarm {
				t.Errorf("after the restart the alarm goes by the name %s, before by %s", d.Alarm, first.Alarm)
			}
		}
	})
}

func TestAnAlarmThatOnlyTheNewProgramUnderstandsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.watch.known = func(string) bool { return false }
		_, _ = b.log.Append(t.Context(), entryOf(reading("kitchen", "smoke", true)))
		_, _ = b.log.Append(t.Context(), entryOf(reading("hall", "motion", true)))
		b.watch.decided = 2 // the program of then passed over both
		b.run(t)
		synctest.Wait()
		if len(b.sent) != 1 {
			t.Errorf("%d reports, want the smoke that nobody was told of", len(b.sent))
		}
	})
}

func TestASetClockThatComesTwiceCountsOnce(t *testing.T) {
	f := benchFold()
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	f.entry(entryOf(readingAt("hall", "motion", true, at)))
	f.entry(entryOf(readingAt("hall", "motion", false, at)))
	set := clockSetEntry(at.Add(time.Minute), -time.Hour)
	f.entry(set)
	once := f.states["home"].Silence.Last
	f.entry(set)
	if twice := f.states["home"].Silence.Last; !twice.Equal(once) {
		t.Errorf("the last sign of life moved to %v, and by the second copy to %v", once, twice)
	}
}

func TestADwellingThatIsNoLongerWatchedRaisesNothing(t *testing.T) {
	before := benchFold()
	before.entry(entryOf(readingAt("hall", "motion", true, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))))
	saved, err := before.save()
	if err != nil {
		t.Fatal(err)
	}
	moved := newFold(before.decoder, supervision.New(sensors.Config{}), before.policies, []string{"another"})
	if err := moved.load(saved); err != nil {
		t.Fatal(err)
	}
	if at, due := moved.next(); due {
		t.Errorf("a dwelling that was removed is due at %v", at)
	}
}

func TestSomeMinutesAliveAreNotUnheard(t *testing.T) {
	g := &Gateway{dataDir: t.TempDir(), logger: discard()}
	entry := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	if got := g.lastAlive(entry); !got.Equal(entry) {
		t.Errorf("without a note: %v, want the last entry", got)
	}
	g.noteAlive(entry.Add(10 * time.Hour))
	if got := g.lastAlive(entry); !got.Equal(entry.Add(10 * time.Hour)) {
		t.Errorf("a quiet home was heard until %v, want ten hours after the last entry", got)
	}
	if got := g.lastAlive(entry.Add(20 * time.Hour)); !got.Equal(entry.Add(20 * time.Hour)) {
		t.Errorf("an entry after the note counts: got %v", got)
	}
}
