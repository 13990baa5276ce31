package embedded

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ucare-project/ucare/activity"
)

var errNotYet = errors.New("this history cannot do that yet")

// Place returns how far the journal was read when [Store.SavePlace] was last called.
func (s *Store) Place(ctx context.Context) (Place, error) { return Place{}, errNotYet }

// SavePlace says how far the journal is read, with all readings up to there appended.
// A place before the last one says that the journal was begun afresh.
func (s *Store) SavePlace(ctx context.Context, p Place) error { return errNotYet }

// StoredUpTo returns up to which entry of the journal all readings are stored.
func (s *Store) StoredUpTo(ctx context.Context) (int64, error) { return 0, errNotYet }

// Rows returns what [Store.Between] does, with the numbers of the readings.
func (s *Store) Rows(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { yield(Row{}, errNotYet) }
}

// Dwellings returns the names of the dwellings of which something is stored, ordered.
func (s *Store) Dwellings(ctx context.Context) ([]string, error) { return nil, errNotYet }

// Sensors returns the names of all sensors that a dwelling had, ordered.
func (s *Store) Sensors(ctx context.Context, dwelling string) ([]string, error) {
	return nil, errNotYet
}

// Span returns the instants of the first and the last reading of a dwelling, in UTC,
// and how many there are.
func (s *Store) Span(ctx context.Context, dwelling string) (first, last time.Time, n int64, err error) {
	return first, last, 0, errNotYet
}

// Complete returns since when the file has every reading of all dwellings: the later of
// when the file was made and how far [Store.Trim] went. Readings from before may be here
// too (late ones, those that wait for an InfluxDB), but not all. It moves before Trim
// removes anything, so rows that were read before Complete was asked are all there were
// from its answer on.
func (s *Store) Complete(ctx context.Context) (since time.Time, err error) { return since, errNotYet }

// Series returns what readings of a dwelling differ in beside their content: at most most,
// in the order in which they first came, which stays the same. An InfluxDB takes a bounded
// number of them.
func (s *Store) Series(ctx context.Context, dwelling string, most int) ([]Series, error) {
	return nil, errNotYet
}

// FirstHour returns the beginning of the first hour that the file has of a dwelling, if
// there is any.
func (s *Store) FirstHour(ctx context.Context, dwelling string) (first time.Time, some bool, err error) {
	return first, false, errNotYet
}

// DirtyHours returns the first hours of a dwelling that have to be summed up, at most
// most, ordered.
func (s *Store) DirtyHours(ctx context.Context, dwelling string, most int) ([]Dirty, error) {
	return nil, errNotYet
}

// PutHour stores an hour instead of the one that was there. It is not dirty any more,
// unless readings came after [Store.DirtyHours] gave out the mark. With carryChanged,
// the next hour becomes dirty. The days that it is part of become stale.
func (s *Store) PutHour(ctx context.Context, h activity.Hour, mark int64, carryChanged bool) error {
	return errNotYet
}

// Hours returns the hours of a dwelling that begin at from ≤ hour < to, ordered.
func (s *Store) Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error) {
	return nil, errNotYet
}

// StaleDays returns the dates (2006-01-02) of the days by the clock of that location of
// which hours were stored since the days were, ordered, and the mark that
// [Store.PutDays] wants. When the location is another one than last time, all days are
// forgotten and stale.
func (s *Store) StaleDays(ctx context.Context, dwelling string, location *time.Location) (dates []string, mark int64, err error) {
	return nil, 0, errNotYet
}

// PutDays stores days of one dwelling instead of those that were there. They are not
// stale any more, unless hours of theirs were stored after [Store.StaleDays] gave out
// the mark.
func (s *Store) PutDays(ctx context.Context, days []activity.Day, mark int64) error {
	return errNotYet
}

// Days returns the days of a dwelling with from ≤ date ≤ to (2006-01-02), ordered.
func (s *Store) Days(ctx context.Context, dwelling, from, to string) ([]activity.Day, error) {
	return nil, errNotYet
}

// Waiting returns readings that wait for an InfluxDB, at most most, ordered by dwelling
// and time.
func (s *Store) Waiting(ctx context.Context, most int) ([]Queued, error) { return nil, errNotYet }

// Sent says that an InfluxDB has the readings.
func (s *Store) Sent(ctx context.Context, sent []Queued) error { return errNotYet }

// SetAside says that an InfluxDB refuses the reading for good, and why.
func (s *Store) SetAside(ctx context.Context, q Queued, reason string) error { return errNotYet }

// Aside returns readings that were set aside, at most most, ordered by dwelling and time.
func (s *Store) Aside(ctx context.Context, most int) ([]Aside, error) { return nil, errNotYet }

// AsideFor counts the readings that were set aside, by reason.
func (s *Store) AsideFor(ctx context.Context) (map[string]int64, error) { return nil, errNotYet }

// OfferAgain lets all readings wait again that were set aside, and returns how many.
func (s *Store) OfferAgain(ctx context.Context) (int64, error) { return 0, errNotYet }

// QueueState returns how much waits.
func (s *Store) QueueState(ctx context.Context) (Waiting, error) { return Waiting{}, errNotYet }

// WaitingHours returns hours that wait for an InfluxDB, at most most, ordered by
// dwelling and time.
func (s *Store) WaitingHours(ctx context.Context, most int) ([]QueuedHour, error) {
	return nil, errNotYet
}

// SentHours says that an InfluxDB has the hours. Those that were stored anew meanwhile
// go on waiting.
func (s *Store) SentHours(ctx context.Context, sent []QueuedHour) error { return errNotYet }

// WaitingDays returns days that wait for an InfluxDB, at most most, ordered by dwelling
// and date.
func (s *Store) WaitingDays(ctx context.Context, most int) ([]QueuedDay, error) {
	return nil, errNotYet
}

// SentDays says that an InfluxDB has the days. Those that were stored anew meanwhile go
// on waiting.
func (s *Store) SentDays(ctx context.Context, sent []QueuedDay) error { return errNotYet }

// Vacuum gives free pages of the file back to the disk, a few at a time.
func (s *Store) Vacuum(ctx context.Context) error { return errNotYet }

// Erase removes everything that is stored of a dwelling, so that no byte of it is left
// in the file or its log, and returns what there was. It may be called again when it
// failed. The state of [Place] is not looked into: whoever saved it has to save one
// that does not name the dwelling, before.
func (s *Store) Erase(ctx context.Context, dwelling string) (Counts, error) {
	return Counts{}, errNotYet
}

// Count counts what is stored of a dwelling.
func (s *Store) Count(ctx context.Context, dwelling string) (Counts, error) {
	return Counts{}, errNotYet
}
