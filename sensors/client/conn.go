package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"time"
)

// openConn connects to the broker: over TLS where the URL says so, giving up on
// a peer that does not answer on TCP, and with the size of a message bounded.
func openConn(u *url.URL, c Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), connectWithin)
	defer cancel()
	dialer := &net.Dialer{KeepAlive: 10 * time.Second, Control: giveUpOnSilence}
	conn, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	conn = prompt{conn}
	if tlsScheme(u.Scheme) {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if c.TLS != nil {
			config = c.TLS.Clone()
		}
		if config.ServerName == "" {
			config.ServerName = u.Hostname()
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("TLS with %s: %w", u.Host, err)
		}
		conn = secure
	}
	return newBounded(conn, c.MaxMessageBytes), nil
}

// prompt is a connection that acknowledges at once what it has read.
type prompt struct{ net.Conn }

// Read implements net.Conn.
func (p prompt) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	ackAtOnce(p.Conn)
	return n, err
}

const (
	writeWithin = 5 * time.Second
	typeOf      = 0xF0 // of the first byte of a packet
	typePublish = 0x30
	// beforePayload is the most that stands before the payload of a PUBLISH:
	// its topic with length, and the packet id.
	beforePayload = 2 + 65535 + 2
)

// bounded is a connection that hands on no packet above a size. The client
// would allocate whatever length a packet announces, up to 256 MiB. A PUBLISH that is
// too long is handed on shortened, to one byte at least over the limit, so that
// the handler sees that it was; its rest is read and dropped.
type bounded struct {
	net.Conn
	in   *bufio.Reader
	most int    // bytes after the fixed header
	head []byte // of a fixed header, still to be handed on
	pass int    // bytes of the packet, still to be handed on
	drop int    // bytes of the packet, to be dropped after that
}

func newBounded(conn net.Conn, payload int) *bounded {
	return &bounded{Conn: conn, in: bufio.NewReader(conn), most: payload + beforePayload + 1}
}

// Read implements net.Conn.
func (b *bounded) Read(p []byte) (int, error) {
	for {
		switch {
		case len(p) == 0:
			return 0, nil
		case len(b.head) > 0:
			n := copy(p, b.head)
			b.head = b.head[n:]
			return n, nil
		case b.pass > 0:
			n, err := b.in.Read(p[:min(len(p), b.pass)])
			b.pass -= n
			return n, err
		case b.drop > 0:
			n, err := b.in.Discard(min(b.drop, 64<<10))
			b.drop -= n
			if err != nil {
				return 0, err
			}
		default:
			if err := b.next(); err != nil {
				return 0, err
			}
		}
	}
}

// next reads the fixed header of the next packet: its type, and its length in
// one to four bytes of seven bits.
func (b *bounded) next() error {
	first, err := b.in.ReadByte()
	if err != nil {
		return err
	}
	length := 0
	for shift := 0; ; shift += 7 {
		digit, err := b.in.ReadByte()
		if err != nil {
			return err
		}
		length |= int(digit&0x7F) << shift
		if digit&0x80 == 0 {
			break
		}
		if shift == 21 {
			return fmt.Errorf("the broker sent a packet length of more than four bytes: this is not MQTT")
		}
	}
	b.pass = length
	if first&typeOf == typePublish && length > b.most {
		b.pass, b.drop = b.most, length-b.most
	}
	b.head = encodeLength([]byte{first}, b.pass)
	return nil
}

func encodeLength(to []byte, length int) []byte {
	for {
		digit := byte(length & 0x7F)
		length >>= 7
		if length == 0 {
			return append(to, digit)
		}
		to = append(to, digit|0x80)
	}
}

// Write implements net.Conn. The client bounds only what it publishes, not its
// acknowledgements and pings.
func (b *bounded) Write(p []byte) (int, error) {
	if err := b.Conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return 0, err
	}
	return b.Conn.Write(p)
}
