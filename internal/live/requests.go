package live

import (
	"context"
	"time"
)

// A requests carries queries to the engine's goroutine, and signals back that the log was read on.
type requests struct {
	ctx     context.Context
	calls   chan func()
	updates chan struct{}
}

func newRequests(ctx context.Context) *requests {
	return &requests{ctx: ctx, calls: make(chan func()), updates: make(chan struct{}, 1)}
}

// ask has the engine answer; nil if the view ends first.
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

// read signals that the log was read on.
func (r *requests) read() {
	select {
	case r.updates <- struct{}{}:
	default: // already signalled
	}
}

// wait returns when the log was read on since the last call; false if the view ends first.
func (r *requests) wait() bool {
	select {
	case <-r.updates:
		return true
	case <-r.ctx.Done():
		return false
	}
}
