package influx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/influxd"
)

// post sends a text to the server past the store.
func post(t *testing.T, url, contentType, body string) {
	t.Helper()
	answer, err := http.Post(url, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= 300 || strings.Contains(string(text), `"error"`) {
		t.Fatalf("POST %s %s: %s %s", url, body, answer.Status, text)
	}
}

// behind is a store on the shared server, at the end of a line that can be made bad.
func behind(t *testing.T, sensors ...string) (*Store, *influxd.Line) {
	t.Helper()
	l := newLineTo(t, shared.URL(t))
	s := open(t, config(l.URL), sensors...)
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, l
}

const writes = "/api/v2/write"

// What another program wrote first decides the type of a field. Only the readings that it
// hits are refused, and all others are stored.
func TestOnlyTheRefusedAreRefused(t *testing.T) {
	s, l := behind(t, "s1", "t")
	post(t, s.c.URL+writes+"?bucket="+s.c.Bucket, "text/plain", "reading value=1i")
	points := motions(5000)
	for i := range points {
		if i%2 == 0 && i < 4000 || i == 4999 {
			r := &points[i].Reading
			r.Sensor, r.Kind, r.State, r.Value, r.Unit = "t", ucare.Temperature, ucare.Unknown, 21, "°C"
			r.At = time.Now().Add(time.Duration(i)) // where the other program's is
		}
	}
	before := l.Requests(writes)
	refused, err := s.Write(t.Context(), points)
	if err != nil {
		t.Fatal(err)
	}
	if len(refused) != 2001 || refused[0].Index != 0 || refused[1].Index != 2 || refused[2000].Index != 4999 {
		t.Fatalf("%d are refused, want 2001: the even ones of the first 4000, and the last", len(refused))
	}
	if !strings.Contains(refused[0].Reason, "field type conflict") || refused[0].Reason != refused[2000].Reason {
		t.Errorf("the reason is %q, and then %q", refused[0].Reason, refused[2000].Reason)
	}
	if n, err := s.Count(t.Context(), home); err != nil || n != 5000-2001 {
		t.Errorf("the server has %d, %v; want the other %d", n, err, 5000-2001)
	}
	if n := l.Requests(writes) - before; n > 20 {
		t.Errorf("that took %d requests", n)
	}
}

func TestAWholeBatchIsRefusedAtOnce(t *testing.T) {
	s, l := behind(t, "s1")
	post(t, s.c.URL+writes+"?bucket="+s.c.Bucket, "text/plain", "reading active=1i")
	points := motions(5000)
	for i := range points {
		points[i].Reading.At = time.Now().Add(time.Duration(i))
	}
	before := l.Requests(writes)
	refused, err := s.Write(t.Context(), points)
	if err != nil || len(refused) != 5000 {
		t.Fatalf("%d refused, %v; want all 5000", len(refused), err)
	}
	if n := l.Requests(writes) - before; n > 10 {
		t.Errorf("that took %d requests", n)
	}
}

func TestARoomThatIsTooLongIsRefused(t *testing.T) {
	s := prepared(t, "s1")
	points := motions(100)
	points[42].Reading.Room = strings.Repeat("x", 70_000)
	refused, err := s.Write(t.Context(), points)
	if err != nil || len(refused) != 1 || refused[0].Index != 42 {
		t.Fatalf("refused %v, %v; want the one with the long room", refused, err)
	}
	if len(refused[0].Reason) > 500 {
		t.Errorf("nobody reads a reason of %d bytes", len(refused[0].Reason))
	}
	if n, err := s.Count(t.Context(), home); err != nil || n != 99 {
		t.Errorf("the server has %d, %v", n, err)
	}
}

func TestATooLargeRequestIsHalved(t *testing.T) {
	s, l := behind(t, "s1")
	l.SetFor(func(r *http.Request) influxd.Fault { // as nginx does, with client_max_body_size
		if r.ContentLength > 3000 {
			return influxd.Status(http.StatusRequestEntityTooLarge, "Request Entity Too Large", 0)
		}
		return influxd.Pass()
	})
	points := motions(5000)
	for i := range points {
		points[i].Reading.At = points[i].Reading.At.Add(time.Duration(i*i*7919) % time.Second) // so that they do not compress well
	}
	samples := make([][3]float64, 2000)
	for i := range samples {
		samples[i] = [3]float64{math.Sin(float64(i)), math.Cos(float64(i)), math.Sqrt(float64(i))}
	}
	points[77].Reading = ucare.Reading{At: today, Dwelling: home, Sensor: "w", Kind: ucare.Acceleration, Unit: "g", Samples: samples}
	refused, err := s.Write(t.Context(), points)
	if err != nil || len(refused) != 1 || refused[0].Index != 77 || !strings.Contains(refused[0].Reason, "Too Large") {
		t.Fatalf("refused %v, %v; want the one that is too large by itself", refused, err)
	}
	if n, err := s.Count(t.Context(), home); err != nil || n != 4999 {
		t.Errorf("the server has %d, %v", n, err)
	}
}

// A server, or something on the way to it, that refuses everything is no reason to set
// anything aside.
func TestAServerThatRefusesEverythingRefusesNothing(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge} {
		s, l := behind(t, "s1")
		l.Set(influxd.Status(status, "partial write: out of spirits dropped=100", 0))
		refused, err := s.Write(t.Context(), motions(100))
		later, ok := errors.AsType[*Later](err)
		if !ok || later.Fault == "" || len(refused) > 0 {
			t.Fatalf("%d: refused %d, %v", status, len(refused), err)
		}
		if !strings.Contains(later.Fault, "known to be good") {
			t.Errorf("the fault does not say that it is the server: %s", later.Fault)
		}
		l.Set(influxd.Pass())
		store(t, s, motions(100))
	}
}

// A portal or a proxy may answer everything with a page of its own. Only 204 says that
// readings are stored.
func TestAPageIsNoReceipt(t *testing.T) {
	s, l := behind(t, "s1")
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusAccepted} {
		l.Set(influxd.Status(status, "<html>Welcome to our network</html>", 0))
		refused, err := s.Write(t.Context(), motions(10))
		later, ok := errors.AsType[*Later](err)
		if !ok || len(refused) > 0 || !strings.Contains(later.Fault, "history.influxdb.url") {
			t.Errorf("%d: refused %d, %v", status, len(refused), err)
		}
	}
	l.Set(influxd.Pass())
	store(t, s, motions(10))
}

// A server that refuses now and then refuses no point for good.
func TestAServerThatRefusesNowAndThenRefusesNothing(t *testing.T) {
	s, l := behind(t, "s1")
	for every := int64(3); every < 40; every++ {
		var n atomic.Int64
		l.SetFor(func(*http.Request) influxd.Fault {
			if n.Add(1)%every == 1 { // the first one, too
				return influxd.Status(http.StatusUnprocessableEntity, "just so", 0)
			}
			return influxd.Pass()
		})
		refused, err := s.Write(t.Context(), motions(1+int(every)%3))
		if _, later := errors.AsType[*Later](err); err != nil && !later || len(refused) > 0 {
			t.Errorf("one in %d: refused %v, %v", every, refused, err)
		}
	}
}

func TestWhatIsNotSent(t *testing.T) {
	s, l := behind(t, "s1", "t")
	points := motions(9)
	points[1].Reading.At = time.Now().Add(-keepReadings - time.Second)
	points[2].Reading.At = time.Time{}
	points[3].Reading.At = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)
	points[4].Reading = ucare.Reading{At: today, Dwelling: home, Sensor: "t", Kind: ucare.Temperature, Unit: "°C", Value: math.NaN()}
	points[5].Reading = ucare.Reading{At: today, Dwelling: home, Sensor: "t", Kind: ucare.Temperature, Unit: "°C", Value: math.Inf(-1)}
	points[6].Reading = ucare.Reading{At: today, Dwelling: home, Sensor: "t", Kind: ucare.Acceleration, Unit: "g", Samples: [][3]float64{{math.NaN()}}}
	points[7].N = 16
	refused, err := s.Write(t.Context(), points)
	if err != nil {
		t.Fatal(err)
	}
	want := []Refused{{1, Expired}, {2, noTime}, {3, noTime}, {4, noNumber}, {5, noNumber}, {6, noNumber}, {7, tooMany}}
	if len(refused) != len(want) {
		t.Fatalf("refused %v, want %v", refused, want)
	}
	for i := range want {
		if refused[i] != want[i] {
			t.Errorf("refused %v, want %v", refused[i], want[i])
		}
	}
	if n := l.Requests(writes); n != 1 {
		t.Errorf("%d requests for what the server would not take anyway", n)
	}
	equal(t, all(t, s, home, today, today.Add(time.Hour)), []Point{points[0], points[8]})
}

// The retention is the server's business: what it finds too old, by its own clock and its
// own setting, is expired and nothing else.
func TestTheServerKnowsWhatIsTooOld(t *testing.T) {
	s, l := behind(t, "s1")
	s.readings.keep = 0 // as if it had not said
	points := motions(1000)
	for i := range points {
		if i%3 > 0 || i > 500 {
			points[i].Reading.At = points[i].Reading.At.Add(-keepReadings)
		}
	}
	refused, err := s.Write(t.Context(), points)
	if err != nil || len(refused) != 1000-167 {
		t.Fatalf("%d refused, %v; want %d", len(refused), err, 1000-167)
	}
	for _, r := range refused {
		if r.Reason != Expired || r.Index%3 == 0 && r.Index <= 500 {
			t.Fatalf("%v is refused", r)
		}
	}
	t.Logf("%d requests", l.Requests(writes))
}

func TestTheServersClockDecidesWhatIsTooOld(t *testing.T) {
	s := prepared(t, "s1")
	s.setClock(time.Now().Add(-time.Hour))
	if s.expired(time.Now().Add(-keepReadings - time.Minute)) {
		t.Error("the server's clock is an hour behind ours: it still keeps what is too old by our clock")
	}
	if !s.expired(time.Now().Add(-keepReadings - 61*time.Minute)) {
		t.Error("what is too old by the server's clock is not expired")
	}
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if behind := time.Duration(s.behind.Load()); behind.Abs() > 10*time.Second {
		t.Errorf("after an answer the server's clock is said to be %v ahead", behind)
	}
}

// Each way in which a server does not take things now: what the sender is told.
func TestLater(t *testing.T) {
	s, l := behind(t, "s1")
	tests := []struct {
		fault     influxd.Fault
		after     time.Duration
		complains string
	}{
		{influxd.Status(http.StatusUnauthorized, "unauthorized access", 0), 0, "token_file"},
		{influxd.Status(http.StatusForbidden, "insufficient permissions", 0), 0, "right to read and write"},
		{influxd.Status(http.StatusNotFound, `bucket "x" not found`, 0), 0, "does not find the bucket"},
		{influxd.Status(http.StatusInternalServerError, `retention policy not found: readings`, 0), 0, "does not find the bucket"},
		{influxd.Status(http.StatusMethodNotAllowed, "what?", 0), 0, "check that url leads to an InfluxDB"},
		{influxd.Status(http.StatusTooManyRequests, "slowly", 7*time.Second), 7 * time.Second, ""},
		{influxd.Status(http.StatusServiceUnavailable, "starting", 90*time.Second), 90 * time.Second, ""},
		{influxd.Status(http.StatusTooManyRequests, "slowly", 0), 0, ""},
		{influxd.Status(http.StatusInternalServerError, "engine: cache-max-memory-size exceeded", 0), 0, ""},
		{influxd.Status(http.StatusBadGateway, "nginx", 0), 0, ""},
		{influxd.Cut(), 0, ""},
	}
	for _, test := range tests {
		l.Set(test.fault)
		refused, err := s.Write(t.Context(), motions(10))
		later, ok := errors.AsType[*Later](err)
		if !ok || len(refused) > 0 {
			t.Errorf("%+v: refused %v, %v", test.fault, refused, err)
			continue
		}
		if later.After != test.after || (later.Fault == "") != (test.complains == "") || !strings.Contains(later.Fault, test.complains) {
			t.Errorf("%+v: after %v, fault %q", test.fault, later.After, later.Fault)
		}
		for _, err := range s.Points(t.Context(), home, today, today.Add(time.Hour)) {
			if later, ok := errors.AsType[*Later](err); !ok || later.Fault == "" != (test.complains == "") {
				t.Errorf("%+v: reading ends with %v", test.fault, err)
			}
		}
	}
	l.Set(influxd.Pass())
	store(t, s, motions(10))
}

func TestRetryAfter(t *testing.T) {
	at := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	if got := retryAfter(http.Header{"Retry-After": {at}}); got < 59*time.Minute || got > time.Hour {
		t.Errorf("Retry-After: %s is in %v", at, got)
	}
	for _, text := range []string{"", "soon", "-1", "99999999999999", "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if got := retryAfter(http.Header{"Retry-After": {text}}); got != 0 {
			t.Errorf("Retry-After: %s is in %v", text, got)
		}
	}
}

// What a line cut off may be stored or not. Offered again it is stored once.
func TestAnAnswerThatIsLost(t *testing.T) {
	s, l := behind(t, "s1")
	l.Set(influxd.Cut())
	if _, err := s.Write(t.Context(), motions(10)); err == nil {
		t.Fatal("a lost answer is taken for a good one")
	}
	l.Set(influxd.Pass())
	store(t, s, motions(10))
	equal(t, all(t, s, home, today, today.Add(time.Hour)), motions(10))
}

// A server that hangs holds nobody for longer than the line's patience, or their context.
func TestAServerThatHangs(t *testing.T) {
	if patience < time.Minute {
		t.Errorf("a server that needs 19 s under load would never get on: patience is %v", patience)
	}
	s, l := behind(t, "s1")
	if s.line.http.Timeout != patience {
		t.Errorf("a request may take %v, want %v", s.line.http.Timeout, patience)
	}
	l.Set(influxd.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Write(ctx, motions(10))
	if _, later := errors.AsType[*Later](err); later || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the context's deadline: %v", err)
	}
	s.line.http.Timeout = 50 * time.Millisecond
	for what, do := range map[string]func() error{
		"Write":   func() error { _, err := s.Write(t.Context(), motions(10)); return err },
		"Prepare": func() error { return s.Prepare(t.Context()) },
		"Count":   func() error { _, err := s.Count(t.Context(), home); return err },
		"Erase":   func() error { return s.Erase(t.Context(), home) },
		"Hours":   func() error { _, err := s.Hours(t.Context(), home, today, today.Add(time.Hour)); return err },
		"Points": func() (last error) {
			for _, err := range s.Points(t.Context(), home, today, today.Add(time.Hour)) {
				last = err
			}
			return last
		},
	} {
		if _, later := errors.AsType[*Later](do()); !later {
			t.Errorf("%s on a server that hangs: %v", what, do())
		}
	}
}

// The real server, held and killed.
func TestAServerThatIsHeldAndKilled(t *testing.T) {
	server := influxd.ForTest(t)
	s := open(t, config(server.URL), "s1")
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	store(t, s, motions(10))
	s.line.http.Timeout = 100 * time.Millisecond
	for _, step := range []struct {
		what string
		down bool
		do   func() error
	}{
		{"paused", true, server.Pause},
		{"resumed", false, server.Resume},
		{"killed", true, server.Kill},
		{"restarted", false, func() error { return server.Restart(t.Context()) }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(step.what, err)
		}
		if !step.down {
			s.line.http.Timeout = patience
			store(t, s, motions(20))
			equal(t, all(t, s, home, today, today.Add(time.Hour)), motions(20))
			s.line.http.Timeout = 100 * time.Millisecond
			continue
		}
		refused, err := s.Write(t.Context(), motions(20))
		if _, later := errors.AsType[*Later](err); !later || len(refused) > 0 {
			t.Errorf("%s: refused %v, %v", step.what, refused, err)
		}
	}
}

// A reader is told when an answer ends in the middle: fewer readings are no answer.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	s := prepared(t, "s1")
	store(t, s, motions(5000))
	s.line.way = breaking{s.line.way}
	n, last := 0, error(nil)
	for _, err := range s.Points(t.Context(), home, today, today.Add(2*time.Hour)) {
		n, last = n+1, err
	}
	if last == nil {
		t.Errorf("an answer that breaks off in the middle gave %d of 5000 readings and no error", n)
	}
	if _, err := s.Count(t.Context(), home); err == nil {
		t.Error("a count that breaks off is a count")
	}
}

// breaking loses the second half of each answer.
type breaking struct{ way http.RoundTripper }

func (b breaking) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.way.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		return nil, err
	}
	half := body.Bytes()[:body.Len()/2]
	answer.Body = limited{&ending{*bytes.NewReader(half)}, answer.Body}
	return answer, nil
}

type ending struct{ bytes.Reader }

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if err != nil {
		err = errors.New("connection reset by peer")
	}
	return n, err
}
