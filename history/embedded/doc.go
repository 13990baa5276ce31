// Package embedded is the history in one SQLite file, with nothing to install: the
// readings of the last months, the hours and days that are kept for years, and what
// still waits to be taken by an InfluxDB.
//
// A reading is there once, however often it is appended. One that says something else
// of the same sensor, kind and instant is a further one, with the next number: nothing
// ever takes the place of something else.
//
// The hours that readings touch are marked dirty in the transaction that stores them,
// so no crash can leave an hour that does not say what its readings say and nobody
// knows. Summing up is the business of package history.
//
// Everything that takes long is done in small transactions, and reading is done in small
// pieces: no append waits for more than one of them, [Store.Erase] apart.
//
// The sqlite3 shell shows the readings in the view "readings".
package embedded
