package journal

import (
	"fmt"
	"os"
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
	if n := trim(); n != (Trimmed{}) {
		t.Errorf("without ballast, which can be written again at any time, %+v was trimmed", n)
	}
	j.ballast.free = func(string) (int64, error) { return 2<<20 - 1, nil }
	if n := trim(); n != (Trimmed{Entries: 6, Unread: 6}) {
		t.Errorf("without room for a ballast %+v was trimmed, want the six that were not read", n)
	}
}

func TestADiskIsShortWhenThereIsNoRoomForTheBallast(t *testing.T) {
	const size = 1 << 20
	for _, c := range []struct {
		name       string
		free       int64
		file, part int64 // how much of the ballast, and of one that is being written, is there
		want       bool
	}{
		{"room to spare", size, size, 0, false},
		{"less than the ballast takes", size - 1, size, 0, true},
		{"given up", size, 0, 0, true},
		{"given up, and room again", 2 * size, 0, 0, false},
		{"being written", size + 1, 0, size - 1, false},
		{"being written on a disk that fills", size, 0, size - 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBallast(filepath.Join(t.TempDir(), "ballast"), size)
			b.free = func(string) (int64, error) { return c.free, nil }
			for path, n := range map[string]int64{b.path: c.file, b.unfinished(): c.part} {
				if n > 0 {
					check(t, os.WriteFile(path, make([]byte, n), 0o600))
				}
			}
			if b.short() != c.want {
				t.Errorf("short is %v", !c.want)
			}
		})
	}
}
