package metrics

import (
	"net"
	"sync"
)

// A limited listener has so many connections at a time. Others are closed at once: they would take descriptors that the logs need.
type limited struct {
	net.Listener
	room chan struct{}
}

func newLimited(l net.Listener, most int) *limited { return &limited{l, make(chan struct{}, most)} }

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.room <- struct{}{}:
			return &roomed{Conn: c, leave: sync.OnceFunc(func() { <-l.room })}, nil
		default:
			c.Close()
		}
	}
}

// A roomed connection gives its room back when it is closed.
type roomed struct {
	net.Conn
	leave func()
}

func (c *roomed) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
