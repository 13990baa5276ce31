package ucare

import "slices"

// Supervised says of a sensor whether it is supervised, or else what stands in
// the way. The texts are in package language.
type Supervised string

// The answers.
const (
	SupervisedYes Supervised = "yes"
	NoHeartbeat   Supervised = "no_heartbeat"  // it is, but nobody would notice its death
	NotTested     Supervised = "not_tested"    // no live alarm of it was ever seen
	SensorFaulty  Supervised = "faulty"        // it stays on, sees nobody, or says that it is broken
	NeverHeard    Supervised = "never_heard"   // it is expected and has not spoken yet
	NotEvaluated  Supervised = "not_evaluated" // what it says is not understood
	SensorSilent  Supervised = "silent"        // nothing came from it for too long
	SensorAway    Supervised = "unreachable"   // it, or the bridge it speaks through, cannot be reached
)

// fromBest are the answers from the best to the worst.
var fromBest = [...]Supervised{
	SupervisedYes, NoHeartbeat, NotTested, SensorFaulty, NeverHeard, NotEvaluated, SensorSilent, SensorAway,
}

// Worse reports whether s is further from "yes" than b.
func (s Supervised) Worse(b Supervised) bool {
	return slices.Index(fromBest[:], s) > slices.Index(fromBest[:], b)
}
