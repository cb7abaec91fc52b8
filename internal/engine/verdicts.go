package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Verdicts are what a follower learns at a time. If the engine has no state, because nobody has led yet or it was lost,
// Seq is 0, All and Changed are nil, and From is "": the follower keeps what it has.
type Verdicts struct {
	Seq     int64             // of the last commit: it advances as long as there is a leader
	Done    []byte            // the leader's
	Leader  string            // its token; "" if none leads
	All     map[string][]byte // all open alerts, if the follower must forget its own; else nil
	Changed []Verdict         // what has changed since, in its order; nothing with All
	From    string            // where the next call goes on
}

// begin is before all entries of the stream of verdicts.
const begin = "0-0"

// Verdicts tells what has changed since a call that gave from. With "", or if the leader is another one, or the
// follower has missed too much, it tells all. A change may be told twice.
func (c *Client) Verdicts(ctx context.Context, from string) (Verdicts, error) {
	at, born, _ := strings.Cut(from, " ")
	if at == "" {
		at = begin
	}
	for changed := []Verdict(nil); ; {
		got, err := c.look(ctx, at)
		if err != nil || got.Seq == 0 {
			return Verdicts{Leader: got.Leader}, err
		}
		if from == "" || got.born != born || got.gap {
			return c.all(ctx, got.Verdicts, got.born)
		}
		changed = append(changed, got.Changed...)
		at = got.at
		if len(got.Changed) < page || len(changed) > verdictsKept {
			got.Changed, got.From = changed, at+" "+born
			return got.Verdicts, nil
		}
	}
}

// A glance is one look at the verdicts.
type glance struct {
	Verdicts
	at, born string
	gap      bool // entries may be missing
}

// look reads the state, and then a page of changes. The entry at which the last page ended is read again: if it is
// gone, others may be gone, too.
func (c *Client) look(ctx context.Context, at string) (glance, error) {
	return call(ctx, c, "reading verdicts", func(ctx context.Context) (g glance, err error) {
		pipe := c.redis.Pipeline()
		state := pipe.HMGet(ctx, c.key("state"), "seq", "done", "born")
		lead := pipe.Get(ctx, c.key("lead"))
		entries := pipe.XRangeN(ctx, c.key("verdicts"), at, "+", page+1)
		if _, err := pipe.Exec(ctx); err != nil && err != redis.Nil {
			return g, err
		}
		if err := state.Err(); err != nil {
			return g, err
		}
		seq, _ := state.Val()[0].(string)
		g.Seq, _ = strconv.ParseInt(seq, 10, 64)
		g.Done, g.Leader = bytesOf(state.Val()[1]), lead.Val()
		g.born, _ = state.Val()[2].(string)
		g.at = at
		list := entries.Val()
		if at != begin {
			if g.gap = len(list) == 0 || list[0].ID != at; g.gap {
				return g, nil
			}
			list = list[1:]
		} else if len(list) > page {
			g.gap = true // so many that some may have been trimmed since there were none
		}
		for _, entry := range list[:min(len(list), page)] {
			id, _ := entry.Values["i"].(string)
			g.Changed = append(g.Changed, Verdict{id, bytesOf(entry.Values["j"]), entry.Values["e"] == "1"})
			g.at = entry.ID
		}
		return g, nil
	})
}

// all reads all open alerts. What changes meanwhile is told by the next call, as the position is read before.
func (c *Client) all(ctx context.Context, v Verdicts, born string) (Verdicts, error) {
	at, err := call(ctx, c, "reading verdicts", func(ctx context.Context) (string, error) {
		last, err := c.redis.XRevRangeN(ctx, c.key("verdicts"), "+", "-", 1).Result()
		if err != nil || len(last) == 0 {
			return begin, err
		}
		return last[0].ID, nil
	})
	if err != nil {
		return Verdicts{}, err
	}
	if v.All, err = c.scan(ctx, "now"); err != nil {
		return Verdicts{}, fmt.Errorf("reading open alerts: %w", err)
	}
	v.Changed, v.From = nil, at+" "+born
	return v, nil
}
