package engine

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var must = testkit.Must

// open opens an engine until the test ends.
func open(t testing.TB, o Options) *Client {
	t.Helper()
	if o.Name == "" {
		o.Name = "lab"
	}
	c, err := Open(o)
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// connected opens a server's engine.
func connected(t testing.TB, s *redistest.Server) *Client {
	return open(t, Options{URLs: []string{s.URL()}})
}

// onBoth runs a test with an imitation of Redis, which is there everywhere, and with a real one.
func onBoth(t *testing.T, test func(*testing.T, *Client)) {
	t.Run("miniredis", func(t *testing.T) {
		test(t, open(t, Options{URLs: []string{"redis://" + miniredis.RunT(t).Addr()}}))
	})
	t.Run("redis", func(t *testing.T) { test(t, connected(t, redistest.Start(t))) })
}

// slow lets a test that waits for real time run beside others, or skips it.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes patience")
	}
	t.Parallel()
}

// batchOf is a batch whose content is its place.
func batchOf(after, id ID) Append {
	return Append{After: after, ID: id, Batch: fmt.Appendf(nil, "%v to %v", after, id),
		Resume: fmt.Appendf(nil, "resume %v", id), Untils: fmt.Appendf(nil, "until %v", id)}
}

// checkStream reads a stream from its begin, some entries at a time. Each goes on where the one before ends.
func checkStream(t testing.TB, c *Client, stream string, entries int) {
	t.Helper()
	var after ID
	for n := 0; ; {
		polled, err := c.Poll(context.Background(), []Cursor{{stream, after}}, 7)
		must(t, err)
		for _, e := range polled[0].Entries {
			if want := fmt.Sprintf("%v to %v", after, e.ID); string(e.Batch) != want {
				t.Fatalf("at %v there is %q, want %q", e.ID, e.Batch, want)
			}
			after, n = e.ID, n+1
		}
		if polled[0].More {
			continue
		}
		if n != entries || after != polled[0].End.ID {
			t.Fatalf("%d entries up to %v, want %d up to %v", n, after, entries, polled[0].End.ID)
		}
		return
	}
}

// together runs a function several times at once, and waits for all.
func together(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
