package engine

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"
)

// A Cursor is how far a stream has been read.
type Cursor struct {
	Stream string
	After  ID
}

// Polled is what comes behind a Cursor. Up to End.ID nothing is missing in Entries unless More says so, or it was
// trimmed. There may be entries behind End.ID. Without More a reader goes on behind the last entry or End.ID, whichever
// is later.
type Polled struct {
	Stream  string
	End     End
	Entries []Entry
	More    bool
}

// An Entry is a batch.
type Entry struct {
	ID    ID
	Batch []byte
}

// Poll reads at most maxEntries entries of each stream, in one round trip to each node. If a node of a cluster doesn't
// answer, its streams are left out, and an error tells; the others are there nevertheless.
func (c *Client) Poll(ctx context.Context, cursors []Cursor, maxEntries int) ([]Polled, error) {
	type result struct {
		polled []Polled
		err    error
	}
	const what = "reading streams"
	got, err := call(ctx, c, what, func(ctx context.Context) (r result, _ error) {
		questions := make([]*question, len(cursors))
		for i, cursor := range cursors {
			questions[i] = &question{Cursor: cursor}
		}
		c.ask(ctx, questions, maxEntries)
		missing := 0
		for _, q := range questions {
			if q.err == nil {
				r.polled = append(r.polled, q.Polled)
				continue
			}
			missing++
			r.err = cmp.Or(r.err, q.err)
		}
		if missing > 0 {
			r.err = fmt.Errorf("%s at %s: %d of %d: %w", what, c.where, missing, len(cursors), c.plain(r.err))
		}
		return r, nil
	})
	if err == nil {
		err = got.err
	}
	return got.polled, err
}

// A question is a cursor, and what comes behind it, or an error.
type question struct {
	Cursor
	Polled
	err error
}

// A node takes several commands at a time.
type node interface{ Pipeline() redis.Pipeliner }

// ask asks each node of a cluster by itself. The library would let one that doesn't answer spoil the answers of all.
func (c *Client) ask(ctx context.Context, questions []*question, maxEntries int) {
	cluster, is := c.redis.(*redis.ClusterClient)
	if !is {
		c.askNode(ctx, c.redis, questions, maxEntries)
		return
	}
	of := make(map[node][]*question)
	for _, q := range questions {
		n, err := cluster.MasterForKey(ctx, c.streamKey(q.Cursor.Stream, "log"))
		if q.err = err; err == nil {
			of[n] = append(of[n], q)
		}
	}
	var all sync.WaitGroup
	for n, questions := range of {
		all.Go(func() { c.askNode(ctx, n, questions, maxEntries) })
	}
	all.Wait()
	var moved []*question // to another node, which the library finds
	for _, q := range questions {
		_, is := redis.IsMovedError(q.err)
		_, asked := redis.IsAskError(q.err)
		if is || asked {
			moved = append(moved, q)
		} else if q.err != nil {
			cluster.ReloadState(ctx) // later
		}
	}
	if len(moved) > 0 {
		c.askNode(ctx, c.redis, moved, maxEntries)
	}
}

// askNode asks for ends first: an entry that comes meanwhile is behind its end.
func (c *Client) askNode(ctx context.Context, n node, questions []*question, maxEntries int) {
	for look := range 2 {
		pipe := n.Pipeline()
		ends, logs := make([]*redis.SliceCmd, len(questions)), make([]*redis.XMessageSliceCmd, len(questions))
		for i, q := range questions {
			ends[i] = pipe.HMGet(ctx, c.streamKey(q.Cursor.Stream, "end"), endFields...)
			logs[i] = pipe.XRangeN(ctx, c.streamKey(q.Cursor.Stream, "log"), "("+q.After.String(), "+",
				int64(maxEntries))
		}
		_, _ = pipe.Exec(ctx) // each command has its own error
		var again []*question
		for i, q := range questions {
			q.Polled, q.err = readPolled(q.Cursor, ends[i], logs[i], maxEntries)
			// Either all was trimmed, or a node that has just got the slot answered the first command last.
			if look == 0 && q.err == nil && len(q.Entries) == 0 && q.After.Compare(q.End.ID) < 0 {
				again = append(again, q)
			}
		}
		if questions = again; len(again) == 0 {
			return
		}
	}
}

func readPolled(at Cursor, end *redis.SliceCmd, log *redis.XMessageSliceCmd, maxEntries int) (p Polled, err error) {
	p.Stream = at.Stream
	if err := cmp.Or(end.Err(), log.Err()); err != nil {
		return p, err
	}
	if p.End, err = endOf(end.Val()); err != nil {
		return p, err
	}
	last := at.After
	for _, message := range log.Val() {
		if last, err = ParseID(message.ID); err != nil {
			return p, err
		}
		p.Entries = append(p.Entries, Entry{last, bytesOf(message.Values["b"])})
	}
	p.More = len(p.Entries) >= maxEntries || len(p.Entries) > 0 && last.Compare(p.End.ID) < 0
	return p, nil
}
