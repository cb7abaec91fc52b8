package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A follower has the open alerts that the verdicts have told it.
type follower struct {
	from string
	seq  int64
	open map[string]string
	all  int // how often it was told all
}

func (f *follower) follow(t testing.TB, c *Client) {
	t.Helper()
	v, err := c.Verdicts(context.Background(), f.from)
	if must(t, err); v.All != nil {
		f.open = make(map[string]string)
		f.all++
	}
	for id, is := range v.All {
		f.open[id] = string(is)
	}
	for _, is := range v.Changed {
		if f.open[is.ID] = string(is.JSON); is.Ended {
			delete(f.open, is.ID)
		}
	}
	f.from, f.seq = v.From, v.Seq
}

// check follows, and wants these open alerts, and to be told all so often.
func (f *follower) check(t testing.TB, c *Client, all int, open map[string]string) {
	t.Helper()
	f.follow(t, c)
	if d := cmp.Diff(open, f.open); d != "" || f.all != all {
		t.Errorf("it was told all %d times, want %d;%s", f.all, all, d)
	}
}

func TestFollowersHaveWhatIsOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		f := new(follower)
		f.check(t, c, 0, nil) // no state
		leads(t, c, token)
		commits(t, c, Commit{Token: token})
		f.check(t, c, 1, map[string]string{})
		commits(t, c, Commit{Token: token, After: 1, Done: blob("2"),
			Verdicts: []Verdict{{ID: "a", JSON: blob("1")}, {ID: "b", JSON: blob("1")}}})
		f.check(t, c, 1, map[string]string{"a": "1", "b": "1"})
		commits(t, c, Commit{Token: token, After: 2,
			Verdicts: []Verdict{{ID: "a", JSON: blob("2")}, {ID: "b", JSON: blob("ended"), Ended: true}}})
		f.check(t, c, 1, map[string]string{"a": "2"})
		f.check(t, c, 1, map[string]string{"a": "2"})
		if f.seq != 3 {
			t.Errorf("seq is %d", f.seq)
		}
		v, err := c.Verdicts(ctx, f.from)
		if must(t, err); v.Leader != token || string(v.Done) != "2" {
			t.Errorf("leader %q, done %q", v.Leader, v.Done)
		}

		// Another leader may have lost what the first one has said.
		must(t, c.Resign(ctx, token))
		leads(t, c, other)
		commits(t, c, Commit{Token: other, After: 3, Verdicts: []Verdict{{ID: "c", JSON: blob("1")}}})
		f.check(t, c, 2, map[string]string{"a": "2", "c": "1"})

		s := stateOf(t, c)
		must(t, c.redis.FlushAll(ctx).Err())
		from := f.from
		if f.check(t, c, 2, map[string]string{"a": "2", "c": "1"}); f.from != "" || f.seq != 0 {
			t.Errorf("without a state it goes on from %q, seq %d", f.from, f.seq)
		}
		f.from = from // or it was away
		leads(t, c, other)
		delete(s.Now, "a")
		must(t, c.Reseed(ctx, s, other))
		f.check(t, c, 3, map[string]string{"c": "1"})
	})
}

// TestFollowerWasAway: it misses nothing, whether the engine has all changes or not.
func TestFollowerWasAway(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		leads(t, c, token)
		seq := int64(0)
		change := func(from, to int) {
			m := Commit{Token: token, After: seq}
			for i := from; i < to; i++ {
				m.Verdicts = append(m.Verdicts, Verdict{fmt.Sprint(i % 50), blob(fmt.Sprint(i)), i%3 == 0})
			}
			commits(t, c, m)
			seq++
		}
		open := make(map[string]string)
		changed := func(from, to int) map[string]string {
			for i := from; i < to; i++ {
				if open[fmt.Sprint(i%50)] = fmt.Sprint(i); i%3 == 0 {
					delete(open, fmt.Sprint(i%50))
				}
			}
			return open
		}
		change(0, 10)
		f := new(follower)
		f.check(t, c, 1, changed(0, 10))
		change(10, 10+3*page)
		f.check(t, c, 1, changed(10, 10+3*page))
		change(10+3*page, 10+3*page+2*verdictsKept)
		f.check(t, c, 2, changed(10+3*page, 10+3*page+2*verdictsKept))
		change(17, 18)
		f.check(t, c, 2, changed(17, 18))
	})
}
