package client

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// userTimeout is how long the kernel waits, in milliseconds, for the broker's
// host to acknowledge what we sent before it gives the connection up.
const userTimeout = 10_000

func giveUpOnSilence(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, userTimeout)
	})
	if err != nil {
		return err
	}
	return failed
}

// ackAtOnce asks the kernel to acknowledge what was just read without waiting for
// something to send. mosquitto does not set TCP_NODELAY by itself: it would
// hold the next message back until this acknowledgement comes, up to 40 ms
// later. The kernel forgets the wish, so it is made after each read.
func ackAtOnce(conn net.Conn) {
	tcp, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	// A wish that is not granted costs milliseconds, nothing else.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	})
}
