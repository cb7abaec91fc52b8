package mailer

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const secret = "s3cret" // that no error may tell

// A receiver is what a webhook talks to: it keeps what it is told, and answers.
type receiver struct {
	*httptest.Server
	answer http.HandlerFunc // nil: 204

	mu      sync.Mutex
	told    []*http.Request
	content []string
}

// receive runs a receiver until the test's end.
func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	content, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.told, r.content = append(r.told, q), append(r.content, string(content))
	r.mu.Unlock()
	if r.answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r.answer(w, q)
}

// times is how often it was told something.
func (r *receiver) times() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.told)
}

// hook is a webhook that believes the receiver's certificate.
func (r *receiver) hook() Webhook {
	pool := x509.NewCertPool()
	pool.AddCert(r.Certificate())
	return Webhook{
		URL: r.URL + "/hooks/" + secret + "?token=" + secret, RootCAs: pool, Version: "1.2",
		Header: http.Header{"authorization": {"Bearer " + secret}},
	}
}

// discreet checks that an error doesn't tell what it mustn't, and is fit to be shown.
func discreet(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if text := err.Error(); strings.Contains(text, secret) || strings.ContainsFunc(text, unprintable) ||
		len(text) > longestError {
		t.Errorf("%s: %d bytes, %.300q", what, len(text), text)
	}
}

func TestWebhookRequest(t *testing.T) {
	r := receive(t, nil)
	w := r.hook()
	w.Header["X-Twice"] = []string{"1", "2"}
	w.Header["content-type"] = []string{"text/plain"}
	if err := w.Send(t.Context(), alertNotice); err != nil {
		t.Fatal(err)
	}
	if r.times() != 1 || r.content[0] != string(alertNotice.Data) {
		t.Fatalf("told %q", r.content)
	}
	q := r.told[0]
	if q.Method != "POST" || q.RequestURI != "/hooks/s3cret?token=s3cret" ||
		q.ContentLength != int64(len(alertNotice.Data)) || q.TLS == nil {
		t.Errorf("%s %s, %d bytes", q.Method, q.RequestURI, q.ContentLength)
	}
	for name, want := range map[string][]string{
		"Content-Type": {"application/json"}, "User-Agent": {"exiwatch/1.2"}, "Idempotency-Key": {"abc.opened"},
		"Authorization": {"Bearer s3cret"}, "X-Twice": {"1", "2"}, "Cookie": nil,
	} {
		if got := q.Header[name]; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	w.Version = ""
	if err := w.Send(t.Context(), alertNotice); err != nil || r.told[1].UserAgent() != "exiwatch" {
		t.Errorf("without a version: %q, %v", r.told[1].UserAgent(), err)
	}
}

func TestWebhookStatus(t *testing.T) {
	const done, later, never = "done", "later", "never"
	for code, want := range map[int]string{
		200: done, 201: done, 202: done, 204: done, 299: done,
		300: never, 301: never, 302: never, 303: never, 304: never, 307: never, 308: never,
		400: never, 404: never, 409: never, 410: never, 413: never, 422: never,
		401: later, 403: later, 408: later, 425: later, 429: later, 500: later, 502: later, 503: later, 504: later,
		599: later,
	} {
		other := receive(t, nil)
		r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", other.URL+"/\u202e")
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(code)
			if code >= 200 && code != 204 && code != 304 {
				io.WriteString(w, "what\x1b[2J\nwent\xff wrong "+strings.Repeat("x", 1<<20))
			}
		})
		err := r.hook().Send(t.Context(), alertNotice)
		discreet(t, fmt.Sprint(code), err)
		got := done
		var permanent *PermanentError
		if errors.As(err, &permanent) {
			got = never
		} else if err != nil {
			got = later
			settled(t, fmt.Sprint(code), err)
		}
		if got != want || r.times() != 1 || other.times() != 0 {
			t.Errorf("%d: %v, want %s; asked %d times, elsewhere %d", code, err, want, r.times(), other.times())
		}
		text := fmt.Sprintf(`webhook %s: %d %s`, r.Listener.Addr(), code, http.StatusText(code))
		if code/100 == 3 {
			text += ": it redirects to " + other.URL + "/"
		} else {
			text += `: what\x1b[2J went\xff wrong xxx`
		}
		if err != nil && !strings.HasPrefix(err.Error(), text) {
			t.Errorf("%d: %.200q, want %q", code, err, text)
		}
	}
}

func TestWebhookBelievesNoStranger(t *testing.T) {
	r := receive(t, nil)
	w := r.hook()
	w.RootCAs = nil
	err := w.Send(t.Context(), alertNotice)
	settled(t, "an unknown authority", err)
	discreet(t, "an unknown authority", err)
	w = r.hook()
	w.URL = strings.Replace(w.URL, "127.0.0.1", "localhost", 1)
	err = w.Send(t.Context(), alertNotice)
	settled(t, "another's certificate", err)
	discreet(t, "another's certificate", err)
	if err == nil || !strings.Contains(err.Error(), "certificate") || r.times() != 0 {
		t.Errorf("%v; told %d times", err, r.times())
	}
}

// listen answers one connection after the other with what the test does.
func listen(t *testing.T, handle func(c net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer c.Close(); handle(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// request reads a request, as far as it must be there.
func request(c net.Conn) {
	if q, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
		io.Copy(io.Discard, q.Body)
	}
}

// says is a server that reads a request, says something and waits for the client to go.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		request(c)
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

// TestWebhookThatHangs: Send ends with its time, or with the caller's, and leaves nothing behind.
func TestWebhookThatHangs(t *testing.T) {
	for name, test := range map[string]struct {
		scheme string
		handle func(net.Conn)
		want   string
	}{
		"before TLS":     {"https", func(c net.Conn) { io.Copy(io.Discard, c) }, "no answer within 100ms"},
		"no answer":      {"http", says(""), "no answer within 100ms"},
		"half an answer": {"http", says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"), "no answer within 100ms"},
		"half an error": {"http", says("HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nbus"),
			"503 Service Unavailable: bus"},
		"only hints": {"http", says("HTTP/1.1 103 Early Hints\r\n\r\n"), "no answer within 100ms"},
		"trickle": {"http", func(c net.Conn) {
			request(c)
			io.WriteString(c, "HTTP/1.1 500 X\r\n\r\n")
			for err := error(nil); err == nil; time.Sleep(10 * time.Millisecond) {
				_, err = io.WriteString(c, "x")
			}
		}, "500 Internal Server Error: xx"},
	} {
		t.Run(name, func(t *testing.T) {
			w := Webhook{URL: test.scheme + "://" + listen(t, test.handle), Timeout: 100 * time.Millisecond}
			others := goleak.IgnoreCurrent()
			defer goleak.VerifyNone(t, others) // the server's goroutines end when their clients do
			begin := time.Now()
			err := w.Send(t.Context(), alertNotice)
			settled(t, name, err)
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			w.Timeout = 0
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			settled(t, name, w.Send(ctx, alertNotice))
			if took := time.Since(begin); took < 200*time.Millisecond || took > hardly {
				t.Errorf("Send took %v", took/2)
			}
		})
	}
}

func TestWebhookThatTalksNonsense(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing": "", "a banner": "220 mx.lab.test ESMTP\x1b[2J\u202e\r\n",
		"no end of a line": strings.Repeat("x", 4<<20), "a long line": strings.Repeat("\xff", 100_000) + "\r\n",
		"no end of headers": "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 4000) +
			"\r\n",
		"no end of hints": strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", 100_000) +
			"HTTP/1.1 200 OK\r\n\r\n",
		"no end of an error": "HTTP/1.1 500 X\r\n\r\n" + strings.Repeat("\x07\xff", 4<<20),
	} {
		address := listen(t, func(c net.Conn) { request(c); io.WriteString(c, answer) })
		begin := time.Now()
		err := Webhook{URL: "http://" + address + "/" + secret}.Send(t.Context(), alertNotice)
		settled(t, name, err)
		discreet(t, name, err)
		if took := time.Since(begin); took > hardly {
			t.Errorf("%s: Send took %v", name, took)
		}
	}
}

// TestWebhookThatLeavesHTTP: a connection that is no longer net/http's ends with its time, too.
func TestWebhookThatLeavesHTTP(t *testing.T) {
	address := listen(t, says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
	begin := time.Now()
	err := Webhook{URL: "http://" + address, Timeout: 100 * time.Millisecond}.Send(t.Context(), alertNotice)
	var permanent *PermanentError
	if took := time.Since(begin); !errors.As(err, &permanent) || took > hardly {
		t.Errorf("%v after %v", err, took)
	}
}

func TestWebhookServerIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, url := range []string{"http://" + l.Addr().String() + "/" + secret, "https://" + l.Addr().String() + "/" +
		secret} {
		err := Webhook{URL: url, Timeout: 5 * time.Second}.Send(t.Context(), alertNotice)
		settled(t, url, err)
		discreet(t, url, err)
	}
}

func TestWebhookSettings(t *testing.T) {
	for url, want := range map[string]string{
		"":                                "want https://HOST[:PORT]/PATH",
		"hooks.lab.test/s3cret":           "want https://HOST[:PORT]/PATH",
		"ftp://hooks.lab.test/s3cret":     "want https://HOST[:PORT]/PATH",
		"https://hooks.lab.test/s3cret\n": "want https://HOST[:PORT]/PATH",
		"https://u:s3cret/x@host/":        "want https://HOST[:PORT]/PATH",
		"https:///s3cret":                 "want a host",
		"https:s3cret":                    "want a host",
		"https://hooks.lab.test:0/s3cret": "want a host",
		"https://hooks.lab.test:99999/":   "want a host",
		"https://a b/":                    "want https://HOST[:PORT]/PATH",
		"https://u:s3cret@lab.test/":      "belong in a header",
		"http://hooks.lab.test/s3cret":    "only for this machine",
		"http://192.0.2.1/s3cret":         "only for this machine",
		"http://0.0.0.0/s3cret":           "only for this machine",
		"http://localhost.lab.test/":      "only for this machine",
	} {
		w := Webhook{URL: url}
		err := w.Check()
		if err == nil || !strings.Contains(err.Error(), want) || w.Send(t.Context(), alertNotice) == nil {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
		discreet(t, url, err)
	}
	for _, header := range []http.Header{{"Authorization": {"Bearer s3cret\n"}}, {"Authorization": {"s3cret\x00"}},
		{"a b": {"s3cret"}}, {"": {"s3cret"}}, {"X\r\nY": {"s3cret"}}} {
		w := Webhook{URL: "https://lab.test", Header: header}
		err := w.Check()
		if err == nil || w.Send(t.Context(), alertNotice) == nil {
			t.Errorf("%q is taken", header)
		}
		discreet(t, "", err)
	}
	if (Webhook{URL: "https://lab.test", Timeout: -1}).Check() == nil {
		t.Error("a negative timeout is taken")
	}
	for _, url := range []string{
		"https://hooks.lab.test", "HTTPS://hooks.lab.test:8443/a?b=c", "https://192.0.2.1/",
		"https://[2001:db8::1]:8443/",
		"http://localhost:8080/x", "http://127.0.0.1/", "http://127.8.9.1:80/", "http://[::1]/",
	} {
		if err := (Webhook{URL: url, Header: http.Header{"Authorization": {"Bearer x\ty"}}}).Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestWebhookTakesNoProxy: the environment's would not be asked for this machine, so that no server can tell.
func TestWebhookTakesNoProxy(t *testing.T) {
	if (Webhook{}).transport(t.Context()).Proxy != nil {
		t.Error("it has one")
	}
}

// TestWebhookThatBreaks after the request: nobody knows whether it was taken. The spool doesn't wait for a log to
// tell, but asks again, under the same key; once there is an answer, it asks no more.
func TestWebhookThatBreaks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var r *receiver
	r = receive(t, func(w http.ResponseWriter, _ *http.Request) {
		if r.times() == 1 {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		}
	})
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, r.hook())
	ev := next(t, events)
	settled(t, "first", ev.Err)
	discreet(t, "first", ev.Err)
	if r.times() != 1 {
		t.Errorf("told %d times at first", r.times())
	}
	if ev := next(t, events); ev != (Result{ID: "abc", Event: "opened", Sent: true}) {
		t.Errorf("then %+v", ev)
	}
	stop()
	if r.times() != 2 || r.told[0].Header.Get("Idempotency-Key") != r.told[1].Header.Get("Idempotency-Key") ||
		r.content[0] != r.content[1] {
		t.Errorf("told %q", r.content)
	}
	s = open(t, dir)
	events, stop = delivering(t, s, r.hook())
	other := alertNotice
	other.ID = "abd"
	put(t, s, alertNoticeAgain(t, s, other))
	if ev := next(t, events); ev != (Result{ID: "abd", Event: "opened", Sent: true}) {
		t.Errorf("after a restart: %+v", ev)
	}
	stop()
	if r.times() != 3 {
		t.Errorf("told %d times", r.times())
	}
}

// alertNoticeAgain puts alertNotice, which must be known, and returns another.
func alertNoticeAgain(t *testing.T, s *Spool, other Message) Message {
	t.Helper()
	if added, err := s.Put(alertNotice); added || err != nil {
		t.Errorf("Put = %v, %v", added, err)
	}
	return other
}

func TestWebhookThatRefuses(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such hook", http.StatusGone) })
	s := open(t, dir)
	put(t, s, alertNotice)
	events, stop := delivering(t, s, r.hook())
	if ev := next(t, events); ev.Sent || ev.Kept != filepath.Join(dir, refusedDir, "abc.opened.eml") ||
		!strings.Contains(ev.Err.Error(), "410 Gone: no such hook") {
		t.Errorf("%+v", ev)
	}
	stop()
	if s.Len() != 0 || r.times() != 1 {
		t.Errorf("%d wait, told %d times", s.Len(), r.times())
	}
}

// TestWebhookWhenTheDaemonEnds: a server that answers within the grace is told once, one that doesn't again by the
// next daemon.
func TestWebhookWhenTheDaemonEnds(t *testing.T) {
	for name, wait := range map[string]time.Duration{"answers": 100 * time.Millisecond, "hangs": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, arrived := t.TempDir(), make(chan struct{}, 10)
			r := receive(t, func(w http.ResponseWriter, q *http.Request) {
				arrived <- struct{}{}
				select {
				case <-time.After(wait):
				case <-q.Context().Done():
				}
			})
			s := open(t, dir)
			put(t, s, alertNotice)
			events, stop := delivering(t, s, r.hook())
			<-arrived
			begin := time.Now()
			stop()
			if took := time.Since(begin); took > hardly {
				t.Errorf("Run ended after %v", took)
			}
			ev := next(t, events)
			if done := name == "answers"; ev.Sent != done || (open(t, dir).Len() == 0) != done {
				t.Errorf("%+v", ev)
			}
			discreet(t, name, ev.Err)
		})
	}
}
