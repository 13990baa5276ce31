package broker

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	v3 "github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/mochi-mqtt/server/v2/packets"
	"go.uber.org/goleak"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// inbox keeps what was committed, and refuses with err while that is set.
type inbox struct {
	mu  sync.Mutex
	err error
	got []sensors.Message
	in  chan sensors.Message // when set, commits go through here first
}

func (i *inbox) Commit(ctx context.Context, m sensors.Message) error {
	if i.in != nil {
		select {
		case i.in <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return i.err
	}
	i.got = append(i.got, m)
	return nil
}

func (i *inbox) refuse(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

func (i *inbox) all() []sensors.Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.got)
}

func (i *inbox) has(payload string) bool {
	return slices.ContainsFunc(i.all(), func(m sensors.Message) bool { return string(m.Payload) == payload })
}

// told keeps the faults that stand.
type told struct {
	mu  sync.Mutex
	all map[string]ucare.Fault
}

func (l *told) began(f ucare.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[f.Key()] = f
}

func (l *told) ended(f ucare.Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, f.Key())
}

func (l *told) detail(code ucare.FaultCode, subject string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		if f.Code == code && f.Subject == subject {
			return f.Detail
		}
	}
	return ""
}

var home = []Device{
	{ID: "kitchen", Password: "k-secret", Dwelling: "kim"},
	{ID: "hall", Password: "h-secret", Dwelling: "kim"},
	{ID: "hall-2", Password: "h2-secret", Dwelling: "kim"},
	{ID: "assistant", Password: "a-secret", Publish: []string{"zigbee2mqtt/#"}, Subscribe: []string{"ucare/kim/#", "zigbee2mqtt/#"}},
}

// serve runs a broker for the test.
func serve(t *testing.T, in *inbox, change func(*Config)) (*Broker, *told) {
	t.Helper()
	faults := &told{all: map[string]ucare.Fault{}}
	c := Config{Listeners: []Listener{{Address: "127.0.0.1:0"}}, Devices: home, Faults: faults.began, Cleared: faults.ended}
	if change != nil {
		change(&c)
	}
	b, err := New(c, in, slog.New(slog.NewTextHandler(t.Output(), nil)))
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
	return b, faults
}

// peer is a client that writes and reads single packets.
type peer struct {
	t *testing.T
	net.Conn
}

// dial opens a connection and says nothing.
func dial(t *testing.T, b *Broker) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &peer{t, conn}
}

func connectPacket(user, password, id string) *v3.ConnectPacket {
	p := v3.NewControlPacket(v3.Connect).(*v3.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion, p.Keepalive = "MQTT", 4, 30
	p.ClientIdentifier, p.CleanSession = id, true
	if user != "" {
		p.UsernameFlag, p.Username, p.PasswordFlag, p.Password = true, user, true, []byte(password)
	}
	return p
}

// connect gives the return code of the broker.
func (p *peer) connect(c *v3.ConnectPacket) byte {
	p.t.Helper()
	p.send(c)
	ack, is := p.read().(*v3.ConnackPacket)
	if !is {
		p.t.Fatal("no CONNACK")
	}
	return ack.ReturnCode
}

// join is a connection of the device.
func join(t *testing.T, b *Broker, id string) *peer {
	t.Helper()
	for _, d := range home {
		if d.ID == id {
			p := dial(t, b)
			if code := p.connect(connectPacket(id, d.Password, id)); code != v3.Accepted {
				t.Fatalf("%s not let in: code %d", id, code)
			}
			return p
		}
	}
	t.Fatalf("no device %q", id)
	return nil
}

func (p *peer) send(c v3.ControlPacket) {
	p.t.Helper()
	if err := c.Write(p); err != nil {
		p.t.Fatal(err)
	}
}

// read gives the next packet, nil at the end of the connection.
func (p *peer) read() v3.ControlPacket {
	p.t.Helper()
	c, err := v3.ReadPacket(p)
	if err != nil {
		if nerr, is := errors.AsType[net.Error](err); is && nerr.Timeout() {
			p.t.Fatal("nothing came, and the connection did not end")
		}
		return nil
	}
	return c
}

func publication(topic, payload string, qos byte) *v3.PublishPacket {
	p := v3.NewControlPacket(v3.Publish).(*v3.PublishPacket)
	p.TopicName, p.Payload, p.Qos = topic, []byte(payload), qos
	if qos > 0 {
		p.MessageID = 7
	}
	return p
}

// say publishes with QoS 1 and wants the acknowledgement.
func (p *peer) say(topic, payload string) {
	p.t.Helper()
	p.send(publication(topic, payload, 1))
	if _, is := p.read().(*v3.PubackPacket); !is {
		p.t.Fatalf("%q on %s was not acknowledged", payload, topic)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestAMessageIsAcknowledgedAfterItIsCommittedAndNotBefore(t *testing.T) {
	in := &inbox{in: make(chan sensors.Message)}
	b, _ := serve(t, in, func(c *Config) { c.CommitTimeout = 20 * time.Second })
	p := join(t, b, "kitchen")
	p.send(publication("ucare/kim/kitchen", "fire", 1))

	p.SetReadDeadline(time.Now().Add(200 * time.Millisecond)) // as long as an early one would need at most
	if c, err := v3.ReadPacket(p); err == nil {
		t.Fatalf("%v before the message was committed", c)
	}
	m := <-in.in
	p.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, is := p.read().(*v3.PubackPacket); !is {
		t.Fatal("no acknowledgement after the commit")
	}
	if m.Topic != "ucare/kim/kitchen" || string(m.Payload) != "fire" || m.QoS != 1 || m.Retained || m.Duplicate || m.Source != "broker:kitchen" || time.Since(m.At) > time.Minute {
		t.Errorf("message %+v", m)
	}
}

func TestWhatCannotBeCommittedIsNotAcknowledgedAndTheClientHasToComeAgain(t *testing.T) {
	in := &inbox{err: errors.New("the disk is full")}
	b, _ := serve(t, in, nil)
	for _, qos := range []byte{1, 2} {
		p := join(t, b, "kitchen")
		p.send(publication("ucare/kim/kitchen", "fire", qos))
		if c := p.read(); c != nil {
			t.Errorf("QoS %d: the broker answered %v to a message that it has not got", qos, c)
		}
	}
	in.refuse(nil)
	again := publication("ucare/kim/kitchen", "fire", 1)
	again.Dup = true
	p := join(t, b, "kitchen")
	p.send(again)
	if _, is := p.read().(*v3.PubackPacket); !is {
		t.Error("not acknowledged when it came again")
	}
	if got := in.all(); len(got) != 1 || !got[0].Duplicate {
		t.Errorf("committed %+v", got)
	}
}

// What the gateway has not got has not been said: nobody else gets it either.
func TestWhatCannotBeCommittedIsNeitherForwardedNorRetained(t *testing.T) {
	in := &inbox{err: errors.New("the disk is full")}
	b, _ := serve(t, in, nil)
	subscribe := func() *peer {
		p := join(t, b, "assistant")
		s := v3.NewControlPacket(v3.Subscribe).(*v3.SubscribePacket)
		s.MessageID, s.Topics, s.Qoss = 1, []string{"ucare/kim/#"}, []byte{1}
		p.send(s)
		p.read()
		return p
	}
	early := subscribe()
	for _, qos := range []byte{0, 1} {
		p := join(t, b, "kitchen")
		lost := publication("ucare/kim/kitchen", "lost", qos)
		lost.Retain = true
		p.send(lost)
		if c := p.read(); c != nil {
			t.Errorf("QoS %d: the broker answered %v", qos, c)
		}
	}
	in.refuse(nil)
	join(t, b, "hall").say("ucare/kim/hall", "kept")
	if m := early.read().(*v3.PublishPacket); string(m.Payload) != "kept" {
		t.Errorf("forwarded: %s", m.Payload)
	}
	if _, retained := b.server.Topics.Retained.Get("ucare/kim/kitchen"); retained {
		t.Error("retained")
	}
}

func TestACommitThatHangsIsBounded(t *testing.T) {
	in := &inbox{in: make(chan sensors.Message)} // nobody takes
	b, _ := serve(t, in, func(c *Config) { c.CommitTimeout = 50 * time.Millisecond })
	p := join(t, b, "kitchen")
	p.send(publication("ucare/kim/kitchen", "fire", 1))
	if c := p.read(); c != nil {
		t.Errorf("the broker answered %v", c)
	}
}

func TestOnlyTheRightPasswordComesIn(t *testing.T) {
	b, faults := serve(t, &inbox{}, nil)
	for _, c := range []struct{ name, user, password, id, subject string }{
		{"wrong password", "kitchen", "h-secret", "kitchen", "kitchen"},
		{"empty password", "kitchen", "", "kitchen", "kitchen"},
		{"unknown user", "root", "k-secret", "root", "127.0.0.1"},
		{"nobody", "", "", "kitchen", "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := connectPacket(c.user, c.password, c.id)
			p.PasswordFlag = c.password != ""
			if code := dial(t, b).connect(p); code == v3.Accepted {
				t.Error("let in")
			}
			d := faults.detail(ucare.FaultRefused, c.subject)
			if !strings.Contains(d, "127.0.0.1") || strings.Contains(d, `"kitchen"`) != (c.subject == "kitchen") || strings.Contains(d, "secret") {
				t.Errorf("fault about %s: %q", c.subject, d)
			}
		})
	}
	join(t, b, "kitchen")
	for _, subject := range []string{"kitchen", "127.0.0.1"} {
		if d := faults.detail(ucare.FaultRefused, subject); d != "" {
			t.Errorf("the fault stays after the right password: %s", d)
		}
	}
}

func TestAClientIDIsItsUsersOwn(t *testing.T) {
	b, faults := serve(t, &inbox{}, nil)
	for _, c := range []struct {
		user, password, id string
		in                 bool
	}{
		{"hall", "h-secret", "hall", true},
		{"hall", "h-secret", "hall-sensor-4", true},
		{"hall", "h-secret", "hall_4", true},
		{"hall", "h-secret", "", true},
		{"hall", "h-secret", "hall4", false},
		{"hall", "h-secret", "kitchen", false},
		{"hall", "h-secret", "hall-2", false}, // that is another device
		{"hall", "h-secret", "hall-2-b", false},
		{"hall-2", "h2-secret", "hall-2-b", true},
		{"hall-2", "h2-secret", "hall", false},
		{"hall", "h-secret", "inline", false},
		{"hall", "h-secret", "mqttjs_12345", false},
	} {
		if code := dial(t, b).connect(connectPacket(c.user, c.password, c.id)); (code == v3.Accepted) != c.in {
			t.Errorf("user %q with client id %q: code %d", c.user, c.id, code)
		}
	}
	d := faults.detail(ucare.FaultRefused, "hall")
	for _, way := range []string{`set it in the device to "hall" or`, `client_id: "mqttjs_12345"`} {
		if !strings.Contains(d, way) {
			t.Errorf("the fault does not say what to do: %q", d)
		}
	}
}

func TestAClientIDThatCannotBeSetIsNamed(t *testing.T) {
	b, _ := serve(t, &inbox{}, func(c *Config) {
		c.Devices = append(slices.Clone(c.Devices),
			Device{ID: "zwave", Password: "z-secret", Dwelling: "kim", ClientID: "ZWAVE_GATEWAY-*"},
			Device{ID: "flood", Password: "f-secret", Dwelling: "kim", ClientID: "shellyflood-AABBCC"})
	})
	for _, c := range []struct {
		user, password, id string
		in                 bool
	}{
		{"zwave", "z-secret", "ZWAVE_GATEWAY-home", true},
		{"zwave", "z-secret", "ZWAVE_GATEWAY-", true},
		{"zwave", "z-secret", "zwave-2", true}, // as without it
		{"zwave", "z-secret", "ZWave_Gateway-home", false},
		{"zwave", "z-secret", "ZWAVE_GATEWAY", false},
		{"hall", "h-secret", "ZWAVE_GATEWAY-home", false},
		{"flood", "f-secret", "shellyflood-AABBCC", true},
		{"flood", "f-secret", "shellyflood-AABBCC-2", false},
		{"flood", "f-secret", "shellyflood-aabbcc", false},
		{"zwave", "z-secret", "shellyflood-AABBCC", false},
	} {
		if code := dial(t, b).connect(connectPacket(c.user, c.password, c.id)); (code == v3.Accepted) != c.in {
			t.Errorf("user %q with client id %q: code %d", c.user, c.id, code)
		}
	}
}

func TestNoClientIDIsOfTwoDevices(t *testing.T) {
	for _, c := range []struct {
		clientID string
		wrong    string
	}{
		{"DVES_*", ""},
		{"DVES_1A2B3C", ""},
		{"hallway-*", ""},
		{"hall", `of "hall" too`},
		{"hall-2", `of "hall" too`},
		{"hall_*", `of "hall" too`},
		{"ha*", `of "hall" too`},
		{"hall-2-*", `of "hall" too`},
		{"shelly*", `of "other" too`},
		{"shellyflood-AABBCC", `of "other" too`},
		{"*", "the beginning of one"},
		{"a*b*", "the beginning of one"},
		{"in*", `"inline"`},
	} {
		_, err := devicesOf([]Device{
			{ID: "new", Password: "x", Dwelling: "kim", ClientID: c.clientID},
			{ID: "hall", Password: "x", Dwelling: "kim"},
			{ID: "hall-2", Password: "x", Dwelling: "kim"},
			{ID: "other", Password: "x", Dwelling: "kim", ClientID: "shellyflood-*"},
		})
		if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("client_id %q: %v, want %q", c.clientID, err, c.wrong)
		}
	}
}

// A client that is cut off for it connects and says it again, for ever.
func TestWhatADeviceMayNotSayIsAcknowledgedAndDropped(t *testing.T) {
	in := &inbox{}
	b, faults := serve(t, in, nil)
	listener := join(t, b, "assistant")
	listener.subscribe("ucare/kim/#", "zigbee2mqtt/#")
	p := join(t, b, "kitchen")
	for _, topic := range []string{"ucare/kim/hall", "ucare/kim/kitchen/x", "ucare/lee/kitchen", "zigbee2mqtt/x", "ucare/kim"} {
		for qos := range byte(3) {
			forged := publication(topic, "forged", qos)
			forged.Retain = true
			p.send(forged)
			p.finish(qos)
		}
		if d := faults.detail(ucare.FaultRefused, "kitchen"); topic != "ucare/kim" && !strings.Contains(d, `"`+topic+`"`) {
			t.Errorf("the fault does not name %s: %q", topic, d)
		}
		if _, retained := b.server.Topics.Retained.Get(topic); retained {
			t.Errorf("retained on %s", topic)
		}
	}
	p.say("ucare/kim/kitchen", "own")
	if in.has("forged") || !in.has("own") {
		t.Errorf("committed %+v", in.all())
	}
	if m := listener.read().(*v3.PublishPacket); string(m.Payload) != "own" {
		t.Errorf("forwarded %s", m.Payload)
	}
	if d := faults.detail(ucare.FaultRefused, "kitchen"); !strings.Contains(d, "and others") {
		t.Errorf("more topics than a fault names: %q", d)
	}
	join(t, b, "kitchen").say("ucare/kim/kitchen", "own")
	if faults.detail(ucare.FaultRefused, "kitchen") == "" {
		t.Error("the fault went away with the next connection, to come again with the next announcement")
	}
}

// finish goes through the handshake of a publication that was acknowledged.
func (p *peer) finish(qos byte) {
	p.t.Helper()
	switch qos {
	case 1:
		if c, is := p.read().(*v3.PubackPacket); !is {
			p.t.Fatalf("QoS 1: %v instead of a PUBACK", c)
		}
	case 2:
		if c, is := p.read().(*v3.PubrecPacket); !is {
			p.t.Fatalf("QoS 2: %v instead of a PUBREC", c)
		}
		rel := v3.NewControlPacket(v3.Pubrel).(*v3.PubrelPacket)
		rel.MessageID = 7
		p.send(rel)
		if c, is := p.read().(*v3.PubcompPacket); !is {
			p.t.Fatalf("QoS 2: %v instead of a PUBCOMP", c)
		}
	}
}

// subscribe asks for the filters and returns the answers.
func (p *peer) subscribe(filters ...string) []byte {
	p.t.Helper()
	s := v3.NewControlPacket(v3.Subscribe).(*v3.SubscribePacket)
	s.MessageID, s.Topics, s.Qoss = 1, filters, make([]byte, len(filters))
	p.send(s)
	ack, is := p.read().(*v3.SubackPacket)
	if !is {
		p.t.Fatal("no SUBACK")
	}
	return ack.ReturnCodes
}

// Version 5 can tell a client that it may not, and does.
func TestAClientOfVersion5IsToldThatItMayNot(t *testing.T) {
	in := &inbox{}
	b, faults := serve(t, in, nil)
	p := dial(t, b)
	connect := packets.Packet{ProtocolVersion: 5, FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{
		ProtocolName: []byte("MQTT"), Clean: true, Keepalive: 30, ClientIdentifier: "kitchen",
		UsernameFlag: true, Username: []byte("kitchen"), PasswordFlag: true, Password: []byte("k-secret"),
	}}
	publish := func(topic string) packets.Packet {
		return packets.Packet{
			ProtocolVersion: 5, FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, PacketID: 3,
			TopicName: topic, Payload: []byte("x"),
		}
	}
	var out bytes.Buffer
	forged, own := publish("ucare/kim/hall"), publish("ucare/kim/kitchen")
	if err := errors.Join(connect.ConnectEncode(&out), forged.PublishEncode(&out), own.PublishEncode(&out)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its own message is committed", func() bool { return len(in.all()) == 1 })
	if m := in.all()[0]; m.Topic != "ucare/kim/kitchen" {
		t.Errorf("committed %+v", m)
	}
	if faults.detail(ucare.FaultRefused, "kitchen") == "" {
		t.Error("no fault")
	}
}

func TestADeviceHearsWhatItMayOnly(t *testing.T) {
	b, faults := serve(t, &inbox{}, nil)
	p := join(t, b, "assistant")
	asked := []string{"ucare/kim/#", "ucare/kim/+", "#", "ucare/#", "+/kim/x", "$SYS/#", "$share/g/ucare/kim/#", "ucare/lee/x"}
	for i, code := range p.subscribe(asked...) {
		if granted := code < 0x80; granted != (i < 2) {
			t.Errorf("%s: code %#x", asked[i], code)
		}
	}
	if d := faults.detail(ucare.FaultRefused, "assistant"); d != "" {
		t.Errorf("a device that is heard is called refused: %s", d)
	}
	join(t, b, "hall").say("ucare/kim/hall", "somebody came")
	if m := p.read().(*v3.PublishPacket); string(m.Payload) != "somebody came" {
		t.Errorf("heard %s", m.Payload)
	}
}

// Version 5 lets a client name a topic once and use a number after that. The
// server would check the access to an empty name.
func TestTopicAliasesAreOff(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	p := dial(t, b)
	var out bytes.Buffer
	connect := packets.Packet{ProtocolVersion: 5, FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: packets.ConnectParams{
		ProtocolName: []byte("MQTT"), Clean: true, Keepalive: 30, ClientIdentifier: "kitchen",
		UsernameFlag: true, Username: []byte("kitchen"), PasswordFlag: true, Password: []byte("k-secret"),
	}}
	publish := packets.Packet{
		ProtocolVersion: 5, FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, PacketID: 3,
		TopicName: "ucare/kim/kitchen", Payload: []byte("aliased"),
		Properties: packets.Properties{TopicAlias: 1, TopicAliasFlag: true},
	}
	if err := errors.Join(connect.ConnectEncode(&out), publish.PublishEncode(&out)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(out.Bytes()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, p); err != nil {
		t.Fatalf("the connection did not end: %v", err)
	}
	if len(in.all()) != 0 {
		t.Errorf("committed %+v", in.all())
	}
}

func willOf(topic string) *v3.ConnectPacket {
	p := connectPacket("kitchen", "k-secret", "kitchen")
	p.WillFlag, p.WillTopic, p.WillMessage, p.WillQos, p.WillRetain = true, topic, []byte("gone"), 1, true
	return p
}

func TestALastWillIsCommitted(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	p := dial(t, b)
	p.connect(willOf("ucare/kim/kitchen"))
	p.Close()
	eventually(t, "the will is committed", func() bool { return in.has("gone") })
	if m := in.all()[0]; m.Topic != "ucare/kim/kitchen" || m.QoS != 1 || m.Retained || m.Source != "broker:kitchen" {
		t.Errorf("message %+v", m)
	}
}

func TestALastWillMustBeOnATopicOfItsOwn(t *testing.T) {
	in := &inbox{}
	b, faults := serve(t, in, nil)
	if code := dial(t, b).connect(willOf("ucare/kim/hall")); code == v3.Accepted {
		t.Error("let in with a will in somebody else's name")
	}
	if faults.detail(ucare.FaultRefused, "kitchen") == "" {
		t.Error("no fault")
	}
}

func TestNobodyDiedWhenTheBrokerCloses(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	if code := dial(t, b).connect(willOf("ucare/kim/kitchen")); code != v3.Accepted {
		t.Fatalf("code %d", code)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if in.has("gone") {
		t.Error("the will of a client that was well when the broker closed")
	}
}

func TestATooLargePacketIsAFaultOfItsClient(t *testing.T) {
	in := &inbox{}
	b, faults := serve(t, in, func(c *Config) { c.MaxPacketBytes = 10_000 })
	p := join(t, b, "kitchen")
	publication("ucare/kim/kitchen", strings.Repeat("x", 10_000_000), 1).Write(p) // cut off in the middle
	eventually(t, "the fault", func() bool { return strings.Contains(faults.detail(ucare.FaultTooLarge, "kitchen"), "10000 bytes") })
	join(t, b, "kitchen").say("ucare/kim/kitchen", "a small one")
	if faults.detail(ucare.FaultTooLarge, "kitchen") != "" {
		t.Error("the fault stays")
	}
	if len(in.all()) != 1 {
		t.Errorf("%d messages committed", len(in.all()))
	}
}

func TestAnAnnouncementReachesSubscribersAndNotTheInbox(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	if err := b.Publish("ucare/kim/gateway/alarm", []byte("kept"), true); err != nil {
		t.Fatal(err)
	}
	p := join(t, b, "assistant")
	s := v3.NewControlPacket(v3.Subscribe).(*v3.SubscribePacket)
	s.MessageID, s.Topics, s.Qoss = 1, []string{"ucare/kim/#"}, []byte{1}
	p.send(s)
	p.read()
	if m := p.read().(*v3.PublishPacket); string(m.Payload) != "kept" || !m.Retain {
		t.Errorf("heard %v", m)
	}
	if err := b.Publish("ucare/kim/gateway/alarm", []byte("live"), false); err != nil {
		t.Fatal(err)
	}
	if m := p.read().(*v3.PublishPacket); string(m.Payload) != "live" {
		t.Errorf("heard %v", m)
	}
	if got := in.all(); len(got) != 0 {
		t.Errorf("committed %+v", got)
	}
}

func TestALivePublishWithTheRetainFlagIsNoOldNews(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	m := publication("zigbee2mqtt/kitchen", "now", 1)
	m.Retain = true
	p := join(t, b, "assistant")
	p.send(m)
	p.read()
	if got := in.all(); len(got) != 1 || got[0].Retained {
		t.Errorf("committed %+v", got)
	}
}

// A household program that stopped reading must not stop a sensor.
func TestASubscriberThatDoesNotReadStopsNobody(t *testing.T) {
	in := &inbox{}
	b, _ := serve(t, in, nil)
	stuck := join(t, b, "assistant")
	s := v3.NewControlPacket(v3.Subscribe).(*v3.SubscribePacket)
	s.MessageID, s.Topics, s.Qoss = 1, []string{"ucare/kim/#"}, []byte{1}
	stuck.send(s)
	stuck.read()
	p := join(t, b, "kitchen")
	began := time.Now()
	for range 40 {
		p.say("ucare/kim/kitchen", strings.Repeat("x", 1_000_000))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("40 messages took %v", took)
	}
}

func TestTLS(t *testing.T) {
	cert, key, roots := certificate(t)
	in := &inbox{}
	b, _ := serve(t, in, func(c *Config) {
		c.Listeners = []Listener{{Address: "127.0.0.1:0"}, {Address: "127.0.0.1:0", CertFile: cert, KeyFile: key}}
	})
	address := b.Addr()[1].String()
	if conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
	o := paho.NewClientOptions().AddBroker("tls://" + address).SetClientID("kitchen").SetUsername("kitchen").SetPassword("k-secret").
		SetTLSConfig(&tls.Config{RootCAs: roots})
	c := paho.NewClient(o)
	if err := paho.WaitTokenTimeout(c.Connect(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	defer c.Disconnect(100)
	if err := paho.WaitTokenTimeout(c.Publish("ucare/kim/kitchen", 1, false, "secretly"), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if !in.has("secretly") {
		t.Error("not committed")
	}
}

// certificate makes a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := errors.Join(os.WriteFile(certFile, certPEM, 0o600), os.WriteFile(keyFile, keyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, roots
}

func TestAConfigurationIsRefusedWithAllThatIsWrong(t *testing.T) {
	_, err := New(Config{
		Listeners: []Listener{{Address: "127.0.0.1:0", CertFile: "no-cert.pem", KeyFile: "no-key.pem"}, {Address: "nowhere"}},
		Devices: []Device{
			{ID: "a/b", Password: "x", Dwelling: "kim"},
			{ID: "mute", Dwelling: "kim"},
			{ID: "lost", Password: "x"},
			{ID: "twin", Password: "x", Dwelling: "kim"},
			{ID: "twin", Password: "y", Dwelling: "kim"},
			{ID: "inline", Password: "x", Dwelling: "kim"},
		},
	}, &inbox{}, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"no-cert.pem", `"nowhere"`, `"a/b"`, `"mute" has no password`, `"lost"`, `"twin" is there twice`, `"inline"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing about %s in: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Error("a password in the error")
	}
}

func TestAnAddressInUseIsAnErrorThatSaysSo(t *testing.T) {
	b, _ := serve(t, &inbox{}, nil)
	taken := b.Addr()[0].String()
	second, err := New(Config{Listeners: []Listener{{Address: taken}}}, &inbox{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Serve(); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("error %v", err)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	in := &inbox{}
	faults := func(ucare.Fault) {}
	b, err := New(Config{Listeners: []Listener{{Address: "127.0.0.1:0"}}, Devices: home, Faults: faults}, in, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	join(t, b, "kitchen").say("ucare/kim/kitchen", "hello")
	silent := dial(t, b) // connected, and never says who it is
	began := time.Now()
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > closeWithin {
		t.Errorf("closing took %v", took)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent connection is still open")
	}
}

func TestTheLogKeepsNoPasswordsAndNoReadings(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(withoutContents{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})}).With("a", "b")
	log.Warn("error processing packet", "error", io.EOF, "client", "kitchen", "pk", "k-secret")
	log.WithGroup("g").Error("publish packet error", "packet", "k-secret", "will", "k-secret")
	if got := out.String(); strings.Contains(got, "k-secret") || !strings.Contains(got, "level=DEBUG") || !strings.Contains(got, "client=kitchen") {
		t.Errorf("log: %s", got)
	}
}
