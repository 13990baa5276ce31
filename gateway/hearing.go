package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/emergency/links/webhook"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/broker"
	"github.com/ucare-project/ucare/sensors/client"
	"github.com/ucare-project/ucare/sensors/flood"
	"github.com/ucare-project/ucare/voice"
)

// hearing is how the gateway hears MQTT: as the broker itself, as a client of
// the household's broker, or both. What is not configured is nil.
type hearing struct {
	broker *broker.Broker
	client *client.Client
	guards []*flood.Guard // in front of the inbox, one for each of them
	// filters is what has to be heard from now on, on its way from the watch to the
	// client. It holds one: the last counts.
	filters chan []string
}

// now reports whether sensors can reach us by at least one way.
func (h *hearing) now() bool { return h.broker != nil || h.client != nil && h.client.Connected() }

// wireHearing prepares the ways in. Nobody is heard yet.
func (g *Gateway) wireHearing(c *configs.Gateway) error {
	if c.Sensors.Broker != nil {
		b, err := broker.New(g.brokerConfig(c), g.guarded(c, true), g.logger)
		if err != nil {
			return fmt.Errorf("sensors.broker: %w", err)
		}
		g.hearing.broker = b
		g.speakThrough(voice.Broker{Name: "embedded broker", Publish: b.Publish, Open: func() bool { return true }})
	}
	if c.Sensors.Client != nil {
		if err := g.wireClient(c); err != nil {
			return fmt.Errorf("sensors.client: %w", err)
		}
	}
	return nil
}

func (g *Gateway) wireClient(c *configs.Gateway) error {
	config, err := g.clientConfig(c)
	if err == nil {
		err = config.Validate()
	}
	if err != nil {
		return err
	}
	var household *voice.Teller
	config.Connected = func() { household.Again() } // nothing connects before Run
	g.hearing.client = client.New(config, g.guarded(c, false), g.logger)
	g.hearing.filters = make(chan []string, 1)
	g.hearing.client.Listen(g.watch.fold.decoder.Filters())
	household = g.speakThrough(voice.Broker{
		Name: "household's broker", Publish: g.hearing.client.Publish, Open: g.hearing.client.Speaks,
	})
	return nil
}

// speakThrough lets the voice be heard through one more broker.
func (g *Gateway) speakThrough(b voice.Broker) *voice.Teller {
	t := g.voice.Through(b)
	g.tellers = append(g.tellers, t)
	return t
}

// listen hands over what has to be heard from now on. It never blocks.
func (h *hearing) listen(filters []string) {
	select {
	case <-h.filters: // out of date
	default:
	}
	select {
	case h.filters <- filters:
	default: // nobody listens: our own broker hears everything
	}
}

// relisten tells the client what has to be heard, until the context ends.
func (h *hearing) relisten(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case filters := <-h.filters:
			h.client.Listen(filters)
		}
	}
}

// guarded is the inbox behind a guard against a device that floods.
func (g *Gateway) guarded(c *configs.Gateway, connected bool) sensors.Inbox {
	guard := flood.New(flood.Config{
		Dwellings: len(c.Dwellings), Connected: connected,
		Faults:  func(f ucare.Fault) { g.faults.Set(f, true) },
		Cleared: func(f ucare.Fault) { g.faults.Set(f, false) },
	}, g.inbox, g.logger)
	g.hearing.guards = append(g.hearing.guards, guard)
	return guard
}

// start opens the ways in. A household's broker that is away is a fault and
// not an error: the client goes on trying.
func (h *hearing) start(g *Gateway, failed chan<- error) error {
	for _, guard := range h.guards { // it ends after the ways in, and has the last word
		g.start(failed, "flood guard", guard.Run)
	}
	if h.broker != nil {
		if err := h.broker.Serve(); err != nil {
			return err
		}
		g.closings.add("broker", h.broker.Close)
	}
	if h.client != nil {
		g.start(failed, "broker client", h.client.Run)
		g.start(failed, "listener", h.relisten)
	}
	return nil
}

func (g *Gateway) brokerConfig(c *configs.Gateway) broker.Config {
	from := c.Sensors.Broker
	out := broker.Config{
		MaxPacketBytes: uint32(from.MaxMessage),
		Faults:         func(f ucare.Fault) { g.faults.Set(f, true) },
		Cleared:        func(f ucare.Fault) { g.faults.Set(f, false) },
	}
	if from.Listen != "" {
		out.Listeners = append(out.Listeners, broker.Listener{Address: from.Listen})
	}
	if from.TLS.Listen != "" {
		out.Listeners = append(out.Listeners, broker.Listener{
			Address: from.TLS.Listen, CertFile: from.TLS.CertFile, KeyFile: from.TLS.KeyFile,
		})
	}
	for _, d := range from.Devices {
		out.Devices = append(out.Devices, broker.Device{
			ID: d.ID, Password: d.Password.Secret().Reveal(), Dwelling: d.Dwelling, ClientID: d.ClientID,
			Publish: d.Publish, Subscribe: d.Subscribe,
		})
	}
	return out
}

// clientConfig hears all topics of the dwellings as alarms, from the start those
// that are known without asking any decoder; what the household lists as telemetry
// goes through a session of its own.
func (g *Gateway) clientConfig(c *configs.Gateway) (client.Config, error) {
	from := c.Sensors.Client
	out := client.Config{
		Broker: from.URL, ID: from.ClientID, Username: from.Username, Password: from.Password.Secret().Reveal(),
		Telemetry: from.Telemetry, Deaf: g.wasDeaf, SubscriptionsFile: g.path(subscriptionsFile),
		Faults:  func(f ucare.Fault) { g.faults.Set(f, true) },
		Cleared: func(f ucare.Fault) { g.faults.Set(f, false) },
	}
	out.Will.Topic, _ = statusOf(c)
	out.Will.Payload, out.Will.Retain = []byte(voice.Offline), true
	for _, d := range topicsOf(c).Dwellings {
		out.Alarm = append(out.Alarm, "ucare/"+d.Dwelling+"/+", sensors.CommandTopic(d.Dwelling, "+"))
		for _, prefix := range d.HomeAssistant {
			out.Alarm = append(out.Alarm, prefix+"/status")
		}
		for _, base := range d.Zigbee2MQTT {
			out.Alarm = append(out.Alarm, base+"/#")
		}
	}
	var err error
	out.TLS, err = client.TLSFiles(from.CAFile, "", "")
	return out, err
}

// notBefore is an instant that has passed for sure, for a board whose clock
// starts long ago. A clock that is set needs no such help, and an entry that was
// written while it stood ahead must not outlaw every certificate.
func notBefore(now, heardLast time.Time) time.Time {
	if now.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		return heardLast
	}
	return time.Time{}
}

// wasDeaf tells the rules that the household's broker did not let us hear for a
// while: that silence does not count.
func (g *Gateway) wasDeaf(from, to time.Time) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), diskPatience)
		defer cancel()
		_ = g.entrance.enter(ctx, gapEntry(journal.Deaf, from, to, time.Now())) // when the disk refuses, the watch has it
	}()
}

// linksOf makes the link to each receiver.
func (g *Gateway) linksOf(c *configs.Gateway) (map[string]emergency.Link, error) {
	links := make(map[string]emergency.Link)
	var failures []error
	for _, r := range c.Emergency.Receivers {
		var secrets []string
		for _, s := range r.Webhook.Secret.Secrets() {
			secrets = append(secrets, s.Reveal())
		}
		link, err := webhook.New(webhook.Config{
			URL: r.Webhook.URL, Secrets: secrets, CAFile: r.Webhook.CAFile,
			CertFile: r.Webhook.ClientCertFile, KeyFile: r.Webhook.ClientKeyFile, NotBefore: notBefore(time.Now(), g.heardLast),
		})
		if err != nil {
			failures = append(failures, fmt.Errorf("emergency.receivers.%s: %w", r.ID, err))
			continue
		}
		links[r.ID] = link
	}
	return links, errors.Join(failures...)
}
