package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/ucare-project/ucare/sensors"
)

const (
	connectWithin   = 5 * time.Second
	publishWithin   = 5 * time.Second
	subscribeWithin = 5 * time.Second
	quiesce         = 250 // milliseconds for what is under way when a line is closed
)

// paho is a connection over the paho client.
type paho struct {
	client mqtt.Client
	qos    byte

	mu      sync.Mutex
	conn    net.Conn
	retired bool
}

// pahoLine opens a line for the session. It never waits for the connection:
// the client tries for as long as it lives.
func (k *keeper) pahoLine(s *session) connection {
	p := &paho{qos: k.qos}
	p.client = mqtt.NewClient(k.options(s, p))
	p.client.Connect()
	return p
}

// options are the settings; docs/mqtt-traps.md tells what each is against.
func (k *keeper) options(s *session, p *paho) *mqtt.ClientOptions {
	c := k.config
	o := c.options(k.name, p)
	o.SetCleanSession(k.qos == 0)
	if s.will {
		o.SetBinaryWill(c.Will.Topic, c.Will.Payload, 1, c.Will.Retain)
	}
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { k.handle(s, m) }) // and no routes: one handler, once
	o.SetResumeSubs(false)                                                             // OnConnect subscribes, each time
	o.SetConnectRetry(true).SetConnectRetryInterval(2 * time.Second)
	o.SetAutoReconnect(true).SetMaxReconnectInterval(5 * time.Second)
	o.SetOnConnectHandler(func(mqtt.Client) { s.connected() })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.lost(err) })
	o.SetConnectionNotificationHandler(func(_ mqtt.Client, n mqtt.ConnectionNotification) {
		if failed, is := n.(mqtt.ConnectionNotificationFailed); is {
			s.notConnected(failed.Reason, errors.Is(failed.Reason, packets.ErrorRefusedNotAuthorised))
		}
	})
	return o
}

// options are those of every connection of ours.
func (c Config) options(name string, p *paho) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().AddBroker(c.Broker).SetClientID(c.ID + "-" + name).SetProtocolVersion(4)
	o.SetUsername(c.Username).SetPassword(c.Password)
	o.SetAutoAckDisabled(true).SetOrderMatters(true)
	o.SetStore(nothing{})
	o.SetConnectTimeout(connectWithin).SetKeepAlive(5 * time.Second).SetPingTimeout(3 * time.Second)
	o.SetWriteTimeout(publishWithin)
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) { return p.dial(u, c) })
	return o
}

// nothing is a store that keeps nothing, so that the library sends nothing again on its
// next connection: no canary for which the broker ends that one too. What a broker has not
// had an acknowledgement for, it sends again by itself.
type nothing struct{}

// These implement mqtt.Store.
func (nothing) Open()                             {}
func (nothing) Put(string, packets.ControlPacket) {}
func (nothing) Get(string) packets.ControlPacket  { return nil }
func (nothing) All() []string                     { return nil }
func (nothing) Del(string)                        {}
func (nothing) Close()                            {}
func (nothing) Reset()                            {}

// spoken is a line over the paho client. It does not connect again.
type spoken struct {
	*paho
	lost chan struct{}
}

// pahoVoice opens a line to speak on. Its session is kept, so that a broker which
// takes us for the alarm session does not erase that one's queue; and without a
// subscription there is nothing in it.
func (v *voice) pahoVoice(ctx context.Context) (line, error) {
	s := &spoken{paho: &paho{}, lost: make(chan struct{})}
	o := v.config.options("voice", s.paho)
	o.SetCleanSession(false).SetAutoReconnect(false).SetConnectRetry(false)
	o.SetDefaultPublishHandler(func(mqtt.Client, mqtt.Message) { v.overheard() })
	o.SetConnectionLostHandler(func(mqtt.Client, error) {
		close(s.lost)
		v.nudge()
	})
	s.client = mqtt.NewClient(o)
	token := s.client.Connect()
	select { // Close ends what is still trying
	case <-token.Done():
		if token.Error() == nil {
			return s, nil
		}
	case <-ctx.Done():
	case <-time.After(2 * connectWithin):
	}
	s.Close()
	return nil, cmp.Or(token.Error(), mqtt.TimedOut)
}

// Ended implements line.
func (s *spoken) Ended() <-chan struct{} { return s.lost }

// Publish implements line.
func (s *spoken) Publish(topic string, payload []byte, retain bool) error {
	token := s.client.Publish(topic, 1, retain, payload)
	err := mqtt.TimedOut
	select {
	case <-token.Done():
		err = token.Error()
	case <-s.lost:
		err = errCut
	case <-time.After(publishWithin):
	}
	if err != nil {
		return fmt.Errorf("publish on %q: %w", topic, err)
	}
	return nil
}

// handle is called by paho for each message, one at a time and in order.
func (k *keeper) handle(s *session, m mqtt.Message) {
	ack := s.take(sensors.Message{
		At: time.Now(), Source: k.source, Topic: m.Topic(), Payload: m.Payload(),
		QoS: m.Qos(), Retained: m.Retained(), Duplicate: m.Duplicate(),
	})
	if ack {
		m.Ack()
	} else {
		k.nudge()
	}
}

// filtersAtOnce bounds the filters in one packet.
const filtersAtOnce = 100

// Listen implements connection.
func (p *paho) Listen(add, drop []string) (refused map[string]string, err error) {
	refused = map[string]string{}
	for some := range slices.Chunk(add, filtersAtOnce) {
		if err := p.subscribe(some, refused); err != nil {
			return nil, fmt.Errorf("subscribe to %d topic filters: %w", len(add), err)
		}
	}
	for some := range slices.Chunk(drop, filtersAtOnce) {
		if err := mqtt.WaitTokenTimeout(p.client.Unsubscribe(some...), subscribeWithin); err != nil {
			return nil, fmt.Errorf("unsubscribe from %d topic filters: %w", len(drop), err)
		}
	}
	return refused, nil
}

// subscribe asks for the filters in one packet and looks at what was granted: a
// refusal is not an error of the token.
func (p *paho) subscribe(filters []string, refused map[string]string) error {
	asked := map[string]byte{}
	for _, f := range filters {
		asked[f] = p.qos
	}
	token := p.client.SubscribeMultiple(asked, nil)
	if err := mqtt.WaitTokenTimeout(token, subscribeWithin); err != nil {
		return err
	}
	granted := map[string]byte{}
	if t, is := token.(*mqtt.SubscribeToken); is {
		granted = t.Result()
	}
	for _, f := range filters {
		if qos, answered := granted[f]; !answered || qos != p.qos {
			refused[f] = fmt.Sprintf("answer %#02x", qos)
		}
	}
	return nil
}

// dial opens the connection and remembers it, so that Close can end it
// whatever state the client is in. A closed line opens no connection any more.
func (p *paho) dial(u *url.URL, c Config) (net.Conn, error) {
	conn, err := openConn(u, c)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		conn.Close()
		return nil, net.ErrClosed
	}
	p.conn = conn
	return conn, nil
}

// Open implements line. IsConnected would be true while reconnecting.
func (p *paho) Open() bool { return p.client.IsConnectionOpen() }

// Prove implements connection.
func (p *paho) Prove(topic string) error {
	return mqtt.WaitTokenTimeout(p.client.Publish(topic, 1, false, []byte("1")), publishWithin)
}

// Close implements line. The connection is ended even when a handler is stuck,
// which the client itself would wait for.
func (p *paho) Close() {
	p.mu.Lock()
	p.retired = true
	p.mu.Unlock()
	p.client.Disconnect(quiesce)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		p.conn.Close()
	}
}
