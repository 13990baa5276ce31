// Package acceptance runs the real programs against real peers: the ucare
// binary as gateway and as centre, mosquitto and its clients, SIGKILL. Its
// tests read like the promises of the README; `go run ./acceptance/bench`
// measures the way of an alarm.
package acceptance
