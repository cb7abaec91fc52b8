package window

import "container/heap"

// An episode is what the counters keep of an open alert.
type openAlert struct {
	alert     *Alert
	crossedBy string // its message id as history has it
	middle    string // another of the window that crossed the limit
	rule      *compiledRule
	counter   uint32 // the value's counter
	number    uint64 // in the order opened
	due       int64  // the second before which it can't end: to be looked at then
	end       int64  // the second it ended
}

// An episodeKey names an episode: a rule has one at most for each value.
type openKey struct {
	rule    *compiledRule
	counter uint32 // counter
}

// reschedule moves due to the second at which the episode ends if nothing more arrives, as far as that is known at now, and
// reports whether that has come.
func (e *openAlert) reschedule(now int64) (ended bool) {
	f, r := e.rule.table, &e.rule.Rule
	g := f.ruleCount(e.counter, e.rule.index)
	if g.count > r.limitOf(g) {
		e.due = now + 1 + windowSeconds(r)
		return false
	}
	e.due = f.fellAt[f.position(e.counter, e.rule.index)] + windowSeconds(r)
	e.end = e.due
	return e.end <= now
}

// A queue holds the open episodes, the earliest due first. An episode whose count rises again ends later than its due
// says, never earlier, so that arrivals needn't touch the queue.
type expiryQueue []*openAlert

func (q expiryQueue) Len() int           { return len(q) }
func (q expiryQueue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q expiryQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *expiryQueue) Push(e any)        { *q = append(*q, e.(*openAlert)) }

func (q *expiryQueue) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return e
}

// ended takes out the episodes that have ended by now.
func (q *expiryQueue) ended(now int64) (ended []*openAlert) {
	for len(*q) > 0 && (*q)[0].due <= now {
		if e := (*q)[0]; e.reschedule(now) {
			ended = append(ended, e)
			heap.Pop(q)
		} else {
			heap.Fix(q, 0)
		}
	}
	return ended
}
