package journal

import (
	"fmt"
	"path/filepath"
	"testing"
)

// decided is a journal of an entry a day, all of them decided and behind the checkpoint.
func decided(t *testing.T, j *Journal, days int) {
	t.Helper()
	for i := range days {
		mustAppend(t, j, message(fmt.Sprint(i+1), noon.AddDate(0, 0, i)))
	}
	check(t, j.Decide(t.Context(), Folded{Seq: int64(days)}))
	check(t, j.SaveCheckpoint(t.Context(), Checkpoint{Seq: int64(days)}))
}

func TestTrimLeavesWhatTheHistoryHasNotRead(t *testing.T) {
	j := fresh(t)
	const days = 2*trimBatch + 10
	decided(t, j, days)
	trim := func(before, read, unreadBefore int64) Trimmed {
		t.Helper()
		n, err := j.Trim(t.Context(), Trimming{
			Before: noon.AddDate(0, 0, int(before)), Read: read, UnreadBefore: noon.AddDate(0, 0, int(unreadBefore)),
		})
		check(t, err)
		return n
	}
	for _, step := range []struct {
		before, read, unreadBefore int64
		want                       Trimmed
		first                      int64
	}{
		{days, 0, -1, Trimmed{}, 1},
		{days, trimBatch + 3, -1, Trimmed{Entries: trimBatch + 3}, trimBatch + 4},
		{days, trimBatch + 3, trimBatch + 5, Trimmed{Entries: 2, Unread: 2}, trimBatch + 6}, // older than its limit
		{trimBatch + 6, 0, days, Trimmed{Entries: 1, Unread: 1}, trimBatch + 7},
		{days, trimBatch + 8, days - 3, Trimmed{Entries: trimBatch + 1, Unread: trimBatch - 1}, days - 2},
	} {
		if got := trim(step.before, step.read, step.unreadBefore); got != step.want || all(t, j)[0].Seq != step.first {
			t.Fatalf("%+v: trimmed %+v, the log begins at %d", step, got, all(t, j)[0].Seq)
		}
	}
}

// Old readings are not worth the room of a new alarm.
func TestOnAShortDiskTrimWaitsForNoReader(t *testing.T) {
	j, _ := openAt(t, filepath.Join(t.TempDir(), "journal.db"), Options{BallastBytes: 1 << 20})
	j.ballast.filling.Wait()
	const days = 20
	decided(t, j, days)
	trim := func() Trimmed {
		t.Helper()
		n, err := j.Trim(t.Context(), Trimming{Before: noon.AddDate(0, 0, 10), Read: 4})
		check(t, err)
		return n
	}
	if n := trim(); n != (Trimmed{Entries: 4}) {
		t.Errorf("with room to spare %+v was trimmed, want the four that were read", n)
	}
	if gave, err := j.ballast.giveUp(); !gave || err != nil {
		t.Fatal(gave, err)
	}
	if n := trim(); n != (Trimmed{Entries: 6, Unread: 6}) {
		t.Errorf("without ballast %+v was trimmed, want the six that were not read", n)
	}
}
