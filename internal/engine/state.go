package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// A State is all that a leader needs of the ones before it.
type State struct {
	Seq   int64  // of the last commit; 0 if there was none, or the engine has lost it
	Done  []byte // of the last commit that had one
	Rules []byte
	Told  map[string][]byte // events, by their names
	Open  map[string][]byte // open alerts, by their ids
	Now   map[string][]byte // what followers need of them
	Local map[string][]byte // alerts that a host told alone
}

const (
	page      = 500     // fields of a hash in one answer
	maxFields = 1 << 20 // of a hash: more is no fleet's
	looks     = 5       // at what changes meanwhile
)

var errMoving = errors.New("it changes while it is read")

// State reads all of it, in many small steps. It is whole if only the caller leads.
func (c *Client) State(ctx context.Context) (State, error) {
	for range looks {
		before, err := c.stateFields(ctx)
		if err != nil {
			return State{}, err
		}
		s := State{Done: bytesOf(before[1]), Rules: bytesOf(before[2])}
		seq, _ := before[0].(string)
		s.Seq, _ = strconv.ParseInt(seq, 10, 64)
		for part, all := range map[string]*map[string][]byte{
			"told": &s.Told, "open": &s.Open, "now": &s.Now, "local": &s.Local,
		} {
			if *all, err = c.scan(ctx, part); err != nil {
				return State{}, err
			}
		}
		for name, blob := range s.Told {
			s.Told[name] = toldBlob(blob)
		}
		if after, err := c.stateFields(ctx); err != nil || slices.Equal(before, after) {
			return s, err
		}
	}
	return State{}, fmt.Errorf("reading the fleet's state at %s: %w", c.where, errMoving)
}

func (c *Client) stateFields(ctx context.Context) ([]any, error) {
	return call(ctx, c, "reading the fleet's state", func(ctx context.Context) ([]any, error) {
		return c.redis.HMGet(ctx, c.key("state"), "seq", "done", "rules", "born", "by", "try").Result()
	})
}

// scan reads a hash in pages. Each page has its own timeout. Pages of two servers don't fit together: if after a
// failover some fields are missing, it begins again.
func (c *Client) scan(ctx context.Context, part string) (map[string][]byte, error) {
	what, key := "reading "+part, c.key(part)
	type result struct {
		fields []string
		cursor uint64
	}
	for range looks {
		all := make(map[string][]byte)
		for cursor, begun := uint64(0), false; !begun || cursor != 0; begun = true {
			r, err := call(ctx, c, what, func(ctx context.Context) (r result, err error) {
				r.fields, r.cursor, err = c.redis.HScan(ctx, key, cursor, "", page).Result()
				return r, err
			})
			if err != nil {
				return nil, err
			}
			for pair := range slices.Chunk(r.fields, 2) {
				all[pair[0]] = []byte(pair[len(pair)-1])
			}
			if cursor = r.cursor; len(all) > maxFields {
				return nil, fmt.Errorf("%s at %s: more than %d of them", what, c.where, maxFields)
			}
		}
		n, err := call(ctx, c, what, func(ctx context.Context) (int64, error) {
			return c.redis.HLen(ctx, key).Result()
		})
		if err != nil || int64(len(all)) >= n {
			return all, err
		}
	}
	return nil, fmt.Errorf("%s at %s: %w", what, c.where, errMoving)
}

// toldBlob is what a field of told has behind its teller.
func toldBlob(field []byte) []byte {
	_, blob, _ := bytes.Cut(field, []byte("\n"))
	return blob
}

// Told are the blobs of events, in the order of their names; nil for those that weren't told.
func (c *Client) Told(ctx context.Context, names ...string) (blobs [][]byte, err error) {
	for some := range slices.Chunk(names, page) {
		fields, err := call(ctx, c, "asking what is told", func(ctx context.Context) ([]any, error) {
			return c.redis.HMGet(ctx, c.key("told"), some...).Result()
		})
		if err != nil {
			return nil, err
		}
		for _, field := range fields {
			var blob []byte
			if text := bytesOf(field); text != nil {
				blob = toldBlob(text)
			}
			blobs = append(blobs, blob)
		}
	}
	return blobs, nil
}

// reseedScript writes a chunk of a state. The first one removes what may be older, seq with it; the last one writes
// seq. What is told stays told, and keeps its teller.
var reseedScript = redis.NewScript(`
local lead, state, told, open, now, locals = unpack(KEYS)
local token, seq, try, first, last, done, rules = unpack(ARGV, 1, 7)
if redis.call('GET', lead) ~= token then
	return {'lost', 0}
end
local was = redis.call('HMGET', state, 'seq', 'by', 'try')
if was[2] == token and tonumber(was[3]) > tonumber(try) then
	return {'old', 0}
elseif tonumber(was[1] or 0) > tonumber(seq) then
	return {'ahead', 0}
end
redis.call('HSET', state, 'by', token, 'try', try)
if first == '1' then
	redis.call('HDEL', state, 'seq')
	redis.call('UNLINK', open, now)
end
for i = 8, #ARGV, 3 do
	local kind, name, blob = ARGV[i], ARGV[i + 1], ARGV[i + 2]
	if kind == 'tell' then
		redis.call('HSETNX', told, name, '\n' .. blob)
	elseif kind == 'put' then
		redis.call('HSET', open, name, blob)
	elseif kind == 'now' then
		redis.call('HSET', now, name, blob)
	elseif kind == 'local' then
		redis.call('HSETNX', locals, name, blob)
	end
end
if last == '1' then
	redis.call('HSET', state, 'seq', seq, 'done', done, 'rules', rules, 'born', token .. '/' .. try)
end
return {'ok', 0}
`)

// Reseed writes a leader's whole state into an engine that has lost its own (ErrBehind), in many small steps, and seq
// in the last one. Until then the engine has no state. It keeps what is told there already. Errors are those of Commit.
// It may be tried again.
func (c *Client) Reseed(ctx context.Context, s State, token string) error {
	var writes []write
	for _, part := range []struct {
		kind string
		all  map[string][]byte
	}{{kindTell, s.Told}, {kindPut, s.Open}, {kindNow, s.Now}, {kindLocal, s.Local}} {
		for _, name := range slices.Sorted(maps.Keys(part.all)) {
			writes = append(writes, write{part.kind, name, part.all[name]})
		}
	}
	try := c.tries.Add(1)
	for first := true; ; first = false {
		n := min(len(writes), chunk)
		last := n == len(writes)
		arguments := []any{token, s.Seq, try, first, last, s.Done, s.Rules}
		for _, w := range writes[:n] {
			arguments = append(arguments, w.kind, w.name, w.blob)
		}
		reply, err := call(ctx, c, "writing the fleet's state", func(ctx context.Context) ([]any, error) {
			return reseedScript.Run(ctx, c.redis, c.keys("lead", "state", "told", "open", "now", "local"),
				arguments...).Slice()
		})
		if err == nil {
			status, _ := append(reply, "")[0].(string)
			err = c.refused(status, "writing the fleet's state")
		}
		if err != nil || last {
			return err
		}
		writes = writes[n:]
	}
}

// SetLocal writes an alert that a host told alone.
func (c *Client) SetLocal(ctx context.Context, id string, blob []byte) error {
	return c.do(ctx, "writing a local alert", func(ctx context.Context) error {
		return c.redis.HSet(ctx, c.key("local"), id, blob).Err()
	})
}

// Local are the alerts that hosts told alone, by their ids.
func (c *Client) Local(ctx context.Context) (map[string][]byte, error) { return c.scan(ctx, "local") }

// DropLocal forgets local alerts.
func (c *Client) DropLocal(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.do(ctx, "removing local alerts", func(ctx context.Context) error {
		return c.redis.HDel(ctx, c.key("local"), ids...).Err()
	})
}
