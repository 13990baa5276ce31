package acceptance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// RogueID is the account of the device that floods.
const RogueID = "rogue"

// Noise is what a rogue device says: the topic and payload of its message number i.
type Noise func(i int) (topic, payload string)

// OneTopic is a sensor gone mad: one topic, and another value each time.
func OneTopic(i int) (topic, payload string) {
	return "ucare/" + Dwelling + "/noise", fmt.Sprintf(`{"kind":"temperature","unit":"°C","value":%d.%02d}`, 15+i%10, i%100)
}

// ManyTopics is a device that goes round a thousand topics.
func ManyTopics(i int) (topic, payload string) {
	_, payload = OneTopic(i)
	return fmt.Sprintf("ucare/%s/noise-%d", Dwelling, i%1000), payload
}

// NewTopics is a device that makes up a topic for each message.
func NewTopics(i int) (topic, payload string) {
	_, payload = OneTopic(i)
	return fmt.Sprintf("ucare/%s/noise-%d", Dwelling, i), payload
}

// A Rogue is a device that floods: it sends as many messages a second as it is
// told, as far as the broker lets it.
type Rogue struct {
	conn  net.Conn
	qos   byte
	noise Noise
	began time.Time
	sent  atomic.Int64
	acked atomic.Int64
	stop  context.CancelFunc
	ended sync.WaitGroup
}

// StartRogue connects a rogue to a broker, and lets it send until Stop.
func StartRogue(ctx context.Context, broker, password string, qos byte, perSecond int, noise Noise) (*Rogue, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", broker)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	if err := hello(conn, in, RogueID, password); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Rogue{conn: conn, qos: qos, noise: noise, began: time.Now(), stop: stop}
	r.ended.Go(func() { r.hear(in) })
	r.ended.Go(func() { r.babble(ctx, perSecond) })
	return r, nil
}

// hear counts the acknowledgements until the connection ends.
func (r *Rogue) hear(in io.Reader) {
	for {
		p, err := packets.ReadPacket(in)
		if err != nil {
			return
		}
		if _, is := p.(*packets.PubackPacket); is {
			r.acked.Add(1)
		}
	}
}

// babble sends at its pace. Where the broker holds it back it catches up later.
func (r *Rogue) babble(ctx context.Context, perSecond int) {
	out := bufio.NewWriter(r.conn)
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		due := int64(time.Since(r.began).Seconds() * float64(perSecond))
		for i := r.sent.Load(); i < due && ctx.Err() == nil; i++ {
			p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			topic, payload := r.noise(int(i))
			p.TopicName, p.Payload, p.Qos, p.MessageID = topic, []byte(payload), r.qos, uint16(1+i%65535)
			if p.Write(out) != nil {
				return
			}
			r.sent.Store(i + 1)
		}
		if out.Flush() != nil {
			return
		}
	}
}

// Sent is how many messages the broker took off the rogue so far, and how many
// that is a second.
func (r *Rogue) Sent() (messages int64, perSecond float64) {
	n := r.sent.Load()
	return n, float64(n) / time.Since(r.began).Seconds()
}

// Acked is how many acknowledgements came.
func (r *Rogue) Acked() int64 { return r.acked.Load() }

// Stop ends it.
func (r *Rogue) Stop() error {
	r.stop()
	err := r.conn.Close()
	r.ended.Wait()
	return err
}

// WithoutFloodGuard is the overlay of a program that has no guard against floods.
func WithoutFloodGuard(dir string) (overlay string, err error) {
	return Sabotage(dir, "sensors/flood/guard.go", "if m.Retained {", `if m.Topic != "" {`)
}
