// Package distinct counts how many distinct values each of many counters has seen inside sliding windows of time:
// exactly while they are few, and by an estimate of bounded memory beyond.
//
// The owner numbers its counters from 1 on, hashes the values and tells the time. A value is inside a window while its
// latest arrival is. The values of a counter are divided into levels by the zero bits at the end of their hashes: half
// of all values are in the first level, a quarter in the second, and so on. A level holds a bounded number of values,
// those that arrived last. Where a window has more of a level than that, Count takes the level to be as large as all
// higher ones together, which it is on average.
package distinct

import "math/bits"

// An Estimator counts distinct values for many counters. It belongs to one goroutine. Its values and levels lie in
// slices and name each other by position, so that the garbage collector has nothing to follow. Position 0 stands for
// none.
type Estimator struct {
	levelSize int
	windows   []int64 // seconds
	longest   int     // number of the longest window

	index        map[valueKey]uint32 // positions of the values
	values       []value
	levels       []level
	levelWindows []levelWindow // len(windows) for each level
	lowest       []uint32      // first level of each counter

	freeValue, freeLevel uint32 // lists of unused ones, chained by next and higher
}

// A value is known by its hash alone. Two values of a counter with the same hash count as one, which is unlikely with
// 64 bits.
type value struct {
	hash       uint64
	at         int64 // second of its latest arrival
	level      uint32
	prev, next uint32 // in the level, the oldest first
}

// A valueKey is a counter and a hash, in 12 bytes.
type valueKey struct{ counter, high, low uint32 }

func keyOf(n uint32, hash uint64) valueKey { return valueKey{n, uint32(hash >> 32), uint32(hash)} }

// New returns an estimator that holds at most levelSize values of each level, and counts up to so many exactly.
func New(levelSize int) *Estimator {
	return &Estimator{levelSize: levelSize, index: make(map[valueKey]uint32)}
}

// AddWindow adds a window of so many seconds and returns its number. Windows are added before the first value.
func (e *Estimator) AddWindow(seconds int64) int {
	e.windows = append(e.windows, seconds)
	last := len(e.windows) - 1
	if seconds > e.windows[e.longest] {
		e.longest = last
	}
	return last
}

// Grow makes room for counters with numbers below n. A counter needs it before its first use.
func (e *Estimator) Grow(n int) {
	if len(e.levels) == 0 { // position 0
		e.values, e.levels = make([]value, 1), make([]level, 1)
		e.levelWindows = make([]levelWindow, len(e.windows))
	}
	for len(e.lowest) < n {
		e.lowest = append(e.lowest, 0)
	}
}

// Len is how many values the estimator holds.
func (e *Estimator) Len() int { return len(e.index) }

// Renew reports whether the estimator holds a value of counter n, and moves it to the second at if its latest arrival
// was earlier.
func (e *Estimator) Renew(n uint32, hash uint64, at, now int64) bool {
	i := e.index[keyOf(n, hash)]
	if i == 0 {
		return false
	}
	if at > e.values[i].at {
		k := e.values[i].level
		e.unlink(i, now)
		e.link(i, k, at, now)
	}
	return true
}

// Add adds a value that Renew didn't find.
func (e *Estimator) Add(n uint32, hash uint64, at, now int64) {
	i := e.freeValue
	if i == 0 {
		i = uint32(len(e.values))
		e.values = append(e.values, value{})
	}
	e.freeValue = e.values[i].next
	e.values[i].hash = hash
	e.index[keyOf(n, hash)] = i
	k := e.levelOf(n, hash)
	e.link(i, k, at, now)
	e.shrink(k, now)
}

// levelOf returns the level of counter n that the hash belongs to.
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

// Count is how many distinct values counter n has inside a window: exact up to the size of a level. left is the latest
// second that has left the window. Leave needn't have seen it, but then it takes longer.
func (e *Estimator) Count(n uint32, window int, left int64) int64 {
	return e.estimate(e.lowest[n], window, left)
}

// Leave removes the values of counter n up to the second left from a window, and returns the count.
func (e *Estimator) Leave(n uint32, window int, left int64) int64 {
	for k := e.lowest[n]; k != 0; k = e.levels[k].higher {
		w := e.levelWindow(k, window)
		for w.oldest != 0 && e.values[w.oldest].at <= left {
			w.oldest = e.values[w.oldest].next
			w.count--
		}
	}
	return e.Count(n, window, left)
}

// Expire forgets the values of counter n that have left all windows.
func (e *Estimator) Expire(n uint32, now int64) {
	for k := e.lowest[n]; k != 0; k = e.levels[k].higher {
		for oldest := e.levelWindow(k, e.longest).oldest; e.levels[k].first != oldest; {
			e.remove(e.levels[k].first, now)
		}
	}
}

// remove forgets the value at i.
func (e *Estimator) remove(i uint32, now int64) {
	e.unlink(i, now)
	e.free(i, e.levels[e.values[i].level].counter)
}

func (e *Estimator) free(i, counter uint32) {
	delete(e.index, keyOf(counter, e.values[i].hash))
	e.values[i] = value{next: e.freeValue}
	e.freeValue = i
}

// Drop forgets all values of counter n.
func (e *Estimator) Drop(n uint32) {
	for k := e.lowest[n]; k != 0; {
		for i := e.levels[k].first; i != 0; {
			next := e.values[i].next
			e.free(i, n)
			i = next
		}
		higher := e.levels[k].higher
		e.dropLevel(k)
		k = higher
	}
	e.lowest[n] = 0
}

// Reset forgets all counters and gives their memory back. The windows stay.
func (e *Estimator) Reset() {
	*e = Estimator{levelSize: e.levelSize, windows: e.windows, longest: e.longest, index: make(map[valueKey]uint32)}
}
