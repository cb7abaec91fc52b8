package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"exiwatch/internal/redistest"

	"github.com/google/go-cmp/cmp"
)

// TestReseed: an engine that was emptied gets its state back from the leader.
func TestReseed(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		leads(t, c, token)
		m := large(3 * chunk)
		m.Rules = blob("rules")
		commits(t, c, m)
		must(t, c.SetLocal(ctx, "l", blob("local")))
		before := stateOf(t, c)
		must(t, c.redis.FlushAll(ctx).Err())

		next := Commit{Token: token, After: 1, Tell: []Event{{"0000.opened", blob("again")}, {"new", blob("N")}}}
		if _, _, err := c.Commit(ctx, next); !errors.Is(err, ErrNotLeader) {
			t.Fatalf("the lease was lost, and Commit = %v", err)
		}
		leads(t, c, token)
		if _, _, err := c.Commit(ctx, next); !errors.Is(err, ErrBehind) {
			t.Fatalf("the state was lost, and Commit = %v", err)
		}
		must(t, c.Reseed(ctx, before, token))
		if d := cmp.Diff(before, stateOf(t, c)); d != "" {
			t.Error(d)
		}
		must(t, c.Reseed(ctx, before, token)) // the answer to the first one may be lost
		if told := commits(t, c, next); !slices.Equal(told, []bool{false, true}) {
			t.Errorf("told %v, want the new one alone", told)
		}
	})
}

// TestReseedOverAnOlderState, as a failover leaves it: what has ended since isn't open, what is told stays told.
func TestReseedOverAnOlderState(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		leads(t, c, token)
		commits(t, c, Commit{Token: token, Tell: []Event{{"a.opened", blob("A")}, {"b.opened", blob("B")}},
			Put: map[string][]byte{"a": blob("a"), "b": blob("b")}, Verdicts: []Verdict{{ID: "a", JSON: blob("a")}}})
		s := State{Seq: 4, Done: blob("4"), Told: map[string][]byte{"a.opened": blob("A"), "a.ended": blob("E")},
			Open: map[string][]byte{"b": blob("more b")}, Now: map[string][]byte{"b": blob("b")}}
		must(t, c.Reseed(ctx, s, token))
		s.Told["b.opened"] = blob("B")
		got := stateOf(t, c)
		s.Local = got.Local
		if d := cmp.Diff(s, got); d != "" {
			t.Error(d)
		}
		commits(t, c, Commit{Token: token, After: 4})
	})
}

// TestReseedBreaksOff: there is no state until it is whole, and then it is.
func TestReseedBreaksOff(t *testing.T) {
	c := connected(t, redistest.Start(t))
	ctx, cancel := context.WithCancel(context.Background())
	leads(t, c, token)
	s := State{Seq: 5, Done: blob("5"), Open: make(map[string][]byte)}
	for i := range 100 * chunk {
		s.Open[fmt.Sprintf("%06d", i)] = blob("open")
	}
	done := make(chan error)
	go func() { done <- c.Reseed(ctx, s, token) }()
	for {
		n, err := c.redis.HLen(context.Background(), c.key("open")).Result()
		if must(t, err); n >= chunk {
			break
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	leads(t, c, token)
	if _, _, err := c.Commit(context.Background(), Commit{Token: token, After: 5}); !errors.Is(err, ErrBehind) {
		t.Errorf("Commit = %v", err)
	}
	must(t, c.Reseed(context.Background(), s, token))
	commits(t, c, Commit{Token: token, After: 5})
	if got := stateOf(t, c); len(got.Open) != len(s.Open) {
		t.Errorf("%d open, want %d", len(got.Open), len(s.Open))
	}
}
