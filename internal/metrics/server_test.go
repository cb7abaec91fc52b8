package metrics

import (
	"bufio"
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
		"CONNECT 192.0.2.1:1": 421, // which names another host
	} {
		headers := " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n"
		if got := status(t, address, request+headers); got != want {
			t.Errorf("%s: status %d, want %d", request, got, want)
		}
	}
	long := "GET /metrics HTTP/1.1\r\nHost: " + address + "\r\nX: " + strings.Repeat("x", 4*maxHeader) + "\r\n\r\n"
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

// TestForeignHost: a site that has its name resolved to loopback can't have a browser on this machine read the metrics.
func TestForeignHost(t *testing.T) {
	address := serve(t, whole())
	_, port, _ := net.SplitHostPort(address)
	for host, want := range map[string]int{
		address:                       200,
		"localhost:" + port:           200,
		"[::1]:" + port:               200,
		"evil.test":                   421,
		"evil.test:" + port:           421,
		"127.0.0.1.evil.test:" + port: 421,
		"192.0.2.1:" + port:           421,
		"127.0.0.1:1":                 421,
		"127.0.0.1":                   421,
		"":                            421,
	} {
		if got := status(t, address, "GET "+Path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); got != want {
			t.Errorf("Host %q: status %d, want %d", host, got, want)
		}
	}
}

// TestAnotherAddressHasNoName: who has the metrics served to other machines is asked by whatever name they know.
func TestAnotherAddressHasNoName(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(serveOn(t, l, whole()))
	request := "GET " + Path + " HTTP/1.1\r\nHost: mx.lab.test:" + port + "\r\n\r\n"
	if got := status(t, "127.0.0.1:"+port, request); got != http.StatusOK {
		t.Errorf("status %d, want 200", got)
	}
}

// TestSilentConnectionsGiveWay: however many send nothing, a part of a request, or ask no more, Prometheus has its
// answer at once.
func TestSilentConnectionsGiveWay(t *testing.T) {
	address := serve(t, whole())
	request := "GET " + Path + " HTTP/1.1\r\nHost: " + address + "\r\n"
	for _, text := range []string{"", "G", request, request + "\r\n"} {
		for range 10 * maxConnections {
			io.WriteString(dial(t, address), text)
		}
		began, got := time.Now(), http.StatusServiceUnavailable
		for got == http.StatusServiceUnavailable && time.Since(began) < patience { // while whole requests are answered
			got = status(t, address, request+"\r\n")
		}
		if got != http.StatusOK {
			t.Errorf("beside those that send %q: status %d", text, got)
		}
		if took := time.Since(began); took > 2*time.Second { // no longer than silence may last
			t.Errorf("beside those that send %q it takes %v", text, took)
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
