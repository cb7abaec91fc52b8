package watch

import (
	"time"

	"exiwatch/tailer"
)

// maxBatch is how much text a batch holds before it is handed over though more could be read.
const maxBatch = 256 << 10 // bytes

// A batch is lines from a follower, which the owner of the counters reads and gives back: such as came one by one, or
// a run of them, which a hand reads ahead.
type batch struct {
	log   int // which of the daemon's logs
	text  []byte
	lines []line
	run   tailer.Batch    // of no Lines: there is none
	hand  *hand         // nil before the first run
	read  chan struct{} // gets one when hand has read the run
	quiet bool          // there was nothing more to read
	end   time.Time     // everything written before it was read; zero: that can't be told
	gaps  []tailer.Gap  // files that were left out before its lines
	waits *waitNews     // what is waited for from here on; nil: the same as before
}

// waitNews says what is waited for; nil: nothing.
type waitNews struct{ *tailer.WaitError }

// A line of a batch ends at text[:end]. What else a tailer.Line holds is in Line, but for its text.
type line struct {
	tailer.Line
	end int
}

func newBatch(log int) *batch { return &batch{log: log, read: make(chan struct{}, 1)} }

// reset makes the batch empty.
func (b *batch) reset() {
	b.text, b.lines, b.run = b.text[:0], b.lines[:0], tailer.Batch{}
	b.gaps, b.waits = nil, nil
}

func (b *batch) empty() bool { return len(b.lines) == 0 && b.run.Lines == 0 }

// add copies a line into the batch.
func (b *batch) add(l tailer.Line) {
	b.text = append(b.text, l.Text...)
	l.Text = nil
	b.lines = append(b.lines, line{l, len(b.text)})
}

// carry copies a run into the empty batch.
func (b *batch) carry(r tailer.Batch) {
	b.text = append(b.text, r.Text...)
	r.Text = b.text
	b.run = r
	b.hand.portion = portion{text: r.Text, file: r.File}
}

// ahead tells whether a hand reads the batch, which must be waited for.
func (b *batch) ahead() bool { return b.run.Lines > 0 }

func (b *batch) wait() { <-b.read }

// joins are those of the run's hand.
func (b *batch) joins() []join {
	if !b.ahead() {
		return nil
	}
	return b.hand.joins
}

// each calls fn with each line, until fn returns false, which it then does, too.
func (b *batch) each(fn func(tailer.Line) bool) bool {
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
