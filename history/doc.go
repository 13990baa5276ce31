// Package history remembers every reading of the homes, for the caregivers' pages and
// for learning how long silences usually last.
//
// Everything is first in the embedded store, one SQLite file. With an InfluxDB it is
// sent on to there, and the file then keeps only the last days and what the server
// has not taken yet. No store, however slow, full or hung, can delay an alarm: the
// history follows the journal on its own, with connections of its own.
//
// The history is not the truth. What must not be lost (alarms, decisions, the messages
// they came from) is in the journal, and from there the history is written again after
// a crash.
package history
