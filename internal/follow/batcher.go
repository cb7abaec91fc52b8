package follow

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"exiwatch/internal/journal"
	"exiwatch/internal/pipeline"
	"exiwatch/tailer"
)

// A batcher puts the lines of one log into batches for the owner of the counters. Enough batches go round to keep all
// workers busy, and no more, so that memory is bounded.
type batcher struct {
	log      *LiveLog // of which it reads what never changes
	ctx      context.Context
	out      chan<- *Batch
	free     chan *Batch
	next     *Batch
	waitsFor *tailer.WaitError // nil: nothing
	workers  sync.WaitGroup
}

// InFlight is how many batches of a log go round: one that is counted, one that is filled, and one for each worker.
func InFlight() int { return pipeline.NumWorkers() + 2 }

// newBatcher makes a batcher of log number n.
func (l *LiveLog) newBatcher(ctx context.Context, n int, out chan<- *Batch) *batcher {
	b := &batcher{log: l, ctx: ctx, out: out, free: make(chan *Batch, InFlight())}
	b.next = newBatch(n, b.free)
	for range InFlight() - 1 {
		b.free <- newBatch(n, b.free)
	}
	return b
}

// Follow sends batches until the context of Start ends, or the log can't be followed. The standard input ends with
// ErrEnd.
func (l *LiveLog) Follow() error {
	b := l.batcher
	defer b.workers.Wait()
	switch {
	case l.stdin != nil:
		return b.drain(l.stdin, l.Path)
	case l.journal != nil:
		follower := journal.Follower{Log: *l.journal, From: l.follower.From, Problem: l.follower.Problem}
		return follower.Follow(b.ctx, b.line, b.quiet)
	}
	l.follower.Bulk, l.follower.Waits = b.run, b.waits
	return l.follower.Follow(b.ctx, b.line, b.quiet)
}

// ErrEnd says that everything was sent that the log will ever hold.
var ErrEnd = errors.New("the log has ended")

// drain sends what a stream holds. When the context ends, it leaves a read that blocks alone.
func (b *batcher) drain(in io.Reader, name string) error {
	ended := make(chan error, 1)
	go func() { ended <- b.cut(in, name) }()
	select {
	case err := <-ended:
		return err
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

func (b *batcher) cut(in io.Reader, name string) error {
	text, err := tailer.OpenReader(&prompt{in, b})
	if err != nil {
		return err
	}
	defer text.Close()
	if _, err := tailer.ScanLines(text, name, b.line); err != nil {
		return err
	}
	if err := b.quiet(b.log.Now()); err != nil {
		return err
	}
	return ErrEnd
}

// A prompt reader sends what was read before it reads on, which may take long.
type prompt struct {
	io.Reader
	batcher *batcher
}

func (p *prompt) Read(buf []byte) (int, error) {
	if !p.batcher.next.Empty() {
		if err := p.batcher.quiet(time.Time{}); err != nil {
			return 0, err
		}
	}
	return p.Reader.Read(buf)
}

// line takes a line of the log.
func (b *batcher) line(l tailer.Line) error {
	if b.next.Ahead() || len(b.next.text) >= maxBatch {
		if err := b.send(false, time.Time{}); err != nil {
			return err
		}
	}
	b.next.add(l)
	return nil
}

// run takes a run of lines, and lets a worker parse it at once.
func (b *batcher) run(r tailer.Batch) error {
	if !b.next.Empty() {
		if err := b.send(false, time.Time{}); err != nil {
			return err
		}
	}
	next := b.next
	if next.worker == nil {
		next.worker = b.log.Pipeline.NewWorker(b.log.Zone, b.log.Now())
	}
	next.worker.Reader.SetReference(b.log.Now())
	next.carry(r)
	b.workers.Go(func() {
		next.worker.Read()
		next.parsed <- struct{}{}
	})
	return nil
}

// skip notes a file that was left out before the lines to come.
func (b *batcher) skip(g tailer.Gap) {
	if !b.next.Empty() && b.send(false, time.Time{}) != nil {
		return // it ends
	}
	b.next.Gaps = append(b.next.Gaps, g)
}

// waits notes what the log waits for now.
func (b *batcher) waits(w *tailer.WaitError) { b.waitsFor = w }

// quiet sends what there is: nothing more can be read for now. What was written before end was read.
func (b *batcher) quiet(end time.Time) error { return b.send(true, end) }

func (b *batcher) send(quiet bool, end time.Time) error {
	b.next.Quiet, b.next.End, b.next.Waits = quiet, end, b.waitsFor
	select {
	case b.out <- b.next:
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
	select {
	case b.next = <-b.free:
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
	b.next.reset()
	return nil
}
