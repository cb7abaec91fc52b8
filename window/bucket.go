package window

import "sort"

// A bucket is what arrived under one value in one second. Its 40 bytes times the seconds of the longest window bound a
// counter.
type bucket struct {
	recipients, bytes int64

	messages                   uint32
	at                         stamp
	counter                    uint32
	older                      uint32 // of the counter, the second before; nothing behind the last of counter.buckets
	prevInSecond, nextInSecond uint32 // in the same second
}

// A stamp is a second's last 32 bits. In a bucket it lies behind the clock by 31 days at most.
type stamp uint32

// second is the one that the stamp was made of.
func (s stamp) second(now int64) int64 { return now - int64(stamp(now)-s) }

func (b *bucket) add(weights *[numSums]int64) {
	b.messages += uint32(weights[Messages])
	b.recipients += weights[Recipients]
	b.bytes += weights[Bytes]
}

func (b *bucket) sums() [numSums]int64 {
	return [numSums]int64{Messages: int64(b.messages), Recipients: b.recipients, Bytes: b.bytes}
}

// A second is the buckets of all counters for it.
type second struct {
	at    int64
	first uint32
}

// bucket returns counter n's bucket for the second at. A late line's bucket is found or put in its place among the few
// of the last disorder seconds. It is 0 where there is no room for the arrival.
func (t *counterTable) bucket(n uint32, at, now int64) uint32 {
	c := t.counters.At(n)
	prev, next, left := c.newest, uint32(0), c.buckets
	for left > 0 && t.buckets.At(prev).at.second(now) > at {
		prev, next = t.buckets.At(prev).older, prev
		left--
	}
	if left == 0 {
		prev = 0
	}
	if prev != 0 && t.buckets.At(prev).at == stamp(at) {
		return prev
	}
	if t.used >= t.limits.buckets && !t.evict(n, now) {
		return t.merge(prev, now)
	}
	b := t.allocBucket()
	*t.buckets.At(b) = bucket{at: stamp(at), counter: n, older: prev}
	if next != 0 {
		t.buckets.At(next).older = b
	} else {
		c.newest = b
	}
	c.buckets++
	t.linkSecond(b, at)
	return b
}

// merge returns the bucket that takes an arrival for which there is none: the one before it, with which it will leave
// too early, or 0 where there is none that is inside all windows.
func (t *counterTable) merge(prev uint32, now int64) uint32 {
	if prev == 0 || t.buckets.At(prev).at.second(now)+t.shortest <= now {
		t.dropped++
		return 0
	}
	t.merged++
	return prev
}

func (t *counterTable) allocBucket() uint32 {
	t.used++
	if b := t.freeBucket; b != 0 {
		t.freeBucket = t.buckets.At(b).older
		return b
	}
	return t.buckets.Alloc(1)
}

func (t *counterTable) freeBucketAt(b uint32) {
	t.buckets.At(b).older = t.freeBucket
	t.freeBucket = b
	t.used--
}

// linkSecond puts bucket b among those of its second.
func (t *counterTable) linkSecond(b uint32, at int64) {
	in := t.buckets.At(b)
	s := t.second(at)
	if in.nextInSecond = s.first; in.nextInSecond != 0 {
		t.buckets.At(in.nextInSecond).prevInSecond = b
	}
	s.first = b
}

// second returns that of at, inside all windows, which is made where there is none. Few are behind a late one.
func (t *counterTable) second(at int64) *second {
	n := t.seconds.Next()
	for n > t.seconds.First() && t.seconds.At(n-1).at > at {
		n--
	}
	if n > t.seconds.First() && t.seconds.At(n-1).at == at {
		return t.seconds.At(n - 1)
	}
	t.seconds.Push(second{})
	for i := t.seconds.Next() - 1; i > n; i-- {
		*t.seconds.At(i) = *t.seconds.At(i - 1)
	}
	*t.seconds.At(n) = second{at: at}
	return t.seconds.At(n)
}

// unlinkSecond takes bucket b out of its second, which may be any.
func (t *counterTable) unlinkSecond(b uint32, now int64) {
	in := t.buckets.At(b)
	if in.nextInSecond != 0 {
		t.buckets.At(in.nextInSecond).prevInSecond = in.prevInSecond
	}
	if in.prevInSecond != 0 {
		t.buckets.At(in.prevInSecond).nextInSecond = in.nextInSecond
		return
	}
	at := in.at.second(now)
	n := sort.Search(t.seconds.Len(), func(i int) bool { return t.seconds.At(t.seconds.First()+uint64(i)).at >= at })
	t.seconds.At(t.seconds.First() + uint64(n)).first = in.nextInSecond
}
