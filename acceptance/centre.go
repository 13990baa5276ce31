package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/emergency/center"
)

// A Heard is what the centre has heard of the alarm of one room.
type Heard struct {
	Alarms map[string]bool // names under which it came
	First  time.Time       // when the first byte of it came in
}

// A WatchedCentre is the real reference centre behind a line that can be made
// bad, with an ear on the line: it notes which alarms came in for which room.
type WatchedCentre struct {
	center *center.Center
	server *httptest.Server
	place  *Place

	// Fault, when set, may spoil a request; n counts them from 1.
	fault func(n int) Fault

	mu    sync.Mutex
	count int
	rooms map[string]Heard
	names map[string]bool // alarms that came in with a receipt
}

// A Fault is how a line is bad.
type Fault int

// The faults of a line.
const (
	NoFault    Fault = iota
	Refuse           // 500, and the centre never sees the request
	LoseAnswer       // the centre has it, the answer is lost
	Reset            // the connection ends before any answer
)

// EveryFifthBad spoils one request in five, each time in another way.
func EveryFifthBad(n int) Fault {
	if n%5 != 0 {
		return NoFault
	}
	return Fault(1 + n/5%3)
}

// StartWatchedCentre opens the centre's own log in the place and listens there.
func StartWatchedCentre(ctx context.Context, p *Place, fault func(n int) Fault) (*WatchedCentre, error) {
	c, err := center.Open(ctx, center.Config{
		Name: "Test Centre", DataFile: filepath.Join(p.Dir, "watched-center.db"),
		Gateways:  []center.Gateway{{ID: GatewayID, Account: "110042", Secrets: []string{p.Secret}}},
		Operators: []center.Operator{{ID: Operator, Name: "Operator Park", Password: p.OperatorPassword}},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	w := &WatchedCentre{center: c, place: p, fault: fault, rooms: make(map[string]Heard), names: make(map[string]bool)}
	w.server = httptest.NewUnstartedServer(w)
	if w.server.Listener, err = relisten(w.server.Listener, p.Centre); err != nil {
		return nil, err
	}
	w.server.Start()
	return w, nil
}

// relisten gives the test server the address that the gateway was told.
func relisten(old net.Listener, address string) (net.Listener, error) {
	if err := old.Close(); err != nil {
		return nil, err
	}
	return net.Listen("tcp", address)
}

// Close ends the line and the centre.
func (w *WatchedCentre) Close() error {
	w.server.CloseClientConnections()
	w.server.Close()
	return w.center.Close()
}

// ServeHTTP is the line to the centre.
func (w *WatchedCentre) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	came := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := NoFault
	if strings.HasPrefix(r.URL.Path, "/v1/reports") {
		fault = w.note(body, came)
	}
	switch fault {
	case Refuse:
		http.Error(rw, "out of order", http.StatusInternalServerError)
	case Reset:
		panic(http.ErrAbortHandler)
	case LoseAnswer:
		w.center.Handler().ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		w.center.Handler().ServeHTTP(rw, r)
	}
}

// note listens in on a report and says how bad the line is for it.
func (w *WatchedCentre) note(body []byte, came time.Time) Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	fault := NoFault
	if w.fault != nil {
		fault = w.fault(w.count)
	}
	var report emergency.Report
	if json.Unmarshal(body, &report) != nil || report.Verb != ucare.Raise {
		return fault
	}
	heard, known := w.rooms[report.Alarm.Room]
	if !known {
		heard = Heard{Alarms: make(map[string]bool), First: came}
	}
	heard.Alarms[report.Alarm.ID] = true
	w.rooms[report.Alarm.Room] = heard
	if fault == NoFault || fault == LoseAnswer {
		w.names[report.Alarm.ID] = true
	}
	return fault
}

// Rooms is what was heard so far, by the room of the alarm.
func (w *WatchedCentre) Rooms() map[string]Heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	rooms := maps.Clone(w.rooms)
	for room, heard := range rooms {
		heard.Alarms = maps.Clone(heard.Alarms) // reports go on coming in
		rooms[room] = heard
	}
	return rooms
}

// Taken are the names of the alarms that the centre itself has.
func (w *WatchedCentre) Taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for name := range w.names {
		out = append(out, name)
	}
	return out
}

// reports is how many reports came in so far.
func (w *WatchedCentre) reports() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// forget drops an alarm from Taken.
func (w *WatchedCentre) forget(alarm string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.names, alarm)
}

// Press presses a button of the centre's page for an alarm, as an operator.
func Press(ctx context.Context, p *Place, alarm, button string) error {
	form := url.Values{"gateway": {GatewayID}, "alarm": {alarm}, "outcome": {"test"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.Centre+"/"+button, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(Operator, p.OperatorPassword)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK { // after the redirect
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("press %s: the centre answers %s: %s", button, response.Status, text)
	}
	return nil
}
