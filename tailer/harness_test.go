package tailer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A mode is one of the ways a follower may have to make do with.
type mode struct {
	poll   bool
	noProc bool
	bulk   bool // lines come in batches
}

// set has f follow in this mode; fn gets the lines, one by one.
func (m mode) set(t *testing.T, f *Follower, fn func(Line) error) {
	f.Poll = m.poll
	if m.noProc {
		f.fdFolder = filepath.Join(t.TempDir(), "proc")
	}
	if m.bulk {
		f.Bulk = func(r Batch) error { return oneByOne(r, fn) }
	}
}

// oneByOne gives fn the lines of a batch, which must be what it says.
func oneByOne(r Batch, fn func(Line) error) error {
	last, n := Line{}, int64(0)
	for line := range r.All() {
		if n++; len(line.Text) > MaxLine || line.Number != r.Number+n-1 {
			return fmt.Errorf("line %d of a run from line %d on has the number %d and %d bytes", n, r.Number,
				line.Number, len(line.Text))
		}
		if err := fn(line); err != nil {
			return err
		}
		last = line
	}
	if n != r.Lines || n == 0 || last.End != r.End || r.Begin() < fingerprintLength {
		return fmt.Errorf("a run has %d lines from byte %d up to %+v, and says %d, up to %+v", n, r.Begin(), last.End,
			r.Lines, r.End)
	}
	return nil
}

// A recorder is a Follower at work, and what it has handed over.
type recorder struct {
	t      *testing.T
	mode   mode
	folder string // the log's
	cancel context.CancelFunc
	over   chan error

	mu        sync.Mutex
	lines     []Line
	idleCount int
	end       time.Time
	calls     []idleCall
	problems  []error
}

// An idleCall is what idle was told, and how many lines had come.
type idleCall struct {
	at    time.Time
	lines int
}

// idleCalls are what idle was told so far.
func (h *recorder) idleCalls() []idleCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

func (m mode) follow(t *testing.T, f Follower) *recorder {
	t.Helper()
	h := m.recorder(t)
	h.begin(f, h.line)
	return h
}

func (m mode) recorder(t *testing.T) *recorder {
	return &recorder{t: t, mode: m, over: make(chan error, 1)}
}

// begin begins to follow; fn is h.line or calls it.
func (h *recorder) begin(f Follower, fn func(Line) error) {
	h.t.Helper()
	h.mode.set(h.t, &f, fn)
	if f.Grace == 0 {
		f.Grace = 100 * time.Millisecond
	}
	if f.Tick == 0 {
		f.Tick = 20 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel, h.folder = cancel, filepath.Dir(f.Path)
	f.Problem = func(err error) { h.add(func() { h.problems = append(h.problems, err) }) }
	go func() { h.over <- f.Follow(ctx, fn, h.onIdle) }()
	h.t.Cleanup(h.stop)
}

func (h *recorder) line(line Line) error {
	line.Text = []byte(string(line.Text))
	h.add(func() { h.lines = append(h.lines, line) })
	return nil
}

func (h *recorder) onIdle(end time.Time) error {
	h.add(func() { h.idleCount++; h.end = end; h.calls = append(h.calls, idleCall{end, len(h.lines)}) })
	return nil
}

func (h *recorder) add(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// at gives a line that has come, while others may.
func (h *recorder) at(i int) Line {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines[i]
}

// stop ends the following; it may be called twice.
func (h *recorder) stop() {
	h.t.Helper()
	if h.cancel == nil {
		return
	}
	h.cancel()
	h.cancel = nil
	select {
	case err := <-h.over:
		if !errors.Is(err, context.Canceled) {
			h.t.Errorf("Follow = %v, want %v", err, context.Canceled)
		}
	case <-time.After(testkit.HardEnd):
		h.t.Error("Follow goes on after its context has ended")
	}
}

// until waits until what was seen is so, as long as lines come or files change.
func (h *recorder) until(what string, so func() bool) {
	h.t.Helper()
	locked := func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return so()
	}
	testkit.Until(h.t, what, locked, h.progress, func() any { return filesIn(h.folder) })
}

// progress is what has come.
func (h *recorder) progress() any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprintf("%d lines; told %q; the last lines are %q", len(h.lines), h.problems, brief(h.texts()))
}

// filesIn are the files of a folder, as they are now.
func filesIn(folder string) (files []string) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			files = append(files, fmt.Sprint(info.Name(), info.Size(), info.ModTime()))
		}
	}
	return files
}

// want waits for as many lines as given and then for quiet, and compares.
func (h *recorder) want(lines ...string) {
	h.t.Helper()
	h.until(fmt.Sprintf("%d lines", len(lines)), func() bool { return len(h.lines) >= len(lines) })
	idle := h.idles()
	h.until("quiet", func() bool { return h.idleCount > idle })
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := h.texts(); strings.Join(got, "\n") != strings.Join(lines, "\n") {
		h.t.Fatalf("lines = %q, want %q", brief(got), brief(lines))
	}
}

// idles is how often it has been quiet.
func (h *recorder) idles() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.idleCount
}

func (h *recorder) texts() []string {
	var texts []string
	for _, line := range h.lines {
		texts = append(texts, string(line.Text))
	}
	return texts
}

func brief(lines []string) []string {
	if n := len(lines); n > 12 {
		lines = lines[n-12:]
	}
	var short []string
	for _, line := range lines {
		short = append(short, line[:min(60, len(line))])
	}
	return short
}

// untilTold waits until Problem was told of what as many times as given.
func (h *recorder) untilTold(what error, times int) {
	h.t.Helper()
	h.until(fmt.Sprintf("told %q %d times", what, times), func() bool {
		n := 0
		for _, told := range h.problems {
			if errors.Is(told, what) {
				n++
			}
		}
		return n >= times
	})
}

// everyWay runs a hazard in each mode.
func everyWay(t *testing.T, hazard func(*testing.T, mode)) {
	t.Helper()
	t.Parallel()
	for name, m := range map[string]mode{"inotify": {}, "poll": {poll: true}, "without proc": {noProc: true},
		"in bulk": {poll: true, bulk: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hazard(t, m)
		})
	}
}
