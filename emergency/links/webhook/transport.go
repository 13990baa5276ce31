package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"
)

const (
	connectTime = 3 * time.Second // name, TCP; and TLS again
	answerTime  = 7 * time.Second // from the request to the first byte of the answer
	// Home routers forget connections that are silent, and what is then sent
	// on them is swallowed. An alarm rather takes the time to connect.
	idleTime = 15 * time.Second
)

// newTransport makes a transport of our own: nothing that another part of the
// program does to the shared one can touch an alarm. It speaks HTTP/1.1, so that
// each attempt under way has a connection to itself, and uses no proxy.
func newTransport(c Config) (*http.Transport, error) {
	config, err := tlsConfig(c)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: connectTime}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   connectTime,
		ResponseHeaderTimeout: answerTime,
		IdleConnTimeout:       idleTime,
		MaxIdleConnsPerHost:   8,
		DisableCompression:    true,
	}, nil
}

func tlsConfig(c Config) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, Time: clock(c.NotBefore)}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate in PEM form", c.CAFile)
		}
	}
	if c.CertFile != "" || c.KeyFile != "" {
		ours, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("client certificate %q with key %q: %w", c.CertFile, c.KeyFile, err)
		}
		config.Certificates = []tls.Certificate{ours}
	}
	return config, nil
}

// clock tells the time for certificates: never earlier than what is known to
// have passed.
func clock(notBefore time.Time) func() time.Time {
	return func() time.Time {
		now := time.Now()
		if now.Before(notBefore) {
			return notBefore
		}
		return now
	}
}

// noRedirect makes a redirect an answer like any other: a report is not carried
// to an address that nobody entered.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// plain leaves out of an error what differs from attempt to attempt, such as
// our own port, so that the same failure has the same text.
func plain(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if op.Op == "dial" && op.Addr != nil {
			return fmt.Errorf("connect to %s: %w", op.Addr, op.Err)
		}
		if !op.Timeout() {
			return fmt.Errorf("%s: %w", op.Op, op.Err)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	}
	return err
}
