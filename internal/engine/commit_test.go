package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const token, other = "mx1 a", "mx2 b"

// commits renews the lease and commits, and wants no error.
func commits(t testing.TB, c *Client, m Commit) (told []bool) {
	t.Helper()
	leads(t, c, m.Token)
	told, seq, err := c.Commit(context.Background(), m)
	if err != nil || seq != m.After+1 {
		t.Fatalf("Commit behind %d = %d, %v", m.After, seq, err)
	}
	return told
}

func stateOf(t testing.TB, c *Client) State {
	t.Helper()
	s, err := c.State(context.Background())
	must(t, err)
	return s
}

func blob(text string) []byte { return []byte(text) }

// TestCommits: the state is what the commits have made of it.
func TestCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		if s := stateOf(t, c); s.Seq != 0 || s.Done != nil || len(s.Told)+len(s.Open)+len(s.Now)+len(s.Local) != 0 {
			t.Errorf("at the begin the state is %+v", s)
		}
		leads(t, c, token)
		told := commits(t, c, Commit{
			Token: token, Done: blob("done 1"), Rules: blob("rules"),
			Tell:     []Event{{"a.opened", blob("A")}, {"b.opened", blob("B\nin two lines")}},
			Put:      map[string][]byte{"a": blob("open a"), "b": blob("open b")},
			Verdicts: []Verdict{{ID: "a", JSON: blob("now a")}, {ID: "b", JSON: blob("now b")}},
		})
		if !slices.Equal(told, []bool{true, true}) {
			t.Errorf("told %v", told)
		}
		told = commits(t, c, Commit{
			Token: token, After: 1,
			Tell:     []Event{{"a.ended", blob("A")}, {"b.opened", blob("B again")}},
			Drop:     []string{"a"},
			Verdicts: []Verdict{{"a", blob("ended a"), true}},
			Forget:   []string{"a.opened"},
		})
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("told %v, want the first one alone", told)
		}
		must(t, c.SetLocal(context.Background(), "l", blob("local")))
		want := State{Seq: 2, Done: blob("done 1"), Rules: blob("rules"),
			Told: map[string][]byte{"a.ended": blob("A"), "b.opened": blob("B\nin two lines")},
			Open: map[string][]byte{"b": blob("open b")}, Now: map[string][]byte{"b": blob("now b")},
			Local: map[string][]byte{"l": blob("local")}}
		if d := cmp.Diff(want, stateOf(t, c)); d != "" {
			t.Error(d)
		}
		blobs, err := c.Told(context.Background(), "b.opened", "a.opened", "a.ended")
		if must(t, err); !cmp.Equal(blobs, [][]byte{blob("B\nin two lines"), nil, blob("A")}) {
			t.Errorf("Told = %q", blobs)
		}
		must(t, c.DropLocal(context.Background()))
		must(t, c.DropLocal(context.Background(), "l"))
		if local, err := c.Local(context.Background()); err != nil || len(local) != 0 {
			t.Errorf("Local = %q, %v", local, err)
		}
	})
}

// TestOnlyTheLeaderCommits, and only behind the last commit.
func TestOnlyTheLeaderCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		tell := []Event{{"x", blob("X")}}
		refused := func(what string, m Commit, want error) {
			t.Helper()
			m.Tell = tell
			if told, _, err := c.Commit(ctx, m); !errors.Is(err, want) || !slices.Equal(told, []bool{false}) {
				t.Errorf("%s: Commit = %v, %v, want %v", what, told, err, want)
			}
		}
		refused("nobody leads", Commit{Token: token}, ErrNotLeader)
		leads(t, c, token)
		refused("another one leads", Commit{Token: other}, ErrNotLeader)
		refused("a state was lost", Commit{Token: token, After: 7}, ErrBehind)
		commits(t, c, Commit{Token: token})
		commits(t, c, Commit{Token: token, After: 1})
		refused("it was long ago", Commit{Token: token}, ErrAhead)
		must(t, c.Resign(ctx, token))
		leads(t, c, other)
		refused("another one leads now", Commit{Token: token, After: 2}, ErrNotLeader)
		refused("its state is older", Commit{Token: other, After: 1}, ErrAhead)
		if err := c.Reseed(ctx, State{Seq: 1}, other); !errors.Is(err, ErrAhead) {
			t.Errorf("an older state is written: %v", err)
		}
		if err := c.Reseed(ctx, State{Seq: 9}, token); !errors.Is(err, ErrNotLeader) {
			t.Errorf("one that doesn't lead writes a state: %v", err)
		}
		if s := stateOf(t, c); s.Seq != 2 || len(s.Told) != 0 {
			t.Errorf("refused commits leave %+v", s)
		}
	})
}

// TestAnswerToCommitIsLost: tried again it says what the first try has told, and nothing else is told twice.
func TestAnswerToCommitIsLost(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		leads(t, c, token)
		commits(t, c, Commit{Token: token, Tell: []Event{{"old", blob("O")}}})
		m := Commit{Token: token, After: 1, Done: blob("1"), Tell: []Event{{"old", blob("O")}, {"x", blob("X")}}}
		commits(t, c, m) // of which the leader doesn't hear
		m.Done = blob("2")
		m.Tell = append(m.Tell, Event{"y", blob("Y")})
		if told := commits(t, c, m); !slices.Equal(told, []bool{false, true, true}) {
			t.Errorf("told %v", told)
		}
		if told := commits(t, c, Commit{Token: token, After: 2, Tell: m.Tell}); slices.Contains(told, true) {
			t.Errorf("the next commit tells again: %v", told)
		}
		if s := stateOf(t, c); s.Seq != 3 || string(s.Done) != "2" {
			t.Errorf("seq %d, done %s", s.Seq, s.Done)
		}
	})
}

// TestRequestComesLate: a try that the leader has given up comes behind the next one. It changes nothing.
func TestRequestComesLate(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		leads(t, c, token)
		early := Commit{Token: token, Done: blob("early"), Put: map[string][]byte{"a": nil}}
		late := c.tries.Add(1)
		commits(t, c, Commit{Token: token, Done: blob("late")})
		status, _, _, err := c.commit(context.Background(), early, late, true, early.writes())
		if s := stateOf(t, c); err != nil || status != "old" || string(s.Done) != "late" || len(s.Open) != 0 {
			t.Errorf("status %q, %v, and the state %+v", status, err, s)
		}
	})
}

// large is a commit of several chunks.
func large(n int) Commit {
	m := Commit{Token: token, Done: blob("done"), Put: make(map[string][]byte)}
	for i := range n {
		id := fmt.Sprintf("%04d", i)
		m.Tell = append(m.Tell, Event{id + ".opened", blob("told by mx1")})
		m.Put[id] = blob("open")
		m.Verdicts = append(m.Verdicts, Verdict{ID: id, JSON: blob("now")})
	}
	return m
}

// TestLargeCommit is written in several steps.
func TestLargeCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		leads(t, c, token)
		for _, n := range []int{chunk, 5*chunk + 1} { // the last chunk is full, or isn't
			m := large(n)
			m.After = stateOf(t, c).Seq
			if told := commits(t, c, m); len(told) != n {
				t.Errorf("%d told, want %d", len(told), n)
			}
			s := stateOf(t, c)
			if len(s.Told) != n || len(s.Open) != n || len(s.Now) != n {
				t.Errorf("%d told, %d open, %d now; want %d", len(s.Told), len(s.Open), len(s.Now), n)
			}
		}
	})
}

// TestLeaseEndsWithinACommit: what is told by then is told once, and the next leader does the rest.
func TestLeaseEndsWithinACommit(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		leads(t, c, token)
		m := large(chunk + 50)
		status, _, news, err := c.commit(context.Background(), m, c.tries.Add(1), false, m.writes()[:chunk])
		if err != nil || status != "ok" || len(news) != chunk || slices.Contains(news, any(int64(0))) {
			t.Fatalf("the first chunk: %q, %v, %d told", status, err, len(news))
		}
		must(t, c.Resign(context.Background(), token))
		leads(t, c, other)
		told, _, err := c.Commit(context.Background(), m)
		if !errors.Is(err, ErrNotLeader) || len(told) != len(m.Tell) || slices.Contains(told, true) {
			t.Errorf("the rest: %v, %v", told, err)
		}
		s := stateOf(t, c)
		if s.Seq != 0 || s.Done != nil || len(s.Open) != 0 || len(s.Told) != chunk {
			t.Errorf("seq %d, done %q, %d open, %d told", s.Seq, s.Done, len(s.Open), len(s.Told))
		}
		m.Token = other
		for i, is := range commits(t, c, m) {
			if is != (i >= chunk) {
				t.Fatalf("event %d is told: %t", i, is)
			}
		}
	})
}
