package window

import "time"

// A gauge is one rule's view of a counter.
type gauge struct {
	count int64  // sum of the buckets from tail on
	fell  int64  // the second at which count last fell to the limit or under it
	from  int64  // second of tail, known here so that a look at the gauge needn't touch the bucket
	tail  uint32 // the oldest bucket inside the rule's window
	open  bool   // has an open alert
}

func windowSeconds(r *Rule) int64 { return int64(r.Window / time.Second) }

func (f *family) gauge(n uint32, rule int) *gauge { return &f.gauges[int(n)*len(f.rules)+rule] }

// settle takes out of each gauge of counter n what has left its window by now.
func (f *family) settle(n uint32, now int64) {
	for i := range f.rules {
		if g := f.gauge(n, i); g.tail != 0 && g.from+f.windows[i] <= now {
			f.lower(g, &f.rules[i], f.windows[i], now)
		}
	}
}

// lower takes the buckets that have left the rule's window by now out of its gauge, one second after the other, and so
// knows when the count fell to the limit.
func (f *family) lower(g *gauge, r *Rule, window, now int64) {
	for g.tail != 0 && g.from+window <= now {
		over, b := g.count > r.Limit, &f.buckets[g.tail]
		g.count -= b.sums[r.Count]
		if over && g.count <= r.Limit {
			g.fell = g.from + window
		}
		g.tail = b.next
		g.from = f.buckets[g.tail].at
	}
}

// sums adds up what is inside the gauge's window.
func (f *family) sums(g *gauge) (sums [numMeasures]int64) {
	for b := g.tail; b != 0; b = f.buckets[b].next {
		for m, w := range f.buckets[b].sums {
			sums[m] = saturate(sums[m], w)
		}
	}
	return sums
}
