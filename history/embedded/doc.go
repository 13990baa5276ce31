// Package embedded is the history in one SQLite file, with nothing to install: the
// readings of the last months, the hours and days that are kept for years, and what
// still waits to be taken by an InfluxDB.
package embedded
