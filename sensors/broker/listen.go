package broker

import (
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	// firstPacketWithin bounds TLS handshake and CONNECT: until then nobody knows who it is.
	firstPacketWithin = 10 * time.Second
	// writeWithin bounds a write. The server holds a lock meanwhile that a
	// publisher may be waiting for: a subscriber that does not read must not stop a sensor.
	writeWithin = 2 * time.Second
	// strangers is how many more connections than clients there may be.
	strangers = 32
)

// listener is a listeners.Listener that bounds what an unknown or stuck client
// can take, and that knows its connections, so that closing it closes them all.
type listener struct {
	id, address string
	tls         *tls.Config
	most        int
	log         *slog.Logger
	ln          net.Listener

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
	wg     sync.WaitGroup
}

func newListener(id, address string, config *tls.Config, clients int, logger *slog.Logger) *listener {
	return &listener{id: id, address: address, tls: config, most: clients + strangers, log: logger, conns: map[net.Conn]struct{}{}}
}

// ID, Protocol and Address implement listeners.Listener.
func (l *listener) ID() string       { return l.id }
func (l *listener) Protocol() string { return "tcp" }
func (l *listener) Address() string  { return l.address }

// Init opens the listener.
func (l *listener) Init(*slog.Logger) (err error) {
	l.ln, err = net.Listen("tcp", l.address)
	return err
}

// Serve accepts connections until Close. It does not end on an error such as
// too many open files: that passes.
func (l *listener) Serve(establish listeners.EstablishFn) {
	for {
		conn, err := l.ln.Accept()
		if err != nil {
			if l.isClosed() {
				return
			}
			l.log.Error("accept failed, trying again", "listener", l.address, "error", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if !l.take(conn) {
			l.log.Warn("connection refused: too many", "listener", l.address, "remote", conn.RemoteAddr(), "most", l.most)
			conn.Close()
			continue
		}
		go func() {
			defer l.release(conn)
			if err := establish(l.id, l.wrap(conn)); err != nil {
				l.log.Debug("connection ended", "remote", conn.RemoteAddr(), "error", err)
			}
		}()
	}
}

func (l *listener) wrap(conn net.Conn) net.Conn {
	bounded := &boundedConn{conn}
	_ = bounded.SetDeadline(time.Now().Add(firstPacketWithin))
	if l.tls == nil {
		return bounded
	}
	return tls.Server(bounded, l.tls)
}

func (l *listener) take(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= l.most {
		return false
	}
	l.conns[conn] = struct{}{}
	l.wg.Add(1) // under the lock, so that Close waits for it or it is not taken
	return true
}

func (l *listener) release(conn net.Conn) {
	defer l.wg.Done()
	conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}

func (l *listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Close stops accepting and ends all connections, also those that have not
// said yet who they are.
func (l *listener) Close(listeners.CloseFn) {
	l.mu.Lock()
	l.closed = true
	for conn := range l.conns {
		conn.Close()
	}
	l.mu.Unlock()
	if l.ln != nil {
		l.ln.Close()
	}
	l.wg.Wait()
}

// boundedConn bounds each write on its own, and ends the connection when one
// fails, because half a packet cannot be continued.
type boundedConn struct{ net.Conn }

// Write implements net.Conn.
func (c *boundedConn) Write(p []byte) (int, error) {
	if err := c.Conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if err != nil {
		c.Conn.Close()
	}
	return n, err
}

// SetDeadline bounds reads only: the server moves it with each packet it reads.
func (c *boundedConn) SetDeadline(t time.Time) error { return c.Conn.SetReadDeadline(t) }
