// Package journal is the log on the gateway's disk, and the one place where a
// promise is made: nothing is acknowledged, decided or sent that is not here
// first.
//
// It holds everything that can change a decision, in order, as entries: the
// MQTT messages, the ticks of time, the answers of a centre, the starts of the
// gateway. The watch loop reads the entries, folds them with the rules, and
// writes what came of it (decisions, alarms, reports to send, and how far it
// has come) in one transaction. After a crash or a power cut it therefore goes
// on exactly where it was: an entry is decided once, a report keeps its name.
//
// # The promise
//
// When [Journal.Append] returns nil the entry is on the disk. Kill the process
// or cut the power at any instant after that: the entry is there, unharmed, at
// the same place in the order. The same holds for [Journal.Decide],
// [Journal.Queue], [Journal.Accepted] and [Journal.Answered], each as a whole
// or not at all. Every commit is synced (SQLite's write-ahead log with
// synchronous=FULL); writes that wait for the disk share a commit. A test cuts
// the power thousands of times and looks.
//
// # Its limits
//
// The promise needs storage that tells the truth: a card or disk that reports a
// flush as done before it is, as many cheap SD cards do, loses acknowledged
// entries in a power cut, and no program can prevent it. Use eMMC, an
// industrial card or a disk with power-loss protection. Nor can one copy
// survive the loss of the disk.
//
// After an error nothing is known: the entry may be there or not. A sender
// that was not acknowledged sends again, so an entry may be there twice.
//
// # When the disk is full or damaged
//
// A ballast file beside the journal keeps room for the day the disk is full: it
// is given up for the first write that is refused. A damaged journal is moved
// aside at the start and a fresh one opened, because a gateway that does not
// start watches over nobody. If the disk takes nothing at all, Append says so,
// and the watch loop sends alarms from memory.
package journal
