package distinct

import "math"

// maxZeros is the highest level. With 1024 values in it the counter would have seen 2**50.
const maxZeros = 40

// A level is the values of one counter whose hashes end in so many zero bits. The highest also has those with more
// zeros. Each other level has about as many values as all higher ones together. A level that grows beyond its size
// drops its oldest values; the highest is split first.
type level struct {
	counter       uint32
	trailingZeros uint32
	higher        uint32 // the counter's next level
	held          uint32
	first, last   uint32 // values
	evictedAt     int64  // the latest second of those that it dropped for their number
}

const never = math.MinInt64 // an evictedAt

// A levelWindow is what a window has of a level.
type levelWindow struct {
	oldest uint32 // value inside the window
	count  uint32 // of the values that the level holds
}

func (e *Estimator) levelWindow(k uint32, window int) *levelWindow {
	return &e.levelWindows[int(k)*len(e.windows)+window]
}

func (e *Estimator) newLevel(counter, zeros uint32) uint32 {
	k := e.freeLevel
	if k == 0 {
		k = uint32(len(e.levels))
		e.levels = append(e.levels, level{})
		e.levelWindows = append(e.levelWindows, make([]levelWindow, len(e.windows))...)
	}
	e.freeLevel = e.levels[k].higher
	e.levels[k] = level{counter: counter, trailingZeros: zeros, evictedAt: never}
	return k
}

// dropLevel gives back a level whose values are free already.
func (e *Estimator) dropLevel(k uint32) {
	clear(e.levelWindows[int(k)*len(e.windows):][:len(e.windows)])
	e.levels[k] = level{higher: e.freeLevel}
	e.freeLevel = k
}

// estimate is how many values a window has in level k and all higher ones, after the values up to the second left have
// left it. A level that dropped a value which would still be inside has more values than it may hold: on average as
// many as all higher ones. So the estimate grows only by arrivals and shrinks only by time.
func (e *Estimator) estimate(k uint32, window int, left int64) int64 {
	if k == 0 {
		return 0
	}
	l := &e.levels[k]
	above := e.estimate(l.higher, window, left)
	if l.evictedAt > left {
		return above + max(above, int64(e.levelSize)+1)
	}
	w := e.levelWindow(k, window)
	count := w.count
	for i := w.oldest; i != 0 && e.values[i].at <= left; i = e.values[i].next {
		count--
	}
	return above + int64(count)
}

// link puts a value into level k at the second at. It goes last, except for the value of a late line.
func (e *Estimator) link(i, k uint32, at, now int64) {
	l := &e.levels[k]
	prev, next := l.last, uint32(0)
	for prev != 0 && e.values[prev].at > at {
		prev, next = e.values[prev].prev, prev
	}
	*e.behind(l, prev), *e.before(l, next) = i, i
	v := &e.values[i]
	v.at, v.level, v.prev, v.next = at, k, prev, next
	l.held++
	for j, window := range e.windows {
		if at+window <= now {
			continue
		}
		w := e.levelWindow(k, j)
		w.count++
		if w.oldest == next {
			w.oldest = i
		}
	}
}

// behind is where it stands which value of the level comes behind value i; behind none comes the first one.
func (e *Estimator) behind(l *level, i uint32) *uint32 {
	if i == 0 {
		return &l.first
	}
	return &e.values[i].next
}

// before is where it stands which value of the level comes before value i; before none comes the last one.
func (e *Estimator) before(l *level, i uint32) *uint32 {
	if i == 0 {
		return &l.last
	}
	return &e.values[i].prev
}

// unlink takes a value out of its level.
func (e *Estimator) unlink(i uint32, now int64) {
	v := e.values[i]
	l := &e.levels[v.level]
	*e.behind(l, v.prev), *e.before(l, v.next) = v.next, v.prev
	l.held--
	for j, window := range e.windows {
		if v.at+window <= now {
			continue
		}
		w := e.levelWindow(v.level, j)
		w.count--
		if w.oldest == i {
			w.oldest = v.next
		}
	}
}

// shrink brings level k, which got another value, back to its size.
func (e *Estimator) shrink(k uint32, now int64) {
	most := uint32(e.levelSize)
	for ; k != 0 && e.levels[k].held > most; k = e.levels[k].higher {
		if l := &e.levels[k]; l.higher == 0 && l.trailingZeros < maxZeros {
			e.split(k, now)
		}
		for e.levels[k].held > most {
			i := e.levels[k].first
			e.levels[k].evictedAt = max(e.levels[k].evictedAt, e.values[i].at)
			e.remove(i, now)
		}
	}
}

// split moves part of the highest level to a new one above it.
func (e *Estimator) split(k uint32, now int64) {
	higher := e.newLevel(e.levels[k].counter, e.levels[k].trailingZeros+1)
	e.levels[k].higher = higher
	for i := e.levels[k].first; i != 0; {
		v := e.values[i]
		if v.hash>>e.levels[k].trailingZeros&1 == 0 {
			e.unlink(i, now)
			e.link(i, higher, v.at, now)
		}
		i = v.next
	}
}
