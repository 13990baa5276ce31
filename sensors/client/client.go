// Package client hears the sensors through the MQTT broker that the household
// already runs.
//
// A message is acknowledged to that broker when the inbox has it on disk. What
// the broker acknowledged to the sensor before is the broker's promise, not ours: see
// docs/mqtt-traps.md, which lists what goes wrong between a broker and a client and
// where each of it is dealt with here.
//
// There are up to three sessions. The alarm session (QoS 1, kept by the broker while
// we are away) has everything that could raise an alarm; the telemetry session (QoS 0,
// not kept) has only what the household lists as telemetry, so that a flood of it
// cannot push an alarm out of a queue. Both only hear. Each is proved by a canary: a
// message of our own that has to come back. A session whose canary stays away is
// replaced whole. On the third, the voice, the gateway speaks to the home: a broker
// that ends a connection for what it forbids to say ends none that hears.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Config is which broker to hear, and what.
type Config struct {
	// Broker is its URL: tcp://host:1883, or tls://host:8883 with TLS.
	Broker string
	// ID is the gateway's id. It must be this gateway's alone: the sessions are
	// called <ID>-alarm, <ID>-telemetry and <ID>-voice, and a second client of that
	// name would take the session over again and again.
	ID                 string
	Username, Password string
	TLS                *tls.Config // from TLSFiles; nil means the system's authorities
	// Alarm are the topic filters of everything that could raise an alarm, as far
	// as they are known from the start (Listen has more); Telemetry are those of the
	// rest, and what one of Alarm covers need not be in there.
	Alarm, Telemetry []string
	// SubscriptionsFile is where it is written down what the broker was asked for, so
	// that a later run can give it back; "": it stays with the broker.
	SubscriptionsFile string
	// MaxMessageBytes is how much payload is taken whole; 0 means 2 MiB. Of a
	// longer one the first 64 KiB are kept.
	MaxMessageBytes int
	// Will is published by the broker when the alarm session's connection breaks
	// without a goodbye, such as when the gateway dies. A broker that lets us in
	// only without it is heard without it: who listens then hears of no death.
	Will Will
	// Connected, which may be nil, is called each time that the broker has taken the
	// alarm session's connection, before anything is heard on it: a will of the one
	// before has been published by then. It must not block.
	Connected func()
	// Faults is told of a fault that began, Cleared of one that ended; both may be
	// nil. They are called from the client's goroutines and must not block.
	Faults, Cleared func(ucare.Fault)
	// Deaf, which may be nil, is told when the alarm session hears again after
	// more than 30 s without proof of it: from is the last proof (the beginning of Run
	// where there was none), to is the new one. What the broker kept for us in
	// between comes as well, before or after. Each call has a goroutine of its own, which
	// Run waits for in the end; so one that takes its time holds up no message.
	Deaf func(from, to time.Time)
}

// TLSFiles makes a TLS configuration from PEM files: an authority (or the
// system's, when ca is ""), and a certificate of our own where the broker wants one.
func TLSFiles(ca, cert, key string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("the broker's certificate authority: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the broker's certificate authority %q: no certificate in PEM form in it", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("our certificate %q with key %q: %w", cert, key, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Validate tells everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	if _, err := c.url(); err != nil {
		errs = append(errs, err)
	}
	if c.ID == "" || strings.ContainsAny(c.ID, "/+#$ ") {
		errs = append(errs, fmt.Errorf("the gateway's id %q: a name without spaces and / + # $", c.ID))
	}
	if len(c.Alarm) == 0 {
		errs = append(errs, errors.New("no topic filter to hear alarms on: give at least one, such as \"zigbee2mqtt/#\""))
	}
	return errors.Join(errs...)
}

func (c Config) url() (*url.URL, error) {
	u, err := url.Parse(c.Broker)
	if err != nil {
		return nil, fmt.Errorf("the broker's address: %w", err)
	}
	if u.Port() == "" || !plainScheme(u.Scheme) && !tlsScheme(u.Scheme) {
		return nil, fmt.Errorf("the broker's address %q: use tcp://host:1883 or tls://host:8883", u.Redacted())
	}
	return u, nil
}

func plainScheme(s string) bool { return s == "tcp" || s == "mqtt" }
func tlsScheme(s string) bool   { return s == "tls" || s == "ssl" || s == "mqtts" }

const (
	defaultMessage = 2 << 20
	keepOfLarge    = 64 << 10
)

// Client hears the household's broker.
type Client struct {
	config Config
	alarm  *keeper
	all    []*keeper
	voice  *voice
}

// New returns a Client that hears nothing before Run.
func New(c Config, inbox sensors.Inbox, logger *slog.Logger) *Client {
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = defaultMessage
	}
	if c.Faults == nil {
		c.Faults = func(ucare.Fault) {}
	}
	if c.Cleared == nil {
		c.Cleared = func(ucare.Fault) {}
	}
	if c.Connected == nil {
		c.Connected = func() {}
	}
	if c.Deaf == nil {
		c.Deaf = func(_, _ time.Time) {}
	}
	logger = logger.With("component", "mqtt-client")
	source := "client:" + c.Broker
	if u, err := c.url(); err == nil {
		u.User = nil
		source = "client:" + u.String()
	}
	client := &Client{config: c}
	client.alarm = newKeeper(c, "alarm", 1, c.Alarm, source, inbox, logger)
	client.all = []*keeper{client.alarm}
	client.voice = newVoice(c, client.alarm, logger)
	c.Deaf = func(_, _ time.Time) {} // telemetry raises nothing, so its silence means nothing either
	c.Will, c.Connected = Will{}, func() {}
	if len(c.Telemetry) > 0 {
		client.all = append(client.all, newKeeper(c, "telemetry", 0, c.Telemetry, source, inbox, logger))
	}
	return client
}

// Run hears the broker until the context ends. It returns an error only for a
// configuration that cannot work: a broker that is not there is waited for.
func (c *Client) Run(ctx context.Context) error {
	if err := c.config.Validate(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for _, k := range c.all {
		wg.Go(func() { k.run(ctx) })
	}
	wg.Go(func() { c.voice.run(ctx) })
	wg.Wait()
	return nil
}

// Listen hears the filters from now on, beside those of Config.Alarm, and no more
// those of the last call. What the broker has stored for a new filter comes as well.
// It returns at once, and holds for later connections and sessions too; a filter
// that the broker refuses is a fault, and is asked for again.
func (c *Client) Listen(filters []string) {
	c.alarm.hears(slices.Concat(c.config.Alarm, filters))
}

// Publish sends a message with QoS 1 and waits a few seconds for the broker's
// acknowledgement, which is no proof that anybody got it. What fails is not sent
// again: whoever speaks says what holds by then. A topic for which the broker ends the
// connection is a fault, and is passed over for a while without an error, so that what
// is said behind it is heard.
func (c *Client) Publish(topic string, payload []byte, retain bool) error {
	return c.voice.publish(topic, payload, retain)
}

// Speaks reports whether Publish has a chance, and whether we hear: who listens to us
// shall not take us for well on the word of a connection that cannot hear.
func (c *Client) Speaks() bool { return c.alarm.open() && c.voice.isOpen() }

// Connected reports whether the alarm session's connection is open. Whether
// anything comes through it is what CanaryAge tells.
func (c *Client) Connected() bool { return c.alarm.open() }

// CanaryAge is how long ago the alarm session was last proved to hear, or, before
// the first proof, how long it has been tried.
func (c *Client) CanaryAge() time.Duration { return c.alarm.canaryAge(time.Now()) }
