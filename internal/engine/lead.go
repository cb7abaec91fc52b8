package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Lease is how long a leader leads after it has called Lead.
const Lease = 10 * time.Second

var (
	// ErrNotLeader says that another token leads, or none.
	ErrNotLeader = errors.New("another host leads the fleet, or none")
	// ErrBehind says that the engine has lost commits: Reseed.
	ErrBehind = errors.New("the engine has lost a part of its state")
	// ErrAhead says that another leader has committed since this one's State: read it again.
	ErrAhead = errors.New("the engine has later commits of another leader")
	// errOld says that a later commit of the same leader came first.
	errOld = errors.New("a later try came first")
)

// leadScript takes the lease, or renews it.
var leadScript = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
	return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)

// resignScript ends the lease of its holder.
var resignScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	return redis.call('DEL', KEYS[1])
end
return 0
`)

// NewToken makes a token of a host, which nobody has had before.
func NewToken(host string) string { return strings.ReplaceAll(host, "\n", " ") + " " + random() }

// Lead takes the lease for a token, or renews it if the token has it. False: another token has it. A token (NewToken)
// is of one process, and of one time that it leads: after a failure that outlasts the lease it takes a new one.
func (c *Client) Lead(ctx context.Context, token string) (bool, error) {
	if token == "" || strings.Contains(token, "\n") {
		return false, fmt.Errorf("%q is no token of a leader", token)
	}
	return call(ctx, c, "asking to lead", func(ctx context.Context) (bool, error) {
		return leadScript.Run(ctx, c.redis, []string{c.key("lead")}, token, Lease.Milliseconds()).Bool()
	})
}

// Resign ends the token's lease, if it has it.
func (c *Client) Resign(ctx context.Context, token string) error {
	return c.do(ctx, "resigning", func(ctx context.Context) error {
		return resignScript.Run(ctx, c.redis, []string{c.key("lead")}, token).Err()
	})
}

// Leader is the token that leads; "" if none does.
func (c *Client) Leader(ctx context.Context) (token string, err error) {
	return call(ctx, c, "asking who leads", func(ctx context.Context) (string, error) {
		token, err := c.redis.Get(ctx, c.key("lead")).Result()
		if err == redis.Nil {
			return "", nil
		}
		return token, err
	})
}

// Seq is the number of the last commit; 0 if the engine has none of the fleet, or has lost it.
func (c *Client) Seq(ctx context.Context) (int64, error) {
	return call(ctx, c, "asking for the last commit", func(ctx context.Context) (int64, error) {
		seq, err := c.redis.HGet(ctx, c.key("state"), "seq").Int64()
		if err == redis.Nil {
			return 0, nil
		}
		return seq, err
	})
}
