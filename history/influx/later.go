package influx

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	api "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// Later is why nothing is known of what was written: offer all of it again.
type Later struct {
	After time.Duration // how long the server wants to be left alone; 0: it does not say
	Fault string        // what a person has to put right; "": it should pass by itself
	Err   error
}

// Error is the fault, or else what went wrong.
func (l *Later) Error() string {
	if l.Fault != "" {
		return l.Fault
	}
	return l.Err.Error()
}

// Unwrap returns what went wrong.
func (l *Later) Unwrap() error { return l.Err }

// A refusal is a server that says that what it was given is no good: the points, or how
// many they are.
type refusal struct {
	text    string
	dropped int // how many of the points it did not take, as far as it says so
}

func (r *refusal) Error() string { return "the InfluxDB says: " + r.text }

// trouble makes of what went wrong with a request what there is to do: a *Later, or a
// *refusal. bucket is where the request went to.
func (s *Store) trouble(ctx context.Context, bucket string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.StatusCode == 0 {
		return &Later{Fault: s.unreachable(err), Err: fmt.Errorf("speak with the InfluxDB at %s: %w", s.c.URL, err)}
	}
	text := said(e)
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return &refusal{text, dropped(text)}
	}
	return &Later{
		After: retryAfter(e.Header), Fault: s.fault(e.StatusCode, bucket, text),
		Err: fmt.Errorf("the InfluxDB at %s answers %d %s: %s", s.c.URL, e.StatusCode, http.StatusText(e.StatusCode), text),
	}
}

// later is trouble where a refusal can only be a fault of ours or of the server.
func (s *Store) later(ctx context.Context, bucket string, err error) error {
	err = s.trouble(ctx, bucket, err)
	if _, refused := errors.AsType[*refusal](err); refused {
		return &Later{Err: err}
	}
	return err
}

// unreachable says what to put right when no answer came; "": wait.
func (s *Store) unreachable(err error) string {
	if m, ok := errors.AsType[moved](err); ok {
		return fmt.Sprintf("%s is not the InfluxDB, but sends us to %s: set gateway.history.influxdb.url to where it is", s.c.URL, m.to)
	}
	if m, ok := errors.AsType[stranger](err); ok {
		return fmt.Sprintf("what answers at %s takes readings with %s, and an InfluxDB with 204 No Content: check that gateway.history.influxdb.url leads to an InfluxDB, and what is on the way to it", s.c.URL, m.status)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("the certificate of the InfluxDB at %s is not believed (%v): set gateway.history.influxdb.ca_file to the authority that made it, or have it renewed", s.c.URL, err)
	}
	return ""
}

// fault says what to put right after an answer; "": wait.
func (s *Store) fault(status int, bucket, text string) string {
	switch {
	case status == http.StatusUnauthorized:
		return fmt.Sprintf("the InfluxDB at %s does not know the token (%s): put a token of it into gateway.history.influxdb.token_file; of InfluxDB 1.8 it is user:password", s.c.URL, text)
	case strings.Contains(text, "Flux query service disabled"):
		return fmt.Sprintf("the InfluxDB at %s answers no questions in Flux: set flux-enabled = true under [http] in its configuration", s.c.URL)
	case status == http.StatusForbidden:
		return fmt.Sprintf("the InfluxDB at %s does not let the token use the bucket %s (%s): give the token the right to read and write it", s.c.URL, bucket, text)
	case status == http.StatusNotFound || strings.Contains(text, "retention policy not found"):
		return fmt.Sprintf("the InfluxDB at %s does not find the bucket %s of organisation %q (%s): check both, and that url leads to an InfluxDB", s.c.URL, bucket, s.c.Org, text)
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= http.StatusInternalServerError:
		return ""
	default:
		return fmt.Sprintf("what answers at %s says %d %s (%s): check that url leads to an InfluxDB", s.c.URL, status, http.StatusText(status), text)
	}
}

// said is what an answer says, in one line.
func said(e *api.Error) string {
	text := cmp.Or(e.Message, e.Header.Get("X-Influxdb-Error"))
	if text == "" && e.Err != nil {
		text = e.Err.Error()
	}
	return head(strings.Join(strings.Fields(cmp.Or(text, e.Code, http.StatusText(e.StatusCode))), " "))
}

// retryAfter is for how long the server wants to be left alone: seconds, or an instant.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// The versions say "dropped=3" and "dropped 3 points".
var droppedText = regexp.MustCompile(` *\bdropped[= ](\d+)`)

func dropped(text string) int {
	if found := droppedText.FindStringSubmatch(text); found != nil {
		n, _ := strconv.Atoi(found[1])
		return n
	}
	return 0
}

// tooOld: a refusal because of the retention, which is about the points for sure.
func (r *refusal) tooOld() bool {
	return strings.Contains(r.text, "beyond retention policy") || strings.Contains(r.text, "outside retention policy")
}

// What the servers quote of a line that they do not understand.
var quotedText = regexp.MustCompile(`(?s)unable to parse '(.*'|.*$)`)

// reason is what the refusal says of one point, the same for all that have it: without
// their number, and without what they say.
func (r *refusal) reason() string {
	return quotedText.ReplaceAllString(droppedText.ReplaceAllString(r.Error(), ""), "unable to parse it")
}
