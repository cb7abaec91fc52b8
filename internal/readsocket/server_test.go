package readsocket

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/testkit"
	"exiwatch/window"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything may take; the machines tests run on are slow and shared.
const patience = time.Minute

// byName answers what a value asks for: "over" is over its limit, with 21, "slow" has no answer in time.
func byName(ctx context.Context, q Question) (count int64, over bool, err error) {
	for _, t := range q.Terms {
		switch t.Value {
		case "over":
			count, over = 21, true
		case "slow":
			<-ctx.Done()
			return 21, true, ctx.Err()
		}
	}
	return count, over, nil
}

// serve starts a server on a socket, which ends with the test.
func serve(t *testing.T) (s *Server, path string) {
	t.Helper()
	s = &Server{Key: window.Sender, Ask: byName}
	return s, serving(t, s)
}

// serving has a server serve a socket, and the listeners, until the test ends.
func serving(t *testing.T, s *Server, listeners ...net.Listener) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := Listen(path, Access{Mode: 0o600, UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, append(listeners, l)...) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Serve = %v, want no error", err)
			}
		case <-time.After(patience):
			t.Error("Serve goes on after its context has ended")
		}
	})
	return path
}

func dial(t *testing.T, path string) *net.UnixConn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.UnixConn)
}

// answer reads to the end.
func answer(t *testing.T, c net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestAnswersAreSeparatedNotEnded: however the requests come, in one piece or byte by byte, with the last LF or
// without.
func TestAnswersAreSeparatedNotEnded(t *testing.T) {
	s, path := serve(t)
	for request, want := range map[string]string{
		"over\n":                       "yes",
		"over":                         "yes",
		"over\r\n":                     "yes",
		"alice":                        "no",
		"":                             "no",
		"\n":                           "no",
		"\n\n":                         "no\nno",
		"over\nalice\nover\n":          "yes\nno\nyes",
		"alice\n\ncount over":          "no\nno\n21",
		"count alice\n":                "0",
		"sender=x host=over":           "yes",
		"sender=\"\n":                  "no",
		"count sender=\"":              "0",
		"slow":                         "no",
		"count slow\nover":             "0\nyes",
		strings.Repeat("x", 4095):      "no",
		strings.Repeat("x", 4096):      "no",
		strings.Repeat("over\n", 1000): strings.Repeat("\nyes", 1000)[1:],
		strings.Repeat("over\n", 1001): strings.Repeat("\nyes", 1000)[1:],
		"over\n" + strings.Repeat("x", 50_000) + "\nover": "yes\nno",
	} {
		got, err := Ask(t.Context(), path, request)
		if err != nil || got != want {
			t.Errorf("%.50q is answered %.50q, %v, want %.50q", request, got, err, want)
		}
		if len(request) > 50 {
			continue
		}
		c := dial(t, path)
		for i := range len(request) {
			if _, err := io.WriteString(c, request[i:i+1]); err != nil {
				t.Fatal(err)
			}
		}
		c.CloseWrite()
		if got := answer(t, c); got != want {
			t.Errorf("%q, byte by byte, is answered %q, want %q", request, got, want)
		}
	}
	if tally := s.Stats(); tally.Answers[Unintelligible] != 6 || tally.Answers[Late] != 4 || tally.Refused != 0 {
		t.Errorf("tally %+v, want 6 unintelligible, 4 late", tally)
	}
}

// TestNoShutdown: a client that doesn't close its half, as Exim with shutdown=no, has its answer and the end at once.
func TestNoShutdown(t *testing.T) {
	_, path := serve(t)
	began := time.Now()
	c := dial(t, path)
	io.WriteString(c, "over\n")
	if got := answer(t, c); got != "yes" {
		t.Errorf("answer %q, want yes", got)
	}
	if took := time.Since(began); took > MaxIdle {
		t.Errorf("it took %v", took)
	}
	io.WriteString(dial(t, path), "a second request may follow")
	c = dial(t, path)
	io.WriteString(c, "over")
	if got := answer(t, c); got != "yes" {
		t.Errorf("without an LF: answer %q, want yes", got)
	}
}

// TestByteAMinute: who asks slowly, never, or doesn't listen, is left, and holds nobody up.
func TestByteAMinute(t *testing.T) {
	_, path := serve(t)
	began := time.Now()
	silent, deaf, slow := dial(t, path), dial(t, path), dial(t, path)
	go func() {
		for {
			if _, err := io.WriteString(deaf, "over\n"); err != nil {
				return
			}
		}
	}()
	go func() {
		tick := time.NewTicker(MaxIdle / 4)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(slow, "x"); err != nil {
				return
			}
		}
	}()
	if got, err := Ask(t.Context(), path, "over"); got != "yes" || err != nil {
		t.Errorf("beside them: %q, %v", got, err)
	}
	if got := answer(t, silent); got != "" {
		t.Errorf("who asks nothing is answered %q", got)
	}
	io.ReadAll(slow)
	if took := time.Since(began); took > MaxLife+10*time.Second {
		t.Errorf("the slow one is left after %v, want %v", took, MaxLife)
	}
}

// TestTooManyQuestions: one more connection is closed at once while each of the others has its question looked at.
func TestTooManyQuestions(t *testing.T) {
	looked, let := make(chan bool), make(chan bool)
	s := &Server{Key: window.Sender, Ask: func(ctx context.Context, q Question) (int64, bool, error) {
		looked <- true
		<-let
		return 0, false, nil
	}}
	path := serving(t, s)
	var held []net.Conn
	for len(held) < share {
		c := dial(t, path)
		io.WriteString(c, "alice\n")
		<-looked
		held = append(held, c)
	}
	if got, err := Ask(t.Context(), path, "over"); got != "" || s.Stats().Refused != 1 {
		t.Errorf("one more is answered %q, %v; tally %+v", got, err, s.Stats())
	}
	close(let)
	for _, c := range held {
		if got := answer(t, c); got != "no" {
			t.Fatalf("one of those before is answered %q", got)
		}
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	testkit.Until(t, what, done)
}

// passing fails as accept does for want of descriptors, then goes on.
type passing struct {
	net.Listener
	failures atomic.Int32
}

func (p *passing) Accept() (net.Conn, error) {
	if p.failures.Add(-1) >= 0 {
		return nil, errors.New("too many open files")
	}
	return p.Listener.Accept()
}

func TestAcceptFailsForAWhile(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &passing{Listener: l}
	p.failures.Store(3)
	s := &Server{Ask: byName}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx, p) }()
	if got, err := Ask(t.Context(), l.Addr().String(), "over"); got != "yes" || err != nil {
		t.Errorf("over TCP: %q, %v", got, err)
	}
	if s.Stats().Refused != 3 {
		t.Errorf("tally %+v, want 3 refused", s.Stats())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// TestAskOfNobody fails soon, and says whom it asked.
func TestAskOfNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := Ask(t.Context(), path, "x"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no socket: %v", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it never accepts
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Ask(ctx, path, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nobody answers: %v", err)
	}
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			io.ReadAll(c)
			c.Close()
		}
	}()
	if _, err := Ask(t.Context(), path, "x"); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("closed without a word: %v", err)
	}
}
