package watch

import (
	"context"
	"time"

	"exiwatch/tailer"
)

// maxBatch is how much text a batch holds before it is handed over though more could be read.
const maxBatch = 256 << 10 // bytes

// A batch is a run of lines from a follower, which the owner of the counters reads and gives back.
type batch struct {
	log   int // which of the daemon's logs
	text  []byte
	lines []line
	quiet bool      // there was nothing more to read
	end   time.Time // everything written before it was read; zero: that can't be told
}

// A line of a batch ends at text[:end]. What else a tailer.Line holds is in Line, but for its text.
type line struct {
	tailer.Line
	end int
}

// add copies a line into the batch.
func (b *batch) add(l tailer.Line) {
	b.text = append(b.text, l.Text...)
	l.Text = nil
	b.lines = append(b.lines, line{l, len(b.text)})
}

// each calls fn with each line, until fn returns false, which it then does, too.
func (b *batch) each(fn func(tailer.Line) bool) bool {
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

// A feed hands the lines of one log to the owner in batches. Two batches go round, so that what is held is bounded.
type feed struct {
	ctx  context.Context
	log  int
	out  chan<- *batch
	free chan *batch
	next *batch
}

func newFeed(ctx context.Context, log int, out chan<- *batch) *feed {
	f := &feed{ctx: ctx, log: log, out: out, free: make(chan *batch, 2)}
	f.free <- &batch{log: log}
	f.next = &batch{log: log}
	return f
}

// line takes a line of the log.
func (f *feed) line(l tailer.Line) error {
	f.next.add(l)
	if len(f.next.text) < maxBatch {
		return nil
	}
	return f.hand(false, time.Time{})
}

// quiet hands over what there is, as nothing more can be read for now; what was written before end was read.
func (f *feed) quiet(end time.Time) error { return f.hand(true, end) }

func (f *feed) hand(quiet bool, end time.Time) error {
	f.next.quiet, f.next.end = quiet, end
	select {
	case f.out <- f.next:
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	select {
	case f.next = <-f.free:
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
	f.next.text, f.next.lines = f.next.text[:0], f.next.lines[:0]
	return nil
}
