package window

import "time"

// A family is the counters of one key: one for each of its values with an arrival inside the longest window of the
// key's rules, or with an open alert. Counters, gauges and buckets lie in slices and name each other by position, so
// that the garbage collector has nothing to follow; position 0 is none. Positions are used again, and the slices
// themselves are given back when the last counter leaves.
type family struct {
	key     Key
	rules   []Rule // those on this key, as given
	longest int64  // their longest window, seconds
	seen    uint64 // number of the first history row that hasn't left longest yet

	byID     []uint32 // position of the counter of an interned value
	counters []counter
	gauges   []gauge // len(rules) for each counter
	free     []uint32
	held     int

	buckets    []bucket
	freeBucket uint32 // chained by next
}

// A counter is what arrived under one value: a chain of buckets, oldest first.
type counter struct {
	id          uint32
	first, last uint32 // buckets
	rows        uint32 // history rows not yet out of the family's longest window
	open        uint32 // alerts
}

// A bucket is what arrived under one value in one second. Its 40 bytes times the seconds of the longest window bound a
// counter.
type bucket struct {
	at         int64
	sums       [numMeasures]int64
	prev, next uint32
}

// A gauge is one rule's view of a counter.
type gauge struct {
	count int64  // sum of the buckets from tail on
	fell  int64  // the second at which count last fell to the limit or under it
	tail  uint32 // the oldest bucket inside the rule's window
	open  bool   // has an open alert
}

func windowSeconds(r *Rule) int64 { return int64(r.Window / time.Second) }

// find returns the position of a value's counter, or 0.
func (f *family) find(id uint32) uint32 {
	if int(id) >= len(f.byID) {
		return 0
	}
	return f.byID[id]
}

func (f *family) gauge(n uint32, rule int) *gauge { return &f.gauges[int(n)*len(f.rules)+rule] }

// add counts an arrival under the value id at the second at, which is at most disorder behind now.
func (f *family) add(id uint32, at, now int64, weights [numMeasures]int64) {
	n := f.find(id)
	if n == 0 {
		n = f.create(id)
	}
	f.expire(n, now)
	f.counters[n].rows++
	b := f.bucket(n, at)
	for m, w := range weights {
		f.buckets[b].sums[m] += w
	}
	for i := range f.rules {
		g := f.gauge(n, i)
		g.count += weights[f.rules[i].Count]
		if g.tail == 0 || f.buckets[g.tail].at > at {
			g.tail = b
		}
	}
}

func (f *family) create(id uint32) uint32 {
	for int(id) >= len(f.byID) {
		f.byID = append(f.byID, 0)
	}
	n := f.unused()
	f.byID[id] = n
	f.counters[n] = counter{id: id} // its gauges are at 0, also those that others had: all had left them
	f.held++
	return n
}

func (f *family) unused() uint32 {
	if n := len(f.free); n > 0 {
		c := f.free[n-1]
		f.free = f.free[:n-1]
		return c
	}
	if len(f.counters) == 0 {
		f.grow()
	}
	f.grow()
	return uint32(len(f.counters) - 1)
}

func (f *family) grow() {
	f.counters = append(f.counters, counter{})
	for range f.rules {
		f.gauges = append(f.gauges, gauge{})
	}
}

// bucket returns counter n's bucket for the second at. A late line's bucket is found or put in its place among the few
// of the last disorder seconds.
func (f *family) bucket(n uint32, at int64) uint32 {
	prev := f.counters[n].last
	for prev != 0 && f.buckets[prev].at > at {
		prev = f.buckets[prev].prev
	}
	if prev != 0 && f.buckets[prev].at == at {
		return prev
	}
	b := f.unusedBucket()
	f.link(n, b, prev)
	f.buckets[b].at = at
	return b
}

func (f *family) unusedBucket() uint32 {
	if b := f.freeBucket; b != 0 {
		f.freeBucket = f.buckets[b].next
		f.buckets[b] = bucket{}
		return b
	}
	if len(f.buckets) == 0 {
		f.buckets = append(f.buckets, bucket{})
	}
	f.buckets = append(f.buckets, bucket{})
	return uint32(len(f.buckets) - 1)
}

// link puts bucket b into counter n's chain behind prev, or at its head where prev is 0.
func (f *family) link(n, b, prev uint32) {
	c := &f.counters[n]
	next := c.first
	if prev != 0 {
		next = f.buckets[prev].next
		f.buckets[prev].next = b
	} else {
		c.first = b
	}
	if next != 0 {
		f.buckets[next].prev = b
	} else {
		c.last = b
	}
	f.buckets[b].prev, f.buckets[b].next = prev, next
}

// expire takes out of each gauge what has left its window by now, and frees the buckets that have left all.
func (f *family) expire(n uint32, now int64) {
	for i := range f.rules {
		f.lower(f.gauge(n, i), &f.rules[i], now)
	}
	c := &f.counters[n]
	for c.first != 0 && f.buckets[c.first].at+f.longest <= now {
		b := c.first
		c.first = f.buckets[b].next
		f.buckets[b].next = f.freeBucket
		f.freeBucket = b
	}
	if c.first == 0 {
		c.last = 0
	} else {
		f.buckets[c.first].prev = 0
	}
}

// lower takes the buckets that have left the rule's window by now out of its gauge, one second after the other, and so
// knows when the count fell to the limit.
func (f *family) lower(g *gauge, r *Rule, now int64) {
	for g.tail != 0 {
		b := &f.buckets[g.tail]
		leaves := b.at + windowSeconds(r)
		if leaves > now {
			return
		}
		over := g.count > r.Limit
		g.count -= b.sums[r.Count]
		g.tail = b.next
		if over && g.count <= r.Limit {
			g.fell = leaves
		}
	}
}

// count is what the gauge of counter n will show at now, without changing it.
func (f *family) count(n uint32, rule int, now int64) int64 {
	g := *f.gauge(n, rule)
	f.lower(&g, &f.rules[rule], now)
	return g.count
}

// leave says that one of a value's rows has left the longest window by now.
func (f *family) leave(n uint32, now int64) {
	f.counters[n].rows--
	f.expire(n, now)
}

// idle reports whether nothing is known of counter n any more. Its buckets are then gone too.
func (f *family) idle(n uint32) bool { return f.counters[n].rows == 0 && f.counters[n].open == 0 }

// drop forgets an idle counter.
func (f *family) drop(n uint32) {
	f.byID[f.counters[n].id] = 0
	f.free = append(f.free, n)
	f.held--
	if f.held == 0 {
		*f = family{key: f.key, rules: f.rules, longest: f.longest, seen: f.seen}
	}
}
