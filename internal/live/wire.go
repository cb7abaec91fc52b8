package live

import (
	"context"
	"time"
)

// A wire carries questions to the desk's goroutine, and word that something was read from it.
type wire struct {
	ctx  context.Context
	asks chan func()
	news chan struct{}
}

func newWire(ctx context.Context) *wire {
	return &wire{ctx: ctx, asks: make(chan func()), news: make(chan struct{}, 1)}
}

// ask has the desk answer; nil if the view ends before.
func (w *wire) ask(d *desk, q question) *sheet {
	answer := make(chan *sheet, 1)
	question := func() {
		begun := time.Now()
		s := d.answer(q, begun)
		s.took = time.Since(begun)
		answer <- s
	}
	select {
	case w.asks <- question:
	case <-w.ctx.Done():
		return nil
	}
	select {
	case s := <-answer:
		return s
	case <-w.ctx.Done():
		return nil
	}
}

// read says that something was read.
func (w *wire) read() {
	select {
	case w.news <- struct{}{}:
	default: // that is known
	}
}

// wait returns when something was read since the last time; false if the view ends before.
func (w *wire) wait() bool {
	select {
	case <-w.news:
		return true
	case <-w.ctx.Done():
		return false
	}
}
