package window

import "math/bits"

// A variety is which inner values the arrivals of each counter of a family have, of one measure. An inner value is
// inside a window while its latest arrival is. Of each counter they are divided into classes, by the zero bits at the
// end of their hashes; how many there are is estimated where a class has more than may be held. Inner values and
// classes lie in slices as the counters do.
type Estimator struct {
	measure Measure
	windows []int64 // of the rules that count it, seconds
	slowest int     // which of them is the longest
	limits  *limits

	index        map[valueKey]uint32 // positions of the inner values
	values       []value
	levels       []level
	levelWindows []levelWindow // len(windows) for each class
	lowest       []uint32      // class of each counter

	freeValue, freeLevel uint32 // chained by next and higher
	held                 int    // inner values
}

// An inner value is known by its hash alone: two in a counter that share one are one, which 64 bits make unlikely.
type value struct {
	hash       uint64
	at         int64 // second of its latest arrival; there is a bucket for it
	level      uint32
	prev, next uint32 // in the class, the oldest first
}

// An innerKey is a counter and a hash, in 12 bytes.
type valueKey struct{ counter, high, low uint32 }

func keyOf(n uint32, hash uint64) valueKey { return valueKey{n, uint32(hash >> 32), uint32(hash)} }

func newEstimator(m Measure, limits *limits) *Estimator {
	return &Estimator{measure: m, limits: limits, index: make(map[valueKey]uint32)}
}

// AddWindow takes another window and returns its number.
func (e *Estimator) AddWindow(window int64) int {
	e.windows = append(e.windows, window)
	last := len(e.windows) - 1
	if window > e.windows[e.slowest] {
		e.slowest = last
	}
	return last
}

// Renew moves an inner value of counter n to the second at, if its latest arrival was before, and reports whether it
// is held at all.
func (e *Estimator) Renew(n uint32, hash uint64, at, now int64) bool {
	i := e.index[keyOf(n, hash)]
	if i == 0 {
		return false
	}
	if at > e.values[i].at {
		class := e.values[i].level
		e.unlink(i, now)
		e.link(i, class, at, now)
	}
	return true
}

// Add takes an inner value that isn't held.
func (e *Estimator) Add(n uint32, hash uint64, at, now int64) {
	i := e.allocValue()
	e.values[i].hash = hash
	e.index[keyOf(n, hash)] = i
	k := e.levelOf(n, hash)
	e.link(i, k, at, now)
	e.shrink(k, now)
}

func (e *Estimator) allocValue() uint32 {
	e.held++
	if i := e.freeValue; i != 0 {
		e.freeValue = e.values[i].next
		return i
	}
	if len(e.values) == 0 {
		e.values = append(e.values, value{})
	}
	e.values = append(e.values, value{})
	return uint32(len(e.values) - 1)
}

// levelOf returns the class of counter n that the hash belongs to.
func (e *Estimator) levelOf(n uint32, hash uint64) uint32 {
	if e.lowest[n] == 0 {
		e.lowest[n] = e.newLevel(n, 0)
	}
	k, zeros := e.lowest[n], uint32(bits.TrailingZeros64(hash))
	for e.levels[k].trailingZeros < zeros && e.levels[k].higher != 0 {
		k = e.levels[k].higher
	}
	return k
}

// Count is how many inner values counter n has inside a window, up to the size of a class exactly. left is the latest
// second that has left the window, up to which they were let go by leave.
func (e *Estimator) Count(n uint32, window int, left int64) int64 {
	return e.estimate(e.lowest[n], window, left)
}

// Leave lets the inner values up to the second left go from a window, and returns the count.
func (e *Estimator) Leave(n uint32, window int, left int64) int64 {
	for k := e.lowest[n]; k != 0; k = e.levels[k].higher {
		s := e.levelWindow(k, window)
		for s.oldest != 0 && e.values[s.oldest].at <= left {
			s.oldest = e.values[s.oldest].next
			s.count--
		}
	}
	return e.Count(n, window, left)
}

// Expire forgets the inner values of counter n that have left all windows.
func (e *Estimator) Expire(n uint32, now int64) {
	for k := e.lowest[n]; k != 0; k = e.levels[k].higher {
		for tail := e.levelWindow(k, e.slowest).oldest; e.levels[k].first != tail; {
			e.remove(e.levels[k].first, now)
		}
	}
}

// remove lets an inner value go.
func (e *Estimator) remove(i uint32, now int64) {
	e.unlink(i, now)
	e.free(i, e.levels[e.values[i].level].counter)
}

func (e *Estimator) free(i, counter uint32) {
	delete(e.index, keyOf(counter, e.values[i].hash))
	e.values[i] = value{next: e.freeValue}
	e.freeValue = i
	e.held--
}

// Drop forgets all of counter n.
func (e *Estimator) Drop(n uint32) {
	for k := e.lowest[n]; k != 0; {
		for i := e.levels[k].first; i != 0; {
			next := e.values[i].next
			e.free(i, n)
			i = next
		}
		higher := e.levels[k].higher
		e.freeLevelAt(k)
		k = higher
	}
	e.lowest[n] = 0
}

// Reset gives the slices of a variety without counters back.
func (e *Estimator) Reset() {
	*e = Estimator{measure: e.measure, windows: e.windows, slowest: e.slowest, limits: e.limits,
		index: make(map[valueKey]uint32)}
}
