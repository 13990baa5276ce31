package center

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// Three signing secrets of 32 bytes.
const (
	secretA = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
	secretB = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
	secretC = "whsec_Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M="
)

// testConfig has two gateways (the second with two secrets) and two operators.
func testConfig(t *testing.T) Config {
	return Config{
		Name: "Seongbuk centre",
		Gateways: []Gateway{
			{ID: "gw-1", Account: "0001", Secrets: []string{secretA}},
			{ID: "gw-2", Secrets: []string{secretB, secretC}},
		},
		Operators: []Operator{
			{ID: "kim", Name: "Kim Min-ji", Password: "correct horse"},
			{ID: "lee", Password: "battery staple"},
		},
		DataFile: filepath.Join(t.TempDir(), "center.db"),
		Location: time.UTC,
	}
}

// A site is a running centre with everything a test does to it.
type site struct {
	*Center
	t      *testing.T
	url    string
	server *httptest.Server
}

func openSite(t *testing.T, config Config) *site {
	t.Helper()
	c, err := Open(t.Context(), config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &site{Center: c, t: t, url: server.URL, server: server}
}

// A posting is a signed request before it is sent; tests spoil it.
type posting struct {
	path, id, secret string
	at               time.Time
	body             []byte
	header           http.Header
}

func signed(t *testing.T, path, id string, v any) posting {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return posting{path: path, id: id, secret: secretA, at: time.Now(), body: body, header: http.Header{}}
}

func (p posting) request(t *testing.T, base string) *http.Request {
	t.Helper()
	hook, err := webhooks.NewWebhook(p.secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := hook.Sign(p.id, p.at, p.body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+p.path, bytes.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(webhooks.HeaderWebhookID, p.id)
	r.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(p.at.Unix()))
	r.Header.Set(webhooks.HeaderWebhookSignature, signature)
	maps.Copy(r.Header, p.header)
	return r
}

func (s *site) do(r *http.Request) (int, http.Header, string) {
	s.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func (s *site) post(p posting) (int, string) {
	s.t.Helper()
	status, _, body := s.do(p.request(s.t, s.url))
	return status, body
}

// sends posts a report of gw-1 and expects a receipt.
func (s *site) sends(r emergency.Report) emergency.Reply {
	s.t.Helper()
	status, body := s.post(signed(s.t, "/v1/reports", r.ID, r))
	if status != http.StatusOK {
		s.t.Fatalf("report %s: %d %s", r.ID, status, body)
	}
	return decode[emergency.Reply](s.t, body)
}

func (s *site) beats(h emergency.Heartbeat) emergency.HeartbeatReply {
	s.t.Helper()
	status, body := s.post(signed(s.t, "/v1/heartbeats", "beat", h))
	if status != http.StatusOK {
		s.t.Fatalf("heartbeat: %d %s", status, body)
	}
	return decode[emergency.HeartbeatReply](s.t, body)
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// asKim makes an operator's request; a form makes it a POST.
func (s *site) asKim(path string, form url.Values) *http.Request {
	s.t.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.SetBasicAuth("kim", "correct horse")
	return r
}

func (s *site) sees(path string) string {
	s.t.Helper()
	status, _, body := s.do(s.asKim(path, nil))
	if status != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

func (s *site) list() []Case {
	s.t.Helper()
	return decode[AlarmList](s.t, s.sees("/v1/alarms")).Alarms
}

func (s *site) only() Case {
	s.t.Helper()
	all := s.list()
	if len(all) != 1 {
		s.t.Fatalf("%d alarms, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (s *site) submits(path string, form url.Values) {
	s.t.Helper()
	status, header, body := s.do(s.asKim(path, form))
	if status != http.StatusSeeOther || header.Get("Location") != "/" {
		s.t.Fatalf("POST %s: %d to %q: %s", path, status, header.Get("Location"), body)
	}
}

func about(alarm string) url.Values { return url.Values{"gateway": {"gw-1"}, "alarm": {alarm}} }

func closing(alarm string, outcome Outcome, words string) url.Values {
	form := about(alarm)
	form.Set("outcome", string(outcome))
	form.Set("words", words)
	return form
}

var onset = time.Date(2026, 11, 22, 8, 14, 3, 0, time.UTC)

// smoke is a report of gw-1 about smoke in Mrs Park's kitchen.
func smoke(alarm string, verb ucare.Verb, round int) emergency.Report {
	return emergency.Report{
		ID: emergency.ReportID(alarm, verb, round), Verb: verb, SentBy: "gw-1", Round: cmp.Or(round, 1), At: onset.Add(time.Minute),
		Dwelling: ucare.Dwelling{
			ID: "home-1", Account: "0412", Resident: ucare.Resident{Name: "Park Sun-ja", Phone: "02-555-0412"},
			Address: "77 Jeongneung-ro", Rooms: []ucare.Room{{ID: "kitchen", Name: "Old kitchen"}},
		},
		Alarm: ucare.Alarm{
			ID: alarm, Dwelling: "home-1", Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: onset, RaisedAt: onset,
			Because: []ucare.Evidence{{Fact: ucare.FactDetected, At: onset, Sensor: "smoke-1", Room: "kitchen", Kind: ucare.Smoke}},
		},
	}
}
