package center

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

const (
	largestBody = 256 << 10
	longestName = 200 // characters of a report's or an alarm's id
)

// A verified request was signed by a gateway we know.
type verified struct {
	Gateway    string
	Body       []byte
	At         time.Time
	ClockAhead time.Duration
}

// verify reads a request and checks who signed it. Of the body nothing but
// sent_by is looked at before that.
func (c *Center) verify(w http.ResponseWriter, r *http.Request) (verified, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return verified{}, refusal{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes", largestBody)}
	}
	if err != nil {
		return verified{}, badRequest("the body broke off: %v", err)
	}
	var envelope struct {
		SentBy string `json:"sent_by"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return verified{}, badRequest("the body is not the JSON of a report or heartbeat: %v", err)
	}
	if envelope.SentBy == "" {
		return verified{}, badRequest("sent_by is missing: it names the gateway whose secret has signed")
	}
	for _, name := range []string{webhooks.HeaderWebhookID, webhooks.HeaderWebhookTimestamp, webhooks.HeaderWebhookSignature} {
		if r.Header.Get(name) == "" {
			return verified{}, refusal{Status: http.StatusUnauthorized, Detail: "the header " + name + " is missing: sign as Standard Webhooks says"}
		}
	}
	now := time.Now()
	ahead, err := c.keys.verify(envelope.SentBy, r.Header, body, now)
	if err != nil {
		if c.strangers.refused(envelope.SentBy, c.keys.has(envelope.SentBy), now) {
			c.log.Warn("refused: not verified", "path", r.URL.Path, "remote", r.RemoteAddr, "sent_by", printable(envelope.SentBy))
		}
		return verified{}, refusal{Status: http.StatusUnauthorized, Detail: err.Error()}
	}
	c.strangers.verified(envelope.SentBy)
	return verified{Gateway: envelope.SentBy, Body: body, At: now, ClockAhead: ahead}, nil
}

// receiveReport takes a report and answers only when it is on disk.
func (c *Center) receiveReport(w http.ResponseWriter, req *http.Request) error {
	from, err := c.verify(w, req)
	if err != nil {
		return err
	}
	report, err := understood(from.Body, req.Header.Get(webhooks.HeaderWebhookID))
	if err != nil {
		c.log.Warn("refused: not understood", "gateway", from.Gateway, "error", err)
		return err
	}
	r := received{
		Gateway: from.Gateway, Report: report, Body: from.Body,
		At: from.At.UTC().Truncate(time.Millisecond), ClockAhead: from.ClockAhead,
	}
	got, err := c.store.take(req.Context(), r)
	if err != nil {
		// Operators see the alarm although the disk refuses; the gateway gets no
		// receipt and sends it again.
		c.unwritten.keep(r, c.config.Name)
		return err
	}
	if got.Conflict {
		// Both are on disk and an operator is told. A refusal would only make the
		// gateway send this one for ever.
		c.log.Error("a report came again with a different body; both are kept", "gateway", r.Gateway, "report", report.ID, "alarm", report.Alarm.ID)
	}
	c.unwritten.forget(r.Gateway, report.Alarm.ID)
	c.contacts.forget(r.Gateway)
	c.log.Info("report received", "gateway", r.Gateway, "report", report.ID, "alarm", report.Alarm.ID,
		"verb", report.Verb, "rule", report.Alarm.Rule, "round", report.Round, "again", got.Again, "clock_ahead", r.ClockAhead)
	return writeJSON(w, emergency.Reply{
		Receipt: &emergency.Receipt{Report: report.ID, At: got.ReceivedAt},
		Answer:  answersFor(got.Case),
	})
}

// understood decodes a report and says what is wrong with it. It insists only
// on what the centre cannot do without: an alarm is not refused for a detail.
func understood(body []byte, webhookID string) (r emergency.Report, err error) {
	if err := json.Unmarshal(body, &r); err != nil {
		return r, badRequest("the body is not the JSON of a report: %v", err)
	}
	switch {
	case r.ID == "":
		return r, badRequest("id is missing: it names the report over all its attempts")
	case !nameable(r.ID):
		return r, badRequest("id %.50q: use 1 to %d visible characters", r.ID, longestName)
	case r.ID != webhookID:
		return r, badRequest("webhook-id %.200q is not the report's id %.200q: both must be the same", webhookID, r.ID)
	case r.Alarm.ID == "":
		return r, badRequest("alarm.id is missing: it names the alarm the report is about")
	case !nameable(r.Alarm.ID):
		return r, badRequest("alarm.id %.50q: use 1 to %d visible characters", r.Alarm.ID, longestName)
	}
	switch r.Verb {
	case ucare.Raise, ucare.Confirm, ucare.Restore, ucare.Cancel:
		return r, nil
	default:
		return r, badRequest("verb %.50q is not one of raise, confirm, restore, cancel", r.Verb)
	}
}

func nameable(name string) bool {
	return len(name) <= longestName && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
}

// receiveHeartbeat notes that the gateway lives and answers for the alarms it
// waits for.
func (c *Center) receiveHeartbeat(w http.ResponseWriter, req *http.Request) error {
	from, err := c.verify(w, req)
	if err != nil {
		return err
	}
	var h emergency.Heartbeat
	if err := json.Unmarshal(from.Body, &h); err != nil {
		return badRequest("the body is not the JSON of a heartbeat: %v", err)
	}
	c.heard(req.Context(), from, h)
	answers, err := c.store.answers(req.Context(), from.Gateway, h.Waiting)
	if err != nil {
		return fmt.Errorf("read the answers for gateway %s: %w", from.Gateway, err)
	}
	return writeJSON(w, emergency.HeartbeatReply{At: from.At.UTC().Truncate(time.Millisecond), Answer: answers})
}

// health answers whether the centre can read its file.
func (c *Center) health(w http.ResponseWriter, req *http.Request) error {
	if err := c.store.alive(req.Context()); err != nil {
		return fmt.Errorf("check the data file: %w", err)
	}
	return writeJSON(w, struct {
		Status string `json:"status"`
	}{"ok"})
}
