package client

import (
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"

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

// cutter is a broker that ends each connection for the first thing it publishes.
type cutter struct {
	net.Listener
	published chan *packets.PublishPacket
}

func startCutter(t *testing.T) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{l, make(chan *packets.PublishPacket, 100)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return c
}

func (c *cutter) serve(conn net.Conn) {
	defer conn.Close()
	for {
		packet, err := packets.ReadPacket(conn)
		var answer packets.ControlPacket
		switch p := packet.(type) {
		case *packets.ConnectPacket:
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.SubscribePacket:
			granted := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			granted.MessageID, granted.ReturnCodes = p.MessageID, p.Qoss
			answer = granted
		case *packets.PublishPacket:
			c.published <- p
			return
		}
		if err != nil || answer == nil || answer.Write(conn) != nil {
			return
		}
	}
}

// What was not acknowledged would end the next connection too, and be changed by the library
// for sending it again while it sends it.
func TestACanaryIsNeverSentAgain(t *testing.T) {
	c := startCutter(t)
	port := c.Addr().(*net.TCPAddr).Port
	hear(t, &mosquitto{t: t, port: port}, &inbox{}, &faultList{}, nil)
	first, second := <-c.published, <-c.published
	if first.TopicName == second.TopicName || second.Dup {
		t.Errorf("%s was sent and then %s, as a duplicate: %v", first.TopicName, second.TopicName, second.Dup)
	}
}

func portOf(t *testing.T, b *broker.Broker) int {
	t.Helper()
	address, is := b.Addr()[0].(*net.TCPAddr)
	if !is {
		t.Fatalf("address %v", b.Addr())
	}
	return address.Port
}
