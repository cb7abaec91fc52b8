// Package loopback protects servers that any user of this machine can reach. A Limiter keeps one client from using up
// all connections. AllowedHost keeps other web sites from using the browser to ask.
package loopback

import (
	"net"
	"sync"
	"sync/atomic"
)

// A Limiter bounds the connections of a server. When there are too many, it closes one that waits for a request. It
// chooses the peer with the most waiting connections, and of these the one that has waited longest. So silent
// connections give way to those that ask. The time counts from the beginning of the wait: sending a request byte by
// byte doesn't help.
//
// A peer is the user who connects to a UNIX socket, and for TCP the client's network. All of loopback is one peer, as a
// user of this machine can connect from any of its addresses. One peer has at most 7/8 of the connections.
type Limiter struct {
	most, share int
	closed      atomic.Int64

	mu    sync.Mutex
	open  map[*Conn]bool
	peers map[peer]*holding
	waits uint64 // number of waits so far
}

// A holding counts a peer's open connections.
type holding struct{ open, waiting int }

// NewLimiter makes a Limiter for at most most connections at a time on all its listeners together.
func NewLimiter(most int) *Limiter {
	return &Limiter{most: most, share: most - most/8, open: make(map[*Conn]bool), peers: make(map[peer]*holding)}
}

// Closed is how many connections the Limiter has closed because there were too many.
func (l *Limiter) Closed() int64 { return l.closed.Load() }

// Listener returns a listener whose connections the Limiter bounds. Each is a *Conn.
func (l *Limiter) Listener(of net.Listener) net.Listener { return &listener{of, l} }

type listener struct {
	net.Listener
	limiter *Limiter
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &Conn{Conn: accepted, limiter: l.limiter, peer: peerOf(accepted)}
		out := l.limiter.admit(c)
		if out != nil {
			l.limiter.closed.Add(1)
			out.Conn.Close()
		}
		if out != c {
			return c, nil
		}
	}
}

// admit makes room for a connection. It returns the connection to close, which may be the new one.
func (l *Limiter) admit(c *Conn) (out *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.peers[c.peer]
	if own == nil {
		own = new(holding)
	}
	if len(l.open) >= l.most || own.open >= l.share {
		if out = l.victim(c.peer, own); out == nil {
			return c
		}
		l.remove(out)
	}
	l.open[c] = true
	l.peers[c.peer] = own
	own.open++
	l.wait(c, own)
	return out
}

// victim is the connection to close for a new one of a peer; nil to close the new one. It is another peer's only if
// that peer has more connections waiting.
func (l *Limiter) victim(p peer, own *holding) (v *Conn) {
	most := 0
	for c := range l.open {
		has := l.peers[c.peer].waiting
		switch {
		case !c.waiting, c.peer != p && (own.open >= l.share || has <= own.waiting+1):
		case v == nil, has > most, has == most && c.since < v.since:
			v, most = c, has
		}
	}
	return v
}

// wait starts waiting for a request.
func (l *Limiter) wait(c *Conn, own *holding) {
	l.waits++
	c.since, c.waiting = l.waits, true
	own.waiting++
}

// remove removes a connection from the counts.
func (l *Limiter) remove(c *Conn) {
	if !l.open[c] {
		return
	}
	own := l.peers[c.peer]
	if c.waiting {
		own.waiting--
	}
	if own.open--; own.open == 0 {
		delete(l.peers, c.peer)
	}
	delete(l.open, c)
}
