package live

import (
	"context"
	"time"
)

// A wire carries questions to the desk's goroutine, and word that something was read from it.
type requests struct {
	ctx     context.Context
	calls   chan func()
	updates chan struct{}
}

func newRequests(ctx context.Context) *requests {
	return &requests{ctx: ctx, calls: make(chan func()), updates: make(chan struct{}, 1)}
}

// ask has the desk answer; nil if the view ends before.
func (r *requests) ask(e *engine, q query) *answer {
	answered := make(chan *answer, 1)
	call := func() {
		begun := time.Now()
		a := e.answer(q, begun)
		a.took = time.Since(begun)
		answered <- a
	}
	select {
	case r.calls <- call:
	case <-r.ctx.Done():
		return nil
	}
	select {
	case a := <-answered:
		return a
	case <-r.ctx.Done():
		return nil
	}
}

// read says that something was read.
func (r *requests) read() {
	select {
	case r.updates <- struct{}{}:
	default: // that is known
	}
}

// wait returns when something was read since the last time; false if the view ends before.
func (r *requests) wait() bool {
	select {
	case <-r.updates:
		return true
	case <-r.ctx.Done():
		return false
	}
}
