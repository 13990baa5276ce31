package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// lostError says that something acknowledged is gone, in an otherwise sound
// journal.
type lostError string

func (e lostError) Error() string { return string(e) }

// A life is one journal that goes through several power cuts, and the ledger of
// what it has promised.
type life struct {
	name    string
	seed    uint64
	disk    *crashDisk
	rand    *rand.Rand
	each    int // entries that each sender appends from one cut to the next
	options Options
	err     error // what went wrong; the life ends with it

	cuts, midway int

	mu       sync.Mutex
	tried    map[string]Entry // by topic
	acked    map[string]Entry
	decided  map[int64]Folded // by Seq
	answered map[string]ucare.Answers
	accepted map[string]bool // by report
	saved    int64           // of the last checkpoint
}

func newLife(t *testing.T, seed uint64, c crash) *life {
	t.Helper()
	l := &life{
		name: fmt.Sprintf("crash-%s-%d", t.Name(), seed),
		seed: seed, disk: newCrashDisk(seed), each: 25,
		rand:  rand.New(rand.NewPCG(seed, 2)),
		tried: map[string]Entry{}, acked: map[string]Entry{}, decided: map[int64]Folded{},
		answered: map[string]ucare.Answers{}, accepted: map[string]bool{},
	}
	l.disk.lies, l.disk.failing = c.lies, c.failing
	vfs.Register(l.name, l.disk)
	l.options = Options{BallastBytes: -1, SQLite: sqlite.Options{
		// Checkpoints are what moves pages from the log to the file: with the
		// usual 1,000 pages there would be none between two cuts.
		Driver: "sqlite3", Query: "vfs=" + l.name + "&_pragma=wal_autocheckpoint(16)",
		Exclusive: true, Sync: c.sync, Check: time.Minute, SyncFolder: l.disk.SyncFolder,
	}}
	if c.forgetsFolder {
		l.options.SQLite.SyncFolder = nil
	}
	return l
}

// live works, has its power cut, looks, and goes on. The plan says when in each
// round the power is cut; if not before, then after the work.
func (l *life) live(plan []cutAt) {
	for _, at := range plan {
		l.disk.cutLater(at)
		j, err := l.openAgain()
		if err != nil && !l.disk.isOff() {
			l.err = err
			return
		}
		if err == nil {
			l.work(j)
			if l.disk.isOff() || l.rand.IntN(2) == 0 {
				_ = j.Close() // the power may be gone
			} else {
				defer j.Close() // cut while it is open and at rest
			}
		}
		if l.disk.isOff() {
			l.midway++
		}
		l.disk.cut()
		l.cuts++
	}
	l.disk.mend()
	j, err := l.open()
	if err != nil {
		l.err = err
		return
	}
	l.err = j.Close()
}

// openAgain opens the journal on a disk whose syncs may fail, as a daemon that
// is started again and again does.
func (l *life) openAgain() (*Journal, error) {
	j, err := l.open()
	for range 100 {
		if err == nil || l.disk.failing == 0 || l.disk.isOff() {
			break
		}
		if _, lost := errors.AsType[lostError](err); lost {
			break
		}
		j, err = l.open()
	}
	return j, err
}

// open opens the journal and looks whether all is there.
func (l *life) open() (*Journal, error) {
	path := "/" + l.name + "/journal.db"
	j, _, err := Open(context.Background(), path, l.options)
	if err != nil && len(l.acked) == 0 && strings.Contains(err.Error(), "file is not a database") {
		// A first start that was cut short on a disk whose syncs fail. Nothing was promised
		// yet, and on a real disk Open itself begins afresh.
		l.disk.empty()
		j, _, err = Open(context.Background(), path, l.options)
	}
	if err != nil {
		return nil, err
	}
	if err := l.look(j); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// work appends on several goroutines and folds on another, until the power
// fails or enough is done.
func (l *life) work(j *Journal) {
	var appending, folding sync.WaitGroup
	for g := range 3 {
		random := rand.New(rand.NewPCG(l.rand.Uint64(), 3))
		appending.Go(func() {
			for i := range l.each {
				if !l.append(j, fmt.Sprintf("cut%d/g%d/%d", l.cuts, g, i), random) {
					return
				}
			}
		})
	}
	done := make(chan struct{})
	random := rand.New(rand.NewPCG(l.rand.Uint64(), 4))
	folding.Go(func() { l.fold(j, random, done) })
	appending.Wait()
	close(done)
	folding.Wait()
}

func (l *life) append(j *Journal, topic string, random *rand.Rand) bool {
	size := random.IntN(300)
	if random.IntN(10) == 0 {
		size = random.IntN(12_000) // over several pages
	}
	e := Entry{
		At: time.Unix(1_800_000_000, random.Int64N(1e9)).UTC(), Kind: Message, Source: "broker:test", Topic: topic,
		Payload: make([]byte, size), QoS: 1, Retained: random.IntN(2) == 0, Duplicate: random.IntN(2) == 0,
	}
	for i := range e.Payload {
		e.Payload[i] = byte(random.Uint32())
	}
	l.note(func() { l.tried[topic] = e })
	stored, err := j.Append(context.Background(), e)
	if err != nil {
		return l.disk.failing > 0 && !l.disk.isOff() // its sender was not acknowledged; the next one is
	}
	l.note(func() { l.acked[topic] = stored })
	return true
}

func (l *life) note(what func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what()
}

// fold decides what was appended, as the watch loop does, and answers for some
// of it.
func (l *life) fold(j *Journal, random *rand.Rand, done <-chan struct{}) {
	ctx := context.Background()
	for {
		at, err := j.Position(ctx)
		if err != nil {
			return
		}
		entries, err := j.After(ctx, at, 1+random.IntN(5))
		if err != nil {
			return
		}
		if len(entries) == 0 {
			select {
			case <-j.Appended():
				continue
			case <-done:
				return
			}
		}
		f := foldOf(entries[len(entries)-1].Seq)
		if err := j.Decide(ctx, f); err != nil {
			return
		}
		l.note(func() { l.decided[f.Seq] = f })
		if err := l.answer(j, f, random); err != nil {
			return
		}
	}
}

// answer does what follows on a decision, or some of it.
func (l *life) answer(j *Journal, f Folded, random *rand.Rand) error {
	ctx, at := context.Background(), time.Unix(1_800_000_100, f.Seq).UTC()
	d := f.Deliveries[0]
	if random.IntN(2) == 0 {
		if err := j.Accepted(ctx, d.Report, d.Receiver, at); err != nil {
			return err
		}
		l.note(func() { l.accepted[d.Report] = true })
	}
	if random.IntN(3) == 0 {
		a := ucare.Answers{AcknowledgedAt: at, AcknowledgedBy: "operator"}
		if isNew, err := j.Answered(ctx, d.Alarm, at, a); err != nil || !isNew {
			return errors.Join(err, errors.New("the answer is not new"))
		}
		l.note(func() { l.answered[d.Alarm] = a })
	}
	if random.IntN(4) == 0 {
		if err := j.SaveCheckpoint(ctx, Checkpoint{Seq: f.Seq, Version: "1", State: make([]byte, random.IntN(9000))}); err != nil {
			return err
		}
		l.note(func() { l.saved = f.Seq })
	}
	return nil
}

// foldOf is what this test decides at a place in the log.
func foldOf(seq int64) Folded {
	at := time.Unix(1_800_000_000, seq).UTC()
	id := ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "kitchen", at)
	because := []ucare.Evidence{{Fact: ucare.FactDetected, At: at, Sensor: "s1", Room: "kitchen", Kind: ucare.Smoke}}
	return Folded{
		Seq:        seq,
		Decisions:  []ucare.Decision{{At: at, Dwelling: "home", Rule: ucare.Fire, Verb: ucare.Raise, Room: "kitchen", Kind: ucare.Smoke, Alarm: id, Onset: at, Because: because}},
		Alarms:     []ucare.Alarm{{ID: id, Dwelling: "home", Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: at, RaisedAt: at, Because: because}},
		Deliveries: []Delivery{{Report: id + ".raise", Receiver: "center", Alarm: id, Body: fmt.Appendf(nil, `{"alarm":%q}`, id), Priority: 1, CreatedAt: at}},
	}
}
