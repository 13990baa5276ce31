package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

const (
	// lookEvery is how often the chronicle looks whether the journal goes on.
	lookEvery = time.Second
	// readMost bounds how many entries are read at once, and how many readings of theirs
	// are in memory.
	readMost = 500
	// placeEvery bounds how much of the journal is decoded again after a kill.
	placeEvery = 5 * time.Minute
	// chroniclePatience is how long the history or the journal may take before it is a fault.
	chroniclePatience = 10 * time.Second
	// farewell bounds how long the chronicle waits for the disk when it has to end.
	farewell = 300 * time.Millisecond
	// siftAfter is after how many refusals it is looked whether one reading is the reason.
	siftAfter = 3
	// longestRest is the longest pause between two attempts.
	longestRest = 30 * time.Second
)

// logReader is the chronicle's port to the journal.
type logReader interface {
	Identity(ctx context.Context) (string, error)
	After(ctx context.Context, seq int64, most int) ([]journal.Entry, error)
	Close() error
}

// recorder is the chronicle's port to the history.
type recorder interface {
	Place(ctx context.Context) (history.Place, error)
	Append(ctx context.Context, readings []ucare.Reading, seq int64) error
	SavePlace(ctx context.Context, p history.Place) error
}

// chronicleParts are what the chronicle is wired to.
type chronicleParts struct {
	open    func(ctx context.Context) (logReader, error)
	history recorder
	file    string                  // of the history, as its faults name it
	fresh   func() *sensors.Decoder // one that knows nothing yet
	short   func() bool             // the rest of the disk is for alarms
	fault   func(f ucare.Fault, holds bool)
	logger  *slog.Logger
}

// A chronicle writes the history from the journal: it reads the entries behind the
// watch, decodes them with a decoder of its own and appends the readings. It shares
// nothing with the watch, no goroutine, no connection and no deadline; whatever becomes
// of the history, no alarm hears of it.
//
// Where it stands is saved with the history now and then. After a kill it decodes again
// from there, and what was appended already changes nothing.
type chronicle struct {
	chronicleParts
	log logReader // nil: not open, or to be opened anew
	decoding
	identity string // of the journal
	position int64  // the entries up to here are decoded
	appended int64  // and their readings are in the history up to here
	readings []ucare.Reading
	refused  int           // how often in a row the history took nothing
	place    history.Place // that was saved last
	saved    time.Time
	stuck    bool // a call did not come back when the chronicle had to end

	read   atomic.Int64  // position, for who wants to know
	safe   atomic.Int64  // the place that was saved: what follows it is needed again after a kill
	lost   atomic.Int64  // readings that the history does not take
	caught chan struct{} // closed when it has come to the journal's end for the first time
}

// decoding is what turns entries into readings.
type decoding struct {
	decoder    *sensors.Decoder
	clockSetAt time.Time // as in a fold: a set clock may come twice
}

func newChronicle(parts chronicleParts) *chronicle {
	return &chronicle{chronicleParts: parts, caught: make(chan struct{})}
}

// run follows the journal until ctx ends, and then ends within a second, whatever the
// disk does. It may be run again, and goes on from the place that was saved.
func (c *chronicle) run(ctx context.Context) error {
	defer c.close()
	rest := lookEvery
	for {
		began := time.Now()
		more, err := c.step(ctx)
		if ctx.Err() != nil {
			c.end()
			return ctx.Err()
		}
		pause := lookEvery
		switch {
		case err != nil:
			pause, rest = rest, min(2*rest, longestRest)
		case more: // far behind: it works half of the time at most
			pause, rest = min(time.Since(began), lookEvery), lookEvery
		default:
			rest = lookEvery
		}
		select {
		case <-ctx.Done():
			c.end()
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// step goes on by some entries, and reports whether there may be more.
func (c *chronicle) step(ctx context.Context) (more bool, err error) {
	if c.log == nil {
		if err := c.begin(ctx); err != nil {
			return false, err
		}
	}
	more = true
	if len(c.readings) == 0 {
		if more, err = c.next(ctx); err != nil {
			return false, err
		}
	}
	if err := c.append(ctx); err != nil {
		return false, err
	}
	if !more {
		c.caughtUp()
	}
	if time.Since(c.saved) >= placeEvery {
		c.savePlace(ctx)
	}
	return more, nil
}

// journalFile is the journal's name in the data directory.
const journalFile = "journal.db"

// begin opens the journal and takes the place from which to go on.
func (c *chronicle) begin(ctx context.Context) error {
	log, err := unhurried(ctx, c, journalFile, c.open)
	if err != nil {
		return err
	}
	c.log = log
	c.identity, err = unhurried(ctx, c, journalFile, log.Identity)
	if err == nil {
		c.place, err = unhurried(ctx, c, c.file, c.history.Place)
	}
	if err != nil {
		c.close()
		return err
	}
	c.takePlace()
	c.saved = time.Now()
	return nil
}

// takePlace goes on from the place that was saved. When the decoder's memory is of
// another version it is made again from the journal's beginning, and what is in the
// history already is not appended again: understood anew it could stand there twice.
// In another journal the place means nothing.
func (c *chronicle) takePlace() {
	c.decoding, c.position, c.appended, c.readings = decoding{decoder: c.fresh()}, 0, 0, nil
	if c.place.Seq > 0 {
		state, err := c.loadState(c.place.State)
		switch {
		case state.Journal != c.identity:
			c.logger.Info("the history goes on with another journal, from its beginning")
			c.decoding = decoding{decoder: c.fresh()}
		case err != nil:
			c.logger.Info("what the history's decoder knew cannot be read; the journal is decoded from its beginning", "reason", err)
			c.decoding, c.appended = decoding{decoder: c.fresh()}, c.place.Seq
		default:
			c.position, c.appended = c.place.Seq, c.place.Seq
		}
	}
	c.read.Store(c.position)
	c.safe.Store(c.appended)
}

// chronicleState is the state in a place of the history.
type chronicleState struct {
	Version    string          `json:"version"`
	Journal    string          `json:"journal"` // its identity
	Decoder    json.RawMessage `json:"decoder"`
	ClockSetAt time.Time       `json:"clock_set_at,omitzero"`
}

func (c *chronicle) loadState(saved []byte) (s chronicleState, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("it broke (%v)", broken)
		}
	}()
	if err := json.Unmarshal(saved, &s); err != nil {
		return s, err
	}
	if s.Version != memoryVersion {
		return s, fmt.Errorf("it is of version %q, this program reads %q", s.Version, memoryVersion)
	}
	c.clockSetAt = s.ClockSetAt
	return s, json.Unmarshal(s.Decoder, c.decoder)
}

// next reads and decodes some entries, and reports whether there were any.
func (c *chronicle) next(ctx context.Context) (more bool, err error) {
	log, position := c.log, c.position
	entries, err := unhurried(ctx, c, journalFile, func(ctx context.Context) ([]journal.Entry, error) {
		return log.After(ctx, position, readMost)
	})
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		readings := c.decode(e)
		if e.Seq > c.appended {
			c.readings = append(c.readings, readings...)
		}
		c.position = e.Seq
	}
	c.read.Store(c.position)
	return len(entries) > 0, nil
}

// decode returns what an entry says of the sensors: the same that the fold hears. One
// that breaks the decoder says nothing.
func (c *chronicle) decode(e journal.Entry) (readings []ucare.Reading) {
	defer func() {
		if broken := recover(); broken != nil {
			readings = nil
			c.logger.Error("an entry of the journal breaks the decoder and is not in the history", "entry", e.Seq, "topic", e.Topic, "panic", broken)
		}
	}()
	return c.heard(e).Readings
}

// heard lets the decoder hear an entry.
func (d *decoding) heard(e journal.Entry) (h sensors.Heard) {
	switch e.Kind {
	case journal.Message:
		return d.decoder.Hear(messageOf(e))
	case journal.Tick:
		return d.decoder.Tick(e.At)
	case journal.ClockSet:
		set, err := clockSetIn(e)
		if err != nil || e.At.Equal(d.clockSetAt) {
			return h
		}
		d.clockSetAt = e.At
		return d.decoder.Tick(e.At.Add(-set.By))
	case journal.Answer, journal.Start, journal.Deaf, journal.Profile: // nothing of a sensor
	}
	return h
}

// append lets the history have the readings that are decoded.
func (c *chronicle) append(ctx context.Context) error {
	if len(c.readings) > 0 {
		if err := c.offer(ctx, c.readings, c.position); err != nil {
			if c.refused++; c.refused < siftAfter || c.sift(ctx) != nil {
				return err
			}
		}
	}
	c.readings, c.refused = nil, 0
	c.appended = max(c.appended, c.position)
	return nil
}

var errShort = errors.New("the disk is nearly full, and the rest of it is for alarms; the history goes on when some space is freed")

func (c *chronicle) offer(ctx context.Context, readings []ucare.Reading, seq int64) error {
	_, err := unhurried(ctx, c, c.file, func(ctx context.Context) (struct{}, error) {
		if c.short() { // what this misses is in the journal as long as there is room for it
			return struct{}{}, errShort
		}
		return struct{}{}, c.history.Append(ctx, readings, seq)
	})
	return err
}

// ofDisk: the error says nothing of the readings.
func ofDisk(err error) bool { return embedded.OfFile(err) || errors.Is(err, errShort) }

// sift offers the readings one by one. One that is refused before and after the history
// takes something else is left out and told: it must not keep all that follow it waiting.
// What the file or the disk does says nothing of a reading: a full disk may have room for
// the one and not for the other.
func (c *chronicle) sift(ctx context.Context) error {
	for len(c.readings) > 0 {
		one := c.readings[:1]
		err := c.offer(ctx, one, 0)
		if err != nil && !ofDisk(err) && c.keepPlace(ctx) == nil {
			err = c.offer(ctx, one, 0)
		}
		if err != nil {
			if ofDisk(err) || c.keepPlace(ctx) != nil {
				return err
			}
			r := c.readings[0]
			c.fault(ucare.Fault{
				Code: ucare.FaultHistoryGap, Dwelling: r.Dwelling, Subject: r.Sensor,
				Detail: fmt.Sprintf("%d readings are missing; the last: %v", c.lost.Add(1), err),
			}, true)
		}
		c.readings = c.readings[1:]
	}
	return nil
}

// savePlace saves how far the chronicle is. When that fails it is tried again later: it
// only takes longer to go on from an earlier place.
func (c *chronicle) savePlace(ctx context.Context) {
	c.saved = time.Now()
	if len(c.readings) > 0 || c.position < c.appended || c.position == c.place.Seq {
		return
	}
	place, err := c.here()
	if err == nil {
		err = c.save(ctx, place)
	}
	if err != nil && ctx.Err() == nil {
		c.logger.Warn("the place of the history in the journal was not saved; the next start takes longer", "error", err)
	}
}

// here is the place where the chronicle stands.
func (c *chronicle) here() (place history.Place, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("what the decoder knows cannot be written down (%v)", broken)
		}
	}()
	memory, err := json.Marshal(c.decoder)
	if err != nil {
		return place, fmt.Errorf("what the decoder knows cannot be written down: %w", err)
	}
	state, err := json.Marshal(chronicleState{Version: memoryVersion, Journal: c.identity, Decoder: memory, ClockSetAt: c.clockSetAt})
	return history.Place{Seq: c.position, State: state}, err
}

func (c *chronicle) save(ctx context.Context, place history.Place) error {
	err := c.write(ctx, place)
	if err == nil {
		c.place = place
		c.safe.Store(place.Seq)
	}
	return err
}

// keepPlace writes the place that is there already, to see whether the history takes
// anything.
func (c *chronicle) keepPlace(ctx context.Context) error { return c.write(ctx, c.place) }

func (c *chronicle) write(ctx context.Context, place history.Place) error {
	_, err := unhurried(ctx, c, c.file, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.history.SavePlace(ctx, place)
	})
	return err
}

// caughtUp says that the history is as far as the journal.
func (c *chronicle) caughtUp() {
	select {
	case <-c.caught:
	default:
		close(c.caught)
	}
}

// end saves the place, when the disk lets it.
func (c *chronicle) end() {
	if c.log == nil || c.stuck {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	c.savePlace(ctx)
}

// close leaves the journal. The next step begins again at the place that was saved.
func (c *chronicle) close() {
	if c.log != nil {
		closed, log := make(chan error, 1), c.log
		go func() { closed <- log.Close() }()
		select {
		case <-closed: // it was only read: no error matters
		case <-time.After(farewell / 2):
		}
	}
	c.log, c.readings, c.stuck = nil, nil, false
}

// tell begins or ends the fault about the journal or the history.
func (c *chronicle) tell(subject string, err error) {
	c.fault(ucare.Fault{Code: ucare.FaultHistory, Subject: subject, Detail: errorText(err)}, err != nil)
}

var errHangs = errors.New("it does not answer")

// unhurried asks the disk on a goroutine of its own and waits as long as it takes. That
// it takes long is a fault; when ctx ends, what does not come back is left behind.
func unhurried[T any](ctx context.Context, c *chronicle, subject string, ask func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if broken := recover(); broken != nil {
				a.err = fmt.Errorf("it broke (%v)", broken)
			}
			answers <- a
		}()
		a.value, a.err = ask(ctx)
	}()
	slow := time.NewTimer(chroniclePatience)
	defer slow.Stop()
	for {
		select {
		case a := <-answers:
			if ctx.Err() == nil {
				c.tell(subject, a.err)
			}
			return a.value, a.err
		case <-slow.C:
			c.tell(subject, errHangs)
		case <-ctx.Done():
			select {
			case a := <-answers:
				return a.value, a.err
			case <-time.After(farewell):
				c.stuck = true
				var none answer
				return none.value, ctx.Err()
			}
		}
	}
}
