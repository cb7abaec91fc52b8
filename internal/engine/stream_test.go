package engine

import (
	"context"
	"math"
	"sync/atomic"
	"testing"

	"exiwatch/internal/redistest"

	"github.com/google/go-cmp/cmp"
)

func TestID(t *testing.T) {
	for _, text := range []string{"0-0", "1-0", "7-4096", "18446744073709551615-18446744073709551615"} {
		id, err := ParseID(text)
		if err != nil || id.String() != text {
			t.Errorf("ParseID(%q) = %v, %v", text, id, err)
		}
	}
	for _, text := range []string{"", "1", "1-", "-1", "a-1", "1-2-3", "+1-2", "1-18446744073709551616", " 1-2"} {
		if id, err := ParseID(text); err == nil {
			t.Errorf("ParseID(%q) = %v, want an error", text, id)
		}
	}
	ordered := []ID{{}, {0, 1}, {1, 0}, {1, 9}, {2, 0}, {math.MaxUint64, 0}}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%v.Compare(%v) = %d", a, b, got)
			}
		}
	}
}

// TestBatchesGoOn: a batch is appended where the stream ends, once, and nowhere else.
func TestBatchesGoOn(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		end, err := c.End(ctx, "mx1")
		if must(t, err); !cmp.Equal(end, End{}) {
			t.Fatalf("the end of no stream is %+v", end)
		}
		a, b := ID{1, 100}, ID{1, 250}
		for range 2 { // the answer to the first one may be lost
			at, err := c.Append(ctx, "mx1", batchOf(ID{}, a))
			if must(t, err); at.ID != a || string(at.Resume) != "resume 1-100" || at.Born == "" {
				t.Fatalf("the stream ends at %+v", at)
			}
		}
		at, err := c.Append(ctx, "mx1", batchOf(a, b))
		must(t, err)
		for name, wrong := range map[string]Append{
			"behind a lost one": batchOf(ID{1, 300}, ID{1, 400}), "within": batchOf(a, ID{1, 200}),
			"from the begin": batchOf(ID{}, ID{2, 5}), "a heartbeat": {After: a},
		} {
			got, err := c.Append(ctx, "mx1", wrong)
			if must(t, err); !cmp.Equal(got, at) {
				t.Errorf("%s: the stream ends at %+v, want %+v", name, got, at)
			}
		}
		beat, err := c.Append(ctx, "mx1", Append{After: b, ID: b, Untils: []byte("later")})
		if must(t, err); beat.ID != b || beat.Beat != at.Beat+1 || string(beat.Untils) != "later" || beat.Born != at.Born {
			t.Errorf("after a heartbeat %+v", beat)
		}
		if end, err = c.End(ctx, "mx1"); err != nil || !cmp.Equal(end, beat) {
			t.Errorf("End = %+v, %v, want %+v", end, err, beat)
		}
		checkStream(t, c, "mx1", 2)
		for _, wrong := range []Append{batchOf(b, b), batchOf(b, a), {After: b, ID: a}} {
			if _, err := c.Append(ctx, "mx1", wrong); err == nil {
				t.Errorf("%v behind %v has no error", wrong.ID, wrong.After)
			}
		}
	})
}

// TestLostStreamBeginsAgain, whichever part of it the engine has lost.
func TestLostStreamBeginsAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		a, b := ID{3, 100}, ID{3, 200}
		for _, lost := range [][]string{{"log"}, {"end"}, {"log", "end"}} {
			first, err := c.Append(ctx, "mx1", batchOf(ID{}, a))
			must(t, err)
			for _, key := range lost {
				must(t, c.redis.Del(ctx, c.streamKey("mx1", key)).Err())
			}
			for _, next := range []Append{{After: a}, batchOf(a, b)} {
				at, err := c.Append(ctx, "mx1", next)
				if must(t, err); !cmp.Equal(at, End{}) {
					t.Errorf("without %v it ends at %+v", lost, at)
				}
			}
			at, err := c.Append(ctx, "mx1", batchOf(ID{}, b))
			if must(t, err); at.ID != b || at.Born == first.Born || at.Beat != 1 {
				t.Errorf("without %v it begins again as %+v", lost, at)
			}
			checkStream(t, c, "mx1", 1)
			must(t, c.redis.Del(ctx, c.streamKey("mx1", "log"), c.streamKey("mx1", "end")).Err())
		}
	})
}

// TestAppendersAtTheSameTime: of two daemons by one name each appends where the other one ends, or nothing.
func TestAppendersAtTheSameTime(t *testing.T) {
	c := connected(t, redistest.Start(t))
	const appenders, each = 8, 50
	var appended, refused atomic.Int64
	together(appenders, func(n int) {
		var after ID
		for done := 0; done < each; {
			id := ID{after.Generation, after.Offset + 10 + uint64(n)}
			at, err := c.Append(context.Background(), "mx1", batchOf(after, id))
			if err != nil {
				t.Error(err)
				return
			}
			// Another one may have appended at the same id. Then this batch's content is there, too.
			if at.ID == id {
				done++
				appended.Add(1)
			} else {
				refused.Add(1)
			}
			after = at.ID
		}
	})
	length, err := c.redis.XLen(context.Background(), c.streamKey("mx1", "log")).Result()
	if must(t, err); length > appended.Load() || refused.Load() == 0 {
		t.Errorf("%d entries, %d appended, %d refused", length, appended.Load(), refused.Load())
	}
	checkStream(t, c, "mx1", int(length))
}

// TestPollManyStreams: each has its own cursor and its own end; what was trimmed isn't waited for.
func TestPollManyStreams(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := context.Background()
		for stream, n := range map[string]uint64{"mx1": 5, "mx2#2": 3, "mx3": 1} {
			for i := range n {
				_, err := c.Append(ctx, stream, batchOf(ID{0, i}, ID{0, i + 1}))
				must(t, err)
			}
		}
		must(t, c.redis.XTrimMaxLen(ctx, c.streamKey("mx3", "log"), 0).Err())
		polled, err := c.Poll(ctx, []Cursor{{"mx1", ID{0, 1}}, {"mx2#2", ID{}}, {"mx3", ID{}}, {"mx4", ID{}}}, 3)
		must(t, err)
		var got []string
		for _, p := range polled {
			text := p.Stream + " " + p.End.ID.String()
			for _, e := range p.Entries {
				text += " " + e.ID.String()
			}
			if p.More {
				text += " and more"
			}
			got = append(got, text)
		}
		want := []string{"mx1 0-5 0-2 0-3 0-4 and more", "mx2#2 0-3 0-1 0-2 0-3 and more", "mx3 0-1", "mx4 0-0"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestTrimByAge: what is before the id that the publisher gives goes some time, what is behind it never.
func TestTrimByAge(t *testing.T) {
	c := connected(t, redistest.Start(t))
	const entries, kept = 1000, 300
	for i := range uint64(entries) {
		a := batchOf(ID{0, i}, ID{0, i + 1})
		if i > kept {
			a.Trim = ID{0, i - kept}
		}
		_, err := c.Append(context.Background(), "mx1", a)
		must(t, err)
	}
	polled, err := c.Poll(context.Background(), []Cursor{{"mx1", ID{}}}, entries)
	must(t, err)
	n, first := len(polled[0].Entries), polled[0].Entries[0].ID
	if n < kept || n > kept+150 || first.Offset > entries-kept {
		t.Errorf("%d entries from %v on, want %d and at most a node of Redis's more", n, first, kept)
	}
}
