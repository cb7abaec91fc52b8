package fleet

import (
	"context"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/testkit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// streams are the part of an engine that has the streams.
type streams interface {
	Streams
	poller
}

// TestMemoryDoesAsRedis: whatever is appended, both answer the same.
func TestMemoryDoesAsRedis(t *testing.T) {
	l := newLab(t)
	ctx, id := context.Background(), func(g, o uint64) engine.ID { return engine.ID{Generation: g, Offset: o} }
	steps := []engine.Append{
		{Resume: []byte("r0"), Untils: []byte("u0")}, // a beat
		{ID: id(1, 10), Batch: []byte("a"), Resume: []byte("r1")},
		{ID: id(1, 10), Batch: []byte("a"), Resume: []byte("r1")}, // again
		{After: id(1, 9), ID: id(1, 20), Batch: []byte("x")},      // behind something else
		{After: id(1, 10), ID: id(2, 5), Batch: []byte("b"), Untils: []byte("u2")},
		{After: id(2, 5), ID: id(2, 5), Untils: []byte("u3")},
		{After: id(1, 10), Untils: []byte("u4")},
		{After: id(2, 5), ID: id(2, 6), Batch: []byte("c")},
	}
	of := func(e streams) (answers []any) {
		for _, a := range steps {
			at, err := e.Append(ctx, "s", a)
			must(t, err)
			end, err := e.End(ctx, "s")
			must(t, err)
			answers = append(answers, at, end)
		}
		for _, after := range []engine.ID{{}, id(1, 10), id(2, 5), id(2, 6), id(9, 9)} {
			polled, err := e.Poll(ctx, []engine.Cursor{{Stream: "s", After: after}, {Stream: "none"}}, 2)
			must(t, err)
			answers = append(answers, polled)
		}
		return answers
	}
	options := []cmp.Option{cmpopts.IgnoreFields(engine.End{}, "Born"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(of(l.client), of(NewMemory()), options...); diff != "" {
		t.Errorf("in memory (-redis +memory):\n%s", diff)
	}
}

// TestPublishedInMemory: what a publisher appends in memory is there, and trimming bounds it.
func TestPublishedInMemory(t *testing.T) {
	l := newLab(t)
	memory := NewMemory()
	l.engine = memory
	lines, _ := testkit.Traffic(15, 1000)
	l.write(strings.Join(lines, ""))
	stop := l.start()
	want := l.wanted(l.from())
	testkit.Until(t, "all is published", func() bool {
		all, _ := l.published(memory)
		return cmp.Equal(all, want)
	})
	stop()
	_, end := l.published(memory)
	id := engine.ID{Generation: end.ID.Generation, Offset: end.ID.Offset + 1}
	_, err := memory.Append(context.Background(), labStream,
		engine.Append{After: end.ID, ID: id, Batch: []byte("x"), Trim: id})
	must(t, err)
	if n := len(memory.streams[labStream].entries); n != 1 {
		t.Errorf("%d entries are left, want 1", n)
	}
}

// TestTrimmed: what is older than Keep goes, also if the publisher is restarted again and again. Nothing else does.
func TestTrimmed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	memory := NewMemory()
	l.engine, l.keep = memory, 600
	lines, _ := testkit.Traffic(16, 3000)
	var after atomic.Int64 // seconds
	const step, steps = 100, 30
	for i := range steps {
		p := l.publisher()
		p.Follow.Now = func() time.Time { return time.Now().Add(time.Duration(after.Load()) * time.Second) }
		stop := l.run(p)
		l.write(strings.Join(lines[i*100:(i+1)*100], ""))
		wanted := l.wanted(l.from())[l.host]
		testkit.Until(t, "all is published", func() bool {
			all, _ := l.published(memory)
			got := all[l.host]
			return len(got) > 0 && len(wanted) > 0 && got[len(got)-1] == wanted[len(wanted)-1]
		})
		stop()
		after.Add(step)
	}
	all, _ := l.published(memory)
	wanted, got := l.wanted(l.from())[l.host], all[l.host]
	least, most := len(wanted)*int(l.keep)/(step*steps), len(wanted)*int(l.keep)*3/2/(step*steps)
	if len(got) < least || len(got) > most {
		t.Errorf("%d records of %d are left, want %d to %d", len(got), len(wanted), least, most)
	}
	if diff := cmp.Diff(wanted[len(wanted)-len(got):], got); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestMemoryKnowsWhatIsOpen: the rulings of a leader, until alerts end.
func TestMemoryKnowsWhatIsOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	m, err := OpenMemory(path)
	must(t, err)
	commit := func(verdicts ...engine.Verdict) {
		_, _, err := m.Commit(t.Context(), engine.Commit{Verdicts: verdicts})
		must(t, err)
	}
	ruling := func(id string, second int64) engine.Verdict {
		return engine.Verdict{ID: id, JSON: written(Ruling{ID: id, Opened: time.Unix(second, 0)})}
	}
	commit(ruling("b", 2), ruling("a", 3))
	commit(ruling("c", 1), engine.Verdict{ID: "a", Ended: true})
	must(t, m.write(true))
	again, err := OpenMemory(path)
	must(t, err)
	for _, m := range []*Memory{m, again} {
		open := m.OpenAlerts()
		if len(open) != 2 || open[0].ID != "c" || open[1].ID != "b" {
			t.Errorf("open are %+v", open)
		}
	}
}
