package loopback

import (
	"errors"
	"net"
	"net/netip"
)

// A Conn is a connection of a Limiter. It begins by waiting for a request.
type Conn struct {
	net.Conn
	limiter *Limiter
	peer    peer

	// The limiter's mutex guards these.
	waiting bool
	since   uint64 // number of the wait
}

// Busy says that a request has arrived. The Limiter keeps the connection until it waits again.
func (c *Conn) Busy() {
	l := c.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[c] && c.waiting {
		c.waiting = false
		l.peers[c.peer].waiting--
	}
}

// Wait says that the request is answered.
func (c *Conn) Wait() {
	l := c.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[c] && !c.waiting {
		l.wait(c, l.peers[c.peer])
	}
}

// Close closes the connection and frees its place.
func (c *Conn) Close() error {
	c.limiter.mu.Lock()
	c.limiter.remove(c)
	c.limiter.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite closes our half of the connection, if it has two halves.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// A peer is who connects.
type peer struct {
	network netip.Prefix // of a TCP client; all of loopback is one network
	uid     uint32       // of a UNIX socket's client
}

// Networks that count as one peer.
const (
	wholeIPv4 = 32 // bits
	oneIPv6   = 64 // bits: the smallest network of one customer
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// peerOf finds out who connects. Clients that it can't distinguish are one peer.
func peerOf(c net.Conn) (p peer) {
	switch c := c.(type) {
	case *net.TCPConn:
		remote, ok := c.RemoteAddr().(*net.TCPAddr)
		if !ok {
			return p
		}
		ip, bits := remote.AddrPort().Addr().Unmap(), wholeIPv4
		if ip.IsLoopback() {
			p.network = loopback
			return p
		}
		if ip.Is6() {
			bits = oneIPv6
		}
		p.network, _ = ip.Prefix(bits)
	case *net.UnixConn:
		p.uid = userOf(c)
	}
	return p
}
