// Package sqlite keeps SQLite files that survive a power cut.
//
// A [File] has one writer and a few readers. [File.Write] returns when what it
// wrote is on the disk: write-ahead log, synchronous=FULL, one sync a commit.
// A sync costs the same for one row and for two hundred, so all writes that
// wait while the disk is busy share the next commit (group commit). Each write
// has a savepoint of its own: one that fails takes nobody with it.
//
// [Open] also does what a daemon that must always start needs: it brings the
// schema up to date, looks for damage, and moves a damaged file aside to open a
// fresh one.
//
// The files are ordinary: the sqlite3 shell reads them.
package sqlite
