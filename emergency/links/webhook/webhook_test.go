package webhook_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/emergency/links/webhook"
)

func secret(letter string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

var body = []byte(`{"id":"a-raise-1","verb":"raise"}`)

// centre is a real server that answers as a test wants.
func centre(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server
}

func link(t *testing.T, c webhook.Config) *webhook.Link {
	t.Helper()
	if c.Secrets == nil {
		c.Secrets = []string{secret("a")}
	}
	l, err := webhook.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func receipt(w http.ResponseWriter, report string) {
	json.NewEncoder(w).Encode(emergency.Reply{Receipt: &emergency.Receipt{Report: report, At: time.Now()}})
}

func TestAReportIsSignedSoThatTheLibraryOfStandardWebhooksVerifiesIt(t *testing.T) {
	server := centre(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		if string(got) != string(body) || r.Method != http.MethodPost || r.URL.Path != "/ucare/v1/reports" ||
			r.Header.Get("Webhook-Id") != "a-raise-1" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s %s %v\n%s", r.Method, r.URL, r.Header, got)
		}
		for _, known := range []string{secret("a"), secret("b")} { // while the secret is being changed
			theirs, err := webhooks.NewWebhook(known)
			if err != nil {
				t.Error(err)
			} else if err := theirs.Verify(got, r.Header); err != nil {
				t.Errorf("a centre with one of the two secrets refuses: %v", err)
			}
		}
		if theirs, _ := webhooks.NewWebhook(secret("c")); theirs.Verify(got, r.Header) == nil {
			t.Error("another secret verifies too")
		}
		receipt(w, "a-raise-1")
	})
	reply, err := link(t, webhook.Config{URL: server.URL + "/ucare/", Secrets: []string{secret("b"), secret("a")}}).Send(t.Context(), "a-raise-1", body)
	if err != nil || reply.Confirms("a-raise-1") != nil {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestAHeartbeatBringsAnswers(t *testing.T) {
	seen := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ids := make(chan string, 2)
	server := centre(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		theirs, _ := webhooks.NewWebhook(secret("a"))
		var h emergency.Heartbeat
		if err := errors.Join(theirs.Verify(got, r.Header), json.Unmarshal(got, &h)); err != nil || r.URL.Path != "/v1/heartbeats" || h.SentBy != "box-1" {
			t.Errorf("%s %s: %v", r.URL, got, err)
		}
		ids <- r.Header.Get("Webhook-Id")
		json.NewEncoder(w).Encode(emergency.HeartbeatReply{Answer: []emergency.Answer{{Alarm: "a", Answers: ucare.Answers{AcknowledgedAt: seen, AcknowledgedBy: "Lee"}}}})
	})
	l := link(t, webhook.Config{URL: server.URL})
	for range 2 {
		reply, err := l.Heartbeat(t.Context(), emergency.Heartbeat{SentBy: "box-1"})
		if err != nil || len(reply.Answer) != 1 || !reply.Answer[0].AcknowledgedAt.Equal(seen) {
			t.Errorf("%+v, %v", reply, err)
		}
	}
	if one, two := <-ids, <-ids; one == two {
		t.Errorf("two heartbeats have the id %q", one)
	}
}

func TestWhatIsNotAReceiptIsAnErrorThatSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		status int
		after  time.Duration
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "answered 500: Internal Server Error", 500, 0},
		"a problem": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(401)
			io.WriteString(w, `{"title":"Unauthorized","status":401,"detail":"the signature does not verify"}`)
		}, "answered 401: Unauthorized: the signature does not verify", 401, 0},
		"429": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "12")
			w.WriteHeader(429)
		}, "answered 429: Too Many Requests", 429, 12 * time.Second},
		"429 at a date": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")
			w.WriteHeader(429)
		}, "answered 429", 429, 0},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/reports" {
				t.Errorf("the report was carried to %s", r.URL)
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, `redirects to "/elsewhere", which is not followed`, 307, 0},
		"no receipt": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"answers":[]}`)
		}, "without a receipt for report a-raise-1", 0, 0},
		"another's receipt": {func(w http.ResponseWriter, _ *http.Request) { receipt(w, "b-raise-1") }, `receipt is for report "b-raise-1"`, 0, 0},
		"nothing":           {func(http.ResponseWriter, *http.Request) {}, "not the JSON of a receipt", 0, 0},
		"a web page": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<html>log in to the Wi-Fi</html>")
		}, `it begins with "<html>log in`, 0, 0},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"receipt":{"report":"a-raise-1","at":"2026-03-0`)
		}, "not the JSON of a receipt", 0, 0},
		"5 MB": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Repeat(" ", 5<<20))
			receipt(w, "a-raise-1")
		}, "larger than 1048576 bytes", 0, 0},
		"a connection that breaks in the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"receipt":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "broke off after 11 bytes", 0, 0},
		"a reset": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}, "reset by peer", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			reply, err := link(t, webhook.Config{URL: centre(t, c.answer).URL}).Send(t.Context(), "a-raise-1", body)
			if err == nil {
				err = reply.Confirms("a-raise-1")
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if refusal, is := errors.AsType[*emergency.Refusal](err); is != (c.status != 0) || is && (refusal.Status != c.status || refusal.RetryAfter != c.after) {
				t.Errorf("the refusal is %+v", refusal)
			}
		})
	}
}

func TestACentreThatHangsIsLeftWhenTheAttemptEnds(t *testing.T) {
	release := make(chan struct{})
	server := centre(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := link(t, webhook.Config{URL: server.URL}).Send(ctx, "a-raise-1", body)
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "post to "+server.URL+"/v1/reports: no answer in time: context deadline exceeded" {
		t.Errorf("got %v", err)
	}
}

func TestAWrongAddressIsNamedWithWhatWasAddedToIt(t *testing.T) {
	server := centre(t, http.NotFound)
	l := link(t, webhook.Config{URL: server.URL + "/v1/reports"})
	_, err := l.Send(t.Context(), "a-raise-1", body)
	_, errBeat := l.Heartbeat(t.Context(), emergency.Heartbeat{})
	for path, err := range map[string]error{"/v1/reports": err, "/v1/heartbeats": errBeat} {
		want := "the receiver at " + server.URL + "/v1/reports" + path + " answered 404: Not Found: give the base address: " + path + " is added to it"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestTheSameFailureHasTheSameText(t *testing.T) {
	server := centre(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
	l := link(t, webhook.Config{URL: server.URL})
	texts := map[string]bool{}
	for range 20 {
		if _, err := l.Send(t.Context(), "a-raise-1", body); err != nil {
			texts[strings.ReplaceAll(err.Error(), "write:", "read:")] = true
		}
	}
	server.Close()
	for range 3 {
		_, err := l.Send(t.Context(), "a-raise-1", body)
		texts[err.Error()] = true
	}
	if len(texts) > 2 {
		t.Errorf("two failures have %d texts, and each would be logged: %v", len(texts), texts)
	}
}

func TestAWrongSettingIsRefusedWithoutTellingTheSecret(t *testing.T) {
	long := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))
	missing := filepath.Join(t.TempDir(), "missing.pem")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	os.WriteFile(empty, []byte("nothing"), 0o600)
	for want, c := range map[string]webhook.Config{
		"use an address such as":                  {URL: "centre.example.org", Secrets: []string{secret("a")}},
		"url \"ftp://a\"":                         {URL: "ftp://a", Secrets: []string{secret("a")}},
		"leave out user, query and fragment":      {URL: "https://lee:hunter2@a", Secrets: []string{secret("a")}},
		"secret: there is none":                   {URL: "https://a"},
		"secret 2: it does not begin with whsec_": {URL: "https://a", Secrets: []string{secret("a"), "hunter2"}},
		"secret 1: what follows whsec_":           {URL: "https://a", Secrets: []string{"whsec_hunter2!"}},
		"secret 1: it has 5 bytes: use 24 to 64":  {URL: "https://a", Secrets: []string{"whsec_aHVudGU="}},
		"secret 1: it has 65 bytes":               {URL: "https://a", Secrets: []string{long}},
		"ca_file: open":                           {URL: "https://a", Secrets: []string{secret("a")}, CAFile: missing},
		"holds no certificate in PEM form":        {URL: "https://a", Secrets: []string{secret("a")}, CAFile: empty},
		"client certificate":                      {URL: "https://a", Secrets: []string{secret("a")}, CertFile: missing},
	} {
		_, err := webhook.New(c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunte") || strings.Contains(err.Error(), "aHVudGU")) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}

// A certificate of our own making, valid for an hour before until an hour after
// an instant, with its files.
type certificate struct {
	tls               tls.Certificate
	certFile, keyFile string
}

func newCertificate(t *testing.T, at time.Time) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate{certFile: filepath.Join(t.TempDir(), "cert.pem"), keyFile: filepath.Join(t.TempDir(), "key.pem")}
	os.WriteFile(c.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600)
	os.WriteFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	if c.tls, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err != nil {
		t.Fatal(err)
	}
	return c
}

func secureCentre(t *testing.T, c *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { receipt(w, "a-raise-1") }))
	server.TLS = c
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestOnlyTheCentresOwnCertificateIsTrusted(t *testing.T) {
	theirs, other := newCertificate(t, time.Now()), newCertificate(t, time.Now())
	server := secureCentre(t, &tls.Config{Certificates: []tls.Certificate{theirs.tls}})
	if _, err := link(t, webhook.Config{URL: server.URL, CAFile: theirs.certFile}).Send(t.Context(), "a-raise-1", body); err != nil {
		t.Errorf("the centre's own certificate is refused: %v", err)
	}
	for name, ca := range map[string]string{"another": other.certFile, "the system's": ""} {
		if _, err := link(t, webhook.Config{URL: server.URL, CAFile: ca}).Send(t.Context(), "a-raise-1", body); err == nil {
			t.Errorf("with %s authorities the centre is trusted", name)
		}
	}
}

func TestACentreMayAskForOurCertificate(t *testing.T) {
	theirs, ours := newCertificate(t, time.Now()), newCertificate(t, time.Now())
	pool := x509.NewCertPool()
	pool.AddCert(ours.tls.Leaf)
	server := secureCentre(t, &tls.Config{Certificates: []tls.Certificate{theirs.tls}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert})
	c := webhook.Config{URL: server.URL, CAFile: theirs.certFile}
	if _, err := link(t, c).Send(t.Context(), "a-raise-1", body); err == nil {
		t.Error("it was accepted without our certificate")
	}
	c.CertFile, c.KeyFile = ours.certFile, ours.keyFile
	if _, err := link(t, c).Send(t.Context(), "a-raise-1", body); err != nil {
		t.Errorf("with our certificate: %v", err)
	}
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	theirs := newCertificate(t, time.Now())
	server := secureCentre(t, &tls.Config{Certificates: []tls.Certificate{theirs.tls}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if _, err := link(t, webhook.Config{URL: server.URL, CAFile: theirs.certFile}).Send(t.Context(), "a-raise-1", body); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

// A board without a clock of its own starts in the past. Here the certificate
// is from the future instead, which is the same.
func TestABoardWhoseClockIsInThePastReachesTheCentre(t *testing.T) {
	today := time.Now().Add(20 * 24 * time.Hour)
	theirs := newCertificate(t, today)
	server := secureCentre(t, &tls.Config{Certificates: []tls.Certificate{theirs.tls}})
	c := webhook.Config{URL: server.URL, CAFile: theirs.certFile}
	if _, err := link(t, c).Send(t.Context(), "a-raise-1", body); err == nil {
		t.Error("a certificate that is not valid yet is trusted")
	}
	c.NotBefore = today
	if _, err := link(t, c).Send(t.Context(), "a-raise-1", body); err != nil {
		t.Errorf("although it is known to be later: %v", err)
	}
}

// outbox forgets everything: these tests are about the way.
type outbox struct{ accepted chan string }

func (o outbox) Queue(context.Context, []emergency.Delivery) error { return nil }
func (o outbox) Mark(_ context.Context, m emergency.Mark) error {
	if m.Failure == "" {
		o.accepted <- m.Report
	}
	return nil
}
func (o outbox) Answered(context.Context, string, time.Time, ucare.Answers) error { return nil }

func TestADispatcherGetsAnAlarmThroughACentreThatFailsAtFirst(t *testing.T) {
	var n atomic.Int64
	server := centre(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/reports" {
			json.NewEncoder(w).Encode(emergency.HeartbeatReply{})
			return
		}
		switch n.Add(1) {
		case 1:
			w.WriteHeader(503)
		default:
			receipt(w, r.Header.Get("Webhook-Id"))
		}
	})
	o := outbox{accepted: make(chan string, 1)}
	policy := &emergency.Policy{SentBy: "box-1", Routes: []emergency.Route{{ID: "usual", Steps: []emergency.Step{{Receivers: []string{"centre"}, Deadline: time.Minute}}}}}
	d := emergency.New(emergency.Options{
		Policy: policy, Outbox: o, Links: map[string]emergency.Link{"centre": link(t, webhook.Config{URL: server.URL})},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	a := ucare.Alarm{ID: "a", Dwelling: "kim", Rule: ucare.Fire, RaisedAt: time.Now()}
	d.Submit([]ucare.Alarm{a}, policy.First(a, ucare.Raise, time.Now()))
	select {
	case report := <-o.accepted:
		if report != "a-raise-1" || n.Load() != 2 {
			t.Errorf("%s was accepted after %d attempts", report, n.Load())
		}
	case <-time.After(10 * time.Second):
		t.Error("the alarm has not arrived")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func BenchmarkSend(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"receipt":{"report":"a-raise-1","at":"2026-03-01T12:00:00Z"}}`)
	}))
	defer server.Close()
	l, err := webhook.New(webhook.Config{URL: server.URL, Secrets: []string{secret("a")}})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Send(b.Context(), "a-raise-1", body); err != nil {
			b.Fatal(err)
		}
	}
}
