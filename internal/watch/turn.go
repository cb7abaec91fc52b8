package watch

import "context"

// A turn is the right to the counters, which one goroutine has at a time. The owner has it while it counts, and gives
// it away while it waits for lines, composes mails and writes to the disk: so others can look at any time, and wait
// for no more than a batch of lines. Who waits gets it in the order of coming, for a channel hands a place over to
// the sender that waits longest.
//
// Note: asking the owner over a channel was the alternative. It could answer between lines, but not during an fsync,
// of which a storm has many.
type countersLock chan struct{}

func newCountersLock() countersLock { return make(countersLock, 1) }

func (t countersLock) take() { t <- struct{}{} }
func (t countersLock) give() { <-t }

// lend gives the turn away while the owner does something slow, for which it needs no counters.
func (d *Daemon) lend(fn func()) {
	d.turn.give()
	defer d.turn.take()
	fn()
}

// ask calls fn, which may look at what the owner of the counters has and change nothing, while nobody counts. Only
// those who come in time, before ctx ends, are let in.
func (d *Daemon) ask(ctx context.Context, fn func()) error {
	select {
	case d.turn <- struct{}{}:
		defer d.turn.give()
		fn()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
