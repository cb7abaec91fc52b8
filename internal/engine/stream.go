package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// An End is where a stream ends. If Born is empty, there is no stream: it was never begun, or the engine has lost it.
type End struct {
	ID     ID     // of the last entry, even if it was trimmed
	Resume []byte // the publisher's
	Untils []byte // the publisher's: up to when it has published
	Beat   int64  // how often the publisher has written
	Born   string // another one: the stream was lost, and begun again
}

// End tells where a stream ends.
func (c *Client) End(ctx context.Context, stream string) (End, error) {
	return call(ctx, c, "reading the end of stream "+stream, func(ctx context.Context) (End, error) {
		fields, err := c.redis.HMGet(ctx, c.streamKey(stream, "end"), endFields...).Result()
		if err != nil {
			return End{}, err
		}
		return endOf(fields)
	})
}

var endFields = []string{"id", "resume", "untils", "beat", "born"}

// endOf reads endFields.
func endOf(fields []any) (e End, err error) {
	if len(fields) != len(endFields) {
		return e, fmt.Errorf("the end of a stream has %d fields, want %d", len(fields), len(endFields))
	}
	id, isThere := fields[0].(string)
	if !isThere {
		return e, nil
	}
	if e.ID, err = ParseID(id); err != nil {
		return End{}, err
	}
	e.Resume, e.Untils = bytesOf(fields[1]), bytesOf(fields[2])
	beat, _ := fields[3].(string)
	e.Beat, _ = strconv.ParseInt(beat, 10, 64)
	e.Born, _ = fields[4].(string)
	return e, nil
}

// An Append is a batch for the end of a stream, or, without a batch, only what the publisher says.
type Append struct {
	After  ID // where the stream ends, as the publisher believes
	ID     ID // of the batch, behind After; without a batch it is After, or zero
	Batch  []byte
	Resume []byte // for End
	Untils []byte // for End
	Trim   ID     // entries before it may go; zero: none
}

// appendScript adds a batch if the stream ends where the publisher believes. If the batch is there already (the answer
// to the first try was lost), it says so. A stream of which the engine has lost a part (by eviction) is begun again.
var appendScript = redis.NewScript(`
local log, tail = KEYS[1], KEYS[2]
local after, id, batch, resume, untils, trim, born = unpack(ARGV)
local at = redis.call('HGET', tail, 'id')
if at and at ~= '0-0' and redis.call('EXISTS', log) == 0 then
	redis.call('UNLINK', tail)
	at = false
end
if (at or '0-0') ~= after and at ~= id then
	return {0, redis.call('HMGET', tail, 'id', 'resume', 'untils', 'beat', 'born')}
end
if not at then
	redis.call('UNLINK', log, tail)
	redis.call('HSET', tail, 'born', born)
end
if batch ~= '' and at ~= id then
	redis.call('XADD', log, id, 'b', batch)
end
if trim ~= '0-0' then
	redis.call('XTRIM', log, 'MINID', '~', trim)
end
redis.call('HSET', tail, 'id', id, 'resume', resume, 'untils', untils)
local beat = redis.call('HINCRBY', tail, 'beat', 1)
return {1, {id, resume, untils, tostring(beat), redis.call('HGET', tail, 'born')}}
`)

// Append adds a batch behind a.After, and sets what the publisher says, in one step. If the stream ends elsewhere, it
// changes nothing, and at.ID tells where: compare it with a.ID (a.After if there is no batch). An Append may be tried
// again as it is.
func (c *Client) Append(ctx context.Context, stream string, a Append) (at End, err error) {
	what := "appending to stream " + stream
	if len(a.Batch) == 0 {
		if !a.ID.IsZero() && a.ID != a.After {
			return End{}, fmt.Errorf("%s: nothing to append at %v behind %v", what, a.ID, a.After)
		}
		a.ID = a.After
	} else if a.ID.Compare(a.After) <= 0 {
		return End{}, fmt.Errorf("%s: the batch's id %v isn't behind %v", what, a.ID, a.After)
	}
	return call(ctx, c, what, func(ctx context.Context) (End, error) {
		keys := []string{c.streamKey(stream, "log"), c.streamKey(stream, "end")}
		reply, err := appendScript.Run(ctx, c.redis, keys, a.After.String(), a.ID.String(), a.Batch, a.Resume, a.Untils,
			a.Trim.String(), random()).Slice()
		if err != nil {
			return End{}, err
		}
		if len(reply) == 2 {
			if fields, ok := reply[1].([]any); ok {
				return endOf(fields)
			}
		}
		return End{}, errStrange
	})
}

var errStrange = errors.New("unexpected answer")

// A Cursor is how far a stream has been read.
type Cursor struct {
	Stream string
	After  ID
}

// Polled is what comes behind a Cursor. Up to End.ID nothing is missing in Entries unless More says so, or it was
// trimmed. There may be entries behind End.ID.
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
	if len(cursors) == 0 {
		return nil, nil
	}
	type looked struct {
		polled []Polled
		failed error
	}
	got, err := call(ctx, c, "reading streams", func(ctx context.Context) (looked, error) {
		polled, failed := c.poll(ctx, cursors, maxEntries)
		if len(polled) == 0 {
			return looked{}, failed
		}
		return looked{polled, failed}, nil
	})
	if err == nil && got.failed != nil {
		err = fmt.Errorf("reading streams at %s: %w", c.where, c.plain(got.failed))
	}
	return got.polled, err
}

func (c *Client) poll(ctx context.Context, cursors []Cursor, maxEntries int) (polled []Polled, failed error) {
	pipe := c.redis.Pipeline()
	ends, logs := make([]*redis.SliceCmd, len(cursors)), make([]*redis.XMessageSliceCmd, len(cursors))
	for i, cursor := range cursors {
		ends[i] = pipe.HMGet(ctx, c.streamKey(cursor.Stream, "end"), endFields...)
		logs[i] = pipe.XRangeN(ctx, c.streamKey(cursor.Stream, "log"), "("+cursor.After.String(), "+",
			int64(maxEntries))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for i, cursor := range cursors {
		p, err := readPolled(cursor, ends[i], logs[i])
		if err == nil && len(p.Entries) == 0 && cursor.After.Compare(p.End.ID) < 0 {
			// Either all was trimmed, or a node that has got the slot read the end last.
			again := c.redis.XRangeN(ctx, c.streamKey(cursor.Stream, "log"), "("+cursor.After.String(), "+",
				int64(maxEntries))
			p, err = readPolled(cursor, ends[i], again)
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("stream %s: %w", cursor.Stream, err))
			continue
		}
		p.More = len(p.Entries) >= maxEntries ||
			len(p.Entries) > 0 && p.Entries[len(p.Entries)-1].ID.Compare(p.End.ID) < 0
		polled = append(polled, p)
	}
	return polled, failed
}

func readPolled(cursor Cursor, end *redis.SliceCmd, log *redis.XMessageSliceCmd) (p Polled, err error) {
	p.Stream = cursor.Stream
	if err := errors.Join(end.Err(), log.Err()); err != nil {
		return p, err
	}
	if p.End, err = endOf(end.Val()); err != nil {
		return p, err
	}
	for _, message := range log.Val() {
		id, err := ParseID(message.ID)
		if err != nil {
			return p, err
		}
		p.Entries = append(p.Entries, Entry{id, bytesOf(message.Values["b"])})
	}
	return p, nil
}
