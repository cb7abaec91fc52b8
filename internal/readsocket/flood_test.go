package readsocket

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var floodRequests = flag.Int("readsocket.requests", 20_000, "random requests of TestFloodOfRandomRequests")

// TestFloodOfRandomRequests: whatever is asked, in whatever pieces, each request has one answer that Exim can use,
// and nothing stays.
func TestFloodOfRandomRequests(t *testing.T) {
	s, path := serve(t)
	const clients = 8
	flood := func(n int) {
		var wait sync.WaitGroup
		for i := range clients {
			wait.Go(func() {
				r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
				for asked := 0; asked < n/clients; {
					asked += ask(t, path, r)
				}
			})
		}
		wait.Wait()
	}
	flood(5000) // buffers are made
	before, goroutines := heap(), runtime.NumGoroutine()
	began := time.Now()
	flood(*floodRequests)
	took := time.Since(began)
	waitFor(t, "the connections end", func() bool { return runtime.NumGoroutine() <= goroutines })
	after := heap()
	if after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	t.Logf("%d requests in %v: %+v; heap %d → %d bytes", *floodRequests, took, s.Stats(), before, after)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// ask sends up to 200 requests over one connection and looks at the answers. On a machine that stands still for as
// long as a lull, what was sent so far is answered, and no more: such a connection is tried again.
func ask(t *testing.T, path string, r *rand.Rand) int {
	var text []byte
	want := 1 + r.IntN(200)
	for i := range want {
		if i > 0 {
			text = append(text, '\n')
		}
		text = randomRequest(r, text)
	}
	if text == nil || text[len(text)-1] == '\n' {
		text = append(text, '\n') // an empty request at the end is one only with its LF
	}
	var answers []string
	for range 3 {
		if answers = exchange(t, path, text, r); len(answers) == want {
			break
		}
	}
	if len(answers) != want {
		t.Errorf("%d answers to %d requests", len(answers), want)
	}
	for _, a := range answers {
		if a != "yes" && a != "no" && a != "21" && a != "0" {
			t.Errorf("answer %q", a)
		}
	}
	return want
}

// exchange sends a text in pieces over one connection, and gives the answers.
func exchange(t *testing.T, path string, text []byte, r *rand.Rand) []string {
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	var sent sync.WaitGroup
	sent.Go(func() {
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(3000))
			if _, err := c.Write(rest[:n]); err != nil {
				return // it was answered early, and closed
			}
			rest = rest[n:]
		}
		c.(*net.UnixConn).CloseWrite()
	})
	b, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	sent.Wait()
	return strings.Split(string(b), "\n")
}

// randomRequest appends one without an LF.
func randomRequest(r *rand.Rand, text []byte) []byte {
	words := []string{"over", "alice@lab.test", "sender=", "host=192.0.2.1", "count ", " ", `"`, `\`, "=", "<>", "\r", "\x00", "::1", "topic=", `"a b"`, "é"}
	if r.IntN(3) == 0 {
		for range r.IntN(300) {
			if b := byte(r.Uint32()); b != '\n' {
				text = append(text, b)
			}
		}
		return text
	}
	for range r.IntN(12) {
		text = fmt.Append(text, words[r.IntN(len(words))])
	}
	return text
}
