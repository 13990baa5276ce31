// Package ucare is the vocabulary of u-Care, the gateway that watches over an
// older person who lives alone.
//
// A [Dwelling] is the supervised home and has a [Resident] and rooms. A
// [Sensor] in a room says something at an instant: a [Reading]. The rules fold
// readings and time into a [Decision]: a pre-alarm, a raise, a restore, a
// cancel. What needs a human is an [Alarm]; what is technically wrong (a silent
// sensor, a full disk) is a [Fault] and never an alarm.
//
// The way of a reading through the program:
//
//	device ─MQTT─► sensors ─► journal ─PUBACK─► rules ─decisions─► journal(outbox) ─► emergency ─► centre
//	                              │                                                  ▲ receipt, acknowledge, close
//	                              └─► history ─► caregiver's page
//
// Three laws hold everywhere:
//
//  1. Commit, then acknowledge, then think. A message is on disk before its
//     sender hears that we have it.
//  2. Deciding is pure. The rules have no clock and no I/O; folding the journal
//     again gives the same state and the same alarms under the same names.
//  3. The alarm path depends on nothing it can do without.
//
// The packages, one noun each: sensors hears MQTT and decodes it; journal is
// the log on disk; rules decides; emergency gets reports to a centre until a
// human has taken them; emergency/center is the other end; voice speaks to
// the home; history remembers; caregiver shows; configs reads the one file;
// language holds the texts that people read; gateway wires it all. This package is
// known by all of them and knows only the standard library.
package ucare
