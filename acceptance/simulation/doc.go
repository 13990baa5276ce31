// Package simulation lives years in homes that do not exist, for the test that
// folds them as the daemon does (TestHomeYears in package gateway). A [Year] is one
// dwelling for as long as that, and a seed is the whole of it: the home and its
// sensors, the resident's days, what breaks, and what goes wrong. It has no clock:
// who drives it lets each thing happen at its time and tells it what the gateway
// decided, to which a centre and the resident answer.
//
//	home.go      kinds of home: rooms, sensors of several makers, a time zone
//	days.go      the resident's days: sleep, meals, outings, guests, holidays
//	sensing.go   what the sensors make of somebody who moves
//	air.go       what is lost, late, doubled, reordered; when nothing is heard
//	trouble.go   fires, calls for help, falls and collapses, and false ones
//	centre.go    who answers for an alarm, and after how long
//
// A [Witness] sees what reached the gateway and what was decided, knows what was
// true, and holds the promises of the rules against it by a bookkeeping of its own
// (witness.go). Nothing here is copied from a real home; the figures are there to
// be varied and stand for nobody.
package simulation
