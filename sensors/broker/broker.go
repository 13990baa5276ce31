// Package broker is the MQTT broker in the gateway, so that a sensor's
// acknowledgement is worth something: a sensor gets its PUBACK when its message
// is on the gateway's disk, not before.
//
// It is the mochi-mqtt server with one hook of ours in front of it (hook.go)
// and listeners of ours below it (listen.go). The hook commits each message to the
// inbox before it is acknowledged, knows each device by its own name and
// password, and lets it use its own topics only (access.go, refusals.go).
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Config is what the broker listens on and whom it lets in.
type Config struct {
	Listeners []Listener
	Devices   []Device
	// MaxPacketBytes bounds one MQTT packet; 0 means 2 MiB.
	MaxPacketBytes uint32
	// MaxClients bounds the connections; 0 means 200.
	MaxClients int
	// CommitTimeout bounds one commit to the inbox; 0 means 2 s.
	CommitTimeout time.Duration
	// Faults is told of a fault that began, Cleared of one that ended; both may
	// be nil. They are called from the clients' goroutines and must not block.
	Faults, Cleared func(ucare.Fault)
}

// A Listener is an address for clients: with TLS when it has certificate and
// key files, which is TLS 1.2 or newer.
type Listener struct {
	Address           string // "host:port"; port 0 takes a free one
	CertFile, KeyFile string
}

// A Device is somebody who may connect. Its client id is its ID, or begins with
// its ID and one of the characters - _ / : and dot, or is what ClientID says.
type Device struct {
	ID       string // the user name
	Password string
	Dwelling string
	// ClientID is for a device whose client id cannot be set: the id itself, or its
	// beginning with a * behind it, such as "ZWAVE_GATEWAY-*". No other device may
	// own an id that it covers.
	ClientID string
	// Publish and Subscribe are the topic filters that it may use. Without any
	// Publish it is a sensor with our own form of reading and may publish on
	// ucare/<Dwelling>/<ID> only.
	Publish, Subscribe []string
}

// Broker is the running broker.
type Broker struct {
	server    *mqtt.Server
	hook      *hook
	listeners []*listener
	close     func() error
}

const (
	defaultPacket  = 2 << 20
	defaultClients = 200
	defaultCommit  = 2 * time.Second
	closeWithin    = 5 * time.Second

	// sessionKept bounds how long a client's session waits for it, in seconds.
	sessionKept = 7 * 24 * 60 * 60
	// messageKept is far away, in seconds: a retained state of last week is still the last one.
	messageKept = 10 * 365 * 24 * 60 * 60
	// onceADay is the interval of the server's own statistics, in seconds.
	onceADay = 24 * 60 * 60
)

// New checks the configuration and returns a Broker that does not listen yet.
func New(c Config, inbox sensors.Inbox, logger *slog.Logger) (*Broker, error) {
	if c.MaxPacketBytes == 0 {
		c.MaxPacketBytes = defaultPacket
	}
	if c.MaxClients == 0 {
		c.MaxClients = defaultClients
	}
	if c.CommitTimeout == 0 {
		c.CommitTimeout = defaultCommit
	}
	logger = logger.With("component", "broker")
	listeners, listenErr := listenersOf(c, logger)
	devices, deviceErr := devicesOf(c.Devices)
	if err := errors.Join(listenErr, deviceErr); err != nil {
		return nil, err
	}

	server := mqtt.New(&mqtt.Options{
		Capabilities:           capabilities(c),
		Logger:                 slog.New(withoutContents{logger.Handler()}),
		SysTopicResendInterval: onceADay,
		InlineClient:           true,
	})
	h := newHook(c, devices, inbox, server, logger)
	if err := server.AddHook(h, nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b := &Broker{server: server, hook: h, listeners: listeners}
	b.close = sync.OnceValue(b.shutDown)
	return b, nil
}

// capabilities are what the server offers. Topic aliases are off because this
// version checks the access to a topic before it resolves the alias.
func capabilities(c Config) *mqtt.Capabilities {
	o := mqtt.NewDefaultServerCapabilities()
	o.MaximumClients = int64(c.MaxClients)
	o.MaximumPacketSize = c.MaxPacketBytes
	o.TopicAliasMaximum = 0
	o.SharedSubAvailable = 0
	o.WildcardSubAvailable = 1
	o.ReceiveMaximum = 64
	o.MaximumInflight = 1024
	o.MaximumClientWritesPending = 1024
	o.MaximumSessionExpiryInterval = sessionKept
	o.MaximumMessageExpiryInterval = messageKept
	return o
}

// Serve opens the listeners and returns; clients are served until Close.
func (b *Broker) Serve() error {
	for _, l := range b.listeners {
		if err := b.server.AddListener(l); err != nil {
			return errors.Join(fmt.Errorf("the broker cannot listen on %s: %w (is another broker running there?)", l.address, err), b.Close())
		}
	}
	if err := b.server.Serve(); err != nil {
		return errors.Join(fmt.Errorf("broker: %w", err), b.Close())
	}
	return nil
}

// Addr gives the addresses that are listened on, in the order of the
// configuration; after Serve.
func (b *Broker) Addr() []net.Addr {
	var all []net.Addr
	for _, l := range b.listeners {
		if l.ln != nil {
			all = append(all, l.ln.Addr())
		}
	}
	return all
}

// Publish hands a message to the clients that subscribed to its topic. It does
// not come back through the inbox.
func (b *Broker) Publish(topic string, payload []byte, retain bool) error {
	if err := b.server.Publish(topic, payload, retain, 1); err != nil {
		return fmt.Errorf("publish on %q: %w", topic, err)
	}
	return nil
}

// Close ends all connections and waits for what is under way, a few seconds at most.
func (b *Broker) Close() error { return b.close() }

func (b *Broker) shutDown() error {
	b.hook.closing.Store(true)
	done := make(chan error, 1)
	go func() { done <- b.server.Close() }()
	select {
	case err := <-done:
		return err
	case <-time.After(closeWithin):
		return fmt.Errorf("the broker's clients are still busy after %v", closeWithin)
	}
}

// listenersOf checks the addresses and loads the certificates.
func listenersOf(c Config, logger *slog.Logger) ([]*listener, error) {
	if len(c.Listeners) == 0 {
		return nil, errors.New("the broker has no listener: give it an address such as \"127.0.0.1:1883\"")
	}
	var all []*listener
	var errs []error
	for i, l := range c.Listeners {
		var config *tls.Config
		if l.CertFile != "" || l.KeyFile != "" {
			cert, err := tls.LoadX509KeyPair(l.CertFile, l.KeyFile)
			if err != nil {
				errs = append(errs, fmt.Errorf("the broker's listener %s: certificate %q with key %q: %w", l.Address, l.CertFile, l.KeyFile, err))
				continue
			}
			config = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		}
		if _, _, err := net.SplitHostPort(l.Address); err != nil {
			errs = append(errs, fmt.Errorf("the broker's listener %q: %w (for instance \"127.0.0.1:1883\")", l.Address, err))
			continue
		}
		all = append(all, newListener("listener-"+strconv.Itoa(i+1), l.Address, config, c.MaxClients, logger))
	}
	return all, errors.Join(errs...)
}

// devicesOf checks the devices and keeps them by ID.
func devicesOf(list []Device) (access, error) {
	devices := access{}
	var errs []error
	for _, d := range list {
		switch _, twice := devices[d.ID]; {
		case d.ID == "" || strings.ContainsAny(d.ID, "/+#$ \t\n\x00"):
			errs = append(errs, fmt.Errorf("the broker's device %q: an id is a name without spaces and / + # $", d.ID))
		case d.ID == mqtt.InlineClientId:
			errs = append(errs, fmt.Errorf("the broker's device %q: that name is the broker's own", d.ID))
		case twice:
			errs = append(errs, fmt.Errorf("the broker's device %q is there twice", d.ID))
		case d.Password == "":
			errs = append(errs, fmt.Errorf("the broker's device %q has no password", d.ID))
		case len(d.Publish) == 0 && d.Dwelling == "":
			errs = append(errs, fmt.Errorf("the broker's device %q has neither a dwelling nor topics to publish on", d.ID))
		default:
			devices[d.ID] = newDevice(d)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(devices)) {
		errs = append(errs, devices.checkClientID(devices[id]))
	}
	return devices, errors.Join(errs...)
}

// withoutContents keeps what people said out of the log: the server logs whole
// packets, with passwords and readings in them. Its chatter goes to debug.
type withoutContents struct{ slog.Handler }

func (w withoutContents) Enabled(ctx context.Context, level slog.Level) bool {
	return w.Handler.Enabled(ctx, quieter(level))
}

// Handle implements slog.Handler.
func (w withoutContents) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, quieter(r.Level), "mqtt server: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "packet", "pk", "will":
		default:
			clean.AddAttrs(a)
		}
		return true
	})
	return w.Handler.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (w withoutContents) WithAttrs(as []slog.Attr) slog.Handler {
	return withoutContents{w.Handler.WithAttrs(as)}
}

// WithGroup implements slog.Handler.
func (w withoutContents) WithGroup(name string) slog.Handler {
	return withoutContents{w.Handler.WithGroup(name)}
}

func quieter(level slog.Level) slog.Level {
	if level < slog.LevelError {
		return slog.LevelDebug
	}
	return level
}
