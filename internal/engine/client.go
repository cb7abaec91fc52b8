// Package engine keeps what a fleet shares in Redis or Valkey: one server, one behind Sentinels, or a cluster. It knows
// bytes, ids and tokens, and nothing of alerts. It needs Redis 6.2 or later (XTRIM MINID), or any Valkey.
//
// F is the fleet's name, S a stream's: the keys are
//
//	xw:{F/S}:log     the stream: entries with the id of their end, and one field b
//	xw:{F/S}:end     hash: id, resume, untils, beat, born (see End)
//	xw:{F}:hosts     hash: stream → what its host says of itself
//	xw:{F}:lead      the leader's token, which expires
//	xw:{F}:state     hash: seq, done, rules, at (when); by, try and born tell commits apart
//	xw:{F}:told      hash: event → "TOKEN SEQ\n" and a blob: who told it, by the commit behind which seq
//	xw:{F}:open      hash: alert → blob
//	xw:{F}:now       hash: alert → what followers need of it
//	xw:{F}:verdicts  stream of the same: i (alert), j (what followers need), e ("1" if it has ended)
//	xw:{F}:local     hash: alert → blob of one told by a host alone
//	xw:{F}:key       a secret of the fleet
//
// The keys of {F} are in one slot of a cluster, those of each {F/S} in another. Scripts get all their keys by KEYS.
package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Client is a fleet's part of an engine. Its methods may be called at the same time. Each operation ends within
// Options.Timeout, and at once when its context ends; an operation of several round trips has that time for each. If
// one fails for want of an answer, it may have been done nevertheless, or be done later.
type Client struct {
	redis   redis.UniversalClient
	name    string
	where   string // the engine, for errors
	timeout time.Duration
	tries   atomic.Int64 // commits and reseedings so far
}

// Open makes a Client, which connects later. Errors are of the options alone. Close closes it.
func Open(o Options) (*Client, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if !goodName().MatchString(o.Name) {
		return nil, fmt.Errorf("%q is no name of a fleet, want 1 to 64 of A-Z a-z 0-9 . _ -", o.Name)
	}
	a, err := parseURLs(o.URLs)
	if err != nil {
		return nil, err
	}
	options, err := o.universal(a)
	if err != nil {
		return nil, err
	}
	return &Client{redis: redis.NewUniversalClient(options), name: o.Name, where: a.where(), timeout: o.Timeout}, nil
}

// Close closes all connections. Operations that run fail.
func (c *Client) Close() error {
	if err := c.redis.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
		return fmt.Errorf("closing the connections to %s: %w", c.where, err)
	}
	return nil
}

// Where names the engine, without user and password.
func (c *Client) Where() string { return c.where }

// key is a key of the fleet.
func (c *Client) key(part string) string { return "xw:{" + c.name + "}:" + part }

// streamKey is a key of a stream.
func (c *Client) streamKey(stream, name string) string {
	return "xw:{" + c.name + "/" + stream + "}:" + name
}

// call runs one round trip: within the timeout, and no longer than the caller's context. The library looks at a
// context's deadline while it waits for the engine, but not at its end: so call doesn't wait for the library.
func call[T any](ctx context.Context, c *Client, what string, do func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		value, err := do(ctx)
		done <- result{value, err}
	}()
	late := time.NewTimer(c.timeout + c.timeout/8) // whatever the library does
	defer late.Stop()
	var none T
	select {
	case r := <-done:
		if r.err == nil {
			return r.value, nil
		}
		if ctx.Err() == nil {
			return r.value, fmt.Errorf("%s at %s: %w", what, c.where, c.plain(r.err))
		}
	case <-late.C:
		return none, fmt.Errorf("%s at %s: %w", what, c.where, c.plain(os.ErrDeadlineExceeded))
	case <-ctx.Done():
	}
	return none, fmt.Errorf("%s at %s: %w", what, c.where, ctx.Err())
}

// plain says in our words that there was no answer in time.
func (c *Client) plain(err error) error {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, redis.ErrPoolTimeout) || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("no answer within %v", c.timeout)
	}
	return err
}

// random is a text that nobody has had before.
func random() string { return rand.Text() }

// bytesOf is a field of a hash; nil if there is none or it is empty.
func bytesOf(field any) []byte {
	if text, ok := field.(string); ok && text != "" {
		return []byte(text)
	}
	return nil
}

// silence keeps the library from writing to standard error. What fails is returned as an error.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silence{}) }
