package window

import "math"

// maxZeros is the highest class. With 1024 in it there would be 2**50 inner values.
const maxZeros = 40

// A class is the inner values of one counter whose hashes end in so many zero bits; the highest has those with more,
// too. Each but the highest has about as many as all above it together. Its size is bounded by limits.class: the
// highest is divided, the others let go what is oldest.
type level struct {
	counter       uint32
	trailingZeros uint32
	higher        uint32 // the next class of the counter
	held          uint32
	first, last   uint32 // inner values
	evictedAt     int64  // the latest second of those that were let go
}

const never = math.MinInt64 // of lost

// A view is what a window has of a class.
type levelWindow struct {
	oldest uint32 // the oldest inner value inside
	count  uint32 // of those held
}

func (e *Estimator) levelWindow(k uint32, window int) *levelWindow {
	return &e.levelWindows[int(k)*len(e.windows)+window]
}

func (e *Estimator) newLevel(counter, zeros uint32) uint32 {
	k := e.allocLevel()
	e.levels[k] = level{counter: counter, trailingZeros: zeros, evictedAt: never}
	return k
}

func (e *Estimator) allocLevel() uint32 {
	if k := e.freeLevel; k != 0 {
		e.freeLevel = e.levels[k].higher
		return k
	}
	if len(e.levels) == 0 {
		e.growLevels()
	}
	e.growLevels()
	return uint32(len(e.levels) - 1)
}

func (e *Estimator) growLevels() {
	e.levels = append(e.levels, level{})
	for range e.windows {
		e.levelWindows = append(e.levelWindows, levelWindow{})
	}
}

// freeLevelAt gives a class back whose inner values were given back.
func (e *Estimator) freeLevelAt(k uint32) {
	for j := range e.windows {
		*e.levelWindow(k, j) = levelWindow{}
	}
	e.levels[k] = level{higher: e.freeLevel}
	e.freeLevel = k
}

// estimate is how many inner values a window has in class k and all above. Of a class of which it would have one that
// was let go, it has more than may be held: as many as all above, on average. So the estimate grows by arrivals only
// and shrinks by time only.
func (e *Estimator) estimate(k uint32, window int, left int64) int64 {
	if k == 0 {
		return 0
	}
	c := &e.levels[k]
	above := e.estimate(c.higher, window, left)
	if c.evictedAt <= left {
		return above + int64(e.levelWindow(k, window).count)
	}
	return above + max(above, int64(e.limits.levelSize)+1)
}

// link puts an inner value into class k at the second at: last, but that of a late line in its place.
func (e *Estimator) link(i, k uint32, at, now int64) {
	c := &e.levels[k]
	prev, next := c.last, uint32(0)
	for prev != 0 && e.values[prev].at > at {
		prev, next = e.values[prev].prev, prev
	}
	if prev != 0 {
		e.values[prev].next = i
	} else {
		c.first = i
	}
	if next != 0 {
		e.values[next].prev = i
	} else {
		c.last = i
	}
	in := &e.values[i]
	in.at, in.level, in.prev, in.next = at, k, prev, next
	c.held++
	for j, window := range e.windows {
		if at+window <= now {
			continue
		}
		s := e.levelWindow(k, j)
		s.count++
		if s.oldest == next {
			s.oldest = i
		}
	}
}

// unlink takes an inner value out of its class.
func (e *Estimator) unlink(i uint32, now int64) {
	in := e.values[i]
	c := &e.levels[in.level]
	if in.prev != 0 {
		e.values[in.prev].next = in.next
	} else {
		c.first = in.next
	}
	if in.next != 0 {
		e.values[in.next].prev = in.prev
	} else {
		c.last = in.prev
	}
	c.held--
	for j, window := range e.windows {
		if in.at+window <= now {
			continue
		}
		s := e.levelWindow(in.level, j)
		s.count--
		if s.oldest == i {
			s.oldest = in.next
		}
	}
}

// shrink brings class k, which got another inner value, back to its size.
func (e *Estimator) shrink(k uint32, now int64) {
	most := uint32(e.limits.levelSize)
	for ; k != 0 && e.levels[k].held > most; k = e.levels[k].higher {
		if c := &e.levels[k]; c.higher == 0 && c.trailingZeros < maxZeros {
			e.split(k, now)
		}
		for e.levels[k].held > most {
			i := e.levels[k].first
			e.levels[k].evictedAt = max(e.levels[k].evictedAt, e.values[i].at)
			e.remove(i, now)
		}
	}
}

// split makes another class above the highest.
func (e *Estimator) split(k uint32, now int64) {
	higher := e.newLevel(e.levels[k].counter, e.levels[k].trailingZeros+1)
	e.levels[k].higher = higher
	for i := e.levels[k].first; i != 0; {
		in := e.values[i]
		if in.hash>>e.levels[k].trailingZeros&1 == 0 {
			e.unlink(i, now)
			e.link(i, higher, in.at, now)
		}
		i = in.next
	}
}
