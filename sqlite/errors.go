package sqlite

import (
	"errors"
	"syscall"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// errDamaged says that the content of a file cannot be trusted.
var errDamaged = errors.New("the file is damaged")

// code is SQLite's extended result code in err, 0 if there is none. Errors of
// other drivers are not understood.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// primary cuts an extended result code down to its family.
func primary(code int) int { return code & 0xff }

// IsFull reports whether err says that the disk, or the file, is full.
func IsFull(err error) bool {
	switch c := code(err); {
	case primary(c) == codes.SQLITE_FULL:
		return true
	case c == codes.SQLITE_IOERR_SHMSIZE: // no room for the shared-memory file
		return true
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// OfFile reports whether err is about the file or the disk, and not about what was to be
// stored: that may be stored later.
func OfFile(err error) bool {
	switch primary(code(err)) {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_NOMEM, codes.SQLITE_READONLY, codes.SQLITE_INTERRUPT, codes.SQLITE_IOERR,
		codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_CANTOPEN, codes.SQLITE_PROTOCOL:
		return true
	}
	return IsFull(err) || errors.Is(err, ErrClosed)
}

// isDamaged reports whether err says that the content cannot be trusted.
func isDamaged(err error) bool {
	switch primary(code(err)) {
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return true
	}
	return errors.Is(err, errDamaged)
}

// isBroken reports whether err says that the disk failed, so that trying again
// at once would only sync pages that the kernel believes clean.
func isBroken(err error) bool {
	return primary(code(err)) == codes.SQLITE_IOERR && !IsFull(err)
}
