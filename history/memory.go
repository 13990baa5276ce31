package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// Options say where a Memory keeps what it is told, and for how long.
type Options struct {
	Path string // of the file of the embedded store: …/history.db
	// Location is the time zone of the homes: their days begin at its midnight. UTC if nil.
	Location *time.Location
	// KeepReadings and KeepHours are how long readings, and hours and days, are kept; 0 is
	// for ever. With an InfluxDB the file keeps readings for LocalDays only, and those that
	// the server has not taken yet.
	KeepReadings, KeepHours time.Duration
	Influx                  *influx.Config // nil: the file keeps everything
	// Fault hears when something of the history begins to fail (holds) and when it works
	// again. It may be called from any goroutine.
	Fault func(f ucare.Fault, holds bool)
	// Aside is told where a damaged file was moved.
	Aside  func(name string)
	Logger *slog.Logger
}

// LocalDays is for how many days readings stay in the file when an InfluxDB has them too.
const LocalDays = 8

// closeWithin bounds how long Close waits for those who read.
const closeWithin = 5 * time.Second

// A Place is how far the history has followed the journal, and how the decoder of the
// messages stood there.
type Place = embedded.Place

// A Memory is the history of the homes as the rest of the program uses it: the file, which
// is always there and always first, and the InfluxDB behind it, if there is one. The file
// is opened when it is first wanted and tried again when that fails: a history that cannot
// be opened must not keep anybody from being watched over. It is safe for concurrent use.
type Memory struct {
	o     Options
	dial  func(influx.Config, influx.Names) (*server, error)
	lined func(*embedded.Store) spool // the file as the sender has it
	life  context.Context             // ends with Close; opening the file belongs to nobody's call
	end   context.CancelFunc
	wake  chan struct{} // holds one: something was appended

	sending, summing turn // taken by who sends, who sums up, and who erases
	expired, sent    atomic.Int64
	// What can fail beside what whoever calls is told: what waits in the file, the server,
	// how it is set up, its taking of points, and the summing up.
	queues, reaches, settings, refused, sums *condition

	nothing  empty
	outgoing outgoing

	mu      sync.Mutex
	file    *embedded.Store
	opening *opening
	server  *server
	closed  bool
	reading bool // the file is not ours to write
}

// An opening is under way until done is closed.
type opening struct {
	done chan struct{}
	file *embedded.Store
	err  error
}

var errForgotten = errors.New("the history is closed")

// New makes a Memory; it opens nothing and asks no server. Close it.
func New(o Options) *Memory { return newMemory(o, dialInflux) }

func newMemory(o Options, dial func(influx.Config, influx.Names) (*server, error)) *Memory {
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Fault == nil {
		o.Fault = func(ucare.Fault, bool) {}
	}
	if o.Aside == nil {
		o.Aside = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Memory{o: o, dial: dial, wake: make(chan struct{}, 1), sending: newTurn(), summing: newTurn()}
	m.life, m.end = context.WithCancel(context.Background())
	m.lined = func(file *embedded.Store) spool { return file }
	m.outgoing.series = map[string]map[embedded.Series]bool{}
	m.queues = m.about("waiting for the InfluxDB", "what waits for the InfluxDB cannot be read", "what waits for the InfluxDB can be read again")
	m.reaches = m.about("InfluxDB", "the InfluxDB takes nothing; what it does not take waits in the file", "the InfluxDB takes what waits for it")
	m.settings = m.about("InfluxDB settings", "the InfluxDB is not set up as it should be", "the InfluxDB is set up as it should be")
	m.refused = m.about("InfluxDB points", "the InfluxDB refuses points; they are set aside", "no point is set aside any more")
	m.sums = m.about("hours and days", "hours and days are not summed up", "hours and days are summed up again")
	return m
}

func (m *Memory) about(subject, fails, works string) *condition {
	return &condition{subject: subject, fails: fails, works: works, tell: m.o.Fault, logger: m.o.Logger}
}

// OpenToRead opens the history that a gateway may be writing, to read it and nothing else.
// The readings older than those in the file are asked of the InfluxDB of o, if there is one.
func OpenToRead(ctx context.Context, o Options) (*Memory, error) {
	file, err := embedded.OpenToRead(ctx, o.Path)
	if err != nil {
		return nil, err
	}
	m := New(o)
	m.file = file
	m.reading = true
	return m, nil
}

// open returns the file. Only those who want the history wait for it, and each only as long
// as they like: what opening takes, it takes once.
func (m *Memory) open(ctx context.Context) (*embedded.Store, error) {
	m.mu.Lock()
	if m.closed || m.file != nil {
		defer m.mu.Unlock()
		if m.closed {
			return nil, errForgotten
		}
		return m.file, nil
	}
	under := m.opening
	if under == nil {
		under = &opening{done: make(chan struct{})}
		m.opening = under
		go m.openNow(under)
	}
	m.mu.Unlock()
	select {
	case <-under.done:
		return under.file, under.err
	case <-ctx.Done():
		return nil, fmt.Errorf("open the history %s: %w", m.o.Path, context.Cause(ctx))
	}
}

func (m *Memory) openNow(under *opening) {
	file, aside, err := embedded.Open(m.life, m.o.Path, embedded.Options{Queue: m.o.Influx != nil})
	if aside != "" {
		m.o.Aside(aside)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opening = nil; m.closed && err == nil {
		err = errors.Join(errForgotten, file.Close())
	}
	if under.err = err; err == nil {
		under.file, m.file = file, file
	}
	close(under.done)
}

// Append adds readings, and notes that the journal is stored up to its entry seq (0: they
// come from no journal). Adding a reading again changes nothing. It waits for the disk,
// and never for the InfluxDB.
func (m *Memory) Append(ctx context.Context, readings []ucare.Reading, seq int64) error {
	file, err := m.open(ctx)
	if err != nil {
		return err
	}
	err = file.Append(ctx, readings, seq)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return err
}

// Place returns where the history goes on following the journal; zero at the beginning.
func (m *Memory) Place(ctx context.Context) (Place, error) {
	file, err := m.open(ctx)
	if err != nil {
		return Place{}, err
	}
	return file.Place(ctx)
}

// SavePlace notes where the history goes on following the journal.
func (m *Memory) SavePlace(ctx context.Context, p Place) error {
	file, err := m.open(ctx)
	if err != nil {
		return err
	}
	return file.SavePlace(ctx, p)
}

// StoredUpTo returns the last entry of the journal whose readings are stored.
func (m *Memory) StoredUpTo(ctx context.Context) (int64, error) {
	file, err := m.open(ctx)
	if err != nil {
		return 0, err
	}
	return file.StoredUpTo(ctx)
}

// Dwellings returns the dwellings of which there is anything in the file, in order.
func (m *Memory) Dwellings(ctx context.Context) ([]string, error) {
	file, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	return file.Dwellings(ctx)
}

// Between returns the dwelling's readings with from ≤ at < to, ordered by time, in UTC. An
// error ends the sequence, as its last pair. When it is an [Older], asking again from its
// Since on gives what the file has.
func (m *Memory) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		file, err := m.open(ctx)
		if err != nil {
			yield(ucare.Reading{}, err)
			return
		}
		p := past{ctx: ctx, file: file, dwelling: dwelling, kept: kept(m.o.KeepReadings)}
		if m.o.Influx != nil {
			p.server = distant{m}
		}
		p.between(from, to)(yield)
	}
}

// kept is since when anything can be there that is kept for so long.
func kept(keep time.Duration) time.Time {
	if keep <= 0 {
		return time.Time{}
	}
	return time.Now().Add(-keep)
}

// Older is the error of asking for what only the InfluxDB has, and it cannot be asked. The
// file has everything since Since.
type Older struct {
	Since time.Time
	Err   error
}

// Error says what cannot be read and why.
func (o *Older) Error() string {
	return fmt.Sprintf("what is older than %s is in the InfluxDB only, and that cannot be asked (what is newer can be read all the same): %v",
		o.Since.UTC().Format(time.RFC3339), o.Err)
}

// Unwrap returns what the server, or the way to it, said.
func (o *Older) Unwrap() error { return o.Err }

// Close closes the file. It waits for who reads and writes, but not for ever.
func (m *Memory) Close() error {
	m.mu.Lock()
	m.closed = true
	file, under, server := m.file, m.opening, m.server
	m.mu.Unlock()
	m.end()
	if server != nil {
		server.close()
	}
	closed := make(chan error, 1)
	go func() {
		if under != nil {
			<-under.done // and openNow closes what it opened
		}
		if file != nil {
			closed <- file.Close()
			return
		}
		closed <- nil
	}()
	bound := time.NewTimer(closeWithin)
	defer bound.Stop()
	select {
	case err := <-closed:
		return err
	case <-bound.C:
		return fmt.Errorf("the history %s was left open: somebody has been reading or opening it for longer than %v", m.o.Path, closeWithin)
	}
}
