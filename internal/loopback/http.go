package loopback

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Serve has an HTTP server serve a listener. A connection is busy while the server's handler runs.
func (l *Limiter) Serve(s *http.Server, of net.Listener) error {
	type connection struct{}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connection{}, c)
	}
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connection{}).(*Conn); ok {
			c.Busy()
			defer c.Wait()
		}
		next.ServeHTTP(w, r)
	})
	return s.Serve(l.Listener(of))
}

// names are those under which a browser may ask, with a port behind them. Another one is that of a site that has had
// its name resolved to loopback.
var names = []string{"localhost", "127.0.0.1", "[::1]"}

// AllowedHost tells whether a Host header names loopback and the port of a listener. 0 is any port: that of a UNIX
// socket, which a tunnel may have given any.
func AllowedHost(host string, port int) bool {
	name, behind, err := net.SplitHostPort(host)
	if err != nil {
		name, behind = host, ""
	} else if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	if !slices.Contains(names, strings.ToLower(name)) {
		return false
	}
	if port == 0 {
		return true
	}
	const httpPort = 80 // which a browser leaves out
	return behind == strconv.Itoa(port) || behind == "" && port == httpPort
}
