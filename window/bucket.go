package window

import "sort"

// A bucket is what arrived under one value in one second. Its 40 bytes times the seconds of the longest window bound a
// counter.
type bucket struct {
	recipients, bytes int64

	messages    uint32
	at          stamp
	counter     uint32
	prev        uint32 // of the counter, the second before; nothing behind the last of counter.buckets
	left, right uint32 // in the same second
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
func (f *family) bucket(n uint32, at, now int64) uint32 {
	c := f.counters.at(n)
	prev, next, left := c.last, uint32(0), c.buckets
	for left > 0 && f.buckets.at(prev).at.second(now) > at {
		prev, next = f.buckets.at(prev).prev, prev
		left--
	}
	if left == 0 {
		prev = 0
	}
	if prev != 0 && f.buckets.at(prev).at == stamp(at) {
		return prev
	}
	if f.used >= f.limits.buckets && !f.evict(n, now) {
		return f.merge(prev, now)
	}
	b := f.unusedBucket()
	*f.buckets.at(b) = bucket{at: stamp(at), counter: n, prev: prev}
	if next != 0 {
		f.buckets.at(next).prev = b
	} else {
		c.last = b
	}
	c.buckets++
	f.link(b, at)
	return b
}

// merge returns the bucket that takes an arrival for which there is none: the one before it, with which it will leave
// too early, or 0 where there is none that is inside all windows.
func (f *family) merge(prev uint32, now int64) uint32 {
	if prev == 0 || f.buckets.at(prev).at.second(now)+f.shortest <= now {
		f.dropped++
		return 0
	}
	f.merged++
	return prev
}

func (f *family) unusedBucket() uint32 {
	f.used++
	if b := f.freeBucket; b != 0 {
		f.freeBucket = f.buckets.at(b).prev
		return b
	}
	if f.buckets.len == 0 {
		f.buckets.grow(1)
	}
	return f.buckets.grow(1)
}

func (f *family) free(b uint32) {
	f.buckets.at(b).prev = f.freeBucket
	f.freeBucket = b
	f.used--
}

// link puts bucket b among those of its second.
func (f *family) link(b uint32, at int64) {
	in := f.buckets.at(b)
	s := f.second(at)
	if in.right = s.first; in.right != 0 {
		f.buckets.at(in.right).left = b
	}
	s.first = b
}

// second returns that of at, inside all windows, which is made where there is none. Few are behind a late one.
func (f *family) second(at int64) *second {
	n := f.seconds.next
	for n > f.seconds.first && f.seconds.at(n-1).at > at {
		n--
	}
	if n > f.seconds.first && f.seconds.at(n-1).at == at {
		return f.seconds.at(n - 1)
	}
	f.seconds.push(second{})
	for i := f.seconds.next - 1; i > n; i-- {
		*f.seconds.at(i) = *f.seconds.at(i - 1)
	}
	*f.seconds.at(n) = second{at: at}
	return f.seconds.at(n)
}

// unlink takes bucket b out of its second, which may be any.
func (f *family) unlink(b uint32, now int64) {
	in := f.buckets.at(b)
	if in.right != 0 {
		f.buckets.at(in.right).left = in.left
	}
	if in.left != 0 {
		f.buckets.at(in.left).right = in.right
		return
	}
	at := in.at.second(now)
	n := sort.Search(f.seconds.len(), func(i int) bool { return f.seconds.at(f.seconds.first+uint64(i)).at >= at })
	f.seconds.at(f.seconds.first + uint64(n)).first = in.right
}
