package loopback

import (
	"net"
	"syscall"
)

// userOf is the user who connected to a UNIX socket; 0 if the kernel doesn't say.
func userOf(c *net.UnixConn) (uid uint32) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if who, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			uid = who.Uid
		}
	})
	return uid
}
