package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"
)

// A Commit is what a leader has found since its last one.
type Commit struct {
	Token string
	After int64  // the seq of the last commit
	Done  []byte // nil: unchanged
	Rules []byte // nil: unchanged
	Tell  []Event
	Put   map[string][]byte // open alerts, by their ids
	Drop  []string          // ids of alerts that aren't open any more
	// Verdicts are for the followers, in their order.
	Verdicts []Verdict
	Forget   []string // names of events told so long ago that they can't come again
}

// An Event is told once. Its blob should name who tells it, so that its leader knows it among what Told gives.
type Event struct {
	Name string
	Blob []byte
}

// A Verdict is what followers need of an alert that has changed.
type Verdict struct {
	ID    string
	JSON  []byte
	Ended bool
}

const (
	// chunk is how much one script writes: others wait meanwhile.
	chunk = 200
	// verdictsKept is how many changes a follower may miss before it reads all open alerts.
	verdictsKept = 10000
)

// Kinds of what a script writes. Each is followed by a name and a blob.
const (
	kindTell, kindForget   = "tell", "forget"
	kindPut, kindDrop      = "put", "drop"
	kindVerdict, kindEnded = "verdict", "ended"
	kindNow, kindLocal     = "now", "local"
)

type write struct {
	kind, name string
	blob       []byte
}

// commitScript writes a chunk of a commit. Only the last one advances seq. A leader may try a commit again: then seq
// may have advanced already, and what the first try has told is this one's. The number of the try keeps a request that
// was late from coming behind the next one. Another leader, or a state that was lost, gets a new "born". A user who may
// not ask the time commits nevertheless.
var commitScript = redis.NewScript(`
local lead, state, told, open, now, verdicts = unpack(KEYS)
local token, after, try, last, done, rules, kept = unpack(ARGV, 1, 7)
if redis.call('GET', lead) ~= token then
	return {'lost', 0}
end
local was = redis.call('HMGET', state, 'seq', 'by', 'try')
local seq, mine = tonumber(was[1] or 0), was[2] == token
if mine and tonumber(was[3]) > tonumber(try) then
	return {'old', seq}
elseif seq < tonumber(after) then
	return {'behind', seq}
elseif seq > tonumber(after) and not (mine and seq == after + 1) then
	return {'ahead', seq}
end
redis.call('HSET', state, 'by', token, 'try', try)
if not mine then
	redis.call('HSET', state, 'born', token .. '/' .. try)
end
local news, by = {}, token .. ' ' .. after .. '\n'
for i = 8, #ARGV, 3 do
	local kind, name, blob = ARGV[i], ARGV[i + 1], ARGV[i + 2]
	if kind == 'tell' then
		local new = redis.call('HSETNX', told, name, by .. blob)
		if new == 0 and string.sub(redis.call('HGET', told, name), 1, #by) == by then
			new = 1
		end
		news[#news + 1] = new
	elseif kind == 'forget' then
		redis.call('HDEL', told, name)
	elseif kind == 'put' then
		redis.call('HSET', open, name, blob)
	elseif kind == 'drop' then
		redis.call('HDEL', open, name)
	elseif kind == 'verdict' then
		redis.call('HSET', now, name, blob)
		redis.call('XADD', verdicts, 'MAXLEN', '~', kept, '*', 'i', name, 'j', blob, 'e', '')
	elseif kind == 'ended' then
		redis.call('HDEL', now, name)
		redis.call('XADD', verdicts, 'MAXLEN', '~', kept, '*', 'i', name, 'j', blob, 'e', '1')
	end
end
if last == '1' then
	seq = after + 1
	redis.call('HSET', state, 'seq', string.format('%.0f', seq))
	local at = redis.pcall('TIME')
	redis.call('HSET', state, 'at', at[1] or '')
	if done ~= '' then
		redis.call('HSET', state, 'done', string.sub(done, 2))
	end
	if rules ~= '' then
		redis.call('HSET', state, 'rules', string.sub(rules, 2))
	end
end
return {'ok', seq, news}
`)

// Commit writes what a leader has found, if its token has the lease and the engine has its last commit: else
// ErrNotLeader, ErrBehind or ErrAhead. told says which events are told now, by this leader and this commit; the others
// have been told before. A large commit is written in several steps, the events first. So told counts even with an
// error: nobody else will tell those events.
//
// If a Commit fails and the token still leads, the leader commits again with the same After, the same events and
// whatever has come up since. It then hears of the events that the first try has told. If it leads no more, it asks
// Told for them, but only when another token leads (Leader), its own next one or a stranger's: until then the request
// may still be done.
func (c *Client) Commit(ctx context.Context, m Commit) (told []bool, seq int64, err error) {
	writes := m.writes()
	try := c.tries.Add(1)
	for {
		n := min(len(writes), chunk)
		last := n == len(writes)
		status, at, news, err := c.commit(ctx, m, try, last, writes[:n])
		if err == nil {
			err = c.refused(status, "committing")
		}
		for _, new := range news {
			told = append(told, new == int64(1))
		}
		if err != nil || last {
			return append(told, make([]bool, len(m.Tell)-len(told))...), at, err
		}
		writes = writes[n:]
	}
}

// writes are in the order in which they are written. An alert is open only when it was told.
func (m Commit) writes() (all []write) {
	for _, e := range m.Tell {
		all = append(all, write{kindTell, e.Name, e.Blob})
	}
	for _, id := range slices.Sorted(maps.Keys(m.Put)) {
		all = append(all, write{kindPut, id, m.Put[id]})
	}
	for _, id := range m.Drop {
		all = append(all, write{kindDrop, id, nil})
	}
	for _, v := range m.Verdicts {
		kind := kindVerdict
		if v.Ended {
			kind = kindEnded
		}
		all = append(all, write{kind, v.ID, v.JSON})
	}
	for _, name := range m.Forget {
		all = append(all, write{kindForget, name, nil})
	}
	return all
}

func (c *Client) commit(ctx context.Context, m Commit, try int64, last bool, writes []write) (
	status string, seq int64, news []any, err error) {
	arguments := []any{m.Token, m.After, try, last, optional(m.Done), optional(m.Rules), verdictsKept}
	for _, w := range writes {
		arguments = append(arguments, w.kind, w.name, w.blob)
	}
	reply, err := call(ctx, c, "committing", func(ctx context.Context) ([]any, error) {
		return commitScript.Run(ctx, c.redis, c.keys("lead", "state", "told", "open", "now", "verdicts"),
			arguments...).Slice()
	})
	if err != nil {
		return "", 0, nil, err
	}
	if len(reply) > 2 {
		news, _ = reply[2].([]any)
	}
	if len(reply) > 1 {
		status, _ = reply[0].(string)
		seq, _ = reply[1].(int64)
	}
	return status, seq, news, nil
}

// keys are keys of the fleet.
func (c *Client) keys(parts ...string) (all []string) {
	for _, part := range parts {
		all = append(all, c.key(part))
	}
	return all
}

// optional tells what is empty from what is unchanged.
func optional(value []byte) string {
	if value == nil {
		return ""
	}
	return "=" + string(value)
}

// refused is the error of a script's status.
func (c *Client) refused(status, what string) error {
	err := errStrange
	switch status {
	case "ok":
		return nil
	case "lost":
		err = ErrNotLeader
	case "behind":
		err = ErrBehind
	case "ahead":
		err = ErrAhead
	case "old":
		err = errOld
	}
	return fmt.Errorf("%s at %s: %w", what, c.where, err)
}
