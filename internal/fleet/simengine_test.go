package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"exiwatch/internal/engine"
)

// A simEngine is an engine in memory that can hang, lose its last writes and lose everything. It does as the scripts of
// package engine do. Its methods are called by simClients.
type simEngine struct {
	mu      sync.Mutex
	random  *rand.Rand
	data    simData
	hangs   bool
	resumed chan struct{} // closed when it hangs no more
	late    []func()      // requests that it got while it hung, and whose clients have given up
}

// simData is all that an engine can lose.
type simData struct {
	streams map[string]memoryStream
	hosts   map[string][]byte
	state   engine.State
	by      map[string]string // who told an event, and in which commit
	token   string            // of the leader
	ends    time.Time         // when its lease does
	born    int               // counts streams
}

func newSimData() simData {
	return simData{streams: make(map[string]memoryStream), hosts: make(map[string][]byte), by: make(map[string]string),
		state: engine.State{Told: make(map[string][]byte), Open: make(map[string][]byte)}}
}

func (d simData) clone() simData {
	d.streams, d.hosts, d.by = maps.Clone(d.streams), maps.Clone(d.hosts), maps.Clone(d.by)
	d.state.Told, d.state.Open = maps.Clone(d.state.Told), maps.Clone(d.state.Open)
	for name, s := range d.streams {
		s.entries = slices.Clone(s.entries)
		d.streams[name] = s
	}
	return d
}

// hang makes requests wait until goOn. False: they do already.
func (e *simEngine) hang() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.hangs {
		return false
	}
	e.hangs, e.resumed = true, make(chan struct{})
	return true
}

// goOn does some of the requests that nobody waits for any more, as a server does that has them in its buffers.
func (e *simEngine) goOn() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, request := range e.late {
		if e.random.IntN(2) == 0 {
			request()
		}
	}
	e.hangs, e.late = false, nil
	close(e.resumed)
}

// copy is what a failover some time later goes back to.
func (e *simEngine) copy() simData {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.data.clone()
}

// become replaces what the engine has. Hosts say soon that they are there.
func (e *simEngine) become(d simData) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d.born, d.hosts = e.data.born, e.data.hosts
	e.data = d
}

// A simClient is a host's connection to a simEngine. Its methods do as those of engine.Client.
type simClient struct {
	*simEngine
	cut  bool // from the engine
	dead bool // its daemon was killed
}

const simTimeout = 2 * time.Second

var errSimAway = errors.New("no answer")

// do does a request within the engine. Of a host that is cut off, or is killed, or whose engine hangs, it may be done,
// and the answer lost.
func (c *simClient) do(ctx context.Context, request func()) error {
	if err := c.travel(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	timeout := time.NewTimer(simTimeout)
	defer timeout.Stop()
	for c.hangs || c.cut {
		resumed := c.resumed
		if c.cut {
			resumed = nil
		} else {
			c.late = append(c.late, request)
		}
		c.mu.Unlock()
		select {
		case <-resumed:
			return errSimAway // also if it was done
		case <-timeout.C:
			return errSimAway
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	request()
	lost := c.random.IntN(500) == 0
	c.mu.Unlock()
	if lost {
		return errSimAway
	}
	return c.travel(ctx)
}

// travel is the network's time. A daemon that is killed has none.
func (c *simClient) travel(ctx context.Context) error {
	c.mu.Lock()
	pause, dead := time.Duration(c.random.IntN(8))*time.Millisecond, c.dead
	c.mu.Unlock()
	if !dead {
		time.Sleep(pause) // the network's
		c.mu.Lock()
		dead = c.dead
		c.mu.Unlock()
	}
	if dead {
		return errSimAway
	}
	return ctx.Err()
}

// ask is do of a request with an answer. Where there is none, the request may still be done later.
func ask[T any](ctx context.Context, c *simClient, request func() T) (T, error) {
	var answer, none T
	if err := c.do(ctx, func() { answer = request() }); err != nil {
		return none, err
	}
	return answer, nil
}

func (c *simClient) setCut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
}

func (c *simClient) die() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dead = true
}

func (c *simClient) holder() string {
	if time.Now().After(c.data.ends) {
		return ""
	}
	return c.data.token
}

func (c *simClient) Lead(ctx context.Context, token string) (bool, error) {
	return ask(ctx, c, func() bool {
		h := c.holder()
		if h != "" && h != token {
			return false
		}
		c.data.token, c.data.ends = token, time.Now().Add(engine.Lease)
		return true
	})
}

func (c *simClient) Resign(ctx context.Context, token string) error {
	return c.do(ctx, func() {
		if c.holder() == token {
			c.data.token = ""
		}
	})
}

func (c *simClient) Leader(ctx context.Context) (string, error) { return ask(ctx, c, c.holder) }

func (c *simClient) Seq(ctx context.Context) (int64, error) {
	return ask(ctx, c, func() int64 { return c.data.state.Seq })
}

func (c *simClient) Hosts(ctx context.Context) (map[string][]byte, error) {
	return ask(ctx, c, func() map[string][]byte { return maps.Clone(c.data.hosts) })
}

func (c *simClient) announce(ctx context.Context, stream string, info []byte) error {
	return c.do(ctx, func() { c.data.hosts[stream] = info })
}

func (c *simClient) Append(ctx context.Context, stream string, a engine.Append) (engine.End, error) {
	return ask(ctx, c, func() engine.End {
		s, id := c.data.streams[stream], a.ID
		if len(a.Batch) == 0 {
			id = a.After
		}
		if s.end.ID != a.After {
			return s.end
		}
		if s.end.Born == "" {
			c.data.born++
			s.end.Born = fmt.Sprint(c.data.born)
		}
		if len(a.Batch) > 0 {
			s.entries = append(s.entries, engine.Entry{ID: id, Batch: a.Batch})
		}
		s.entries = slices.DeleteFunc(slices.Clone(s.entries), func(e engine.Entry) bool {
			last, _ := LastOf(e.Batch)
			return last < time.Now().Unix()-simKeep
		})
		s.end.ID, s.end.Resume, s.end.Untils = id, a.Resume, a.Untils
		s.end.Beat++
		c.data.streams[stream] = s
		return s.end
	})
}

func (c *simClient) Poll(ctx context.Context, cursors []engine.Cursor, most int) ([]engine.Polled, error) {
	return ask(ctx, c, func() (all []engine.Polled) {
		for _, cursor := range cursors {
			p := engine.Polled{Stream: cursor.Stream}
			if s, ok := c.data.streams[cursor.Stream]; ok {
				entries := s.entries[s.behind(cursor.After, false):]
				p.End, p.More = s.end, len(entries) >= most
				p.Entries = slices.Clone(entries[:min(len(entries), most)])
			}
			all = append(all, p)
		}
		return all
	})
}

func (c *simClient) State(ctx context.Context) (engine.State, error) {
	return ask(ctx, c, func() engine.State { return c.data.clone().state })
}

// A simAnswer is the engine's to a part of a commit.
type simAnswer struct {
	told []bool
	err  error
}

// Commit is done in two steps, as one of many writes is. The second may be lost with the leader.
func (c *simClient) Commit(ctx context.Context, m engine.Commit) (told []bool, seq int64, err error) {
	half := len(m.Tell) / 2
	for part, some := range [][]engine.Event{m.Tell[:half], m.Tell[half:]} {
		last := part == 1
		answer, err := ask(ctx, c, func() simAnswer { return c.commit(&m, some, last) })
		if told = append(told, answer.told...); cmp.Or(err, answer.err) != nil {
			return append(told, make([]bool, len(m.Tell)-len(told))...), 0, cmp.Or(err, answer.err)
		}
	}
	return told, m.After + 1, nil
}

func (c *simClient) commit(m *engine.Commit, some []engine.Event, last bool) (answer simAnswer) {
	if answer.err = c.refuses(m); answer.err != nil {
		return answer
	}
	by := fmt.Sprint(m.Token, " ", m.After)
	for _, event := range some {
		if _, was := c.data.state.Told[event.Name]; !was {
			c.data.state.Told[event.Name], c.data.by[event.Name] = event.Blob, by
		}
		answer.told = append(answer.told, c.data.by[event.Name] == by)
	}
	if last {
		c.finish(m)
	}
	return answer
}

func (c *simClient) refuses(m *engine.Commit) error {
	seq := c.data.state.Seq
	switch {
	case c.holder() != m.Token:
		return engine.ErrNotLeader
	case seq < m.After:
		return engine.ErrBehind
	case seq > m.After && !(seq == m.After+1 && string(c.data.state.Rules) == m.Token):
		return engine.ErrAhead
	}
	return nil
}

// finish writes what of a commit is no event. What is told goes on living where it is.
func (c *simClient) finish(m *engine.Commit) {
	s := &c.data.state
	maps.Copy(s.Open, m.Put)
	for _, id := range m.Drop {
		delete(s.Open, id)
	}
	for _, name := range m.Forget {
		delete(s.Told, name)
		delete(c.data.by, name)
	}
	if m.Done != nil {
		s.Done = m.Done
	}
	s.Seq, s.Rules = m.After+1, []byte(m.Token) // whose commit it was
}

func (c *simClient) Reseed(ctx context.Context, state engine.State, token string) error {
	refused, err := ask(ctx, c, func() error {
		s := &c.data.state
		switch {
		case c.holder() != token:
			return engine.ErrNotLeader
		case s.Seq > state.Seq:
			return engine.ErrAhead
		}
		for name, blob := range state.Told {
			if _, was := s.Told[name]; !was {
				s.Told[name] = blob
			}
		}
		s.Open, s.Done, s.Seq, s.Rules = maps.Clone(state.Open), state.Done, state.Seq, []byte(token)
		return nil
	})
	return errors.Join(err, refused)
}

func (c *simClient) Told(ctx context.Context, names ...string) ([][]byte, error) {
	return ask(ctx, c, func() (blobs [][]byte) {
		for _, name := range names {
			blobs = append(blobs, c.data.state.Told[name])
		}
		return blobs
	})
}

func (c *simClient) Local(ctx context.Context) (map[string][]byte, error) {
	return nil, c.do(ctx, func() {})
}

func (c *simClient) DropLocal(context.Context, ...string) error { return nil }

// leaderName is the host that leads; "": none does.
func (e *simEngine) leaderName() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	name, _, _ := strings.Cut((&simClient{simEngine: e}).holder(), " ")
	return name
}
