package influx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"

	"github.com/ucare-project/ucare"
)

// A Config says where the server is and how it may be used.
type Config struct {
	URL   string // http://127.0.0.1:8086
	Token string // of InfluxDB 2; "user:password" of 1.8; may be empty there
	Org   string // the name of the organisation; empty for 1.8
	// Bucket holds the readings, Hours the hours and days. For 1.8 they are
	// "database/retention policy".
	Bucket, Hours string
	// KeepReadings and KeepHours are the retentions that buckets are made with; 0 is for ever.
	KeepReadings, KeepHours time.Duration
	CAFile                  string // instead of the system's certificate authorities
	// Key makes pseudonyms of the names of dwellings and sensors; 32 bytes.
	Key []byte
}

// A Point is a reading on its way to the server. N tells readings apart that one sensor
// made of one kind at one instant, from 0.
type Point struct {
	Reading ucare.Reading
	N       int
}

// Names tells the names of the sensors of a dwelling, by which pseudonyms are understood.
type Names func(ctx context.Context, dwelling string) ([]string, error)

// A Store speaks with one server. It is safe for concurrent use.
type Store struct {
	c      Config
	known  Names
	line   *line
	client influxdb2.Client

	masks  masks
	behind atomic.Int64 // how far the server's clock is ahead of ours, in ns

	mu       sync.Mutex // guards what Prepare finds out
	version  version
	readings retention
	notes    []string
}

// New makes a store, without speaking to the server yet.
func New(c Config, known Names) (*Store, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	trust, err := c.trust()
	if err != nil {
		return nil, err
	}
	s := &Store{c: c, known: known, readings: retention{c.KeepReadings, false}}
	s.line = newLine(trust, s.setClock)
	// Nothing of the client that keeps, repeats or collects is used: it loses what it keeps.
	options := influxdb2.DefaultOptions().SetHTTPClient(s.line.http).SetUseGZip(true).SetPrecision(time.Nanosecond).
		SetMaxRetries(0).SetApplicationName("ucare")
	s.client = influxdb2.NewClientWithOptions(c.URL, c.Token, options)
	return s, nil
}

// Close gives up the connections.
func (s *Store) Close() { s.line.http.CloseIdleConnections() }

// shortestKeep is the shortest retention that the servers know.
const shortestKeep = time.Hour

func (c Config) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the URL of the InfluxDB is %q: write it as http://127.0.0.1:8086", c.URL)
	case u.User != nil:
		return fmt.Errorf("the URL of the InfluxDB at %s has a user or a password in it: write user:password as its token", u.Host)
	case c.Bucket == c.Hours:
		return fmt.Errorf("readings and hours are both to go to the bucket %q: give the hours one of their own, for they are kept longer", c.Bucket)
	case len(c.Key) != 32:
		return fmt.Errorf("the key of the pseudonyms has %d bytes, not 32", len(c.Key))
	}
	for _, bucket := range []string{c.Bucket, c.Hours} {
		if bucket == "" || strings.ContainsFunc(bucket, unicode.IsControl) || strings.ContainsAny(bucket, `"'\`) {
			return fmt.Errorf("%q cannot be the name of a bucket of the InfluxDB: use letters, digits, - and _", bucket)
		}
	}
	for _, keep := range []time.Duration{c.KeepReadings, c.KeepHours} {
		if keep != 0 && keep < shortestKeep {
			return fmt.Errorf("an InfluxDB cannot keep something for %v only: at least 1h, or 0 for ever", keep)
		}
	}
	return nil
}

// trust is whose certificates are believed.
func (c Config) trust() (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return trust, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authorities for the InfluxDB: %w", err)
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the certificate authorities for the InfluxDB: %w", errors.New(c.CAFile+" has none in PEM form (-----BEGIN CERTIFICATE-----)"))
	}
	return trust, nil
}

// setClock notes what time the server says it is. What is older than its retention it
// judges by its own clock, and a gateway's may be wrong.
func (s *Store) setClock(theirs time.Time) { s.behind.Store(int64(time.Until(theirs))) }

// now is what the server's clock says.
func (s *Store) now() time.Time { return time.Now().Add(time.Duration(s.behind.Load())) }
