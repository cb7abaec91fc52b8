package follow

import (
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
)

// maxBatch is how much text a batch holds before it is sent though more could be read.
const maxBatch = 256 << 10 // bytes

// A Batch is what was read of a log: lines that came one by one, or a run of lines, which a worker parses ahead. The
// owner of the counters receives it, counts it, and gives it back with Release.
type Batch struct {
	Log   int               // which of the program's logs
	Quiet bool              // there was nothing more to read
	End   time.Time         // everything written before it was read; zero: unknown
	Gaps  []tailer.Gap      // files that were left out before its lines
	Waits *tailer.WaitError // the file that the log waits for; nil: none

	text   []byte
	lines  []line
	run    tailer.Batch     // of no Lines: there is none
	worker *pipeline.Worker // nil before the first run
	parsed chan struct{}    // gets one when the worker has parsed the run
	free   chan<- *Batch
}

// A line of a batch ends at text[:end]. What else a tailer.Line holds is in Line, but for its text.
type line struct {
	tailer.Line
	end int
}

func newBatch(log int, free chan<- *Batch) *Batch {
	return &Batch{Log: log, free: free, parsed: make(chan struct{}, 1)}
}

// Release gives the batch back. It is filled again.
func (b *Batch) Release() { b.free <- b }

// Size is how many bytes of the log the batch holds.
func (b *Batch) Size() int { return len(b.text) }

// Empty tells whether the batch holds no lines.
func (b *Batch) Empty() bool { return len(b.lines) == 0 && b.run.Lines == 0 }

// Alive tells whether the batch shows that the log is being read.
func (b *Batch) Alive() bool { return !b.Empty() || !b.End.IsZero() }

// Ahead tells whether a worker parses the batch: call Wait before it is counted.
func (b *Batch) Ahead() bool { return b.run.Lines > 0 }

// Wait waits until the worker has parsed the batch.
func (b *Batch) Wait() { <-b.parsed }

func (b *Batch) reset() {
	b.text, b.lines, b.run = b.text[:0], b.lines[:0], tailer.Batch{}
	b.Gaps = nil
}

// add copies a line into the batch.
func (b *Batch) add(l tailer.Line) {
	b.text = append(b.text, l.Text...)
	l.Text = nil
	b.lines = append(b.lines, line{l, len(b.text)})
}

// carry copies a run into the empty batch.
func (b *Batch) carry(r tailer.Batch) {
	b.text = append(b.text, r.Text...)
	r.Text = b.text
	b.run = r
	b.worker.Chunk = pipeline.Chunk{Text: r.Text, File: r.File}
}

// each calls fn with each line, until fn returns false; then so does each.
func (b *Batch) each(fn func(tailer.Line) bool) bool {
	for l := range b.run.All() {
		if !fn(l) {
			return false
		}
	}
	start := 0
	for _, l := range b.lines {
		l.Text = b.text[start:l.end]
		start = l.end
		if !fn(l.Line) {
			return false
		}
	}
	return true
}
