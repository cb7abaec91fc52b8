package browser

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"exiwatch/internal/daemon"
)

// answer sends a request as it stands, and returns the answer.
func answer(t *testing.T, network, address, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPortRefuses all but those who have the token, ask for the right host, and only read.
func TestPortRefuses(t *testing.T) {
	h := startHost(t, rules)
	h.outbreak()
	h.waitFor("", "mallory")
	address, path, _ := strings.Cut(strings.TrimPrefix(h.url, "http://"), "/")
	path = "/" + path
	_, port, _ := net.SplitHostPort(address)
	wrong := strings.Map(func(r rune) rune {
		if r == '/' {
			return r
		}
		return 'a'
	}, path)
	for _, test := range []struct {
		name, method, path, host string
		status                   int
	}{
		{"with the token", "GET", path, address, 200},
		{"the head", "HEAD", path, address, 200},
		{"as localhost", "GET", path, "localhost:" + port, 200},
		{"events of no page", "GET", path + "events?page=/etc/passwd", address, 404},
		{"another page", "GET", path + "nothing", address, 404},
		{"a page of no key", "GET", path + "who?key=x&value=y", address, 404},
		{"out of the folder of files", "GET", path + "static/../../watch/daemon.go", address, 307},
		{"without the token", "GET", "/", address, 403},
		{"a file without the token", "GET", "/static/look.css", address, 403},
		{"events without the token", "GET", "/events?page=/", address, 403},
		{"the token without its slash", "GET", strings.TrimSuffix(path, "/"), address, 403},
		{"another token", "GET", wrong, address, 403},
		{"the beginning of the token", "GET", path[:len(path)-2] + "/", address, 403},
		{"no token", "GET", "//", address, 403},
		{"another host", "GET", path, "evil.test:" + port, 421},
		{"a host that begins as ours", "GET", path, "127.0.0.1.evil.test:" + port, 421},
		{"an address that is no loopback", "GET", path, "192.0.2.1:" + port, 421},
		{"another port", "GET", path, "127.0.0.1:1", 421},
		{"no port", "GET", path, "127.0.0.1", 421},
		{"no host", "GET", path, "", 421},
		{"POST", "POST", path, address, 405},
		{"PUT", "PUT", path + "who", address, 405},
		{"DELETE", "DELETE", path + "alerts", address, 405},
		{"OPTIONS", "OPTIONS", path, address, 405},
		{"TRACE", "TRACE", path, address, 405},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := answer(t, "tcp", address, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n",
				test.method, test.path, test.host))
			if r.StatusCode != test.status {
				t.Errorf("it is answered %s, want %d", r.Status, test.status)
			}
			var body string
			if test.method != "HEAD" {
				b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
				body = string(b)
			}
			if test.status != 200 && strings.Contains(body, "mallory") {
				t.Error("the answer tells who sends")
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
				"Access-Control-Allow-Origin": "", "Set-Cookie": "",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			policy := r.Header.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
				"form-action 'self'"} {
				if !strings.Contains(policy, want) {
					t.Errorf("the policy %q lacks %q", policy, want)
				}
			}
			if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
}

// TestHeadersAreBounded, and so is how long one may take to send them.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	h := startHost(t, rules)
	address, path, _ := strings.Cut(strings.TrimPrefix(h.url, "http://"), "/")
	r := answer(t, "tcp", address, "GET /"+path+" HTTP/1.1\r\nHost: "+address+"\r\nX: "+strings.Repeat("x",
		20_000)+"\r\n\r\n")
	if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("20 kB of headers are answered %s", r.Status)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTT")
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("a request that isn't finished: %v, want the connection to end", err)
	}
}

// TestSilentConnectionsDelayNobody: the page is there at once, however many connect to the port and send nothing, a
// part of a request or one without the token.
func TestSilentConnectionsDelayNobody(t *testing.T) {
	h := startHost(t, rules)
	h.get("")
	address, _, _ := strings.Cut(strings.TrimPrefix(h.url, "http://"), "/")
	post := "POST / HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: 9\r\n\r\n"
	for _, text := range []string{"", "GET / HTT", post} {
		for range 400 {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			io.WriteString(conn, text)
		}
		var took []time.Duration
		for range 5 {
			http.DefaultClient.CloseIdleConnections()
			began := time.Now()
			h.get("")
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		if took[len(took)/2] > time.Second {
			t.Errorf("beside 400 that send %q the page takes %v", text, took)
		}
	}
}

// TestTokenIsOfTheOwner: nobody else may read it, and one that others could read is made anew.
func TestTokenIsOfTheOwner(t *testing.T) {
	h := startHost(t, rules)
	path := filepath.Join(h.daemon.Config.State, "web-token")
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("the token is %v, %v", info, err)
	}
	was, err := daemon.WebToken(h.daemon.Config.State)
	if err != nil || len(was) != 32 {
		t.Fatalf("%q, %v", was, err)
	}
	c := h.daemon.Config
	other := &host{t: t, dir: h.dir, post: h.post}
	c.State = filepath.Join(h.dir, "state2")
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if err := os.WriteFile(filepath.Join(c.State, "web-token"), text, 0o640); err != nil {
		t.Fatal(err)
	}
	web := *c.Web
	web.Listen = netip.AddrPortFrom(web.Listen.Addr(), uint16(freePort(t)))
	c.Web = &web
	other.start(c)
	if now, err := daemon.WebToken(c.State); err != nil || now == was {
		t.Errorf("a token that others could read is used still: %v", err)
	}
}

// TestSocketIsForThoseWhoMayOpenIt: its mode decides, and there is no token.
func TestSocketIsForThoseWhoMayOpenIt(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "exiwatch-web-") // t.TempDir is closed to others by itself
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		mode    string
		refused bool
	}{{"0660", true}, {"0666", false}} {
		h := &host{t: t, dir: t.TempDir(), post: &post{}}
		path := filepath.Join(dir, "web"+test.mode)
		h.start(h.configure(fmt.Sprintf("[web]\nlisten = \"unix:%s\"\nmode = %q\n", path, test.mode)))
		if info, err := os.Stat(path); err != nil || fmt.Sprintf("%#o", info.Mode().Perm()) != test.mode {
			t.Fatalf("the socket is %v, %v", info, err)
		}
		for request, status := range map[string]int{
			"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n":                       200,
			"GET /health HTTP/1.1\r\nHost: 127.0.0.1:9999\r\n\r\n":            200, // a tunnel's other end
			"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n":                       421,
			"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n": 405,
			"GET /events?page=/who HTTP/1.1\r\nHost: localhost\r\n\r\n":       404,
		} {
			if r := answer(t, "unix", path, request); r.StatusCode != status {
				t.Errorf("%q is answered %s, want %d", request, r.Status, status)
			}
		}
		said, err := asNobody(t, "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "+
			"s.sendall(b'GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'); print(s.recv(12))", path)
		if test.refused && (err == nil || !strings.Contains(said, "PermissionError")) {
			t.Errorf("mode %s: nobody got %q, %v", test.mode, said, err)
		}
		if !test.refused && !strings.Contains(said, "200") {
			t.Errorf("mode %s, the other way round: nobody got %q, %v", test.mode, said, err)
		}
	}
}

// python is Debian's, which everybody may run.
const python = "/usr/bin/python3"

// asNobody runs Python as another user.
func asNobody(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	if _, err := os.Stat(python); err != nil || os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 and root are needed to be nobody")
		}
		t.Skip("python3 and root are needed to be nobody")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	const nobody = 65534
	cmd := exec.CommandContext(ctx, python, append([]string{"-c", program}, args...)...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	text, err := cmd.CombinedOutput()
	return string(text), err
}
