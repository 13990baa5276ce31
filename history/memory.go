package history

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/influx"
)

// Options say where a Memory keeps what it is told, and for how long.
type Options struct {
	Path string // of the file of the embedded store: …/history.db
	// Location is the time zone of the homes: their days begin at its midnight.
	Location *time.Location
	// KeepReadings and KeepHours are how long readings, and hours and days, are kept. With
	// an InfluxDB the file keeps readings for LocalDays only, and those that the server has
	// not taken yet.
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

// A Place is how far the history has followed the journal: the entry, and how the decoder
// of the messages stood after it.
type Place struct {
	Seq   int64
	State []byte
}

// A Memory is the history of the homes as the rest of the program uses it: the file, which
// is always there and always first, and the InfluxDB behind it, if there is one. The file
// is opened when it is first wanted and tried again when that fails: a history that cannot
// be opened must not keep anybody from being watched over. It is safe for concurrent use.
type Memory struct{ o Options }

// New makes a Memory; it opens nothing and asks no server. Close it.
func New(o Options) *Memory { return &Memory{o: o} }

// OpenToRead opens the history that a gateway may be writing, to read it and nothing else.
// The readings older than those in the file are asked of the InfluxDB of o, if there is one.
func OpenToRead(ctx context.Context, o Options) (*Memory, error) { return New(o), nil }

// Append adds readings, and notes that the journal is stored up to its entry seq (0: they
// come from no journal). Adding a reading again changes nothing. It waits for the disk,
// and never for the InfluxDB.
func (m *Memory) Append(ctx context.Context, readings []ucare.Reading, seq int64) error {
	return errors.ErrUnsupported
}

// Place returns where the history goes on following the journal; zero at the beginning.
func (m *Memory) Place(ctx context.Context) (Place, error) { return Place{}, errors.ErrUnsupported }

// SavePlace notes where the history goes on following the journal.
func (m *Memory) SavePlace(ctx context.Context, p Place) error { return errors.ErrUnsupported }

// StoredUpTo returns the last entry of the journal whose readings are stored.
func (m *Memory) StoredUpTo(ctx context.Context) (int64, error) { return 0, errors.ErrUnsupported }

// Dwellings returns the dwellings of which there is anything in the file, in order.
func (m *Memory) Dwellings(ctx context.Context) ([]string, error) { return nil, errors.ErrUnsupported }

// Between returns the dwelling's readings with from ≤ at < to, ordered by time, in UTC. An
// error ends the sequence, as its last pair. When it is an [Older], asking again from its
// Since on gives what the file has.
func (m *Memory) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, errors.ErrUnsupported) }
}

// Older is the error of asking for readings that only the InfluxDB has, and it cannot be
// asked. The file has all readings since Since.
type Older struct {
	Since time.Time
	Err   error
}

// Error says what cannot be read and why.
func (o *Older) Error() string {
	return "the readings before " + o.Since.Format(time.RFC3339) + " are in the InfluxDB only, which does not answer (newer ones are here): " + o.Err.Error()
}

// Unwrap returns what the server, or the way to it, said.
func (o *Older) Unwrap() error { return o.Err }

// Hours returns the dwelling's hours that begin at from ≤ t < to, in order, after summing up
// what is not summed up yet.
func (m *Memory) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	return nil, errors.ErrUnsupported
}

// Days returns the dwelling's days from one date to another, both included (2006-01-02), in
// order, after summing up what is not summed up yet. A day without anything is left out.
func (m *Memory) Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error) {
	return nil, errors.ErrUnsupported
}

// Run sends to the InfluxDB what waits for it, and sums up hours and days, until ctx ends;
// then it returns ctx's error, soon, whatever the server does.
func (m *Memory) Run(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// Trim forgets what is older than the options keep, a little at a time, and returns how
// many readings it forgot in the file.
func (m *Memory) Trim(ctx context.Context, now time.Time) (int64, error) {
	return 0, errors.ErrUnsupported
}

// Amounts is how much there is of a dwelling.
type Amounts struct {
	// In the file: readings, hours, days, and of the readings and hours those that wait for
	// the InfluxDB or were set aside.
	Readings, Hours, Days, Waiting, Aside int64
	// Server is how many points the InfluxDB has; 0 without one.
	Server int64
}

// Count says how much there is of a dwelling, in the file and on the server.
func (m *Memory) Count(ctx context.Context, dwelling string) (Amounts, error) {
	return Amounts{}, errors.ErrUnsupported
}

// Erase removes all that is known of a dwelling, in the file and on the InfluxDB, and says
// how much there was. When the server cannot be asked it returns an error that says so; the
// file is erased all the same, and Erase may be called again.
func (m *Memory) Erase(ctx context.Context, dwelling string) (Amounts, error) {
	return Amounts{}, errors.ErrUnsupported
}

// Copy sends to the InfluxDB all readings and hours of the file that it does not have yet,
// those from before it was configured too, and tells progress of how many of how many. It
// goes on where an earlier copy ended.
func (m *Memory) Copy(ctx context.Context, progress func(done, total int64)) error {
	return errors.ErrUnsupported
}

// A Standing is how the sending to the InfluxDB stands.
type Standing struct {
	Waiting int64            // readings and hours that the server has not taken
	Oldest  time.Time        // since when the longest waiting one waits; zero: nothing waits
	Aside   map[string]int64 // points that the server refuses for good, by reason
	Expired int64            // points that became older than the server keeps while they waited
	Failing string           // why the server takes nothing, "" when it does
}

// Standing says how the sending stands; zero without an InfluxDB.
func (m *Memory) Standing(ctx context.Context) (Standing, error) { return Standing{}, nil }

// Close closes the file. It waits for who reads and writes, and not for ever.
func (m *Memory) Close() error { return nil }
