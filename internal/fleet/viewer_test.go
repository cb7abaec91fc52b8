package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
	"exiwatch/window"
)

// A viewing is a viewer that runs, and what it has counted.
type viewing struct {
	viewer *Viewer
	asks   chan func()

	mu       sync.Mutex
	counted  []string
	problems []error
}

// view runs a viewer from the first second on.
func (f *fleetTest) view() *viewing {
	w := &viewing{asks: make(chan func())}
	past := time.Since(time.Unix(firstSecond, 0)) + time.Minute
	v, err := NewViewer(f.Context(), f.client(), f.rules, 10*time.Second, past,
		pipeline.Listener{Counted: func(a *window.Arrival) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.counted = append(w.counted, string(a.Values[window.LogHost])+" "+string(a.MessageID))
		}})
	must(f, err)
	v.Attend(w.asks, nil, func(err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.problems = append(w.problems, err)
	})
	w.viewer = v
	ctx, cancel := context.WithCancel(f.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	f.Cleanup(func() {
		cancel()
		must(f, <-ended)
	})
	return w
}

// has is how many arrivals have been counted, and how many problems there were.
func (w *viewing) has() (counted, problems int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.counted), len(w.problems)
}

// inOrder are all arrivals in the fleet order.
func (f *fleetTest) inOrder() (all []string) {
	type one struct {
		now  int64
		text string
	}
	var records []one
	for _, h := range f.hosts {
		for _, r := range h.all {
			records = append(records, one{r.Now, h.name + " " + string(r.Arrival.MessageID)})
		}
	}
	slices.SortStableFunc(records, func(a, b one) int { return cmp.Compare(a.now, b.now) })
	for _, r := range records {
		all = append(all, r.text)
	}
	return all
}

// TestViewerCountsTheFleetOrder: without a leader, while hosts publish, and while the engine is away.
func TestViewerCountsTheFleetOrder(t *testing.T) {
	f := newFleetTest(t, 21, 4, 600, straight)
	f.all(firstSecond + 300)
	w := f.view()
	counted := func() int { n, _ := w.has(); return n }
	f.until("the first half is counted", func() bool { return counted() > 0 && w.isAtEnd() })
	for s := int64(300); s < 450; s += 50 {
		f.all(firstSecond + s)
	}
	f.server.Kill()
	f.until("it says that the engine is away", func() bool { _, problems := w.has(); return problems > 0 })
	f.server.Restart(true) // empty: all is published again
	for _, h := range f.hosts {
		h.announce(t)
	}
	want := f.inOrder()
	f.until("all is counted", func() bool {
		f.all(f.latest() + 100)
		return counted() >= len(want)
	})
	if got := w.counted; !slices.Equal(got, want) {
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("%d are counted, want %d; number %d is %q, want %q", len(got), len(want), i, got[min(i, len(got)-1)],
					want[i])
			}
		}
		t.Fatalf("%d are counted, want %d", len(got), len(want))
	}
}

// isAtEnd asks the viewer between two looks.
func (w *viewing) isAtEnd() bool {
	answer := make(chan bool, 1)
	w.asks <- func() { answer <- w.viewer.AtEnd() && w.viewer.Share() == 1 }
	return <-answer
}

// TestViewerWithoutHosts says so.
func TestViewerWithoutHosts(t *testing.T) {
	_, err := NewViewer(t.Context(), NewMemory(), nil, time.Second, time.Hour, pipeline.Listener{})
	if err != ErrNoHosts {
		t.Errorf("the error is %v", err)
	}
}

// TestViewerLeavesOthersScopesOut, and says whose they are.
func TestViewerLeavesOthersScopesOut(t *testing.T) {
	f := newFleetTest(t, 22, 2, 60, straight)
	f.hosts[1].rules = []window.Rule{{Key: window.Account, Limit: 3, Window: time.Minute, Scope: "other"}}
	f.all(f.latest() + 100)
	w := f.view()
	f.until("the first host's are counted", func() bool {
		n, problems := w.has()
		return n == len(f.hosts[0].all) && problems == 1
	})
	if text := w.problems[0].Error(); !strings.Contains(text, "arrivals of mx1 aren't counted") {
		t.Errorf("the problem is %q", text)
	}
}

// TestSeek: reading begins shortly before a second, whatever the generations are like.
func TestSeek(t *testing.T) {
	memory, packer := NewMemory(), NewPacker()
	var after engine.ID
	var lasts []int64
	for second := int64(1000); second < 3000; second++ {
		id := engine.ID{Generation: uint64(3 + second/700), Offset: uint64(second%700+1) * 40_000}
		var e merge.Encoder
		e.Add(&pipeline.Record{Now: second, Arrival: window.Arrival{At: time.Unix(second, 0), MessageID: []byte("x")}})
		end, err := memory.Append(t.Context(), "mx1", engine.Append{After: after, ID: id, Untils: []byte("{}"),
			Batch: packer.Pack(&Bundle{Last: second, Batches: []HostRecords{{"mx1", slices.Clone(e.Records())}}})})
		must(t, err)
		after, lasts = end.ID, append(lasts, second)
	}
	for from := int64(900); from < 3100; from += 37 {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			r := viewReader{engine: memory, from: from}
			begins, err := r.seek(t.Context(), []string{"mx1"})
			must(t, err)
			polled, err := memory.Poll(t.Context(), []engine.Cursor{{Stream: "mx1", After: begins["mx1"]}}, 1)
			must(t, err)
			least := min(max(from, lasts[0]), lasts[len(lasts)-1])
			if len(polled[0].Entries) == 0 {
				t.Fatal("nothing is read")
			}
			if last, _ := LastOf(polled[0].Entries[0].Batch); last > least || last < least-10 {
				t.Errorf("reading begins with second %d, want %d", last, least)
			}
		})
	}
}
