package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/redistest"
	"exiwatch/internal/testkit"

	"github.com/alicebob/miniredis/v2"
)

// leads takes the lease.
func leads(t testing.TB, c *Client, token string) {
	t.Helper()
	if ok, err := c.Lead(context.Background(), token); err != nil || !ok {
		t.Fatalf("Lead(%q) = %t, %v", token, ok, err)
	}
}

func TestOneLeads(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		if token, err := c.Leader(ctx); token != "" || err != nil {
			t.Errorf("nobody leads, and it is %q, %v", token, err)
		}
		leads(t, c, "mx1 a")
		leads(t, c, "mx1 a") // renews
		if ok, err := c.Lead(ctx, "mx2 b"); ok || err != nil {
			t.Errorf("a second one leads: %t, %v", ok, err)
		}
		must(t, c.Resign(ctx, "mx2 b")) // in vain
		if token, err := c.Leader(ctx); token != "mx1 a" || err != nil {
			t.Errorf("Leader = %q, %v", token, err)
		}
		must(t, c.Resign(ctx, "mx1 a"))
		leads(t, c, "mx2 b")
		for _, token := range []string{"", "a\nb"} {
			if _, err := c.Lead(ctx, token); err == nil {
				t.Errorf("Lead(%q) has no error", token)
			}
		}
	})
}

// TestManyWantToLead: of all that ask at the same time one leads.
func TestManyWantToLead(t *testing.T) {
	c := connected(t, redistest.Start(t))
	var leaders atomic.Int64
	together(20, func(int) {
		ok, err := c.Lead(context.Background(), NewToken("mx1")) // all of one host
		if err != nil {
			t.Error(err)
		}
		if ok {
			leaders.Add(1)
		}
	})
	if leaders.Load() != 1 {
		t.Errorf("%d lead", leaders.Load())
	}
}

// TestLeaseEnds, if it isn't renewed; the time is the engine's.
func TestLeaseEnds(t *testing.T) {
	server := miniredis.RunT(t)
	c := open(t, Options{URLs: []string{"redis://" + server.Addr()}})
	leads(t, c, "mx1 a")
	server.FastForward(Lease - time.Millisecond)
	leads(t, c, "mx1 a")
	server.FastForward(Lease - time.Millisecond)
	if ok, err := c.Lead(context.Background(), "mx2 b"); ok || err != nil {
		t.Errorf("before the lease has ended another one leads: %t, %v", ok, err)
	}
	server.FastForward(time.Millisecond)
	if _, _, err := c.Commit(context.Background(), Commit{Token: "mx1 a"}); err == nil {
		t.Error("behind the lease's end it commits")
	}
	leads(t, c, "mx2 b")
}

// TestLeaseEndsReally, in a real engine.
func TestLeaseEndsReally(t *testing.T) {
	c := connected(t, redistest.Start(t))
	leads(t, c, "mx1 a")
	left, err := c.redis.PTTL(context.Background(), c.key("lead")).Result()
	if must(t, err); left > Lease || left < Lease-5*time.Second {
		t.Errorf("the lease ends in %v, want %v", left, Lease)
	}
	must(t, c.redis.PExpire(context.Background(), c.key("lead"), 50*time.Millisecond).Err())
	testkit.Until(t, "another one leads", func() bool {
		ok, err := c.Lead(context.Background(), "mx2 b")
		must(t, err)
		return ok
	})
}
