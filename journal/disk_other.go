//go:build !unix

package journal

// syncFolder does nothing where a folder cannot be synced.
func syncFolder(string) error { return nil }
