// Package influx remembers readings and hours in an InfluxDB: 2.x, or 1.8 with Flux.
//
// It only speaks with the server, and says exactly what became of each point: taken,
// refused for good with the reason, or to be offered again. Keeping what is not taken
// yet is the business of package history.
package influx

import (
	"time"

	"github.com/ucare-project/ucare"
)

// A Config says where the server is and how it may be used.
type Config struct {
	URL   string // http://127.0.0.1:8086
	Token string // of InfluxDB 2; "user:password" of 1.8; may be empty there
	Org   string // empty for 1.8
	// Bucket holds the readings, Hours the hours and days. For 1.8 they are
	// "database/retention policy".
	Bucket, Hours string
	// KeepReadings and KeepHours are the retentions that the buckets are given.
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
