package influx

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/activity"
)

func TestNewSaysWhatIsWrong(t *testing.T) {
	good := Config{URL: "https://influx.example/db", Bucket: "ucare", Hours: "ucare_hours", KeepReadings: keepReadings, Key: make([]byte, 32)}
	if _, err := New(good, nil); err != nil {
		t.Fatal(err)
	}
	for says, spoil := range map[string]func(*Config){
		`"localhost:8086": write it as http://127.0.0.1:8086`: func(c *Config) { c.URL = "localhost:8086" },
		`"ftp://x"`:                             func(c *Config) { c.URL = "ftp://x" },
		`"http://"`:                             func(c *Config) { c.URL = "http://" },
		`"http://x?token=1"`:                    func(c *Config) { c.URL = "http://x?token=1" },
		"write user:password as its token":      func(c *Config) { c.URL = "http://u:secret@x" },
		`give the hours one of their own`:       func(c *Config) { c.Hours = c.Bucket },
		`"" cannot be the name of a bucket`:     func(c *Config) { c.Bucket = "" },
		`"a\"b" cannot be the name of a bucket`: func(c *Config) { c.Hours = `a"b` },
		`"a\nb" cannot be the name of a bucket`: func(c *Config) { c.Hours = "a\nb" },
		`for 59m0s only`:                        func(c *Config) { c.KeepReadings = 59 * time.Minute },
		`has 5 bytes, not 32`:                   func(c *Config) { c.Key = []byte("short") },
		`no such file`:                          func(c *Config) { c.CAFile = "/nowhere.pem" },
		`-----BEGIN CERTIFICATE-----`:           func(c *Config) { c.CAFile = "store.go" },
	} {
		c := good
		spoil(&c)
		_, err := New(c, nil)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("want an error that says %s, got %v", says, err)
		}
	}
}

func TestPrepareMakesWhatIsMissingAndLeavesWhatIsThere(t *testing.T) {
	c := config(shared.URL(t))
	for _, step := range []struct {
		readings, hours time.Duration
		notes           int
	}{
		{keepReadings, keepHours, 0},
		{keepReadings, keepHours, 0}, // again
		{24 * time.Hour, 0, 2},       // another configuration
	} {
		c.KeepReadings, c.KeepHours = step.readings, step.hours
		s := open(t, c)
		if err := s.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if notes := s.Notes(); len(notes) != step.notes {
			t.Errorf("with %v and %v it says %q", step.readings, step.hours, notes)
		}
		if s.version != v1 || s.readings != (retention{keepReadings, true}) {
			t.Errorf("found version %d, and %v", s.version, s.readings)
		}
		for _, note := range s.Notes() {
			t.Log(note)
		}
	}
}

// A server of each kind that cannot be used says why, and what to do.
func TestPrepareSaysWhatToPutRight(t *testing.T) {
	closed := influxd.ForTest(t, "[http]", "auth-enabled = true", "flux-enabled = false")
	open18 := influxd.ForTest(t, "[http]", "auth-enabled = true")
	for _, server := range []string{closed.URL, open18.URL} {
		post(t, server+"/query", "application/x-www-form-urlencoded", "q=CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES")
	}
	asked := func(statement string) {
		post(t, open18.URL+"/query?u=admin&p=right", "application/x-www-form-urlencoded", url.Values{"q": {statement}}.Encode())
	}
	c := config("")
	database, _, _ := strings.Cut(c.Bucket, "/")
	asked("CREATE USER guest WITH PASSWORD 'guest'")

	for _, test := range []struct {
		url, token, bucket string
		says               []string
	}{
		{closed.URL, "admin:right", c.Bucket, []string{"flux-enabled = true"}},
		{open18.URL, "", c.Bucket, []string{"does not know the token", "user:password"}},
		{open18.URL, "admin:wrong", c.Bucket, []string{"does not know the token"}},
		{open18.URL, "guest:guest", c.Bucket, []string{"give the token the right", "guest not authorized"}},
		{open18.URL, "admin:right", database, []string{"write " + database + "/readings"}},
		{answering(t, "3.0.1", 200), "", c.Bucket, []string{"3.0.1", "does not know Flux", "2.7", "embedded"}},
		{answering(t, "1.7.9", 204), "", c.Bucket, []string{"1.7.9", "1.8 or 2.x is needed"}},
		{answering(t, "", 200), "", c.Bucket, []string{"no InfluxDB"}},
		{answering(t, "", 404), "", c.Bucket, []string{"no InfluxDB"}},
		{moving(t), "", c.Bucket, []string{"sends us to http://elsewhere.example/ping"}},
	} {
		c.URL, c.Token, c.Bucket = test.url, test.token, test.bucket
		err := open(t, c).Prepare(t.Context())
		later, ok := errors.AsType[*Later](err)
		if !ok || later.Fault == "" {
			t.Errorf("%s: %v; want a fault", test.says, err)
			continue
		}
		t.Log(later)
		for _, says := range test.says {
			if !strings.Contains(later.Fault, says) {
				t.Errorf("want %q in: %s", says, later.Fault)
			}
		}
	}

	// With the right token all is well, and a user of the database may do what we do.
	c.URL, c.Token, c.Bucket = open18.URL, "admin:right", database+"/readings"
	admin := open(t, c, "s1")
	if err := admin.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked(fmt.Sprintf(`GRANT ALL ON %q TO guest`, database))
	c.Token = "guest:guest"
	s := open(t, c, "s1")
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	store(t, s, motions(3))
	equal(t, all(t, s, home, today, today.Add(time.Hour)), motions(3))
	asked(fmt.Sprintf(`REVOKE WRITE ON %q FROM guest`, database))
	_, err := s.Write(t.Context(), motions(3))
	if later, ok := errors.AsType[*Later](err); !ok || !strings.Contains(later.Fault, "right to read and write") {
		t.Errorf("a user who may not write: %v", err)
	}
}

// answering is what answers like a server of another version.
func answering(t *testing.T, version string, status int) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if version != "" {
			w.Header().Set("X-Influxdb-Version", version)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func moving(t *testing.T) (url string) {
	server := httptest.NewServer(http.RedirectHandler("http://elsewhere.example/ping", http.StatusMovedPermanently))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheCertificateHasToBeBelieved(t *testing.T) {
	_, l := behind(t)
	secure := httptest.NewUnstartedServer(l) // it reads a request to its end before it passes it on
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	c := config(secure.URL)
	err := open(t, c).Prepare(t.Context())
	if later, ok := errors.AsType[*Later](err); !ok || !strings.Contains(later.Fault, "history.influxdb.ca_file") {
		t.Errorf("a certificate that nobody knows: %v", err)
	}
	c.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, c).Prepare(t.Context()); err != nil {
		t.Error(err)
	}
}

// A script answers as an InfluxDB 2 is documented to, and keeps what it was asked. It is no
// InfluxDB 2: what is tested with it is what we ask, not what such a server does.
type script struct {
	mu      sync.Mutex
	asked   []string
	answers map[string]string // "METHOD path?query" -> "status body"
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	request := r.Method + " " + r.URL.String()
	w.Header().Set("X-Influxdb-Version", "v2.7.11")
	if r.URL.Path != "/ping" && r.Header.Get("Authorization") != "Token t0ken" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.URL.Path != "/ping" && r.URL.Path != "/api/v2/query" {
		s.asked = append(s.asked, strings.TrimSpace(request+" "+string(body)))
	}
	answer, ok := s.answers[request]
	if !ok {
		answer = "200 "
	}
	code, text, _ := strings.Cut(answer, " ")
	w.Header().Set("Content-Type", "application/json")
	status := 0
	_, _ = fmt.Sscan(code, &status)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

const (
	findReadings = "GET /api/v2/buckets?name=ucare&org=family"
	findHours    = "GET /api/v2/buckets?name=ucare_hours&org=family"
	findOrg      = "GET /api/v2/orgs?org=family"
	makeBucket   = "POST /api/v2/buckets"

	org      = `200 {"orgs":[{"id":"0a","name":"family"}]}`
	none     = `200 {"buckets":[]}`
	none404  = `404 {"code":"not found","message":"bucket \"ucare\" not found"}`
	denied   = `403 {"code":"forbidden","message":"insufficient permissions"}`
	conflict = `422 {"code":"conflict","message":"bucket with name ucare already exists"}`
)

func theirs(description string, seconds int64) string {
	b := map[string]any{"id": "0b", "orgID": "0a", "name": "ucare", "description": description, "retentionRules": []any{}}
	if seconds > 0 {
		b["retentionRules"] = []any{map[string]any{"type": "expire", "everySeconds": seconds}}
	}
	text, _ := json.Marshal(map[string]any{"buckets": []any{b}})
	return "200 " + string(text)
}

func TestTheBucketsOfInfluxDB2(t *testing.T) {
	const (
		days90    = 90 * 24 * 3600
		hoursThat = `200 {"buckets":[{"id":"0c","name":"ucare_hours","retentionRules":[{"type":"expire","everySeconds":63072000}]}]}`
		made      = `POST /api/v2/buckets {"orgID":"0a","name":"ucare","description":"made by u-Care; its retention follows gateway.history.keep","retentionRules":[{"type":"expire","everySeconds":7776000}]}`
		changed   = `PATCH /api/v2/buckets/0b {"retentionRules":[{"type":"expire","everySeconds":7776000}]}`
	)
	for name, test := range map[string]struct {
		answers map[string]string
		asks    []string // beside looking for both buckets
		keep    retention
		notes   int
		fault   string
	}{
		"as configured":         {map[string]string{findReadings: theirs("", days90)}, nil, retention{keepReadings, true}, 0, ""},
		"made":                  {map[string]string{findReadings: none, findOrg: org, makeBucket: "201 {}"}, []string{findOrg, made}, retention{keepReadings, true}, 0, ""},
		"made after 404":        {map[string]string{findReadings: none404, findOrg: org, makeBucket: "201 {}"}, []string{findOrg, made}, retention{keepReadings, true}, 0, ""},
		"another's, for ever":   {map[string]string{findReadings: theirs("the family's", 0)}, nil, retention{0, true}, 1, ""},
		"another's, a day":      {map[string]string{findReadings: theirs("", 86400)}, nil, retention{24 * time.Hour, true}, 1, ""},
		"ours, changed":         {map[string]string{findReadings: theirs(madeByUs, 86400), "PATCH /api/v2/buckets/0b": "200 {}"}, []string{changed}, retention{keepReadings, true}, 0, ""},
		"ours, may not":         {map[string]string{findReadings: theirs(madeByUs, 86400), "PATCH /api/v2/buckets/0b": denied}, []string{changed}, retention{24 * time.Hour, true}, 1, ""},
		"there, but not to see": {map[string]string{findReadings: none, findOrg: org, makeBucket: conflict}, []string{findOrg, made}, retention{keepReadings, false}, 0, ""},
		"may not make it":       {map[string]string{findReadings: none, findOrg: org, makeBucket: denied}, []string{findOrg, made}, retention{}, 0, "influx bucket create"},
		"no such organisation":  {map[string]string{findReadings: none, findOrg: `200 {"orgs":[]}`}, []string{findOrg}, retention{}, 0, `"family"`},
		"wrong token":           {map[string]string{findReadings: `401 {"code":"unauthorized","message":"unauthorized access"}`}, nil, retention{}, 0, "token_file"},
		"starting":              {map[string]string{findReadings: `503 {"code":"unavailable","message":"starting"}`}, nil, retention{}, 0, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			server := &script{answers: test.answers}
			test.answers[findHours] = hoursThat
			s := openScript(t, server)
			err := s.Prepare(t.Context())
			want := append([]string{findReadings}, test.asks...)
			if later, failed := errors.AsType[*Later](err); failed || test.fault != "" {
				if !failed || test.fault == "-" && later.Fault != "" || test.fault != "-" && !strings.Contains(later.Fault, test.fault) {
					t.Errorf("%v; want the fault %q", err, test.fault)
				}
			} else {
				want = append(want, findHours)
				if err != nil || s.version != v2 || s.readings != test.keep || len(s.Notes()) != test.notes {
					t.Errorf("%v; version %d, %v, notes %q; want %v and %d notes", err, s.version, s.readings, s.Notes(), test.keep, test.notes)
				}
			}
			if !slices.Equal(server.asked, want) {
				t.Errorf("asked\n%s\nwant\n%s", strings.Join(server.asked, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func openScript(t *testing.T, server *script) *Store {
	t.Helper()
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	c := config(web.URL)
	c.Token, c.Org, c.Bucket, c.Hours = "t0ken", "family", "ucare", "ucare_hours"
	return open(t, c, "s1")
}

func TestErasingInInfluxDB2(t *testing.T) {
	server := &script{answers: map[string]string{
		"POST /api/v2/delete?bucket=ucare&org=family": "204 ", "POST /api/v2/delete?bucket=ucare_hours&org=family": "204 ",
	}}
	s := openScript(t, server)
	s.version = v2
	if err := s.Erase(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(` {"predicate":"dwelling=\"%s\"","start":"1677-09-21T00:12:43.145224194Z","stop":"2262-04-11T23:47:16.854775806Z"}`, s.Dwelling(home))
	want := []string{"POST /api/v2/delete?bucket=ucare&org=family" + body, "POST /api/v2/delete?bucket=ucare_hours&org=family" + body}
	if !slices.Equal(server.asked, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(server.asked, "\n"), strings.Join(want, "\n"))
	}
}

// A deletion is believed when nothing is found any more, not when the server says so.
func TestErasingIsVerified(t *testing.T) {
	server := &script{answers: map[string]string{
		"POST /api/v2/query?org=family": "200 #datatype,string,long,string,long\n#group,false,false,true,false\n#default,_result,,,\n,result,table,_field,_value\n,,0,active,3\n",
	}}
	s := openScript(t, server)
	s.version = v2
	if err := s.Erase(t.Context(), home); err == nil || !strings.Contains(err.Error(), "still has 3 values") {
		t.Errorf("a server that keeps what it says it has deleted: %v", err)
	}
}

func TestErase(t *testing.T) {
	s := prepared(t, "s1")
	other := motions(100)
	for i := range other {
		other[i].Reading.Dwelling = "mrs-b"
	}
	store(t, s, append(motions(100), other...))
	hour := activity.Hour{Dwelling: home, From: today.Truncate(time.Hour)}
	if err := s.WriteHours(t.Context(), []activity.Hour{hour}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // again is harmless
		if err := s.Erase(t.Context(), home); err != nil {
			t.Fatal(err)
		}
		for dwelling, want := range map[string]int64{home: 0, "mrs-b": 100} {
			if n, err := s.Count(t.Context(), dwelling); err != nil || n != want {
				t.Errorf("%s has %d, %v; want %d", dwelling, n, err, want)
			}
		}
	}
	if hours, err := s.Hours(t.Context(), home, today.Add(-24*time.Hour), today.Add(24*time.Hour)); err != nil || len(hours) > 0 {
		t.Errorf("its hours: %v, %v", hours, err)
	}
	equal(t, all(t, s, "mrs-b", today, today.Add(time.Hour)), other)
	store(t, s, motions(1)) // life goes on
	equal(t, all(t, s, home, today, today.Add(time.Hour)), motions(1))
}
