package window

import (
	"exiwatch/window/internal/distinct"
	"exiwatch/window/internal/pool"
)

// A counterTable holds the counters of one key in one scope: one for each value with an arrival inside the longest
// window of the table's rules, or with an open alert. Time passes for all at once, in slide. Slabs reuse what is free,
// and give their memory back when the last counter leaves.
type counterTable struct {
	tableConfig
	current uint32 // counter of the current arrival; 0 if it has none

	index         []uint32
	values        pool.Arena
	counters      pool.Slab[counter]
	ruleCounts    pool.Slab[ruleCount] // len(rules) for each counter
	peakHistories pool.Slab[peakHistory]
	doubtful      map[uint32][]doubtfulSums
	evictCursor   uint32 // where the next search for a counter to drop begins

	buckets pool.Slab[bucket]
	seconds pool.Ring[second] // those with buckets, in order of time
}

// A tableConfig is what a table counts, and for which rules.
type tableConfig struct {
	c                 *Counters // that the table belongs to
	key               Key
	nth               int // index in Counters.keys
	scope             int
	kind              tableKind
	rules             []*compiledRule // those on this key in this scope, in their order
	shortest, longest int64           // window of the rules, seconds
	estimators        []estimator
}

// An estimator counts the distinct values of one measure.
type estimator struct {
	*distinct.Estimator
	measure Measure
}

// A counter is what arrived under one value: a chain of buckets, the newest first. A counter without buckets and alerts
// is unused.
type counter struct {
	hash       uint32
	value      pool.Ref // see counterTable.value
	newest     uint32   // first bucket of the chain
	buckets    uint32   // length of the chain
	openAlerts uint32
}

func (c *counter) idle() bool { return c.buckets == 0 && c.openAlerts == 0 }

// add counts an arrival under a value at the second at, which is at most disorder behind now. If there is no room for
// it, it doesn't count.
func (t *counterTable) add(value []byte, hash uint32, at, now int64, weights *[numSums]int64) {
	t.current = t.findOrCreate(value, hash, now)
	if t.current == 0 {
		return
	}
	t.expire(t.current, now)
	b := t.bucket(t.current, at, now)
	if b == 0 {
		return
	}
	into := t.buckets.At(b)
	into.add(weights)
	t.countDistinct(t.current, into.at.second(now), now)
	for _, r := range t.rules {
		rc := r.countOf(t.current)
		was := r.Count == BounceShare && r.isOver(rc)
		if r.estimator == nil {
			rc.count += weights[r.measure]
		} else {
			rc.count = r.estimator.Count(t.current, r.nth, now-r.window)
		}
		if r.Count == BounceShare {
			rc.over = true // if it is
		}
		if was && !r.isOver(rc) {
			r.recordFall(t.current, now+1) // during this second it was over
		}
		if !t.c.brief {
			t.recordPeak(rc, r.level(rc.count), now/r.window)
		}
	}
}

// findOrCreate returns the counter of a value, or 0 if there is no room for one.
func (t *counterTable) findOrCreate(value []byte, hash uint32, now int64) uint32 {
	if n := t.find(value, hash); n != 0 {
		return n
	}
	for t.full(len(value)) {
		if !t.evict(0, now) {
			t.c.cost.DroppedKeys++
			return 0
		}
	}
	return t.create(value, hash, now)
}

func (t *counterTable) create(value []byte, hash uint32, now int64) uint32 {
	n := t.counters.Alloc(1)
	for _, e := range t.estimators {
		e.Grow(int(n) + 1)
	}
	if rules := uint32(len(t.rules)); n*rules >= t.ruleCounts.Len() { // else the counter was used before
		t.ruleCounts.Alloc(len(t.rules))
	}
	*t.counters.At(n) = counter{hash: hash, value: t.values.Add(value)}
	t.indexCounter(n)
	for _, r := range t.rules {
		rc := r.countOf(n)
		rc.except = r.exception(value, now)
		if most, ok := r.baselines[string(value)]; ok {
			t.setPeaks(rc, peakHistory{earlier: most})
		}
	}
	return n
}

// value is the value of counter n. It is good until another counter is created.
func (t *counterTable) value(n uint32) []byte { return t.values.Get(t.counters.At(n).value) }

// slide removes the seconds that have left by now: from each rule's counts those that have left its window, and the
// buckets that have left all windows. Counters that have nothing else go with them.
func (t *counterTable) slide(now int64) {
	for _, r := range t.rules {
		for ; r.tail < t.seconds.Next() && t.seconds.At(r.tail).at+r.window <= now; r.tail++ {
			s := t.seconds.At(r.tail)
			for b := s.first; b != 0; b = t.buckets.At(b).nextInSecond {
				r.subtract(t.buckets.At(b), s.at)
			}
		}
	}
	for t.seconds.Len() > 0 && t.seconds.At(t.seconds.First()).at+t.longest <= now {
		b := t.seconds.At(t.seconds.First()).first
		t.seconds.Pop()
		for b != 0 {
			n, right := t.buckets.At(b).counter, t.buckets.At(b).nextInSecond
			t.expire(n, now)
			t.counters.At(n).buckets-- // the last in the chain
			t.buckets.Free(b)
			if t.counters.At(n).idle() {
				t.drop(n, now)
			}
			b = right
		}
	}
}

// expire forgets the distinct values of counter n that have left all windows.
func (t *counterTable) expire(n uint32, now int64) {
	for _, e := range t.estimators {
		e.Expire(n, now)
	}
}

// drop forgets a counter that has no open alert.
func (t *counterTable) drop(n uint32, now int64) {
	c := t.counters.At(n)
	for ; c.buckets > 0; c.buckets-- {
		b := c.newest
		c.newest = t.buckets.At(b).older
		t.unlinkSecond(b, now)
		t.buckets.Free(b)
	}
	for _, e := range t.estimators {
		e.Drop(n)
	}
	for _, r := range t.rules {
		rc := r.countOf(n)
		r.saveBaseline(t.value(n), rc)
		*rc = ruleCount{}
		delete(r.fellAt, n)
	}
	delete(t.doubtful, n)
	t.unindexCounter(n)
	t.values.Release(c.value)
	t.counters.Free(n)
	switch {
	case t.counters.Used() == 0:
		t.reset()
	case t.values.Fragmented():
		t.packValues()
	}
}

// packValues copies the values of all counters into a new arena.
func (t *counterTable) packValues() {
	was := t.values
	t.values = pool.Arena{}
	for i := range t.counters.Len() {
		if c := t.counters.At(i); !c.idle() {
			c.value = t.values.Add(was.Get(c.value))
		}
	}
}

// reset gives back the memory of a table without counters.
func (t *counterTable) reset() {
	for _, e := range t.estimators {
		e.Reset()
	}
	for _, r := range t.rules {
		r.tail, r.fellAt = 0, nil
	}
	*t = counterTable{tableConfig: t.tableConfig, current: t.current}
}

// estimatorOf returns the table's estimator of a measure.
func (t *counterTable) estimatorOf(m Measure) *distinct.Estimator {
	for _, e := range t.estimators {
		if e.measure == m {
			return e.Estimator
		}
	}
	e := distinct.New(t.c.limits.levelSize)
	t.estimators = append(t.estimators, estimator{e, m})
	return e
}

// countDistinct counts the current arrival's distinct values under counter n, at the second of its bucket.
func (t *counterTable) countDistinct(n uint32, at, now int64) {
	for _, e := range t.estimators {
		for _, h := range t.c.hashes.byMeasure[e.measure-numSums] {
			if e.Renew(n, h, at, now) {
				continue
			}
			if t.distinctFull(n, now) {
				t.c.cost.OmittedDistinct++
				continue
			}
			e.Add(n, h, at, now)
		}
	}
}

// distinctFull reports whether there is no room for another distinct value, even after dropping counters other than n.
func (t *counterTable) distinctFull(n uint32, now int64) bool {
	for t.distinctHeld() >= t.c.limits.distinct {
		if !t.evict(n, now) {
			return true
		}
	}
	return false
}

// distinctHeld is how many distinct values the table holds.
func (t *counterTable) distinctHeld() (held int) {
	for _, e := range t.estimators {
		held += e.Len()
	}
	return held
}
