package activity

import (
	"errors"
	"iter"
	"time"

	"github.com/ucare-project/ucare"
)

// HourOf sums up the hour that begins at from, of the readings of one dwelling. Readings
// outside the hour or of another dwelling are passed over. Their order does not matter, and
// a reading that comes twice counts once. Before is the last earlier hour there is, the
// zero Hour where there is none. An error is one of reading them.
func HourOf(dwelling string, from time.Time, before Hour, readings iter.Seq2[ucare.Reading, error]) (Hour, error) {
	return Hour{}, errors.ErrUnsupported
}

// SameCarry reports whether two versions of one hour leave the same behind for the next
// one: then that need not be summed up again.
func SameCarry(a, b Hour) bool { return false }

// DayOf says what a day (2006-01-02) by the clock of the location was like, as it is known
// at now, from the hours that [Hours] names, in order; hours that are not there were not
// heard. An error is a date that is none.
func DayOf(dwelling, date string, location *time.Location, now time.Time, hours []Hour) (Day, error) {
	return Day{}, errors.ErrUnsupported
}

// Trends says what was clearly different in the seven days up to the last one that is
// over, in days in order; 35 days are enough.
func Trends(days []Day) []Trend { return nil }
