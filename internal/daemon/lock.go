package daemon

import "context"

// A countersLock is the right to use the counters, which one goroutine has at a time. The owner has it while it counts.
// It gives it away while it waits for lines, composes mails or writes to the disk. So others wait for no more than a
// batch of lines. They get it in the order in which they came, because a channel serves the sender that waits longest.
//
// Note: the alternative was to ask the owner over a channel. It could answer between two lines, but not during an
// fsync, of which a storm has many.
type countersLock chan struct{}

func newCountersLock() countersLock { return make(countersLock, 1) }

func (l countersLock) lock()   { l <- struct{}{} }
func (l countersLock) unlock() { <-l }

// unlocked calls fn, which is slow and needs no counters, while the owner gives the lock away.
func (l countersLock) unlocked(fn func()) {
	l.unlock()
	defer l.lock()
	fn()
}

// with calls fn, which may read what the owner of the counters has and change nothing. It fails if ctx ends before it
// gets the lock.
func (l countersLock) with(ctx context.Context, fn func()) error {
	select {
	case l <- struct{}{}:
		defer l.unlock()
		fn()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
