package window

import "math/bits"

// A variety is which inner values the arrivals of each counter of a family have, of one measure. An inner value is
// inside a window while its latest arrival is. Of each counter they are divided into classes, by the zero bits at the
// end of their hashes; how many there are is estimated where a class has more than may be held. Inner values and
// classes lie in slices as the counters do.
type variety struct {
	measure Measure
	windows []int64 // of the rules that count it, seconds
	slowest int     // which of them is the longest
	limits  *limits

	places  map[innerKey]uint32 // positions of the inner values
	inners  []inner
	classes []class
	views   []view   // len(windows) for each class
	lowest  []uint32 // class of each counter

	freeInner, freeClass uint32 // chained by next and higher
	held                 int    // inner values
}

// An inner value is known by its hash alone: two in a counter that share one are one, which 64 bits make unlikely.
type inner struct {
	hash       uint64
	at         int64 // second of its latest arrival; there is a bucket for it
	class      uint32
	prev, next uint32 // in the class, the oldest first
}

// An innerKey is a counter and a hash, in 12 bytes.
type innerKey struct{ counter, high, low uint32 }

func keyOf(n uint32, hash uint64) innerKey { return innerKey{n, uint32(hash >> 32), uint32(hash)} }

func newVariety(m Measure, limits *limits) *variety {
	return &variety{measure: m, limits: limits, places: make(map[innerKey]uint32)}
}

// adopt takes another window and returns its number.
func (v *variety) adopt(window int64) int {
	v.windows = append(v.windows, window)
	last := len(v.windows) - 1
	if window > v.windows[v.slowest] {
		v.slowest = last
	}
	return last
}

// renew moves an inner value of counter n to the second at, if its latest arrival was before, and reports whether it
// is held at all.
func (v *variety) renew(n uint32, hash uint64, at, now int64) bool {
	e := v.places[keyOf(n, hash)]
	if e == 0 {
		return false
	}
	if at > v.inners[e].at {
		class := v.inners[e].class
		v.take(e, now)
		v.put(e, class, at, now)
	}
	return true
}

// insert takes an inner value that isn't held.
func (v *variety) insert(n uint32, hash uint64, at, now int64) {
	e := v.unusedInner()
	v.inners[e].hash = hash
	v.places[keyOf(n, hash)] = e
	k := v.classOf(n, hash)
	v.put(e, k, at, now)
	v.trim(k, now)
}

func (v *variety) unusedInner() uint32 {
	v.held++
	if e := v.freeInner; e != 0 {
		v.freeInner = v.inners[e].next
		return e
	}
	if len(v.inners) == 0 {
		v.inners = append(v.inners, inner{})
	}
	v.inners = append(v.inners, inner{})
	return uint32(len(v.inners) - 1)
}

// classOf returns the class of counter n that the hash belongs to.
func (v *variety) classOf(n uint32, hash uint64) uint32 {
	if v.lowest[n] == 0 {
		v.lowest[n] = v.newClass(n, 0)
	}
	k, zeros := v.lowest[n], uint32(bits.TrailingZeros64(hash))
	for v.classes[k].zeros < zeros && v.classes[k].higher != 0 {
		k = v.classes[k].higher
	}
	return k
}

// count is how many inner values counter n has inside a window, up to the size of a class exactly. left is the latest
// second that has left the window, up to which they were let go by leave.
func (v *variety) count(n uint32, window int, left int64) int64 {
	return v.estimate(v.lowest[n], window, left)
}

// leave lets the inner values up to the second left go from a window, and returns the count.
func (v *variety) leave(n uint32, window int, left int64) int64 {
	for k := v.lowest[n]; k != 0; k = v.classes[k].higher {
		s := v.view(k, window)
		for s.tail != 0 && v.inners[s.tail].at <= left {
			s.tail = v.inners[s.tail].next
			s.count--
		}
	}
	return v.count(n, window, left)
}

// expire forgets the inner values of counter n that have left all windows.
func (v *variety) expire(n uint32, now int64) {
	for k := v.lowest[n]; k != 0; k = v.classes[k].higher {
		for tail := v.view(k, v.slowest).tail; v.classes[k].first != tail; {
			v.forget(v.classes[k].first, now)
		}
	}
}

// forget lets an inner value go.
func (v *variety) forget(e uint32, now int64) {
	v.take(e, now)
	v.remove(e, v.classes[v.inners[e].class].counter)
}

func (v *variety) remove(e, counter uint32) {
	delete(v.places, keyOf(counter, v.inners[e].hash))
	v.inners[e] = inner{next: v.freeInner}
	v.freeInner = e
	v.held--
}

// drop forgets all of counter n.
func (v *variety) drop(n uint32) {
	for k := v.lowest[n]; k != 0; {
		for e := v.classes[k].first; e != 0; {
			next := v.inners[e].next
			v.remove(e, n)
			e = next
		}
		higher := v.classes[k].higher
		v.dropClass(k)
		k = higher
	}
	v.lowest[n] = 0
}

// giveBack gives the slices of a variety without counters back.
func (v *variety) giveBack() {
	*v = variety{measure: v.measure, windows: v.windows, slowest: v.slowest, limits: v.limits,
		places: make(map[innerKey]uint32)}
}
