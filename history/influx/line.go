package influx

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	// reach is how long it may take to get to the server.
	reach = 5 * time.Second
	// patience is how long a whole request may take. A server that needs 19 s for an
	// answer still gets on.
	patience = 60 * time.Second
	// longestError is how much of an answer is read that says what went wrong.
	longestError = 64 << 10
)

// A line is our own way to the server: nobody else's deadline, pool or retry.
type line struct {
	http  *http.Client
	way   http.RoundTripper
	clock func(time.Time)
}

func newLine(trust *tls.Config, clock func(time.Time)) *line {
	l := &line{clock: clock, way: &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: reach}).DialContext,
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: reach,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     time.Minute,
	}}
	l.http = &http.Client{Transport: l, Timeout: patience, CheckRedirect: stay}
	return l
}

// A moved is a server that sends us to another one. The token is not taken there.
type moved struct{ to string }

func (m moved) Error() string { return "the server says to go to " + m.to }

func stay(r *http.Request, _ []*http.Request) error { return moved{r.URL.Redacted()} }

// A stranger is what answers a write as no InfluxDB does, a portal or a proxy with a page of
// its own: the readings are not stored, however friendly the answer.
type stranger struct{ status string }

func (s stranger) Error() string { return "what was written is answered with " + s.status }

// RoundTrip does one request, and listens to what the server says of the time.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.way.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if theirs, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		l.clock(theirs)
	}
	if friendly := answer.StatusCode/100 == 2; friendly && answer.StatusCode != http.StatusNoContent && strings.HasSuffix(r.URL.Path, "/api/v2/write") {
		answer.Body.Close()
		return nil, stranger{answer.Status}
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		answer.Body = limited{io.LimitReader(answer.Body, longestError), answer.Body}
	}
	return answer, nil
}

// CloseIdleConnections gives up connections that are not in use.
func (l *line) CloseIdleConnections() {
	if way, ok := l.way.(*http.Transport); ok {
		way.CloseIdleConnections()
	}
}

type limited struct {
	io.Reader
	io.Closer
}

// head cuts what a server says down to what a person reads.
func head(text string) string {
	const most = 300
	if len(text) > most {
		return fmt.Sprintf("%.*s…", most, text)
	}
	return text
}
