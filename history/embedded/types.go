package embedded

import (
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// Options say how a history is opened.
type Options struct {
	// Queue lines everything that is stored up for an InfluxDB.
	Queue bool
}

// A Row is a reading as it is stored. N tells readings apart that one sensor made of
// one kind at one instant, from 0 in the order in which they came.
type Row struct {
	Reading ucare.Reading
	N       int
}

// A Series is what one sensor says of one kind in one room.
type Series struct {
	Sensor string
	Kind   ucare.Kind
	Room   string
}

// A Place is how far somebody has read the journal, and what they must know to read on.
type Place struct {
	Seq   int64  // of the last entry that was read; 0: none yet
	State []byte // of their decoder, after that entry
}

// A Dirty hour is one of which the sums do not say what its readings say, because some
// came since.
type Dirty struct {
	From time.Time // its beginning, in UTC
	// Mark names what is known of the hour now. [Store.PutHour] wants it, so that the
	// hour stays dirty when further readings come while it is being summed up.
	Mark int64
	// Trimmed says that readings of this hour are not in the file any more: summed up
	// from what is left, it would lose them.
	Trimmed bool
}

// Queued is a reading that waits for an InfluxDB.
type Queued struct {
	Row
	key key
}

// A key is where a reading stands in the file.
type key struct {
	dwelling int64
	at       int64 // nanoseconds since 1970
	series   int64
	n        int64
}

// A QueuedHour is an hour that waits for an InfluxDB.
type QueuedHour struct {
	activity.Hour
	dwelling, hour, mark int64
}

// A QueuedDay is a day that waits for an InfluxDB.
type QueuedDay struct {
	activity.Day
	dwelling, mark int64
}

// Waiting is how much waits for an InfluxDB.
type Waiting struct {
	Readings int64
	Oldest   time.Time // of the readings, in UTC; zero if there are none
}

// Keep says what [Store.Trim] leaves. What is from before an instant goes; the zero
// Time keeps everything.
type Keep struct {
	// Readings are kept from here on. Older ones stay too as long as they wait for an
	// InfluxDB, were refused by it, or are not summed up yet.
	Readings time.Time
	// Unsent is from when on readings are kept that wait for an InfluxDB or were
	// refused by it.
	Unsent time.Time
	// Hours and days are kept from here on.
	Hours time.Time
}

// Trimmed counts what a [Store.Trim] has removed.
type Trimmed struct {
	Readings int64 // all of them
	Unsent   int64 // those among them that no InfluxDB has
	Hours    int64
	Days     int64
}

// Counts is how much of a dwelling is stored.
type Counts struct {
	Readings int64
	Hours    int64
	Days     int64
	Waiting  int64 // of the readings, for an InfluxDB
	Aside    int64 // of the readings, refused by an InfluxDB
}
