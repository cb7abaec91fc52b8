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

// oneNetwork is the smallest IPv6 network of one customer, which counts as one peer, as one IPv4 address does.
const oneNetwork = 64 // bits

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// peerOf finds out who connects. Clients that it can't distinguish are one peer.
func peerOf(c net.Conn) (p peer) {
	if c, ok := c.(*net.UnixConn); ok {
		p.uid = userOf(c)
	}
	if remote, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		ip := remote.AddrPort().Addr().Unmap()
		if p.network = loopback; !ip.IsLoopback() {
			p.network, _ = ip.Prefix(min(ip.BitLen(), oneNetwork))
		}
	}
	return p
}
