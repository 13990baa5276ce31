package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	api "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// A version is which InfluxDB it is.
type version int

const (
	unknown version = iota
	v1              // 1.8, which has Flux
	v2
)

// A retention is for how long a bucket keeps what it has; 0: for ever.
type retention struct {
	keep  time.Duration
	known bool // the server says so, not only our configuration
}

// Prepare finds out which server it is, and makes the buckets that it does not have. It
// has to succeed before anything else; doing it again is harmless. The error says what to
// put right.
//
// A bucket that is there already keeps its retention, unless its description says that
// u-Care made it; what differs is in [Store.Notes].
func (s *Store) Prepare(ctx context.Context) error {
	version, err := s.findVersion(ctx)
	if err != nil {
		return err
	}
	p := &preparing{Store: s}
	prepare := p.bucket2
	if version == v1 {
		prepare = p.bucket1
	}
	readings, err := prepare(ctx, s.c.Bucket, s.c.KeepReadings)
	if err == nil {
		_, err = prepare(ctx, s.c.Hours, s.c.KeepHours)
	}
	for _, bucket := range []string{s.c.Bucket, s.c.Hours} {
		if err == nil {
			err = s.tryFlux(ctx, bucket)
		}
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.readings, s.notes = version, readings, p.notes
	return nil
}

// Notes says, after Prepare, what is not as configured and works all the same.
func (s *Store) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notes
}

// A preparing is one run of Prepare.
type preparing struct {
	*Store
	notes []string
}

// tryFlux asks the shortest of questions: whether reading would work at all.
func (s *Store) tryFlux(ctx context.Context, bucket string) error {
	f := fluxFrom(bucket).between(s.now().Add(-time.Second), s.now()).limit(1)
	return s.query(ctx, bucket, f, func(row) error { return nil })
}

// findVersion asks what answers there.
func (s *Store) findVersion(ctx context.Context) (version, error) {
	header, err := s.request(ctx, http.MethodGet, "ping", nil, nil)
	name := header.Get("X-Influxdb-Version")
	switch {
	case status(err) == http.StatusNotFound || err == nil && name == "":
		return unknown, &Later{
			Fault: fmt.Sprintf("what answers at %s is no InfluxDB (it does not say its version): set gateway.history.influxdb.url to where it is", s.c.URL),
			Err:   errors.New("no header X-Influxdb-Version at /ping"),
		}
	case err != nil:
		return unknown, s.later(ctx, s.c.Bucket, err)
	}
	major, minor := numbers(name)
	switch {
	case major == 2:
		return v2, nil
	case major == 1 && minor >= 8:
		return v1, nil
	case major == 0:
		return s.guessVersion(ctx)
	default:
		return unknown, &Later{Fault: s.unfit(name, major), Err: errors.New("the version is " + name)}
	}
}

func (s *Store) unfit(name string, major int) string {
	if major < 2 {
		return fmt.Sprintf("the InfluxDB at %s is of version %s, which does not know Flux: 1.8 or 2.x is needed", s.c.URL, name)
	}
	return fmt.Sprintf("the InfluxDB at %s is of version %s. It would take readings, but it does not know Flux, so they could not be read, counted or erased there: "+
		"use an InfluxDB 2.x (2.7, say) or 1.8, or set gateway.history.store to embedded, which needs no server", s.c.URL, name)
}

// numbers reads "v2.7.1" and "1.8.10"; 0, 0 for a server that somebody built and did not name.
func numbers(name string) (major, minor int) {
	parts := strings.SplitN(strings.TrimPrefix(name, "v"), ".", 3)
	if len(parts) < 2 {
		return 0, 0
	}
	major, _ = strconv.Atoi(parts[0])
	minor, _ = strconv.Atoi(parts[1])
	return major, minor
}

// guessVersion tells a server that does not know its own version by what only 2.x has.
func (s *Store) guessVersion(ctx context.Context) (version, error) {
	_, err := s.request(ctx, http.MethodGet, "api/v2/buckets?limit=1", nil, nil)
	if e, ok := errors.AsType[*api.Error](err); ok && e.StatusCode == http.StatusNotFound {
		return v1, nil
	}
	if err != nil {
		return unknown, s.later(ctx, s.c.Bucket, err)
	}
	return v2, nil
}

// request asks at a path below the URL, and reads the JSON of the answer into out.
func (s *Store) request(ctx context.Context, method, path string, in, out any) (http.Header, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.client.HTTPService().ServerURL()+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return s.do(request, out)
}

func (s *Store) do(request *http.Request, out any) (header http.Header, err error) {
	failed := s.client.HTTPService().DoHTTPRequest(request, nil, func(answer *http.Response) error {
		defer answer.Body.Close()
		header = answer.Header
		if out == nil {
			_, err := io.Copy(io.Discard, answer.Body)
			return err
		}
		return json.NewDecoder(answer.Body).Decode(out)
	})
	if failed != nil {
		return header, failed
	}
	return header, nil
}

// differs notes that a bucket keeps its own retention.
func (p *preparing) differs(bucket string, has, want time.Duration, change string) {
	p.notes = append(p.notes, fmt.Sprintf("the bucket %s of the InfluxDB keeps what it has %s, and the configuration says %s: %s",
		bucket, spell(has), spell(want), change))
}

func spell(keep time.Duration) string {
	if keep == 0 {
		return "for ever"
	}
	return "for " + strings.TrimSuffix(strings.TrimSuffix(keep.String(), "0s"), "0m")
}
