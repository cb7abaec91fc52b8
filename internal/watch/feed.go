package watch

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/tailer"
)

// A feed hands the lines of one log to the owner in batches, of which so many go round that all hands find something
// to read, and what is held is bounded.
type feed struct {
	ctx   context.Context
	out   chan<- *batch
	free  chan *batch
	next  *batch
	hand  func() *hand
	now   func() time.Time
	hands sync.WaitGroup
}

// inFlight is how many batches go round: one that is counted, one that is filled, and one for each hand.
func inFlight() int { return min(runtime.GOMAXPROCS(0), maxHands) + 2 }

// newFeed makes a feed of log number n into out, which has room for all that is in flight.
func (l *followed) newFeed(ctx context.Context, n int, out chan<- *batch) *feed {
	f := &feed{ctx: ctx, out: out, free: make(chan *batch, inFlight()), next: newBatch(n), now: l.now}
	for range inFlight() - 1 {
		f.free <- newBatch(n)
	}
	f.hand = func() *hand {
		h := &hand{pipeline: l.pipeline}
		h.reader = l.pipeline.reader(l.zone, l.now(), h.entry)
		return h
	}
	return f
}

// follow feeds until ctx ends, or what is followed fails. The standard input ends with errEnd.
func (l *followed) follow() error {
	f := l.feed
	defer f.hands.Wait()
	switch {
	case l.stdin != nil:
		return f.drain(l.stdin, l.path)
	case l.journal != nil:
		follower := journal.Follower{Log: *l.journal, From: l.follower.From, Problem: l.follower.Problem}
		return follower.Follow(f.ctx, f.line, f.quiet)
	}
	l.follower.Bulk, l.follower.Waits = f.run, f.waits
	return l.follower.Follow(f.ctx, f.line, f.quiet)
}

// errEnd says that everything was handed over that there will ever be.
var errEnd = errors.New("the log has ended")

// drain feeds what a stream gives until that ends. A stream that gives nothing holds up nobody: its reading is left
// alone when ctx ends.
func (f *feed) drain(in io.Reader, name string) error {
	ended := make(chan error, 1)
	go func() { ended <- f.cut(in, name) }()
	select {
	case err := <-ended:
		return err
	case <-f.ctx.Done():
		return f.ctx.Err()
	}
}

func (f *feed) cut(in io.Reader, name string) error {
	text, err := tailer.OpenReader(&prompt{in, f})
	if err != nil {
		return err
	}
	defer text.Close()
	if _, err := tailer.ScanLines(text, name, f.line); err != nil {
		return err
	}
	if err := f.quiet(f.now()); err != nil {
		return err
	}
	return errEnd
}

// A prompt reader hands over what was read before it reads on, which may take long.
type prompt struct {
	io.Reader
	feed *feed
}

func (p *prompt) Read(b []byte) (int, error) {
	if !p.feed.next.empty() {
		if err := p.feed.quiet(time.Time{}); err != nil {
			return 0, err
		}
	}
	return p.Reader.Read(b)
}

// line takes a line of the log.
func (f *feed) line(l tailer.Line) error {
	if f.next.ahead() || len(f.next.text) >= maxBatch {
		if err := f.send(false, time.Time{}); err != nil {
			return err
		}
	}
	f.next.add(l)
	return nil
}

// run takes a run of them, and has it read at once.
func (f *feed) run(r tailer.Batch) error {
	if !f.next.empty() {
		if err := f.send(false, time.Time{}); err != nil {
			return err
		}
	}
	b := f.next
	if b.hand == nil {
		b.hand = f.hand()
	}
	b.hand.reader.Refer(f.now())
	b.carry(r)
	f.hands.Go(func() {
		b.hand.read()
		b.read <- struct{}{}
	})
	return nil
}

// skip tells of a file that was left out before the lines to come.
func (f *feed) skip(g tailer.Gap) {
	if !f.next.empty() && f.send(false, time.Time{}) != nil {
		return // it ends
	}
	f.next.gaps = append(f.next.gaps, g)
}

// waits tells what is waited for now.
func (f *feed) waits(w *tailer.WaitError) { f.next.waits = &waitNews{w} }

// quiet hands over what there is, as nothing more can be read for now; what was written before end was read.
func (f *feed) quiet(end time.Time) error { return f.send(true, end) }

func (f *feed) send(quiet bool, end time.Time) error {
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
	f.next.reset()
	return nil
}
