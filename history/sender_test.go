package history

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// faults collects what a Memory tells.
type faults struct {
	mu   sync.Mutex
	told []string
}

func (f *faults) hear(fault ucare.Fault, holds bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, fmt.Sprintf("%s of %s %v: %s", fault.Code, fault.Subject, holds, fault.Detail))
}

func (f *faults) all() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.told)
}

// began begins a memory with a fake server, and lets it run until the test ends.
func began(t *testing.T, f *fake, told *faults) (m *Memory, stop func() error) {
	t.Helper()
	m = newMemory(Options{Path: filepath.Join(t.TempDir(), "history.db"), Influx: &influx.Config{}, Fault: told.hear}, f.dial)
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	return m, func() error {
		end()
		err := <-done
		return errors.Join(err, m.Close())
	}
}

func tell(t *testing.T, m *Memory, sensors ...string) {
	t.Helper()
	for i, sensor := range sensors {
		r := ucare.Reading{At: time.Now().Add(time.Duration(i)), Dwelling: "a", Sensor: sensor, Kind: ucare.Motion, State: ucare.Active}
		if err := m.Append(t.Context(), []ucare.Reading{r}, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Every way in which a server can fail is told once when it begins and once when it ends,
// keeps everything, and costs those who append nothing.
func TestAFailingServerIsToldOnceAndKeepsNobodyWaiting(t *testing.T) {
	for bad := forgetful; bad < moods; bad++ {
		synctest.Test(t, func(t *testing.T) {
			var told faults
			f, at := newFake(), well
			f.mood = func() mood { return at }
			m, stop := began(t, f, &told)
			time.Sleep(time.Minute)
			f.mu.Lock()
			at = bad
			f.mu.Unlock()
			for range 60 {
				before := time.Now()
				tell(t, m, "s")
				if d := time.Since(before); d != 0 {
					t.Errorf("mood %d: appending took %v", bad, d)
				}
				time.Sleep(time.Minute)
			}
			if got := told.all(); len(got) != 1 || !strings.HasPrefix(got[0], "history_failing of InfluxDB true: ") {
				t.Errorf("mood %d: after an hour was told %q", bad, got)
			}
			if s, err := m.Standing(t.Context()); err != nil || s.Waiting != 60 || s.Failing == "" || len(s.Aside) > 0 {
				t.Errorf("mood %d: it stands at %+v, %v; want all 60 to wait", bad, s, err)
			}
			f.mu.Lock()
			at = well
			f.mu.Unlock()
			time.Sleep(3 * time.Minute)
			if got := told.all(); len(got) != 2 || !strings.HasPrefix(got[1], "history_failing of InfluxDB false: ") {
				t.Errorf("mood %d: in the end was told %q", bad, got)
			}
			if n := len(f.stored("a", time.Unix(0, 0), time.Now())); n != 60 {
				t.Errorf("mood %d: the server has %d readings, want 60", bad, n)
			}
			if err := stop(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

// The pauses grow from a second to a minute, and not all senders try at the same instant.
func TestPausesGrowToAMinuteAndHeedTheServer(t *testing.T) {
	for range 100 {
		var b backoff
		for i, least := range []float64{1, 2, 4, 8, 16, 32, 40, 40} {
			got := b.after(errors.New("down")).Seconds()
			if got < least || got > 1.5*least {
				t.Errorf("pause %d is %v s, want %v to %v", i, got, least, 1.5*least)
			}
		}
		if got := b.after(&influx.Later{After: 5 * time.Minute}); got != 5*time.Minute {
			t.Errorf("asked to stay away for five minutes it stays for %v", got)
		}
		if got := b.after(&serverError{&influx.Later{After: 100 * time.Hour}}); got != longestWish {
			t.Errorf("asked to stay away for days it stays for %v", got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.mood = func() mood { return away }
		f.prepared = true
		m, stop := began(t, f, &faults{})
		tell(t, m, "s")
		time.Sleep(10 * time.Minute)
		f.mu.Lock()
		tries := len(f.calls)
		f.mu.Unlock()
		if tries < 12 || tries > 25 {
			t.Errorf("%d attempts in ten minutes", tries)
		}
		_ = stop()
	})
}

// One poisoned reading is set aside with what the server says, told of, and held up nobody. It
// is offered again a day later.
func TestAPoisonedReadingHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told faults
		f := newFake()
		bad := true
		f.poison = func(p influx.Point) string {
			if bad && p.Reading.Sensor == "poisoned" {
				return "field type conflict"
			}
			return ""
		}
		m, stop := began(t, f, &told)
		tell(t, m, "one", "poisoned", "two")
		time.Sleep(2 * time.Minute)
		if n := len(f.stored("a", time.Unix(0, 0), time.Now())); n != 2 {
			t.Errorf("the server has %d readings, want the two good ones", n)
		}
		s, err := m.Standing(t.Context())
		if err != nil || s.Waiting != 0 || fmt.Sprint(s.Aside) != "map[field type conflict:1]" {
			t.Errorf("it stands at %+v, %v", s, err)
		}
		if got := told.all(); len(got) != 1 || !strings.Contains(got[0], "points true: ") || !strings.Contains(got[0], "field type conflict") {
			t.Errorf("was told %q", got)
		}
		read := 0
		for range m.Between(t.Context(), "a", time.Unix(0, 0), time.Now()) {
			read++
		}
		if read != 3 {
			t.Errorf("%d readings can be read, want 3", read)
		}
		bad = false
		time.Sleep(25 * time.Hour)
		if n := len(f.stored("a", time.Unix(0, 0), time.Now())); n != 3 {
			t.Errorf("a day later the server has %d readings, want 3", n)
		}
		if got := told.all(); len(got) != 2 || !strings.Contains(got[1], "points false: ") {
			t.Errorf("a day later was told %q", got)
		}
		_ = stop()
	})
}

// A batch is never larger than the bound, and a backlog goes out without pauses.
func TestABacklogGoesOutAtOnceInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		m, stop := began(t, f, &faults{})
		var many []ucare.Reading
		for i := range 2*batch + 10 {
			many = append(many, ucare.Reading{At: time.Now().Add(time.Duration(i)), Dwelling: "a", Sensor: "s", Kind: ucare.Motion})
		}
		if err := m.Append(t.Context(), many, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if n := len(f.stored("a", time.Unix(0, 0), time.Now().AddDate(1, 0, 0))); n != len(many) {
			t.Errorf("after a second the server has %d of %d readings", n, len(many))
		}
		for _, call := range f.calls {
			var n int
			if _, err := fmt.Sscanf(call, "write %d", &n); err == nil && n > batch {
				t.Errorf("a batch of %d", n)
			}
		}
		_ = stop()
	})
}

// A dwelling of which a sensor changes its name all the time does not fill the server.
func TestADwellingHasABoundedNumberOfSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		m, stop := began(t, f, &faults{})
		var many []ucare.Reading
		for i := range maxSeries + 50 {
			many = append(many, ucare.Reading{At: time.Now(), Dwelling: "a", Sensor: fmt.Sprint(i), Kind: ucare.Motion})
		}
		if err := m.Append(t.Context(), many, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		s, err := m.Standing(t.Context())
		if err != nil || s.Aside[tooMany] != 50 || s.Waiting != 0 {
			t.Errorf("it stands at %+v, %v; want 50 set aside", s, err)
		}
		if n := len(f.stored("a", time.Unix(0, 0), time.Now())); n != maxSeries {
			t.Errorf("the server has %d series, want %d", n, maxSeries)
		}
		_ = stop()
	})
}

// Whatever the server does, Run ends when it shall.
func TestRunEndsAtOnceWhateverTheServerDoes(t *testing.T) {
	for bad := range moods {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.mood = func() mood { return bad }
			m, stop := began(t, f, &faults{})
			tell(t, m, "s")
			time.Sleep(7 * time.Second)
			before := time.Now()
			if err := stop(); !errors.Is(err, context.Canceled) {
				t.Errorf("mood %d: %v", bad, err)
			}
			if d := time.Since(before); d != 0 {
				t.Errorf("mood %d: ending took %v", bad, d)
			}
		})
	}
}

// hasty is a sabotaged queue: what it gives out is gone, before anybody has it.
type hasty struct{ *embedded.Store }

func (h hasty) Waiting(ctx context.Context, most int) ([]embedded.Queued, error) {
	waiting, err := h.Store.Waiting(ctx, most)
	return waiting, errors.Join(err, h.Store.Sent(ctx, waiting))
}

// dropping is another: what the server refuses it takes for sent.
type dropping struct{ *embedded.Store }

func (d dropping) SetAside(ctx context.Context, q embedded.Queued, _ string) error {
	return d.Store.Sent(ctx, []embedded.Queued{q})
}

// gullible takes a server that refuses whatever it is for one that refuses each reading.
type gullible struct{ *fake }

func (g gullible) Write(ctx context.Context, points []influx.Point) ([]influx.Refused, error) {
	refused, err := g.fake.Write(ctx, points)
	if err == nil || !strings.Contains(err.Error(), "known to be good") {
		return refused, err
	}
	for i := range points {
		refused = append(refused, influx.Refused{Index: i, Reason: "422"})
	}
	return refused, nil
}

// The simulation finds out when readings are not kept.
func TestTheSimulationNoticesWhatIsLost(t *testing.T) {
	for name, sabotage := range map[string]func(l *life){
		"deleted before the answer": func(l *life) { l.lined = func(s *embedded.Store) spool { return hasty{s} } },
		"refused is taken for sent": func(l *life) { l.lined = func(s *embedded.Store) spool { return dropping{s} } },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				noticed := false
				synctest.Test(t, func(t *testing.T) {
					l := newLife(t, seed)
					sabotage(l)
					l.crash()
					l.live()
					noticed = len(l.wrong()) > 0
					if err := l.memory.Close(); err != nil {
						t.Error(err)
					}
				})
				if noticed {
					return
				}
			}
			t.Error("nobody noticed in 20 lives")
		})
	}
}

// A server that refuses everything must not have everything set aside, and this would show it.
func TestAServerThatRefusesEverythingHasNothingSetAside(t *testing.T) {
	for _, believes := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			at := well
			f.mood = func() mood { return at }
			m := newMemory(Options{Path: filepath.Join(t.TempDir(), "history.db"), Influx: &influx.Config{}},
				func(influx.Config, influx.Names) (*server, error) {
					s, err := f.dial(influx.Config{}, nil)
					if believes {
						s.taker = gullible{f}
					}
					return s, err
				})
			tell(t, m, "one", "two", "three")
			if server, err := m.connect(); err != nil || server.ready(t.Context()) != nil {
				t.Fatal(err)
			}
			at = refusing
			_, _ = m.send(t.Context())
			s, err := m.Standing(t.Context())
			if aside := len(s.Aside) > 0; err != nil || aside != believes {
				t.Errorf("believing the server %v: it stands at %+v, %v", believes, s, err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
