package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"
)

// soon says that something took no longer than a call may, with what a busy machine adds.
func soon(t testing.TB, what string, begin time.Time) {
	t.Helper()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("%s took %v, want at most 3s", what, took)
	}
}

// everything are calls of all kinds.
func everything(c *Client) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"End":    func(ctx context.Context) error { _, err := c.End(ctx, "mx1"); return err },
		"Append": func(ctx context.Context) error { _, err := c.Append(ctx, "mx1", Append{}); return err },
		"Poll": func(ctx context.Context) error {
			_, err := c.Poll(ctx, []Cursor{{"mx1", ID{}}, {"mx2", ID{}}}, 9)
			return err
		},
		"Hosts":   func(ctx context.Context) error { _, err := c.Hosts(ctx); return err },
		"SetHost": func(ctx context.Context) error { return c.SetHost(ctx, "mx1", nil) },
		"Key":     func(ctx context.Context) error { _, err := c.Key(ctx); return err },
		"Lead":    func(ctx context.Context) error { _, err := c.Lead(ctx, token); return err },
		"Commit": func(ctx context.Context) error {
			_, _, err := c.Commit(ctx, Commit{Token: token})
			if errors.Is(err, ErrNotLeader) || errors.Is(err, ErrAhead) {
				return nil
			}
			return err
		},
		"State":    func(ctx context.Context) error { _, err := c.State(ctx); return err },
		"Told":     func(ctx context.Context) error { _, err := c.Told(ctx, "a"); return err },
		"SetLocal": func(ctx context.Context) error { return c.SetLocal(ctx, "a", nil) },
		"Verdicts": func(ctx context.Context) error { _, err := c.Verdicts(ctx, ""); return err },
	}
}

// TestStopped: an engine that is there and doesn't answer is an error, in time; afterwards it is as before.
func TestStopped(t *testing.T) {
	slow(t)
	server := redistest.Start(t)
	old, fresh := connected(t, server), connected(t, server)
	for _, call := range everything(old) {
		must(t, call(context.Background()))
	}
	server.Pause()
	for of, c := range map[string]*Client{"connected before": old, "new": fresh} {
		calls := everything(c)
		var names []string
		for name := range calls {
			names = append(names, name)
		}
		together(len(names), func(i int) {
			begin := time.Now()
			err := calls[names[i]](context.Background())
			if err == nil || !strings.HasSuffix(err.Error(), "at "+server.URL()+": no answer within 2s") &&
				!strings.HasSuffix(err.Error(), ": no answer within 2s") {
				t.Errorf("%s, %s: %v", names[i], of, err)
			}
			soon(t, names[i]+", "+of, begin)
		})
	}
	server.Resume()
	for of, c := range map[string]*Client{"connected before": old, "new": fresh} {
		for name, call := range everything(c) {
			testkit.Until(t, name+" works again, "+of, func() bool { return call(context.Background()) == nil })
		}
	}
}

// TestContextEnds: a call doesn't wait for the engine when its caller doesn't.
func TestContextEnds(t *testing.T) {
	server := redistest.Start(t)
	c := open(t, Options{URLs: []string{server.URL()}, Timeout: 20 * time.Second})
	must(t, c.SetHost(context.Background(), "mx1", nil))
	server.Pause()
	for name, call := range everything(c) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		begin := time.Now()
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		soon(t, name, begin)
	}
	server.Kill() // what waits within the library ends
}

// TestRefused: nobody listens.
func TestRefused(t *testing.T) {
	server := redistest.Start(t)
	c := connected(t, server)
	server.Stop()
	for name, call := range everything(c) {
		begin := time.Now()
		if err := call(context.Background()); err == nil || !strings.Contains(err.Error(), server.URL()) ||
			!strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%s: %v", name, err)
		}
		soon(t, name, begin)
	}
	server.Restart(false)
	for name, call := range everything(c) {
		testkit.Until(t, name+" works again", func() bool { return call(context.Background()) == nil })
	}
}

// TestRestarts: with its append-only file an engine has all it had; empty, a stream begins again.
func TestRestarts(t *testing.T) {
	server := redistest.Start(t, "appendonly yes", "appendfsync always")
	c := connected(t, server)
	ctx := context.Background()
	end, err := c.Append(ctx, "mx1", batchOf(ID{}, ID{0, 1}))
	must(t, err)
	leads(t, c, token)
	commits(t, c, Commit{Token: token})
	append2 := func() (at End) {
		testkit.Until(t, "the engine is back", func() bool {
			at, err = c.Append(ctx, "mx1", batchOf(ID{0, 1}, ID{0, 2}))
			return err == nil
		})
		return at
	}
	server.Restart(false)
	if at := append2(); at.ID != (ID{0, 2}) || at.Born != end.Born {
		t.Errorf("the stream goes on as %+v", at)
	}
	checkStream(t, c, "mx1", 2)
	commits(t, c, Commit{Token: token, After: 1})
	server.Restart(true)
	if at := append2(); at.ID != (ID{}) || at.Born != "" {
		t.Errorf("the stream begins again as %+v", at)
	}
	leads(t, c, token)
	if _, _, err := c.Commit(ctx, Commit{Token: token, After: 2}); !errors.Is(err, ErrBehind) {
		t.Errorf("Commit = %v", err)
	}
}

// TestClusterOfThree: one dies and comes back. What is on the others goes on.
func TestClusterOfThree(t *testing.T) {
	slow(t)
	nodes := redistest.StartCluster(t, "appendonly yes", "appendfsync always")
	c := open(t, Options{URLs: []string{nodes[0].URL(), nodes[1].URL(), nodes[2].URL()}})
	ctx := context.Background()
	var cursors []Cursor
	node := make(map[string]int) // of a stream
	for i := range 12 {
		name := fmt.Sprint("mx", i)
		slot := nodes[0].Do("cluster", "keyslot", c.streamKey(name, "log")).(int64)
		node[name] = int(slot * 3 / 16384)
		_, err := c.Append(ctx, name, batchOf(ID{}, ID{0, 1}))
		must(t, err)
		cursors = append(cursors, Cursor{name, ID{}})
	}
	leads(t, c, token)
	commits(t, c, large(3*chunk))
	polled, err := c.Poll(ctx, cursors, 9)
	if must(t, err); len(polled) != 12 {
		t.Fatalf("%d streams are read, want 12", len(polled))
	}

	home := int(nodes[0].Do("cluster", "keyslot", c.key("lead")).(int64) * 3 / 16384)
	dead := (home + 1) % 3
	nodes[dead].Pause()
	begin := time.Now()
	polled, err = c.Poll(ctx, cursors, 9)
	soon(t, "Poll", begin)
	if err == nil || len(polled) == 0 || len(polled) == 12 {
		t.Errorf("with one stopped %d streams are read, %v", len(polled), err)
	}
	nodes[dead].Kill()
	begin = time.Now()
	for _, cursor := range cursors {
		at, err := c.Append(ctx, cursor.Stream, batchOf(ID{0, 1}, ID{0, 2}))
		if (err != nil) != (node[cursor.Stream] == dead) || err == nil && at.ID != (ID{0, 2}) {
			t.Errorf("%s, on node %d; %d is dead: %+v, %v", cursor.Stream, node[cursor.Stream], dead, at.ID, err)
		}
	}
	polled, err = c.Poll(ctx, cursors, 9)
	if err == nil || len(polled) == 0 || len(polled) == 12 {
		t.Errorf("%d streams are read, %v", len(polled), err)
	}
	t.Logf("with one dead, 12 appends and a poll took %v; %v", time.Since(begin), err)
	for _, p := range polled {
		if len(p.Entries) != 2 || node[p.Stream] == dead {
			t.Errorf("%s has %d entries", p.Stream, len(p.Entries))
		}
	}
	commits(t, c, Commit{Token: token, After: 1})

	nodes[dead].Restart(false)
	for _, cursor := range cursors {
		testkit.Until(t, cursor.Stream+" goes on", func() bool {
			at, err := c.Append(ctx, cursor.Stream, batchOf(ID{0, 1}, ID{0, 2}))
			return err == nil && at.ID == ID{0, 2}
		})
		checkStream(t, c, cursor.Stream, 2)
	}
}

// TestSentinelFailover: the replica becomes the master, and has what it had got by then.
func TestSentinelFailover(t *testing.T) {
	slow(t)
	r := redistest.StartSentinel(t)
	c := open(t, Options{URLs: []string{"redis+sentinel://" + r.Sentinel.Addr() + "/lab"}})
	ctx := context.Background()
	leads(t, c, token)
	commits(t, c, large(chunk+1))
	_, err := c.Append(ctx, "mx1", batchOf(ID{}, ID{0, 1}))
	must(t, err)
	before := stateOf(t, c)
	r.Master.Do("wait", 1, 10000)

	r.Master.Kill()
	var at End
	testkit.Until(t, "the replica is the master", func() bool {
		begin := time.Now()
		at, err = c.Append(ctx, "mx1", batchOf(ID{0, 1}, ID{0, 2}))
		soon(t, "Append", begin)
		return err == nil
	})
	if at.ID != (ID{0, 2}) {
		t.Errorf("the stream goes on as %+v", at)
	}
	checkStream(t, c, "mx1", 2)
	if s := stateOf(t, c); s.Seq != before.Seq || len(s.Open) != len(before.Open) || len(s.Told) != len(before.Told) {
		t.Errorf("seq %d, %d open, %d told", s.Seq, len(s.Open), len(s.Told))
	}
	leads(t, c, token)
	commits(t, c, Commit{Token: token, After: before.Seq})
}
