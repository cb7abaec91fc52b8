package window

import "time"

// A ruleCount is the count of one rule and one value.
type ruleCount struct {
	count int64 // inside the rule's window: a sum of buckets, or of distinct values
	// See baseline.
	period int64  // period of peak
	peak   int64  // highest count in that period
	peaks  uint32 // peakHistory of the periods before; 0 where these had no arrivals
	// except is the number, from 1 on, of the exception whose limit applies; 0 for the rule's own limit.
	except uint16
	open   bool // has an open alert
}

func windowSeconds(r *Rule) int64 { return int64(r.Window / time.Second) }

func (t *counterTable) ruleCount(n uint32, rule int) *ruleCount {
	return t.ruleCounts.At(t.position(n, rule))
}

func (t *counterTable) position(n uint32, rule int) uint32 {
	return n*uint32(len(t.rules)) + uint32(rule)
}

// subtract takes a bucket out of a count because its second, at, leaves the rule's window. A counter's buckets leave
// one second after the other, so the second is known at which the count falls to the limit.
func (t *counterTable) subtract(b *bucket, rule int, at int64) {
	rc, r := t.ruleCount(b.counter, rule), &t.rules[rule]
	was := rc.count
	if r.Count < numSums {
		rc.count -= b.sums()[r.Count]
	} else {
		rc.count = t.distinctRefs[rule].estimator.Leave(b.counter, t.distinctRefs[rule].window, at)
	}
	if limit := r.limitOf(rc); was > limit && rc.count <= limit {
		t.recordFall(b.counter, rule, at+t.windows[rule])
	}
}

// recordFall records that a count has fallen to its limit at the second at.
func (t *counterTable) recordFall(n uint32, rule int, at int64) {
	if t.fellAt == nil {
		t.fellAt = make(map[uint32]int64)
	}
	t.fellAt[t.position(n, rule)] = at
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
