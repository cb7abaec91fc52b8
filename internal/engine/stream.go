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
