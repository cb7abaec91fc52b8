package window

import "time"

// A gauge is one rule's view of a counter.
type gauge struct {
	count int64 // sum of the buckets inside the rule's window, or of distinct values
	// Its habit.
	period int64  // the one of most
	most   int64  // the highest count in it
	past   uint32 // of the periods before it; 0 where the value had no arrivals in them
	// except is the number, from 1 on, of the rule's exception whose limit applies; 0 for the rule's own.
	except uint16
	open   bool // has an open alert
}

func windowSeconds(r *Rule) int64 { return int64(r.Window / time.Second) }

func (f *family) gauge(n uint32, rule int) *gauge { return f.gauges.at(f.position(n, rule)) }

func (f *family) position(n uint32, rule int) uint32 { return n*uint32(len(f.rules)) + uint32(rule) }

// lower takes a bucket of the second at, which leaves a rule's window, out of its counter's gauge. Those of a counter
// leave one second after the other, and so it is known when the count fell to the limit.
func (f *family) lower(b *bucket, rule int, at int64) {
	g, r := f.gauge(b.counter, rule), &f.rules[rule]
	was := g.count
	if r.Count < numSums {
		g.count -= b.sums()[r.Count]
	} else {
		g.count = f.varied[rule].variety.leave(b.counter, f.varied[rule].window, at)
	}
	if limit := r.limitOf(g); was > limit && g.count <= limit {
		f.fall(b.counter, rule, at+f.windows[rule])
	}
}

// fall notes that the count of a gauge has fallen to its limit at the second at.
func (f *family) fall(n uint32, rule int, at int64) {
	if f.fell == nil {
		f.fell = make(map[uint32]int64)
	}
	f.fell[f.position(n, rule)] = at
}

// after adds up what arrived under counter n after the second left, and says from which second on that is.
func (f *family) after(n uint32, left, now int64) (sums [numSums]int64, from int64) {
	c := f.counters.at(n)
	b := c.last
	for range c.buckets {
		in := f.buckets.at(b)
		at := in.at.second(now)
		if at <= left {
			break
		}
		for m, w := range in.sums() {
			sums[m] = saturate(sums[m], w)
		}
		from, b = at, in.prev
	}
	return sums, from
}
