package gateway

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the simulated homes are in many zones, whatever the machine has

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/simulation"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A homeYear lives one simulated home in a bubble. One goroutine lets things happen at
// their time and holds the promises against what is decided (home); the other one is the
// watch of the home (homeWatch).
type homeYear struct {
	year      *simulation.Year
	witness   *simulation.Witness
	unwatched bool // no promise is held against what happens
	watch     *homeWatch
	days      int
	readings,
	decisions int
}

// A homeWatch folds what comes and, when the fold asks for it, the passing of time, as
// the daemon's watch does.
type homeWatch struct {
	policy *rules.Policy
	fold   *fold
	said   chan []simulation.Thing
	folded chan []homeStep // what the things led to
	ticked chan []homeStep // what time led to

	began             time.Time // in truth, when the bubble began
	bubble            time.Time
	skew              time.Duration // of the gateway's clock
	off               bool
	learnAt           time.Time
	lastDue, tickedAt time.Time // the deadline of the last tick, and when that was
	past              replayed  // of the readings that are learned from
	random            *rand.Rand
	restful           int      // nights between those in which something is learned
	wire              bool     // readings come as messages, not decoded already
	sabotage                   // what is spoiled on purpose; mostly nothing
	lazy              *lazy    // a second state, which never hears of time; nil in most homes
	record            *record  // what was folded; nil in most homes
	states            measured // sizes of the state
}

// A homeStep is what one entry of the journal led to.
type homeStep struct {
	thing   *simulation.Thing // nil: time passed
	now     time.Time
	decided []ucare.Decision
	err     error
}

func newHomeYear(seed uint64, days int, troubled float64) *homeYear {
	y := simulation.New(seed, troubled)
	policy := rules.Default()
	policy.Location = y.Home.Location
	w := &homeWatch{
		policy: &policy, fold: freshFold(&policy), began: y.Began(), past: replayed{id: simulation.Dwelling},
		random: rand.New(rand.NewPCG(seed, 2)), wire: seed%10 == 0,
	}
	if seed%5 > 0 {
		w.restful = 2
	}
	if seed%3 == 0 {
		w.lazy = newLazy(&policy)
	}
	return &homeYear{year: y, witness: simulation.Attend(y, &policy), watch: w, days: days}
}

func freshFold(p *rules.Policy) *fold {
	topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: simulation.Dwelling}}}
	return newFold(sensors.NewDecoder(topics), supervision.New(topics), onePolicy(p), []string{simulation.Dwelling})
}

// live is the whole of it; it returns the first promise that is broken.
func (h *homeYear) live(t *testing.T) (err error) {
	synctest.Test(t, func(*testing.T) {
		w := h.watch
		w.bubble = time.Now()
		w.said, w.folded, w.ticked = make(chan []simulation.Thing), make(chan []homeStep), make(chan []homeStep)
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			w.run()
		}()
		err = h.home()
		close(w.said)
		<-watched
	})
	return err
}

// home lets things happen until the days are over.
func (h *homeYear) home() error {
	bubble := time.Now()
	end := h.year.Began().Add(time.Duration(h.days) * 24 * time.Hour)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for next := h.year.Next(); next.Before(end); next = h.year.Next() {
		var steps []homeStep
		timer.Reset(next.Sub(h.year.Began()) - time.Since(bubble))
		select {
		case steps = <-h.watch.ticked:
		case <-timer.C:
			if things := h.year.Happen(); len(things) > 0 {
				h.watch.said <- things
				steps = <-h.watch.folded
			}
		}
		for _, s := range steps {
			if err := h.judge(s); err != nil {
				return err
			}
			h.year.Told(h.year.Began().Add(time.Since(bubble)), s.decided)
		}
	}
	return nil
}

func (h *homeYear) judge(s homeStep) error {
	h.decisions += len(s.decided)
	if s.thing != nil && s.thing.Reading != nil {
		h.readings++
	}
	if s.err != nil {
		return h.witness.Broke(simulation.LateTicks, s.now, s.err)
	}
	if h.unwatched {
		return nil
	}
	return h.witness.Folded(s.thing, s.now, s.decided)
}

// run folds until nothing is said any more.
func (w *homeWatch) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	w.learnsNext()
	for {
		timer.Reset(w.untilNext())
		select {
		case things, more := <-w.said:
			if !more {
				return
			}
			w.folded <- w.take(things)
		case <-timer.C:
			steps := w.tick()
			if len(steps) == 0 {
				continue
			}
			select {
			case w.ticked <- steps:
			case <-w.said: // the days are over
				return
			}
		}
	}
}

// now is what the gateway's clock shows.
func (w *homeWatch) now() time.Time {
	return w.began.Add(time.Since(w.bubble) + w.skew).UTC()
}

// learnsNext is called again when the clock has been set. The daemon learns each night;
// that takes half of the time, and most homes here do every third.
func (w *homeWatch) learnsNext() {
	now := w.now()
	w.learnAt = now.Add(untilClock(now, learnAt, w.policy.Location)).AddDate(0, 0, w.restful)
}

// untilNext is how long the watch may sleep. Sometimes it comes late.
func (w *homeWatch) untilNext() time.Duration {
	now := w.now()
	at, due := w.fold.next()
	switch {
	case w.off:
		return 1000 * time.Hour
	case !due || w.learnAt.Before(at) || w.noTicks:
		return w.learnAt.Sub(now)
	}
	if at.Equal(w.lastDue) { // it is due still: the daemon comes back to it
		return max(showEvery-now.Sub(w.tickedAt), 0)
	}
	wait := max(at.Sub(now), 0)
	if w.random.IntN(20) == 0 {
		wait += time.Duration(w.random.Int64N(int64(simulation.Patience - time.Second)))
	}
	return wait
}

// tick lets time pass, or learns what the last weeks taught.
func (w *homeWatch) tick() []homeStep {
	now := w.now()
	if now.Before(w.learnAt) {
		return w.passTime(now)
	}
	steps := w.passTime(now)
	w.learnsNext()
	w.states.measure(w.fold.state(simulation.Dwelling))
	w.forgetPast(now.AddDate(0, 0, -rules.LearnFrom))
	learned, err := w.policy.LearnProfile(withoutError(w.past.past), now)
	if err != nil || learned.Days == 0 {
		return steps
	}
	payload, err := json.Marshal(profile{simulation.Dwelling, learned})
	if err != nil {
		return append(steps, homeStep{err: err})
	}
	return append(steps, w.entry(journal.Entry{At: now, Kind: journal.Profile, Payload: payload}, nil))
}

// forgetPast drops what is not learned from any more.
func (w *homeWatch) forgetPast(before time.Time) {
	n, _ := slices.BinarySearchFunc(w.past.past, before, func(r ucare.Reading, t time.Time) int { return r.At.Compare(t) })
	w.past.past = slices.Delete(w.past.past, 0, n)
}

// passTime ticks if that is due.
func (w *homeWatch) passTime(now time.Time) []homeStep {
	at, due := w.fold.next()
	if !due || now.Before(at) || w.noTicks {
		return nil
	}
	w.lastDue, w.tickedAt = at, now
	s := w.entry(journal.Entry{At: now, Kind: journal.Tick, Payload: []byte("{}")}, nil)
	if len(s.decided) == 0 && s.err == nil {
		return nil
	}
	return []homeStep{s}
}

// take folds what reached the gateway at one instant. What was due before an interruption
// was decided before it.
func (w *homeWatch) take(things []simulation.Thing) (steps []homeStep) {
	for i := range things {
		thing := &things[i]
		switch {
		case thing.Off:
			steps = append(steps, w.passTime(w.now())...)
			w.off = true
			w.lazy.pass(w.now())
			continue
		case thing.Unheard != nil:
			if !thing.Unheard.Off {
				steps = append(steps, w.passTime(w.now())...)
			}
			w.off = false
		}
		w.skew += thing.ClockBy
		if thing.ClockBy != 0 || thing.Unheard != nil {
			w.learnsNext()
		}
		steps = append(steps, w.entry(w.entryOf(thing), thing))
		if r := thing.Reading; r != nil && rules.Learns(r.Kind) {
			w.past.remember(*r)
		}
	}
	return steps
}

// entryOf is the journal's entry of what reached the gateway.
func (w *homeWatch) entryOf(thing *simulation.Thing) journal.Entry {
	e := journal.Entry{At: thing.At.UTC().Round(0)}
	switch {
	case thing.Reading != nil:
		e.Kind, e.Topic = journal.Message, "ucare/"+thing.Reading.Dwelling+"/"+thing.Reading.Sensor
		if w.wire {
			e.Payload, _ = json.Marshal(thing.Reading) // every reading has a form
		}
	case thing.Answer != nil:
		e.Kind = journal.Answer
		e.Payload, _ = json.Marshal(journal.AnswerPayload{Alarm: thing.Answer.Alarm, Answers: thing.Answer.Answers})
	case thing.Unheard != nil && thing.Unheard.Off:
		return gapEntry(journal.Start, thing.Unheard.From, thing.Unheard.To, e.At)
	case thing.Unheard != nil:
		return gapEntry(journal.Deaf, thing.Unheard.From, thing.Unheard.To, e.At)
	default:
		return clockSetEntry(e.At, thing.ClockBy)
	}
	return e
}

// entry folds one entry, and now and then starts again from a checkpoint.
func (w *homeWatch) entry(e journal.Entry, thing *simulation.Thing) homeStep {
	s := homeStep{thing: thing, now: e.At}
	if w.passesOver(&e, thing) {
		return s
	}
	out := w.folds(e, thing)
	w.record.note(e, out)
	if s.err = w.lazy.follow(e, out); s.err == nil && (w.random.IntN(3000) == 0 || w.forgets) {
		s.err = w.startAgain()
	}
	s.decided = w.spoil(out.decisions, e.At)
	return s
}

// folds gives the entry to the fold. A reading that does not come as a message saves
// the decoding of it.
func (w *homeWatch) folds(e journal.Entry, thing *simulation.Thing) folded {
	if thing == nil || thing.Reading == nil || w.wire {
		return w.fold.entry(e)
	}
	return w.fold.heard(w.fold.decoder.Again(*thing.Reading), e.Topic, e.At)
}

// startAgain goes on from a checkpoint.
func (w *homeWatch) startAgain() error {
	saved, err := w.fold.save()
	if err != nil {
		return err
	}
	next := freshFold(w.policy)
	if !w.forgets {
		err = next.load(saved)
	}
	w.fold, w.forgets = next, false
	return err
}
