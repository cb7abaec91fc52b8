package window

import "sort"

// A bucket is what arrived under one value in one second. It takes 40 bytes, so a counter takes at most that for each
// second of the longest window.
type bucket struct {
	recipients, bytes int64

	messages                   uint32
	at                         stamp
	counter                    uint32
	older                      uint32 // the counter's bucket before this; undefined in the last of counter.buckets
	prevInSecond, nextInSecond uint32 // buckets of other counters
}

// A stamp is the last 32 bits of a second. A bucket's stamp is at most 31 days behind the clock.
type stamp uint32

// second is the full second of a stamp.
func (s stamp) second(now int64) int64 { return now - int64(stamp(now)-s) }

func (b *bucket) add(weights *[numSums]int64) {
	b.messages += uint32(weights[Messages])
	b.recipients += weights[Recipients]
	b.bytes += weights[Bytes]
}

func (b *bucket) sums() [numSums]int64 {
	return [numSums]int64{Messages: int64(b.messages), Recipients: b.recipients, Bytes: b.bytes}
}

// A second lists the buckets of all counters for one second.
type second struct {
	at    int64
	first uint32
}

// bucket returns counter n's bucket for the second at, or 0 if there is no room for the arrival. A late line's bucket
// belongs among the few of the last disorder seconds.
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
	if t.buckets.Used() >= t.c.limits.buckets && !t.evict(n, now) {
		return t.merge(prev, now)
	}
	b := t.buckets.Alloc(1)
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

// merge returns the bucket for an arrival that can't have one of its own: the one before, with which the arrival will
// leave too early. It returns 0 where no such bucket is inside all windows.
func (t *counterTable) merge(prev uint32, now int64) uint32 {
	if prev == 0 || t.buckets.At(prev).at.second(now)+t.shortest <= now {
		t.c.cost.DroppedKeys++
		return 0
	}
	t.c.cost.MergedArrivals++
	return prev
}

// linkSecond adds bucket b to its second.
func (t *counterTable) linkSecond(b uint32, at int64) {
	in := t.buckets.At(b)
	s := t.second(at)
	if in.nextInSecond = s.first; in.nextInSecond != 0 {
		t.buckets.At(in.nextInSecond).prevInSecond = b
	}
	s.first = b
}

// second returns the entry for the second at, which is inside all windows, and adds it where it is missing. Only a few
// entries are newer than that of a late line.
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

// unlinkSecond removes bucket b from its second, which may be any.
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
