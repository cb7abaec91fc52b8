package window

// A family is the counters of one key in one scope: one for each of the key's values with an arrival inside the longest
// window of the family's rules, or with an open alert. Time passes for all at once, by pass. What is in the slabs is
// used again, and given back when the last counter leaves.
type counterTable struct {
	tableConfig
	limits  *limits
	hashes  *distinctHashes // of the arrival being counted
	current uint32          // the counter of the arrival that was counted last; 0 where it has none

	index         []uint32
	values        Arena
	counters      Slab[counter]
	ruleCounts    Slab[ruleCount] // len(rules) for each counter
	peakHistories Slab[peakHistory]
	doubtful      map[uint32][]doubtfulSums
	fellAt        map[uint32]int64 // the second at which a gauge's count last fell to the limit, of those that were over it
	held          int
	evictCursor   uint32 // where the search for a counter to drop goes on

	buckets Slab[bucket]
	seconds Ring[second] // those with buckets, in order
	tails   []uint64     // of each rule, the oldest of the seconds inside its window
	used    int          // buckets

	freeCounter, freeBucket, freePeaks uint32 // chained by last, prev and next

	// Ever: values not counted any longer or at all, arrivals not counted at their own second, inner values not
	// counted.
	dropped, merged, omittedDistinct int
}

// A ruling is what a family counts for.
type tableConfig struct {
	key               Key
	nth               int // of Counters.keys
	scope             int
	odd               bool    // rules count Anomalies, and these count here as Messages
	rules             []Rule  // those on this key in this scope, as given
	windows           []int64 // theirs, seconds
	shortest, longest int64   // of these
	estimators        []*Estimator
	distinctRefs      []distinctRef // of the rules that count distinct values
	brief             bool          // habits aren't noted
	baselines         []baselines   // of each rule
}

// A counter is what arrived under one value: a chain of buckets, the newest first. One without buckets and alerts is
// unused.
type counter struct {
	hash       uint32
	value      Ref    // the value
	newest     uint32 // bucket
	buckets    uint32 // how many
	openAlerts uint32 // alerts
}

func (c *counter) idle() bool { return c.buckets == 0 && c.openAlerts == 0 }

func (t *counterTable) addRule(r Rule) {
	w := windowSeconds(&r)
	if len(t.rules) == 0 || w < t.shortest {
		t.shortest = w
	}
	t.longest = max(t.longest, w)
	if r.Count == Anomalies {
		r.Count = Messages
	}
	t.rules = append(t.rules, r)
	t.baselines = append(t.baselines, nil)
	t.windows = append(t.windows, w)
	t.tails = append(t.tails, 0)
	t.distinctRefs = append(t.distinctRefs, distinctRef{})
	if r.Count >= numSums {
		v := t.estimator(r.Count)
		t.distinctRefs[len(t.distinctRefs)-1] = distinctRef{v, v.AddWindow(w)}
	}
}

// add counts an arrival under a value at the second at, which is at most disorder behind now. Where there is no
// room for it, it isn't counted.
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
	for i := range t.rules {
		g := t.ruleCount(t.current, i)
		if m := t.rules[i].Count; m < numSums {
			g.count += weights[m]
		} else {
			g.count = t.distinctRefs[i].estimator.Count(t.current, t.distinctRefs[i].window, now-t.windows[i])
		}
		if !t.brief {
			t.recordPeak(g, now/t.windows[i])
		}
	}
}

// findOrCreate returns 0 where there is no room for a counter.
func (t *counterTable) findOrCreate(value []byte, hash uint32, now int64) uint32 {
	if n := t.find(value, hash); n != 0 {
		return n
	}
	for t.full(len(value)) {
		if !t.evict(0, now) {
			t.dropped++
			return 0
		}
	}
	return t.create(value, hash, now)
}

func (t *counterTable) create(value []byte, hash uint32, now int64) uint32 {
	n := t.allocCounter()
	*t.counters.At(n) = counter{hash: hash, value: t.values.Add(value)}
	t.indexCounter(n)
	t.held++
	for i := range t.rules {
		g := t.ruleCount(n, i)
		g.except = t.rules[i].exception(value, now)
		t.loadBaseline(i, value, g)
	}
	return n
}

func (t *counterTable) allocCounter() uint32 {
	if n := t.freeCounter; n != 0 {
		t.freeCounter = t.counters.At(n).newest
		return n
	}
	if t.counters.len == 0 {
		t.growCounters()
	}
	return t.growCounters()
}

func (t *counterTable) growCounters() uint32 {
	t.ruleCounts.Alloc(len(t.rules))
	for _, v := range t.estimators {
		v.lowest = append(v.lowest, 0)
	}
	return t.counters.Alloc(1)
}

// value is that of counter n, good until another is created.
func (t *counterTable) value(n uint32) []byte { return t.values.Get(t.counters.At(n).value) }

// slide lets the seconds go that have left by now: from the gauges of each rule its window, and the buckets that have
// left all, with the counters that have nothing else.
func (t *counterTable) slide(now int64) {
	for i, window := range t.windows {
		for t.tails[i] < t.seconds.next && t.seconds.At(t.tails[i]).at+window <= now {
			s := t.seconds.At(t.tails[i])
			for b := s.first; b != 0; b = t.buckets.At(b).nextInSecond {
				t.subtract(t.buckets.At(b), i, s.at)
			}
			t.tails[i]++
		}
	}
	for t.seconds.Len() > 0 && t.seconds.At(t.seconds.first).at+t.longest <= now {
		b := t.seconds.At(t.seconds.first).first
		t.seconds.Pop()
		for b != 0 {
			n, right := t.buckets.At(b).counter, t.buckets.At(b).nextInSecond
			t.expire(n, now)
			t.counters.At(n).buckets-- // the last in the chain
			t.freeBucketAt(b)
			if t.counters.At(n).idle() {
				t.drop(n, now)
			}
			b = right
		}
	}
}

// expire forgets the inner values of counter n that have left all windows.
func (t *counterTable) expire(n uint32, now int64) {
	for _, v := range t.estimators {
		v.Expire(n, now)
	}
}

// drop forgets a counter without alerts.
func (t *counterTable) drop(n uint32, now int64) {
	c := t.counters.At(n)
	for ; c.buckets > 0; c.buckets-- {
		b := c.newest
		c.newest = t.buckets.At(b).older
		t.unlinkSecond(b, now)
		t.freeBucketAt(b)
	}
	for _, v := range t.estimators {
		v.Drop(n)
	}
	for i := range t.rules {
		g := t.ruleCount(n, i)
		t.saveBaseline(i, t.value(n), g)
		*g = ruleCount{}
		delete(t.fellAt, t.position(n, i))
	}
	delete(t.doubtful, n)
	t.unindexCounter(n)
	t.values.Release(c.value)
	*c = counter{newest: t.freeCounter}
	t.freeCounter = n
	t.held--
	switch {
	case t.held == 0:
		t.reset()
	case t.values.Fragmented():
		t.packValues()
	}
}

// packValues puts the values of all counters into new texts.
func (t *counterTable) packValues() {
	was := t.values
	t.values = Arena{}
	for i := range t.counters.len {
		if c := t.counters.At(i); !c.idle() {
			c.value = t.values.Add(was.Get(c.value))
		}
	}
}

// reset gives all back of a family without counters.
func (t *counterTable) reset() {
	for _, v := range t.estimators {
		v.Reset()
	}
	clear(t.tails)
	*t = counterTable{
		tableConfig: t.tableConfig, limits: t.limits, hashes: t.hashes, tails: t.tails, current: t.current,
		dropped: t.dropped, merged: t.merged, omittedDistinct: t.omittedDistinct,
	}
}
