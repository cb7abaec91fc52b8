package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// denials are what servers say to a user who may not run a command or use a key: by itself, and from a script by Redis
// 7 and by 6.2.
var denials = []string{"NOPERM", "ACL failure", "The user executing the script can't"}

// IsDenied reports whether the engine's user lacks a right.
func IsDenied(err error) bool {
	if err != nil {
		for _, text := range denials {
			if strings.Contains(err.Error(), text) {
				return true
			}
		}
	}
	return false
}

// IsWrongPassword reports whether the engine wants another user or password.
func IsWrongPassword(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "NOAUTH"))
}

// TryPublish does what a host does that publishes and follows, on a stream of its own that it removes again. Nothing of
// the fleet changes. The first failure is the error: see IsDenied.
func (c *Client) TryPublish(ctx context.Context, host string) error {
	scratch := host + "#check-" + random()
	err := c.tryStream(ctx, scratch)
	if removed := c.RemoveHost(ctx, scratch); err == nil {
		err = removed
	}
	if err != nil {
		return err
	}
	if err := c.tryReading(ctx); err != nil {
		return err
	}
	for _, key := range []string{c.key("local"), c.key("key"), c.streamKey(host, "end")} {
		if err := c.may(ctx, "writing "+key, "hdel", key, random()); err != nil {
			return err
		}
	}
	log := c.streamKey(host, "log")
	if err := c.may(ctx, "writing "+log, "xtrim", log, "minid", begin); err != nil {
		return err
	}
	return c.may(ctx, "running scripts", "eval", "return 0", "0") // the server may know those above already
}

// tryStream appends to a stream.
func (c *Client) tryStream(ctx context.Context, stream string) error {
	first, second := ID{1, 1}, ID{1, 2}
	for _, a := range []Append{
		{ID: first, Batch: []byte("a")},
		{After: first, ID: second, Batch: []byte("b"), Trim: first},
		{After: second},
	} {
		if _, err := c.Append(ctx, stream, a); err != nil {
			return err
		}
	}
	if err := c.may(ctx, "making the fleet's key", "setnx", c.streamKey(stream, "end"), "-"); err != nil {
		return err // the stream is there, so nothing is set
	}
	_, err := c.Poll(ctx, []Cursor{{Stream: stream}}, 1)
	return err
}

// tryReading reads what a follower reads.
func (c *Client) tryReading(ctx context.Context) error {
	if _, err := c.Hosts(ctx); err != nil {
		return err
	}
	if _, err := c.Standing(ctx); err != nil {
		return err
	}
	if err := c.may(ctx, "reading the fleet's key", "get", c.key("key")); err != nil {
		return err
	}
	if _, err := c.look(ctx, begin); err != nil {
		return err
	}
	if _, err := c.all(ctx, Verdicts{}, ""); err != nil {
		return err
	}
	if _, err := c.Told(ctx, random()); err != nil {
		return err
	}
	_, err := c.Local(ctx)
	return err
}

// TryLead tries whether a host that may publish may lead, too. It takes no lease, and nothing of the fleet changes. The
// first failure is the error: see IsDenied.
func (c *Client) TryLead(ctx context.Context, host string) error {
	// A command is refused for want of a right before its arguments are looked at: NX and XX together are an error.
	if err := c.may(ctx, "taking the lease", "set", c.key("lead"), "-", "nx", "xx"); err != nil {
		return err
	}
	for _, part := range []string{"state", "told", "open", "now"} {
		if err := c.may(ctx, "writing "+part, "hdel", c.key(part), random()); err != nil {
			return err
		}
	}
	if err := c.may(ctx, "writing verdicts", "xtrim", c.key("verdicts"), "minid", begin); err != nil {
		return err
	}
	scratch := c.streamKey(host+"#check-"+random(), "end") // isn't there before, nor after
	for _, try := range [][]any{{"del", scratch}, {"hsetnx", scratch, "a", "b"}, {"del", scratch}} {
		if err := c.may(ctx, "telling events", try...); err != nil {
			return err
		}
	}
	if _, err := c.Poll(ctx, []Cursor{{Stream: "check-" + random()}}, 1); err != nil { // another host's
		return err
	}
	for _, part := range []string{"state", "told", "open", "now", "local"} {
		if err := c.may(ctx, "reading "+part, "hlen", c.key(part)); err != nil {
			return err
		}
	}
	return nil
}

// may runs a command. An error that the server gives for another reason than for want of a right is none.
func (c *Client) may(ctx context.Context, what string, arguments ...any) error {
	return c.do(ctx, what, func(ctx context.Context) error {
		err := c.redis.Do(ctx, arguments...).Err()
		var answer redis.Error
		if errors.As(err, &answer) && !IsDenied(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", arguments[0], err)
		}
		return nil
	})
}
