package journal

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver" // the driver "sqlite3", whose files can live on a crashDisk
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/ucare-project/ucare/sqlite"
)

var (
	powerCuts = flag.Int("powercuts", cutsFromEnvironment(), "`number` of power cuts to survive; its default is $UCARE_POWERCUTS, or 300")
	powerSeed = flag.Uint64("powerseed", 0, "`seed` of the power cuts; 0 takes a new one. Goroutines are not seeded, so a failure may take a few runs to come back")
)

func cutsFromEnvironment() int {
	if n, err := strconv.Atoi(os.Getenv("UCARE_POWERCUTS")); err == nil && n > 0 {
		return n
	}
	return 300
}

// lifeCuts is how many power cuts one journal goes through: what a cut left is
// the ground for the next.
const lifeCuts = 6

func TestNothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	r := cutPower(t, *powerCuts, crash{})
	t.Log(r)
	if r.acked == 0 || r.decided == 0 || r.answered == 0 || r.midway == 0 || r.midway == r.cuts {
		t.Errorf("the journal was hardly used: %v", r)
	}
	for _, p := range r.lost {
		t.Errorf("lost: %s", p)
	}
	for _, p := range r.harmed {
		t.Errorf("harmed: %s", p)
	}
}

// Without a sync at every commit the same search must find losses. If it does
// not, it would not find them in the test above either.
func TestThePowerCutsFindAJournalThatDoesNotSync(t *testing.T) {
	r := cutPower(t, 100, crash{sync: sqlite.Normal})
	t.Log(r)
	if len(r.lost) == 0 {
		t.Error("with synchronous=NORMAL nothing acknowledged was lost in the power cuts: they find nothing")
	}
}

// A disk that lies about its syncs is outside of the promise; that the search
// finds the harm shows that it would see it.
func TestThePowerCutsFindADiskThatLies(t *testing.T) {
	r := cutPower(t, 100, crash{lies: true})
	t.Log(r)
	if len(r.lost) == 0 || len(r.harmed) == 0 {
		t.Errorf("a disk that syncs nothing lost %d and harmed %d: the power cuts find nothing", len(r.lost), len(r.harmed))
	}
}

// After a sync that failed the kernel takes what it did not write for clean, and
// syncs later as if it were there. What is acknowledged afterwards must not rest
// on it. SQLite's log does not: the commit that failed is written over by the next.
func TestNothingAcknowledgedIsLostAfterSyncsThatFailed(t *testing.T) {
	r := cutPower(t, 200, crash{failing: 0.05})
	t.Log(r)
	for _, p := range append(r.lost, r.harmed...) {
		t.Error(p)
	}
}

// A disk on which every second sync fails lets few openings through. The log that one
// of them leaves behind holds commits whose sync failed, and the next opening reads them
// from the kernel's memory.
func TestNothingAcknowledgedIsLostAfterOpeningsThatFailed(t *testing.T) {
	r := cutPower(t, 600, crash{failing: 0.5})
	t.Log(r)
	if r.acked == 0 {
		t.Error("nothing was acknowledged: this tests nothing")
	}
	for _, p := range append(r.lost, r.harmed...) {
		t.Error(p)
	}
}

// The first start is where the log of a file comes and goes under SQLite's
// rollback journal. So here the power is cut with each of these files, then at
// rest after some work, then early in the next start.
func TestNothingIsLostWhenTheFirstStartsAreCutShort(t *testing.T) {
	r := cutFirstStarts(t, 120, crash{})
	t.Log(r)
	for _, p := range append(r.lost, r.harmed...) {
		t.Error(p)
	}
}

func TestThePowerCutsFindAFolderThatIsNotSynced(t *testing.T) {
	for range 50 { // one in forty journals is hit
		if r := cutFirstStarts(t, 50, crash{forgetsFolder: true}); len(r.lost)+len(r.harmed) > 0 {
			t.Log(r)
			return
		}
	}
	t.Error("without a sync of the folder at the start nothing was lost in the power cuts: they find nothing")
}

// crash is a variation of the power cuts.
type crash struct {
	sync          sqlite.Sync
	lies          bool
	failing       float64
	forgetsFolder bool // the journal does not sync its folder at the start
}

// result sums up many power cuts.
type result struct {
	seed                     uint64
	cuts, midway             int // midway: while something was being written
	acked, decided, answered int
	lost, harmed             []string
}

func (r result) String() string {
	return fmt.Sprintf("%d power cuts (%d while writing), %d entries acknowledged, %d decided, %d answers: %d journals lost something, %d were harmed (seed %d)",
		r.cuts, r.midway, r.acked, r.decided, r.answered, len(r.lost), len(r.harmed), r.seed)
}

// cutPower runs journals through at least so many power cuts.
func cutPower(t *testing.T, cuts int, c crash) result {
	t.Helper()
	seed := cmp.Or(*powerSeed, rand.Uint64())
	r := result{seed: seed}
	for n := uint64(0); r.cuts < cuts; n++ {
		l := newLife(t, seed+n, c)
		plan := make([]cutAt, min(lifeCuts, cuts-r.cuts))
		for i := range plan {
			if l.rand.IntN(8) > 0 {
				// From the first write of opening to some dozens of commits, more often early.
				plan[i].change = int(math.Exp(l.rand.Float64() * math.Log(600)))
			}
		}
		l.live(plan)
		r.add(l)
	}
	return r
}

// cutFirstStarts cuts the power with each of the first files that come and go.
func cutFirstStarts(t *testing.T, journals int, c crash) result {
	t.Helper()
	r := result{seed: cmp.Or(*powerSeed, rand.Uint64())}
	for n := range uint64(journals) {
		l := newLife(t, r.seed+n, c)
		l.each = 3
		l.live([]cutAt{{rename: 1 + int(n)%5}, {}, {change: 1 + l.rand.IntN(6)}})
		r.add(l)
	}
	return r
}

func (r *result) add(l *life) {
	vfs.Unregister(l.name)
	r.cuts, r.midway = r.cuts+l.cuts, r.midway+l.midway
	r.acked, r.decided, r.answered = r.acked+len(l.acked), r.decided+len(l.decided), r.answered+len(l.answered)
	if l.err == nil {
		return
	}
	said := fmt.Sprintf("%v (seed %d, cut %d)", l.err, l.seed, l.cuts)
	if _, ok := errors.AsType[lostError](l.err); ok {
		r.lost = append(r.lost, said)
	} else {
		r.harmed = append(r.harmed, said)
	}
}
