// Package webhook is the way to a centre that receives signed webhooks, as
// Standard Webhooks describes them: reports are posted to URL/v1/reports and
// heartbeats to URL/v1/heartbeats, in the JSON of package emergency.
//
// Every attempt carries the report's id, the time of the attempt and one
// signature for each secret, so that secrets can be changed without a gap.
package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare/emergency"
)

// A Config says where a centre is and how it knows us.
type Config struct {
	// URL is the address under which the centre's /v1/reports is, such as
	// https://centre.example.org or https://example.org/ucare.
	URL string
	// Secrets sign, each on its own: whsec_ and the base64 of 24 to 64 bytes.
	// The newest comes first; the others are those that the centre still knows.
	Secrets []string

	// CAFile holds the certificate authorities to trust in the place of the
	// system's (PEM). CertFile and KeyFile are ours, for a centre that asks.
	CAFile, CertFile, KeyFile string
	// NotBefore is an instant that is known to have passed, such as that of the
	// last journal entry. A board whose clock starts in 1970 would otherwise
	// take the centre's certificate for one that is not valid yet.
	NotBefore time.Time
}

// A Link is the way to one centre.
type Link struct {
	reports, heartbeats string
	signers             signers
	client              *http.Client
}

var _ emergency.Link = (*Link)(nil)

// New reads the certificates and prepares the way. It connects to nothing. Its
// errors do not hold secrets.
func New(c Config) (*Link, error) {
	base, err := address(c.URL)
	signers, errSecrets := newSigners(c.Secrets)
	transport, errTLS := newTransport(c)
	if err := errors.Join(err, errSecrets, errTLS); err != nil {
		return nil, err
	}
	return &Link{
		reports:    base.JoinPath("v1", "reports").String(),
		heartbeats: base.JoinPath("v1", "heartbeats").String(),
		signers:    signers,
		client:     &http.Client{Transport: transport, CheckRedirect: noRedirect},
	}, nil
}

func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, fmt.Errorf("url: %w", err)
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, fmt.Errorf("url %q: use an address such as https://centre.example.org", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("url of %s: leave out user, query and fragment; the secret signs", u.Host)
	}
	return u, nil
}

// Send posts a report once.
func (l *Link) Send(ctx context.Context, report string, body []byte) (emergency.Reply, error) {
	var reply emergency.Reply
	err := l.post(ctx, l.reports, report, body, &reply)
	return reply, err
}

// Heartbeat posts a heartbeat once.
func (l *Link) Heartbeat(ctx context.Context, h emergency.Heartbeat) (emergency.HeartbeatReply, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return emergency.HeartbeatReply{}, fmt.Errorf("write the heartbeat as JSON: %w", err)
	}
	var reply emergency.HeartbeatReply
	err = l.post(ctx, l.heartbeats, "heartbeat-"+rand.Text(), body, &reply)
	return reply, err
}

// Close ends the connections that are open.
func (l *Link) Close() { l.client.CloseIdleConnections() }

// largestAnswer is what is read of an answer.
const largestAnswer = 1 << 20

// post sends a signed body and reads the answer into reply.
func (l *Link) post(ctx context.Context, to, id string, body []byte, reply any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("prepare the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, application/problem+json")
	request.Header.Set("User-Agent", "ucare-gateway")
	if err := l.signers.sign(request.Header, id, time.Now(), body); err != nil {
		return err
	}
	response, err := l.client.Do(request)
	if err != nil {
		l.client.CloseIdleConnections() // a router may have forgotten them; the next attempt begins afresh
		return fmt.Errorf("post to %s: %w", to, plain(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer+1))
	switch {
	case response.StatusCode < 200 || response.StatusCode > 299:
		return refusal(response, to, answer)
	case err != nil:
		l.client.CloseIdleConnections()
		return fmt.Errorf("the answer of %s (status %d) broke off after %d bytes: %w", to, response.StatusCode, len(answer), plain(err))
	case len(answer) > largestAnswer:
		return fmt.Errorf("the answer of %s (status %d) is larger than %d bytes; a receipt is not", to, response.StatusCode, largestAnswer)
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		return fmt.Errorf("the answer of %s (status %d) is not the JSON of a receipt: %w; it begins with %.80q", to, response.StatusCode, err, answer)
	}
	return nil
}

// refusal reads an answer that is not a yes.
func refusal(response *http.Response, to string, answer []byte) error {
	r := &emergency.Refusal{URL: to, Status: response.StatusCode, Title: http.StatusText(response.StatusCode)}
	var problem emergency.Problem
	switch {
	case response.StatusCode >= 300 && response.StatusCode <= 399:
		r.Detail = fmt.Sprintf("it redirects to %.200q, which is not followed: enter the centre's own address as url", response.Header.Get("Location"))
	case json.Unmarshal(answer, &problem) == nil && problem.Title+problem.Detail != "":
		r.Title, r.Detail = short(problem.Title), short(problem.Detail)
	}
	if r.Status == http.StatusNotFound {
		r.Detail = strings.TrimPrefix(r.Detail+"; give the base address: "+versionPath(to)+" is added to it", "; ")
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.RetryAfter = time.Duration(min(seconds, 86400)) * time.Second
	}
	return r
}

// versionPath is what was added to the address that was entered.
func versionPath(to string) string { return to[strings.LastIndex(to, "/v1/"):] }

// short keeps a stranger's text from filling the log.
func short(text string) string {
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return text
}
