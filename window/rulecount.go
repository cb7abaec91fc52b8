package window

import "time"

// A gauge is one rule's view of a counter.
type ruleCount struct {
	count int64 // sum of the buckets inside the rule's window, or of distinct values
	// Its habit.
	period int64  // the one of most
	peak   int64  // the highest count in it
	peaks  uint32 // of the periods before it; 0 where the value had no arrivals in them
	// except is the number, from 1 on, of the rule's exception whose limit applies; 0 for the rule's own.
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

// subtract takes a bucket of the second at, which leaves a rule's window, out of its counter's gauge. Those of a counter
// leave one second after the other, and so it is known when the count fell to the limit.
func (t *counterTable) subtract(b *bucket, rule int, at int64) {
	g, r := t.ruleCount(b.counter, rule), &t.rules[rule]
	was := g.count
	if r.Count < numSums {
		g.count -= b.sums()[r.Count]
	} else {
		g.count = t.distinctRefs[rule].estimator.Leave(b.counter, t.distinctRefs[rule].window, at)
	}
	if limit := r.limitOf(g); was > limit && g.count <= limit {
		t.recordFall(b.counter, rule, at+t.windows[rule])
	}
}

// recordFall notes that the count of a gauge has fallen to its limit at the second at.
func (t *counterTable) recordFall(n uint32, rule int, at int64) {
	if t.fellAt == nil {
		t.fellAt = make(map[uint32]int64)
	}
	t.fellAt[t.position(n, rule)] = at
}

// sumsAfter adds up what arrived under counter n after the second left, and says from which second on that is.
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
