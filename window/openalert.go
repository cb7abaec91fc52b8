package window

import (
	"slices"
	"sort"
)

// An openAlert is an open alert with what the counters need for it.
type openAlert struct {
	alert     *Alert
	crossedBy string // message id, as the arrival log keeps it
	middle    string // message id from the middle of the window that crossed
	rule      *compiledRule
	counter   uint32 // of the value
	number    uint64 // its place in the order of opening
	due       int64  // second of the next check; it can't end before
	end       int64  // second at which it ended
}

// An openKey identifies an open alert. A rule has at most one for each value.
type openKey struct {
	rule    *compiledRule
	counter uint32
}

// reschedule moves due to the second at which the alert ends if nothing more arrives, as far as that is known at now.
// It reports whether the alert has ended.
func (e *openAlert) reschedule(now int64) (ended bool) {
	r := e.rule
	if r.isOver(r.countOf(e.counter)) {
		e.due = now + 1 + r.window
		return false
	}
	e.due = r.fellAt[e.counter] + r.window
	e.end = e.due
	return e.end <= now
}

// enqueue adds an alert to the queue. One whose count rises again ends later than its due, never earlier, so arrivals
// needn't touch the queue.
func (c *Counters) enqueue(e *openAlert) {
	i := sort.Search(len(c.queue), func(i int) bool { return c.queue[i].due > e.due })
	c.queue = slices.Insert(c.queue, i, e)
}

// dequeue removes and returns the alerts that have ended by now.
func (c *Counters) dequeue(now int64) (ended []*openAlert) {
	for len(c.queue) > 0 && c.queue[0].due <= now {
		e := c.queue[0]
		c.queue[0], c.queue = nil, c.queue[1:]
		if e.reschedule(now) {
			ended = append(ended, e)
		} else {
			c.enqueue(e)
		}
	}
	return ended
}
