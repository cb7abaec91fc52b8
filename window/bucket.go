package window

// A bucket is what arrived under one value in one second. Its 40 bytes times the seconds of the longest window bound a
// counter.
type bucket struct {
	at         int64
	sums       [numSums]int64
	prev, next uint32
}

// bucket returns counter n's bucket for the second at. A late line's bucket is found or put in its place among the few
// of the last disorder seconds. It is 0 where there is no room for the arrival.
func (f *family) bucket(n uint32, at, now int64) uint32 {
	prev := f.counters[n].last
	for prev != 0 && f.buckets[prev].at > at {
		prev = f.buckets[prev].prev
	}
	if prev != 0 && f.buckets[prev].at == at {
		return prev
	}
	if f.used >= f.limits.buckets && !f.evict(n, now) {
		return f.merge(prev, now)
	}
	b := f.unusedBucket()
	f.link(n, b, prev)
	f.buckets[b].at = at
	return b
}

// merge returns the bucket that takes an arrival for which there is none: the one before it, with which it will leave
// too early, or 0 where there is none that is inside all windows.
func (f *family) merge(prev uint32, now int64) uint32 {
	if prev == 0 || f.buckets[prev].at+f.shortest <= now {
		f.dropped++
		return 0
	}
	f.merged++
	return prev
}

func (f *family) unusedBucket() uint32 {
	f.used++
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

// freeFirst takes the oldest bucket out of the counter.
func (f *family) freeFirst(c *counter) {
	b := c.first
	c.first = f.buckets[b].next
	f.buckets[c.first].prev = 0 // of bucket 0 too, which is nobody's
	if c.first == 0 {
		c.last = 0
	}
	f.buckets[b].next = f.freeBucket
	f.freeBucket = b
	f.used--
}
