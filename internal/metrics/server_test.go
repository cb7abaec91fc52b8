package metrics

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOnlyGetOfMetrics(t *testing.T) {
	address := serve(t, whole())
	for request, want := range map[string]int{
		"GET /metrics":        200,
		"GET /metrics?a=b":    200,
		"HEAD /metrics":       405,
		"POST /metrics":       405,
		"PUT /metrics":        405,
		"DELETE /metrics":     405,
		"OPTIONS /metrics":    405,
		"TRACE /metrics":      405,
		"GET /":               404,
		"GET /metrics/":       404,
		"GET //metrics":       404,
		"GET /debug/pprof/":   404,
		"GET /../metrics":     404,
		"GET /%2e/metrics":    404,
		"CONNECT 192.0.2.1:1": 404,
	} {
		if got := status(t, address, request+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); got != want {
			t.Errorf("%s: status %d, want %d", request, got, want)
		}
	}
	long := "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 4*maxHeader) + "\r\n\r\n"
	if got := status(t, address, long); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers of %d bytes: status %d", len(long), got)
	}
}

// status sends a request as it stands.
func status(t *testing.T, address, request string) int {
	t.Helper()
	c := dial(t, address)
	go io.WriteString(c, request) // of which the server may not read all
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%.40q: %v", request, err)
	}
	r.Body.Close()
	c.Close()
	return r.StatusCode
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// TestConnectionsAreBounded: who opens more gets nothing, and keeps nobody out once he closes them.
func TestConnectionsAreBounded(t *testing.T) {
	address := serve(t, whole())
	var open []net.Conn
	for range maxConnections {
		c := dial(t, address)
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", Path)
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatalf("connection %d: %v", len(open)+1, err)
		}
		open = append(open, c)
	}
	if n, err := dial(t, address).Read(make([]byte, 1)); err == nil {
		t.Errorf("one more is answered with %d bytes", n)
	}
	for _, c := range open {
		c.Close()
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		c := dial(t, address)
		fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", Path)
		if n, _ := c.Read(make([]byte, 1)); n == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody is served after the others have gone")
		}
	}
}

// TestHalfARequest: who sends no more is hung up on.
func TestHalfARequest(t *testing.T) {
	t.Parallel()
	c := dial(t, serve(t, whole()))
	io.WriteString(c, "GET /metrics HTTP/1.1\r\n")
	began := time.Now()
	if _, err := io.ReadAll(c); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*headerTime {
		t.Errorf("it took %v", took)
	}
}
