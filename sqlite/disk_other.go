//go:build !unix

package sqlite

import "math"

// lock does nothing where there is no flock: SQLite's own locks keep two
// processes from damaging the file.
func lock(string) (unlock func() error, err error) { return func() error { return nil }, nil }

// FreeBytes is unknown here: whoever asks for room tries it.
func FreeBytes(string) (int64, error) { return math.MaxInt64, nil }

// syncFolder does nothing where a folder cannot be synced.
func syncFolder(string) error { return nil }
