package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"exiwatch/internal/redistest"
)

// stopped runs something while the server is stopped again and again, for longer than a call waits, until it is done.
func stopped(t *testing.T, server *redistest.Server, do func()) (stops int) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	for {
		select {
		case <-done:
			return stops
		case <-time.After(time.Duration(rand.IntN(60)) * time.Millisecond):
		}
		server.Pause()
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond) // calls fail meanwhile, and are left behind
		server.Resume()
		stops++
	}
}

// hasty gives up soon.
func hasty(t *testing.T, server *redistest.Server) *Client {
	return open(t, Options{URLs: []string{server.URL()}, Timeout: 50 * time.Millisecond})
}

// TestStopsWhileAppending: requests that were given up come late, or twice. Nothing is missing, nothing twice.
func TestStopsWhileAppending(t *testing.T) {
	slow(t)
	server := redistest.Start(t)
	c := hasty(t, server)
	failures := 0
	stops := stopped(t, server, func() {
		var after ID
		for want := uint64(0); after.Offset < 10_000 || failures < 10; want += 10 {
			at, err := c.Append(context.Background(), "mx1", batchOf(after, ID{0, max(want, after.Offset+1)}))
			if err != nil {
				failures++
				continue // the next batch is a longer one
			}
			after = at.ID
		}
	})
	polled, err := connected(t, server).Poll(context.Background(), []Cursor{{"mx1", ID{}}}, 1<<20)
	must(t, err)
	t.Logf("%d stops, %d failures", stops, failures)
	checkStream(t, connected(t, server), "mx1", len(polled[0].Entries))
}

// TestStopsWhileCommitting: each event is told once, whatever becomes of the answers.
func TestStopsWhileCommitting(t *testing.T) {
	slow(t)
	server := redistest.Start(t)
	c := hasty(t, server)
	leads(t, connected(t, server), token)
	must(t, connected(t, server).redis.Persist(context.Background(), c.key("lead")).Err()) // however slow the machine
	told, failures, events := make(map[string]int), 0, 0
	stops := stopped(t, server, func() {
		m := Commit{Token: token}
		for events < 1000 || failures < 10 || len(m.Tell) > 0 {
			if events < 1000 || failures < 10 {
				m.Tell = append(m.Tell, Event{fmt.Sprint(events), blob("told")})
				events++
			}
			m.Done = fmt.Appendf(nil, "%d", events)
			news, seq, err := c.Commit(context.Background(), m)
			if errors.Is(err, ErrNotLeader) || errors.Is(err, ErrBehind) || errors.Is(err, ErrAhead) {
				t.Error(err)
				return
			}
			if err != nil {
				failures++
				continue
			}
			for i, is := range news {
				if is {
					told[m.Tell[i].Name]++
				} else {
					t.Errorf("event %s was told before", m.Tell[i].Name)
				}
			}
			m.Tell, m.After = nil, seq
		}
	})
	t.Logf("%d stops, %d failures, %d events", stops, failures, events)
	for n := range events {
		if told[fmt.Sprint(n)] != 1 {
			t.Errorf("event %d is told %d times", n, told[fmt.Sprint(n)])
		}
	}
	if s := stateOf(t, connected(t, server)); len(s.Told) != events || string(s.Done) != fmt.Sprint(events) {
		t.Errorf("%d told, done %s", len(s.Told), s.Done)
	}
}
