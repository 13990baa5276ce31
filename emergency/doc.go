// Package emergency gets reports about alarms to the people who help, and does
// not rest until one of them has taken the alarm.
//
// A [Policy] says by its routes who is told, in which order and how long each
// has to answer. It is data and pure functions: [Policy.First] makes the
// deliveries that the gateway commits together with its decision, so an alarm
// that was decided is an alarm that is on its way.
//
// The [Dispatcher] sends what is on its way over a [Link] to each receiver. It
// tries at 0, 1, 2, 4 and 8 s and then at most 30 s apart, without end: no
// answer of a receiver, whatever its status, ends an attempt to get help. Three
// answers are told apart. A receipt says that a centre's machine has the report
// on its disk; it ends the retries and nothing else. An acknowledgement says
// that a human has seen the alarm; it alone ends the escalation. A close says
// that help was given. They come back in the replies to reports and heartbeats,
// so a gateway behind a home router needs no open port.
//
// The links live in folders of their own under links; the other end, a centre
// that receives, is emergency/center.
package emergency
