package window

import "exiwatch/window/internal/distinct"

// A compiledRule is a rule and what the counters keep for it.
type compiledRule struct {
	Rule
	text      string // Rule.String()
	table     *counterTable
	index     int                 // in table.rules
	window    int64               // Rule.Window in seconds
	measure   Measure             // Rule.Count, or the sum that is it in a table of another kind
	estimator *distinct.Estimator // of the measure, if that is of distinct values
	nth       int                 // number of the window in the estimator
	tail      uint64              // number of the oldest second inside the window
	fellAt    map[uint32]int64    // second at which a counter's count last fell to its limit
	baselines baselines
}

// A ruleCount is the count of one rule and one value.
type ruleCount struct {
	count int64 // inside the rule's window: a sum of buckets, or of distinct values; see level
	// See baseline.
	period int64  // period of peak
	peak   int64  // highest count in that period
	peaks  uint32 // peakHistory of the periods before; 0 where these had no arrivals
	// except is the number, from 1 on, of the exception whose limit applies; 0 for the rule's own limit.
	except uint16
	open   bool // has an open alert
	over   bool // of a BounceShare: see isOver
}

// countOf is the rule's count of counter n.
func (r *compiledRule) countOf(n uint32) *ruleCount {
	return r.table.ruleCounts.At(n*uint32(len(r.table.rules)) + uint32(r.index))
}

// level is what the rule's limit is for, of a count.
func (r *compiledRule) level(count int64) int64 {
	if r.Count == BounceShare {
		return share(count).percent(r.Floor)
	}
	return count
}

// isOver reports whether a count is over the limit. A share comes to be over it only with a recipient, and not by what
// leaves the window: else the alerts that are open would depend on lines from before the last window.
func (r *compiledRule) isOver(rc *ruleCount) bool {
	if r.Count == BounceShare {
		rc.over = rc.over && r.level(rc.count) > r.limit(rc.except)
		return rc.over
	}
	return rc.count > r.limit(rc.except)
}

// subtract takes a bucket out of a count because its second, at, leaves the rule's window. A counter's buckets leave
// one second after the other, so the second is known at which the count falls to the limit.
func (r *compiledRule) subtract(b *bucket, at int64) {
	rc := r.countOf(b.counter)
	was := r.isOver(rc)
	if r.estimator == nil {
		rc.count -= b.sums()[r.measure]
	} else {
		rc.count = r.estimator.Leave(b.counter, r.nth, at)
	}
	if was && !r.isOver(rc) {
		r.recordFall(b.counter, at+r.window)
	}
}

// recordFall records that a count has fallen to its limit at the second at.
func (r *compiledRule) recordFall(n uint32, at int64) {
	if r.fellAt == nil {
		r.fellAt = make(map[uint32]int64)
	}
	r.fellAt[n] = at
}

// sumsAfter adds up what arrived under counter n after the second left. from is the first second with an arrival.
func (t *counterTable) sumsAfter(n uint32, left, now int64) (sums [numSums]int64, from int64) {
	c := t.counters.At(n)
	b := c.newest
	for range c.buckets {
		in := t.buckets.At(b)
		at := in.at.second(now)
		if at <= left {
			break
		}
		for m, w := range in.sums() {
			sums[m] = saturate(sums[m], w)
		}
		from, b = at, in.older
	}
	return sums, from
}
