package engine

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Hosts is what each stream's host has said of itself, by the stream's name.
func (c *Client) Hosts(ctx context.Context) (map[string][]byte, error) {
	return call(ctx, c, "reading the fleet's hosts", func(ctx context.Context) (map[string][]byte, error) {
		fields, err := c.redis.HGetAll(ctx, c.key("hosts")).Result()
		hosts := make(map[string][]byte, len(fields))
		for name, info := range fields {
			hosts[name] = []byte(info)
		}
		return hosts, err
	})
}

// SetHost says what a stream's host is.
func (c *Client) SetHost(ctx context.Context, stream string, info []byte) error {
	return c.do(ctx, "writing what host "+stream+" is", func(ctx context.Context) error {
		return c.redis.HSet(ctx, c.key("hosts"), stream, info).Err()
	})
}

// RemoveHost forgets a stream, with all that is in it.
func (c *Client) RemoveHost(ctx context.Context, stream string) error {
	return c.do(ctx, "removing host "+stream, func(ctx context.Context) error {
		if err := c.redis.Unlink(ctx, c.streamKey(stream, "log"), c.streamKey(stream, "end")).Err(); err != nil {
			return err
		}
		return c.redis.HDel(ctx, c.key("hosts"), stream).Err()
	})
}

// Key is a secret that all hosts of the fleet have in common, as long as the engine keeps it. The first call makes it.
func (c *Client) Key(ctx context.Context) ([]byte, error) {
	return call(ctx, c, "reading the fleet's key", func(ctx context.Context) ([]byte, error) {
		old, err := c.redis.Get(ctx, c.key("key")).Bytes()
		if err != redis.Nil {
			return old, err
		}
		if err := c.redis.SetNX(ctx, c.key("key"), random()+random(), 0).Err(); err != nil {
			return nil, err
		}
		return c.redis.Get(ctx, c.key("key")).Bytes()
	})
}

// do is call for what has no result.
func (c *Client) do(ctx context.Context, what string, do func(context.Context) error) error {
	_, err := call(ctx, c, what, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}
