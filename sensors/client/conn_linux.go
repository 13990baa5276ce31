package client

import (
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
