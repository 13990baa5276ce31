package influxd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// A Fault is how a line is bad. The zero value is a good line.
type Fault struct {
	kind       kind
	wait       time.Duration
	status     int
	text       string
	retryAfter time.Duration
}

type kind int

const (
	pass kind = iota
	slow
	refuse
	hang
	cut
)

// Pass lets everything through.
func Pass() Fault { return Fault{} }

// Slow lets the server do what it is asked at once, and its answer through only after d.
func Slow(d time.Duration) Fault { return Fault{kind: slow, wait: d} }

// Status answers with this status and text instead of the server, which never sees
// the request. A retryAfter of a second or more is said too.
func Status(code int, text string, retryAfter time.Duration) Fault {
	return Fault{kind: refuse, status: code, text: text, retryAfter: retryAfter}
}

// Hang takes requests and answers none, until the line is set to something else.
func Hang() Fault { return Fault{kind: hang} }

// Cut lets the server do what it is asked, and ends the connection instead of answering.
func Cut() Fault { return Fault{kind: cut} }

// A Line leads to a real server. What goes through it can be made to fail.
type Line struct {
	URL string

	server *httptest.Server
	behind *httputil.ReverseProxy
	way    *http.Transport // not the one that all share, and that tests close

	mu       sync.Mutex
	fault    func(*http.Request) Fault
	set      chan struct{} // closed when the fault is set anew
	requests map[string]int
}

// NewLine opens a good line to the server at an address such as http://127.0.0.1:8086.
func NewLine(server string) (*Line, error) {
	target, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	l := &Line{set: make(chan struct{}), requests: make(map[string]int), way: &http.Transport{DisableCompression: true}}
	l.Set(Pass())
	l.behind = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: l.way,
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	l.server = httptest.NewServer(l)
	l.URL = l.server.URL
	return l, nil
}

// Set makes the line bad, or good again, from now on. What hangs is let go.
func (l *Line) Set(f Fault) { l.SetFor(func(*http.Request) Fault { return f }) }

// SetFor makes the line bad for some requests, of which ContentLength is known and the
// body must be left alone.
func (l *Line) SetFor(fault func(*http.Request) Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
	close(l.set)
	l.set = make(chan struct{})
}

// Requests is how many requests came so far for a path such as /api/v2/write.
func (l *Line) Requests(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests[path]
}

// Close ends the line, with what hangs on it.
func (l *Line) Close() error {
	l.Set(Cut())
	l.server.CloseClientConnections()
	l.server.Close()
	l.way.CloseIdleConnections()
	return nil
}

// ServeHTTP is one request on the line.
func (l *Line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// All of it before any answer: an answer that comes first would end the request.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	fault, set := l.note(r)
	switch fault.kind {
	case refuse:
		fault.refuse(w)
	case hang:
		select {
		case <-set:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	case cut:
		l.behind.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case slow:
		answer := httptest.NewRecorder()
		l.behind.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
		select {
		case <-time.After(fault.wait):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
		replay(w, answer)
	default:
		l.behind.ServeHTTP(w, r)
	}
}

func (l *Line) note(r *http.Request) (Fault, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests[r.URL.Path]++
	return l.fault(r), l.set
}

func (f Fault) refuse(w http.ResponseWriter) {
	if f.retryAfter >= time.Second {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.retryAfter/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	fmt.Fprintf(w, `{"code":%q,"message":%q}`, http.StatusText(f.status), f.text)
}

func replay(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}
