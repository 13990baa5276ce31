package influx

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// A Config says where the server is and how it may be used.
type Config struct {
	URL   string // http://127.0.0.1:8086
	Token string // of InfluxDB 2; "user:password" of 1.8; may be empty there
	Org   string // empty for 1.8
	// Bucket holds the readings, Hours the hours and days. For 1.8 they are
	// "database/retention policy".
	Bucket, Hours string
	// KeepReadings and KeepHours are the retentions that buckets are made with; 0 is for ever.
	KeepReadings, KeepHours time.Duration
	CAFile                  string // instead of the system's certificate authorities
	// Key makes pseudonyms of the names of dwellings and sensors; 32 bytes.
	Key []byte
}

// A Point is a reading on its way to the server. N tells readings apart that one sensor
// made of one kind at one instant, from 0.
type Point struct {
	Reading ucare.Reading
	N       int
}

// A Refused is a point that will not be taken however often it is offered.
type Refused struct {
	Index  int    // of the point, in what was written
	Reason string // for a person: one of the reasons below, or what the server says
}

// Later is why nothing is known of what was written: offer all of it again.
type Later struct {
	After time.Duration // how long the server wants to be left alone; 0: it does not say
	Fault string        // what a person has to put right; "": it should pass by itself
	Err   error
}

// Error is the fault, or else what went wrong.
func (l *Later) Error() string {
	if l.Fault != "" {
		return l.Fault
	}
	return l.Err.Error()
}

// Unwrap returns what went wrong.
func (l *Later) Unwrap() error { return l.Err }

var errNotYet = errors.New("this part of the InfluxDB store is not built yet")

// A Store speaks with one server. It is safe for concurrent use.
type Store struct {
	known func(ctx context.Context, dwelling string) ([]string, error)
}

// New makes a store, without speaking to the server yet. known tells the names of the
// sensors of a dwelling, so that pseudonyms can be turned back into them.
func New(c Config, known func(ctx context.Context, dwelling string) ([]string, error)) (*Store, error) {
	return &Store{known: known}, nil
}

// Prepare finds out which server it is, and makes the buckets that it does not have. It
// has to succeed once before anything else; doing it again is harmless. The error says
// what to put right.
func (s *Store) Prepare(ctx context.Context) error { return errNotYet }

// Notes says, after Prepare, what is not as configured and works all the same.
func (s *Store) Notes() []string { return nil }

// Write sends points. Without an error, all of them are stored except for those that are
// refused. With one, nothing is known: offer all again. If the error is a [*Later], the
// server could not take them now.
func (s *Store) Write(ctx context.Context, points []Point) ([]Refused, error) {
	return nil, errNotYet
}

// WriteHours sends hours, instead of what the server has of them.
func (s *Store) WriteHours(ctx context.Context, hours []activity.Hour) error { return errNotYet }

// WriteDays sends days, instead of what the server has of them.
func (s *Store) WriteDays(ctx context.Context, days []activity.Day) error { return errNotYet }

// Between returns the dwelling's readings with from ≤ at < to, ordered by time, sensor
// and kind, in UTC. An error ends the sequence, as its last pair.
func (s *Store) Between(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, errNotYet) }
}

// Points is Between with the number of each reading.
func (s *Store) Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[Point, error] {
	return func(yield func(Point, error) bool) { yield(Point{}, errNotYet) }
}

// Hours returns the dwelling's hours that begin with from ≤ begin < to, ordered by time.
func (s *Store) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	return nil, errNotYet
}

// Count is how many readings the server has of a dwelling.
func (s *Store) Count(ctx context.Context, dwelling string) (int64, error) { return 0, errNotYet }

// Erase forgets a dwelling: its readings, hours and days. It returns when the server
// finds none of them any more.
func (s *Store) Erase(ctx context.Context, dwelling string) error { return errNotYet }

// Dwelling is the pseudonym of a dwelling: "d-" and 16 hexadecimal digits.
func (s *Store) Dwelling(name string) string { return name }

// Sensor is the pseudonym of a sensor: "s-" and 16 hexadecimal digits.
func (s *Store) Sensor(name string) string { return name }

// Close gives up the connections.
func (s *Store) Close() {}
