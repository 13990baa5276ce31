package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
	"github.com/ucare-project/ucare/voice"
)

// A paperLog is the journal's port in memory, with a disk that can refuse.
type paperLog struct {
	mu      sync.Mutex
	entries []journal.Entry
	decided []journal.Folded
	refuses bool
	woken   chan struct{}
}

var errDiskFull = errors.New("the disk is full")

func newPaperLog() *paperLog { return &paperLog{woken: make(chan struct{}, 1)} }

func (l *paperLog) After(_ context.Context, seq int64, most int) ([]journal.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(int(seq), len(l.entries))
	return slices.Clone(l.entries[from:min(from+most, len(l.entries))]), nil
}

func (l *paperLog) Append(_ context.Context, e journal.Entry) (journal.Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses {
		return e, errDiskFull
	}
	e.Seq = int64(len(l.entries) + 1)
	l.entries = append(l.entries, e)
	select {
	case l.woken <- struct{}{}:
	default:
	}
	return e, nil
}

func (l *paperLog) Decide(_ context.Context, f journal.Folded) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuses {
		return errDiskFull
	}
	l.decided = append(l.decided, f)
	return nil
}

func (l *paperLog) refuse(yes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = yes
}

func (l *paperLog) decisions() []ucare.Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ucare.Decision
	for _, f := range l.decided {
		out = append(out, f.Decisions...)
	}
	return out
}

// sent collects what reaches the dispatcher.
type sent chan emergency.Delivery

func (s sent) Submit(_ []ucare.Alarm, ds []emergency.Delivery) {
	for _, d := range ds {
		s <- d
	}
}

// A bench is a watch over one home, on paper.
type bench struct {
	log     *paperLog
	inbox   *inbox
	watch   *watch
	sent    sent
	refused chan journal.Entry
}

func newBench() *bench {
	logger := slog.New(slog.DiscardHandler)
	policy := &emergency.Policy{SentBy: "gw", Routes: []emergency.Route{{
		ID: "all", Steps: []emergency.Step{{Receivers: []string{"centre"}, Deadline: time.Minute}},
	}}}
	faults := newFaults(logger, nil)
	b := &bench{log: newPaperLog(), sent: make(sent, 100), refused: make(chan journal.Entry, 16)}
	metrics := newMetrics("test")
	way := newEntrance(b.log, b.refused)
	clock := &clockWatch{entrance: way, faults: faults}
	b.inbox = &inbox{entrance: way, clock: clock, faults: faults, metrics: metrics}
	b.watch = &watch{
		watchParts: watchParts{
			log: b.log, entrance: way, appended: b.log.woken, refused: b.refused, dispatcher: b.sent, faults: faults, metrics: metrics,
			logger: logger, clock: clock, board: &board{faults: faults},
			voice:      voice.New(voice.Config{Logger: logger}),
			checkpoint: func(int64, []byte) {}, known: func(string) bool { return true },
			listen: func([]string) {},
		},
		fold: benchFold(), cases: newCases(policy, nil), saved: time.Now(),
	}
	return b
}

func benchFold() *fold {
	policy := rules.Default()
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home"}}}
	return newFold(sensors.NewDecoder(topics), supervision.New(topics), onePolicy(&policy), []string{"home"})
}

func reading(sensor, kind string, active bool) sensors.Message {
	return sensors.Message{
		At: time.Now(), Topic: "ucare/home/" + sensor,
		Payload: fmt.Appendf(nil, `{"room":%q,"kind":%q,"active":%t}`, sensor, kind, active),
	}
}

func readingAt(sensor, kind string, active bool, at time.Time) sensors.Message {
	m := reading(sensor, kind, active)
	m.At = at
	return m
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (b *bench) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.watch.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func TestAnAlarmIsOnDiskBeforeItIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.run(t)
		if err := b.inbox.Commit(t.Context(), reading("kitchen", "smoke", true)); err != nil {
			t.Fatal(err)
		}
		d := <-b.sent
		decided := b.log.decisions()
		if len(decided) != 1 || decided[0].Alarm != d.Alarm {
			t.Errorf("when the report was handed over, the disk held %v", decided)
		}
	})
}

func TestWhenTheDiskRefusesTheAlarmGoesOutFromMemoryAndIsSavedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.run(t)
		synctest.Wait()
		b.log.refuse(true)
		if err := b.inbox.Commit(t.Context(), reading("kitchen", "smoke", true)); !errors.Is(err, errDiskFull) {
			t.Errorf("the sensor would be told that we have its message: %v", err)
		}
		first := <-b.sent
		if got := b.log.decisions(); len(got) != 0 {
			t.Fatalf("a disk that refuses holds %v", got)
		}
		b.log.refuse(false)
		// The sensor was not acknowledged and sends again: that is the same alarm.
		if err := b.inbox.Commit(t.Context(), reading("kitchen", "smoke", true)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * retryEvery)
		synctest.Wait()
		if got := b.log.decisions(); len(got) != 1 || got[0].Alarm != first.Alarm {
			t.Errorf("after the disk took writes again, it holds %v, want the raise of %s", got, first.Alarm)
		}
		if len(b.sent) != 0 {
			t.Errorf("the sensor's second message made a second report: %v", <-b.sent)
		}
	})
}

func TestTimersReachTheRulesThroughTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.run(t)
		for _, smoke := range []bool{true, false} {
			if err := b.inbox.Commit(t.Context(), reading("kitchen", "smoke", smoke)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Minute) // beyond the hold-off
		synctest.Wait()
		var verbs []ucare.Verb
		for _, d := range b.log.decisions() {
			verbs = append(verbs, d.Verb)
		}
		if want := []ucare.Verb{ucare.Raise, ucare.Restore}; !slices.Equal(verbs, want) {
			t.Errorf("decided %v, want %v", verbs, want)
		}
		ticks := 0
		for _, e := range b.log.entries {
			if e.Kind == journal.Tick {
				ticks++
			}
		}
		if ticks != 1 {
			t.Errorf("%d ticks are in the log, want the one that decided the restore: a start would decide otherwise", ticks)
		}
	})
}

// A restart folds the log again. Wherever it happens, and with or without a
// checkpoint, what is decided afterwards is what would have been decided.
func TestFoldingTheLogAgainDecidesTheSame(t *testing.T) {
	entries := aDay()
	whole := foldAll(t, benchFold(), entries)
	if len(whole) < 4 {
		t.Fatalf("the day decides too little to prove anything: %v", whole)
	}
	for cut := range entries {
		before := benchFold()
		decided := foldAll(t, before, entries[:cut])
		saved, err := before.save()
		if err != nil {
			t.Fatal(err)
		}
		after := benchFold()
		if err := after.load(saved); err != nil {
			t.Fatal(err)
		}
		decided = append(decided, foldAll(t, after, entries[cut:])...)
		if !slices.Equal(decided, whole) {
			t.Fatalf("stopped after entry %d, decided\n%v\nwant\n%v", cut, decided, whole)
		}
	}
}

// aDay is a log with all rules in it: smoke that comes and goes, help, a
// silence, an answer, a pause.
func aDay() []journal.Entry {
	at := time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)
	var log []journal.Entry
	add := func(after time.Duration, e journal.Entry) {
		at = at.Add(after)
		e.At, e.Seq = at, int64(len(log)+1)
		log = append(log, e)
	}
	say := func(after time.Duration, sensor, kind string, active bool) {
		m := reading(sensor, kind, active)
		add(after, journal.Entry{Kind: journal.Message, Topic: m.Topic, Payload: m.Payload})
	}
	tick := func(after time.Duration) { add(after, journal.Entry{Kind: journal.Tick, Payload: []byte("{}")}) }
	say(0, "bedroom", "motion", true)
	say(time.Hour, "kitchen", "smoke", true)
	say(time.Second, "kitchen", "heat", true)
	say(time.Minute, "kitchen", "smoke", false)
	say(time.Second, "kitchen", "heat", false)
	tick(time.Minute)
	say(time.Hour, "pendant", "help", true)
	add(time.Minute, journal.Entry{Kind: journal.ClockSet, Payload: []byte(`{"by_ns":3600000000000}`)})
	say(10*time.Minute, "hall", "door", true)
	tick(13 * time.Hour)
	tick(10 * time.Minute)
	tick(10 * time.Hour)
	say(time.Minute, "hall", "motion", true)
	add(time.Minute, journal.Entry{Kind: journal.Start, Payload: []byte(`{"from":"2026-03-03T08:00:00Z","to":"2026-03-03T09:00:00Z"}`)})
	say(time.Minute, "hall", "gas", true)
	return log
}

// foldAll folds entries and returns what was decided, as text.
func foldAll(t *testing.T, f *fold, entries []journal.Entry) []string {
	t.Helper()
	var out []string
	for _, e := range entries {
		folded := f.entry(e)
		for _, fault := range folded.faults {
			t.Fatalf("entry %d: %+v", e.Seq, fault)
		}
		for _, d := range folded.decisions {
			out = append(out, fmt.Sprint(d.At.Format(time.RFC3339), " ", d.Rule, " ", d.Verb, " ", d.Room, " ", d.Alarm))
		}
	}
	return out
}
