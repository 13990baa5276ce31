package acceptance

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// An Ear is a centre that notes when the first byte of each alarm came in, and
// answers like a centre whose operator is quick.
type Ear struct {
	server *http.Server

	mu      sync.Mutex
	waiting map[string]chan time.Time // by room
}

// Listen starts an ear on an address.
func Listen(address string) (*Ear, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	e := &Ear{waiting: make(map[string]chan time.Time)}
	e.server = &http.Server{Handler: e}
	go func() { _ = e.server.Serve(listener) }() // until Close
	return e, nil
}

// Close ends it.
func (e *Ear) Close() error { return e.server.Close() }

// Expect returns when the alarm of a room comes in from now on. Only the newest
// expectation of a room counts.
func (e *Ear) Expect(room string) <-chan time.Time {
	arrived := make(chan time.Time, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting[room] = arrived
	return arrived
}

func (e *Ear) heard(room string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if arrived, ok := e.waiting[room]; ok {
		arrived <- at
		delete(e.waiting, room)
	}
}

// ServeHTTP takes a report of the gateway, or a bare message {"Room": …}.
func (e *Ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.HasSuffix(r.URL.Path, "/heartbeats") {
		answer(w, emergency.HeartbeatReply{At: came})
		return
	}
	var report emergency.Report
	if json.Unmarshal(body, &report) == nil && report.ID != "" {
		if report.Verb == ucare.Raise {
			e.heard(report.Alarm.Room, came)
		}
		answer(w, emergency.Reply{
			Receipt: &emergency.Receipt{Report: report.ID, At: came},
			Answer: []emergency.Answer{{Alarm: report.Alarm.ID, Answers: ucare.Answers{
				ReceivedAt: came, AcknowledgedAt: came, AcknowledgedBy: "bench", ClosedAt: came, ClosedBy: "bench",
			}}},
		})
		return
	}
	var bare struct{ Room string }
	if json.Unmarshal(body, &bare) == nil {
		e.heard(bare.Room, came)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the asker measures, not we
}
