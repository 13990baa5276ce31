// Package center is the reference alarm receiving centre: the other end of the
// gateway's reports.
//
// A gateway posts its reports and heartbeats as signed webhooks. The centre
// writes each report to its own file and only then answers with a receipt; the
// second time the same report comes it answers the same receipt again. From the
// reports it keeps one [Case] for each alarm, which operators see on a page,
// acknowledge and close. The answers travel back in the replies to later
// reports and heartbeats, so that a gateway needs no open port.
//
//	report ──► verify ──► commit (reports, alarms) ──► receipt
//	heartbeat ──► verify ──► supervision (memory, once a minute on disk) ──► answers
//	operator ──► page ──► acknowledge, close (alarms, actions)
//
// What a gateway says and what people see are kept apart: cases.go folds
// reports into cases, supervision.go decides which gateway is silent; both are
// pure. store.go is the file, receive.go the machines' side, page.go the
// people's side.
package center
