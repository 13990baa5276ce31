package client

import (
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors/broker"
)

// A broker that refuses a subscription says so in its answer, and the library
// calls that a success.
func TestASubscriptionThatTheBrokerRefusesIsAFaultThatNamesIt(t *testing.T) {
	b, err := broker.New(broker.Config{
		Listeners: []broker.Listener{{Address: "127.0.0.1:0"}},
		Devices: []broker.Device{{
			ID: "home-1", Password: "secret", Publish: []string{"ucare/home-1/canary/+"}, Subscribe: []string{"ucare/home-1/canary/+", "zigbee2mqtt/#"},
		}},
	}, &inbox{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	at := &mosquitto{t: t, port: portOf(t, b)}

	t.Run("refused", func(t *testing.T) {
		faults := &faultList{}
		hear(t, at, &inbox{}, faults, func(c *Config) {
			c.Username, c.Password, c.Alarm = "home-1", "secret", []string{"zigbee2mqtt/#", "secret/#"}
		})
		eventually(t, "the refusal is a fault", func() bool {
			return strings.Contains(faults.detail(ucare.FaultBrokerDeaf), `"home-1" subscribe to secret/#`)
		})
	})
	t.Run("granted", func(t *testing.T) {
		faults := &faultList{}
		c := hear(t, at, &inbox{}, faults, func(c *Config) { c.Username, c.Password = "home-1", "secret" })
		proved(t, c)
		if d := faults.detail(ucare.FaultBrokerDeaf); d != "" {
			t.Errorf("a fault where nothing is refused: %s", d)
		}
	})
}

// Wrong credentials are not to be mistaken for a broker that is down.
func TestWrongCredentialsAreToldInTheFault(t *testing.T) {
	b, err := broker.New(broker.Config{Listeners: []broker.Listener{{Address: "127.0.0.1:0"}}}, &inbox{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	faults := &faultList{}
	hear(t, &mosquitto{t: t, port: portOf(t, b)}, &inbox{}, faults, func(c *Config) { c.Username, c.Password = "home-1", "wrong" })
	eventually(t, "the fault says why", func() bool {
		return strings.Contains(faults.detail(ucare.FaultBrokerDown), "not Authorized")
	})
}

func portOf(t *testing.T, b *broker.Broker) int {
	t.Helper()
	address, is := b.Addr()[0].(*net.TCPAddr)
	if !is {
		t.Fatalf("address %v", b.Addr())
	}
	return address.Port
}
