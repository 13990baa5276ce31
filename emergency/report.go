package emergency

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
)

// A Report is what is transmitted to a receiver: what was decided about an
// alarm, in the JSON form that docs/openapi.yaml describes.
type Report struct {
	// ID names the report and stays the same over all its attempts; it is the
	// Webhook-Id. The same alarm has a raise report for each round of its
	// escalation, a confirm report for each confirmation, and one restore or cancel
	// report.
	ID     string     `json:"id"`
	Verb   ucare.Verb `json:"verb"`
	SentBy string     `json:"sent_by"` // the gateway's id
	// Dwelling tells an operator where help has to go.
	Dwelling ucare.Dwelling `json:"dwelling"`
	Alarm    ucare.Alarm    `json:"alarm"`
	// Round counts how often the escalation has come round to this receiver, from 1;
	// in a confirm report it counts the confirmations.
	Round int `json:"round"`
	// Texts say what happened, by language ("ko", "en").
	Texts map[string]string `json:"texts,omitempty"`
	At    time.Time         `json:"at"`
}

// ReportID names the report of a verb about an alarm in a round (1, 2, …).
func ReportID(alarm string, verb ucare.Verb, round int) string {
	return fmt.Sprintf("%s-%s-%d", alarm, verb, round)
}

// A Receipt says that the centre's machine has a report on its disk.
type Receipt struct {
	Report string    `json:"report"`
	At     time.Time `json:"at"`
}

// A Reply is a centre's answer to a report. Without a receipt for the very
// report that was sent it is no receipt at all.
type Reply struct {
	Receipt *Receipt `json:"receipt"`
	Answer  []Answer `json:"answers,omitempty"`
}

// An Answer carries a centre's instants for one alarm.
type Answer struct {
	Alarm string `json:"alarm"`
	ucare.Answers
}

// A Heartbeat proves that the gateway and the path to the centre live, and asks
// for news of the alarms that wait for an answer.
type Heartbeat struct {
	SentBy  string    `json:"sent_by"`
	At      time.Time `json:"at"`
	Version string    `json:"version"`
	// Every is the interval in seconds after which the next one may be expected.
	Every     int           `json:"every_seconds"`
	Dwellings []string      `json:"dwellings"`
	Waiting   []string      `json:"waiting,omitempty"` // alarms not closed yet
	Faults    []ucare.Fault `json:"faults,omitempty"`
}

// A HeartbeatReply brings the instants of the alarms that waited.
type HeartbeatReply struct {
	At     time.Time `json:"at"`
	Answer []Answer  `json:"answers,omitempty"`
}

// A Problem is how a centre refuses: RFC 9457 problem details.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Marshal freezes the report's body for the outbox: the bytes that are signed
// and sent, the same for every attempt.
func (r Report) Marshal() ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write report %s as JSON: %w", r.ID, err)
	}
	return body, nil
}
