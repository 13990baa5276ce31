// Package gateway is the daemon: one process that watches the dwellings of its
// configuration. It is the only package that knows all the others.
//
// New opens the stores and wires the parts, Run watches until its context
// ends, and Close takes everything down again in the opposite order.
//
// The heart is the watch (watch.go): one goroutine that reads the journal in
// its order, decodes each message, folds the readings into the rules, commits
// what was decided, and only then hands it to the dispatcher. Whatever could
// delay it (pages, metrics) is fed by hand-overs that never block. The history follows
// the journal by itself (chronicle.go), on connections of its own.
package gateway
