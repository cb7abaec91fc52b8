package window

import "container/heap"

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
	t, r := e.rule.table, &e.rule.Rule
	rc := t.ruleCount(e.counter, e.rule.index)
	if rc.count > r.limitOf(rc) {
		e.due = now + 1 + windowSeconds(r)
		return false
	}
	e.due = t.fellAt[t.position(e.counter, e.rule.index)] + windowSeconds(r)
	e.end = e.due
	return e.end <= now
}

// An expiryQueue holds the open alerts, the earliest due first. An alert whose count rises again ends later than its
// due, never earlier, so arrivals needn't touch the queue.
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

// ended removes and returns the alerts that have ended by now.
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
