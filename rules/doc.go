// Package rules decides which alarms are raised, restored and cancelled. It
// does nothing else: no clock, no disk, no network, no goroutine. A [State] is
// what is known about one dwelling, a [Policy] is how it is judged, and each
// call folds one thing that happened into the state:
//
//	Observe  a sensor said something
//	Tick     time passed
//	Answer   a centre acknowledged or closed an alarm
//	Gap      nothing could be heard for a while
//	Shift    the wall clock was set
//	Learn    the history knows how long silences usually last
//
// What a call decides depends on the calls before it and on nothing else, so
// the daemon, its recovery after a power cut, a replay and the tests cannot
// differ. The duties of the caller:
//
//  1. Give every dwelling its own State, and call from one goroutine at a time.
//  2. Write the input down before folding it, and the decisions before sending
//     them.
//  3. Ask Next after each call and Tick no later than that. A late Tick decides
//     the same, under the same names, with the instants at which it was due; it
//     only helps the resident later.
//  4. Call Gap before the first Tick after an interruption.
//  5. Never let now go back. When the clock is set, call Tick with the old
//     time, then Shift, and go on with the new time.
//
// The rules, one file each: fire.go (smoke, heat, carbon monoxide and gas
// detectors; measured.go and the files that it names beside them), help.go (the
// button), fall.go (a device says that somebody fell), asked.go (the resident is asked
// about a fall), visit.go (a fall that is inferred),
// inactivity.go (nobody has moved). Beside them concern.go and the files that it names
// tell caregivers what they should look at. Each file says what its method is, in which
// units, and where its figures come from. The scenarios in testdata are their
// specification.
package rules
