package acceptance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A Message is what a device publishes.
type Message struct {
	Topic   string
	Payload []byte
}

const (
	// mostOnTheWay is how many messages of a publisher wait for their acknowledgement.
	mostOnTheWay = 20
	// reconnectAfter is how long a publisher waits for a gateway that is not there.
	reconnectAfter = 50 * time.Millisecond
)

// Publish publishes messages with QoS 1 under an account, so many a second, and
// returns when each was acknowledged. Where a connection ends, what was not acknowledged
// goes out again over the next one: a gateway may be killed meanwhile.
func Publish(ctx context.Context, broker, account, password string, perSecond float64, messages iter.Seq[Message]) error {
	next, stop := iter.Pull(messages)
	defer stop()
	p := &publisher{next: next, pace: time.Duration(float64(time.Second) / perSecond)}
	for !p.done {
		if err := ctx.Err(); err != nil {
			return err
		}
		conn, in, err := dial(ctx, broker, account, password)
		if err != nil {
			_ = Rest(ctx, reconnectAfter) // the loop looks at the context
			continue
		}
		p.over(ctx, conn, in)
	}
	return nil
}

func dial(ctx context.Context, broker, account, password string) (net.Conn, io.Reader, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", broker)
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // of a connection: never fails
	in := bufio.NewReader(conn)
	if err := hello(conn, in, account, password); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, in, nil
}

// hello connects under an account. A household's broker asks for no password.
func hello(conn io.Writer, in io.Reader, account, password string) error {
	c := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	c.ProtocolName, c.ProtocolVersion, c.ClientIdentifier, c.CleanSession = "MQTT", 4, account, true
	if password != "" {
		c.UsernameFlag, c.Username, c.PasswordFlag, c.Password = true, account, true, []byte(password)
	}
	if err := c.Write(conn); err != nil {
		return err
	}
	p, err := packets.ReadPacket(in)
	if err != nil {
		return err
	}
	if ack, is := p.(*packets.ConnackPacket); !is || ack.ReturnCode != packets.Accepted {
		return fmt.Errorf("the broker does not let %s in: %v", account, p)
	}
	return nil
}

// A publisher has messages to publish, and those that were not acknowledged yet.
type publisher struct {
	next  func() (Message, bool)
	pace  time.Duration
	ended bool // there is no next one
	done  bool // and all are acknowledged

	last   uint16
	onWay  []*packets.PublishPacket
	sentAt time.Time // when the last one was due
}

// over publishes over one connection until all is done or it ends.
func (p *publisher) over(ctx context.Context, conn net.Conn, in io.Reader) {
	acks := make(chan uint16)
	gone := make(chan struct{})
	defer func() {
		_ = conn.Close() // it has served
		for range acks { // until the reader has noticed
		}
	}()
	go func() {
		defer close(acks)
		defer close(gone)
		hearAcks(in, acks)
	}()
	for _, m := range p.onWay {
		m.Dup = true
		if m.Write(conn) != nil {
			return
		}
	}
	p.sentAt = time.Now()
	for {
		if p.done = p.ended && len(p.onWay) == 0; p.done {
			return
		}
		var due <-chan time.Time
		if !p.ended && len(p.onWay) < mostOnTheWay {
			due = time.After(time.Until(p.sentAt.Add(p.pace)))
		}
		select {
		case <-ctx.Done():
			return
		case <-gone:
			return
		case id := <-acks:
			p.acknowledged(id)
		case <-due:
			if p.send(conn) != nil {
				return
			}
		}
	}
}

func hearAcks(in io.Reader, acks chan<- uint16) {
	for {
		packet, err := packets.ReadPacket(in)
		if err != nil {
			return
		}
		if ack, is := packet.(*packets.PubackPacket); is {
			acks <- ack.MessageID
		}
	}
}

func (p *publisher) acknowledged(id uint16) {
	for i, m := range p.onWay {
		if m.MessageID == id {
			p.onWay = append(p.onWay[:i], p.onWay[i+1:]...)
			return
		}
	}
}

func (p *publisher) send(conn io.Writer) error {
	message, more := p.next()
	if !more {
		p.ended = true
		return nil
	}
	p.sentAt = p.sentAt.Add(p.pace)
	p.last = max(1, p.last+1)
	packet := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	packet.TopicName, packet.Payload, packet.Qos, packet.MessageID = message.Topic, message.Payload, 1, p.last
	p.onWay = append(p.onWay, packet)
	return packet.Write(conn)
}
