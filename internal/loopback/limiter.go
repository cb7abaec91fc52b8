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
	waits uint64 // number of waits so far
}

// NewLimiter makes a Limiter for at most most connections at a time on all its listeners together.
func NewLimiter(most int) *Limiter {
	return &Limiter{most: most, share: most - most/8, open: make(map[*Conn]bool)}
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
	own := 0
	for other := range l.open {
		if other.peer == c.peer {
			own++
		}
	}
	if len(l.open) >= l.most || own >= l.share {
		if out = l.victim(c.peer, own >= l.share); out == nil {
			return c
		}
		delete(l.open, out)
	}
	l.open[c] = true
	l.wait(c)
	return out
}

// victim is the connection to close for a new one of peer p; nil to close the new one. It is another peer's only if
// that peer has more connections waiting, and never if p has its share.
func (l *Limiter) victim(p peer, hasShare bool) (v *Conn) {
	waiting := make(map[peer]int)
	for c := range l.open {
		if c.since > 0 {
			waiting[c.peer]++
		}
	}
	most := 0
	for c := range l.open {
		has := waiting[c.peer]
		switch {
		case c.since == 0, c.peer != p && (hasShare || has <= waiting[p]+1):
		case v == nil, has > most, has == most && c.since < v.since:
			v, most = c, has
		}
	}
	return v
}

// wait starts waiting for a request.
func (l *Limiter) wait(c *Conn) {
	l.waits++
	c.since = l.waits
}
