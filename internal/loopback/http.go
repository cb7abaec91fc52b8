package loopback

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Serve serves HTTP on a listener. A connection is busy while the server's handler runs.
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

// names are the host names that a browser may use, each with a port. Any other name belongs to a site that resolves it
// to loopback (DNS rebinding).
var names = []string{"localhost", "127.0.0.1", "[::1]"}

// AllowedHost reports whether a Host header names loopback and the port of a listener. 0 allows any port: a tunnel to
// a UNIX socket may have any.
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
