package window

import "time"

// A gauge is one rule's view of a counter.
type gauge struct {
	count int64  // sum of the buckets from tail on, or of distinct values
	fell  int64  // the second at which count last fell to the limit or under it
	from  int64  // second of tail, known here so that a look at the gauge needn't touch the bucket
	tail  uint32 // the oldest bucket inside the rule's window
	open  bool   // has an open alert
	// except is the number, from 1 on, of the rule's exception whose limit applies; 0 for the rule's own.
	except uint16
	habit  habit
}

func windowSeconds(r *Rule) int64 { return int64(r.Window / time.Second) }

func (f *family) gauge(n uint32, rule int) *gauge { return &f.gauges[int(n)*len(f.rules)+rule] }

// settle takes out of each gauge of counter n what has left its window by now.
func (f *family) settle(n uint32, now int64) {
	for i := range f.rules {
		if g := f.gauge(n, i); g.tail != 0 && g.from+f.windows[i] <= now {
			f.lower(n, i, now)
		}
	}
}

// lower takes the buckets that have left a rule's window by now out of the gauge, one second after the other, and so knows
// when the count fell to the limit.
func (f *family) lower(n uint32, rule int, now int64) {
	g, r, window := f.gauge(n, rule), &f.rules[rule], f.windows[rule]
	limit := r.limitOf(g)
	for g.tail != 0 && g.from+window <= now {
		over, b := g.count > limit, &f.buckets[g.tail]
		if r.Count < numSums {
			g.count -= b.sums[r.Count]
		} else {
			g.count = f.varied[rule].variety.leave(n, f.varied[rule].window, b.at)
		}
		if over && g.count <= limit {
			g.fell = g.from + window
		}
		g.tail = b.next
		g.from = f.buckets[g.tail].at
	}
}

// sums adds up what is inside the gauge's window.
func (f *family) sums(g *gauge) (sums [numSums]int64) {
	for b := g.tail; b != 0; b = f.buckets[b].next {
		for m, w := range f.buckets[b].sums {
			sums[m] = saturate(sums[m], w)
		}
	}
	return sums
}
