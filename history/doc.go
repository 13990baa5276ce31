// Package history remembers every reading of the homes, for the caregivers'
// pages and for learning how long silences usually last.
//
// A [Store] is the embedded memory: one SQLite file, nothing to install. A
// [Feeder] stands between the watch and a store, so that no store, however
// slow, full or hung, can ever delay an alarm: it takes readings without
// waiting and gives up the oldest ones rather than its promptness.
//
// The history is not the truth. What must not be lost (alarms, decisions, the
// messages they came from) is in the journal; a power cut may cost the history
// its last seconds.
package history
