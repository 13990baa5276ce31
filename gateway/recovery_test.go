package gateway

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/simulation"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
)

// A story is what was folded in a simulated home, as the journal has it.
type story struct {
	record
	seed   uint64
	policy *rules.Policy
}

// troubledStory is some days of a home in which something happens all the time.
func troubledStory(t *testing.T, seed uint64, days int) story {
	t.Helper()
	h := newHomeYear(seed, days, 15)
	h.unwatched, h.watch.wire, h.watch.lazy, h.watch.record = true, true, nil, &record{}
	if err := h.live(t); err != nil {
		t.Fatal(err)
	}
	return story{record: *h.watch.record, seed: seed, policy: h.watch.policy}
}

func (s story) fresh() *fold { return freshFold(s.policy) }

// saved is what a checkpoint of the fold would hold.
func saved(t *testing.T, f *fold) []byte {
	t.Helper()
	text, err := f.save()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// loaded is a fold that goes on from a checkpoint.
func (s story) loaded(t *testing.T, checkpoint []byte) *fold {
	t.Helper()
	f := s.fresh()
	if err := f.load(checkpoint); err != nil {
		t.Fatal(err)
	}
	return f
}

func (s story) wants(t *testing.T, i int, got []ucare.Decision, how string) {
	t.Helper()
	if want := s.decided[i]; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		t.Fatalf("seed %d, entry %d, %s: decided\n%+v\nwant\n%+v", s.seed, i, how, got, want)
	}
}

const storyDays = 12

// TestTheFoldIsDeterministic folds the same twice: the decisions and every byte of the
// state are the same, whatever the order of Go's maps.
func TestTheFoldIsDeterministic(t *testing.T) {
	decisions := 0
	for seed := range uint64(6) {
		s := troubledStory(t, seed, storyDays)
		a, b := s.fresh(), s.fresh()
		for i, e := range s.entries {
			s.wants(t, i, a.entry(e).decisions, "again")
			decisions += len(b.entry(e).decisions)
		}
		if x, y := saved(t, a), saved(t, b); !bytes.Equal(x, y) {
			t.Errorf("seed %d: two states of one journal:\n%s\n%s", seed, x, y)
		}
	}
	if decisions < 100 {
		t.Errorf("only %d decisions: these homes test nothing", decisions)
	}
}

// TestGoingOnFromAnyCheckpointDecidesAlike stores and loads the whole fold behind every
// entry: messages, ticks, answers, absences, set clocks and learned profiles.
func TestGoingOnFromAnyCheckpointDecidesAlike(t *testing.T) {
	kinds := map[journal.EntryKind]int{}
	for seed := range uint64(2) {
		s := troubledStory(t, seed+20, storyDays/2)
		f, straight := s.fresh(), s.fresh()
		for i, e := range s.entries {
			kinds[e.Kind]++
			out := f.entry(e)
			s.wants(t, i, out.decisions, "stored and loaded before")
			if want := straight.entry(e); !sameFaults(out, want) {
				t.Fatalf("seed %d, entry %d: faults\n%+v %+v\nwant\n%+v %+v", s.seed, i, out.faults, out.cleared, want.faults, want.cleared)
			}
			f = s.loaded(t, saved(t, f))
		}
		if x, y := saved(t, f), saved(t, straight); !bytes.Equal(x, y) {
			t.Errorf("seed %d: the states differ:\n%s\n%s", s.seed, x, y)
		}
	}
	for _, kind := range []journal.EntryKind{journal.Message, journal.Tick, journal.Answer, journal.Start, journal.Deaf, journal.Profile} {
		if kinds[kind] == 0 {
			t.Errorf("no entry of kind %s: these homes do not test it", kind)
		}
	}
}

func sameFaults(a, b folded) bool {
	return fmt.Sprint(keysOf(a.faults), keysOf(a.cleared)) == fmt.Sprint(keysOf(b.faults), keysOf(b.cleared))
}

func keysOf(faults []ucare.Fault) (keys []string) {
	for _, f := range faults {
		keys = append(keys, f.Key())
	}
	return keys
}

// TestRecoveringFromTheJournalDecidesAlike lets the gateway be killed at random entries
// of a journal on a disk, and recovers as a start does: from the last checkpoint.
func TestRecoveringFromTheJournalDecidesAlike(t *testing.T) {
	for seed := range uint64(2) {
		s := troubledStory(t, seed+40, 6)
		k := &killed{story: s, path: filepath.Join(t.TempDir(), "journal.db"), random: rand.New(rand.NewPCG(seed, 3))}
		k.start(t)
		for k.at < len(s.entries) {
			k.goOn(t)
		}
		k.stop(t)
		if k.starts < 20 {
			t.Errorf("seed %d: only %d starts", s.seed, k.starts)
		}
	}
}

// killed is a gateway over a journal on a disk that is killed again and again.
type killed struct {
	story
	path   string
	random *rand.Rand
	starts int

	gateway  *Gateway
	fold     *fold
	at       int // entries that the journal has
	position int64
}

// start opens the journal, recovers, and folds what the journal has beyond.
func (k *killed) start(t *testing.T) {
	t.Helper()
	j, _, err := journal.Open(t.Context(), k.path, journal.Options{BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	k.starts++
	k.gateway = &Gateway{journal: j, logger: discard()}
	r, err := k.gateway.recoverFold(t.Context(), k.fresh)
	if err != nil {
		t.Fatal(err)
	}
	k.fold, k.position = r.fold, r.position
	k.foldAll(t)
}

func (k *killed) stop(t *testing.T) {
	t.Helper()
	if err := k.gateway.journal.Close(); err != nil {
		t.Fatal(err)
	}
}

// foldAll folds what the journal has beyond the position, and holds each entry's decisions
// against those of a gateway that never stopped.
func (k *killed) foldAll(t *testing.T) {
	t.Helper()
	for {
		entries, err := k.gateway.journal.After(t.Context(), k.position, batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			k.wants(t, int(e.Seq-1), k.fold.entry(e).decisions, fmt.Sprintf("after %d starts", k.starts))
			k.position = e.Seq
		}
		if len(entries) < batch {
			return
		}
	}
}

// goOn lets some entries come in, of which not all are folded, and perhaps a checkpoint
// be written; then the gateway is killed.
func (k *killed) goOn(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for range 1 + k.random.IntN(60) {
		if k.at == len(k.entries) {
			break
		}
		if _, err := k.gateway.journal.Append(ctx, k.entries[k.at]); err != nil {
			t.Fatal(err)
		}
		k.at++
	}
	if k.random.IntN(3) > 0 {
		k.foldAll(t)
		err := k.gateway.journal.Decide(ctx, journal.Folded{Seq: k.position})
		if err == nil && k.random.IntN(2) == 0 {
			err = k.gateway.journal.SaveCheckpoint(ctx, journal.Checkpoint{Seq: k.position, Version: stateVersion, State: saved(t, k.fold)})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	k.stop(t) // what it had in memory is gone
	k.start(t)
}

// BenchmarkReplay is `ucare replay` without the reading of its file: 60 days of a home
// with a sensor a room. The budget is a million readings a minute.
func BenchmarkReplay(b *testing.B) {
	readings := readingsOf(simulation.Ordinary, 60)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r := NewReplay(nil)
		for _, reading := range readings {
			r.Hear(reading)
		}
		n += len(readings)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Minutes(), "readings/min")
}

// BenchmarkReplayOfAWearable is a day of windows of ten seconds at 50 Hz.
func BenchmarkReplayOfAWearable(b *testing.B) {
	var windows []ucare.Reading
	random := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for range 24 * 360 {
		at = at.Add(10 * time.Second)
		samples := make([][3]float64, 500)
		for i := range samples {
			samples[i] = [3]float64{random.NormFloat64() / 10, random.NormFloat64() / 10, 1 + random.NormFloat64()/10}
		}
		windows = append(windows, ucare.Reading{At: at, Dwelling: "home", Sensor: "watch", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: samples})
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r := NewReplay(nil)
		for _, w := range windows {
			r.Hear(w)
		}
		n += len(windows)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Minutes(), "windows/min")
}

// readingsOf are the readings of a simulated home of a kind.
func readingsOf(kind simulation.Kind, days int) (all []ucare.Reading) {
	for seed := uint64(1); ; seed++ {
		y := simulation.New(seed, 1)
		if y.Home.Kind != kind {
			continue
		}
		end := y.Began().AddDate(0, 0, days)
		for y.Next().Before(end) {
			for _, thing := range y.Happen() {
				if thing.Reading != nil {
					all = append(all, *thing.Reading)
				}
			}
		}
		return all
	}
}
