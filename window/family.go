package window

// A family is the counters of one key in one scope: one for each of the key's values with an arrival inside the longest
// window of the family's rules, or with an open alert. Counters, gauges and buckets lie in slices and name each other by
// position, so that the garbage collector has nothing to follow; position 0 is none. Positions are used again, and the
// slices themselves are given back when the last counter leaves.
type family struct {
	ruling
	values *intern
	limits *limits
	hashes *hashes // of the arrival being counted
	seen   uint64  // number of the first history row that hasn't left the longest window yet

	byID     []uint32 // position of the counter of an interned value
	counters []counter
	gauges   []gauge // len(rules) for each counter
	free     []uint32
	held     int
	text     int // bytes of the values held

	oldest, youngest uint32 // ends of the queue of counters
	hand             uint32 // where the search for a counter to drop goes on

	buckets    []bucket
	freeBucket uint32 // chained by next
	used       int    // buckets

	// Ever: values not counted any longer or at all, arrivals not counted at their own second, inner values not counted.
	dropped, merged, omitted int
}

// A ruling is what a family counts for.
type ruling struct {
	key               Key
	scope             int
	rules             []Rule  // those on this key in this scope, as given
	windows           []int64 // theirs, seconds
	shortest, longest int64   // of these
	slowest           int     // the rule that has the longest
	varieties         []*variety
	varied            []varied // of the rules that count distinct values
	habits            []habits // of each rule
}

// A counter is what arrived under one value: a chain of buckets, oldest first. The zero counter is unused.
type counter struct {
	id             uint32 // held
	first, last    uint32 // buckets
	open           uint32 // alerts
	older, younger uint32 // counters, in the order of their last arrivals
}

func (f *family) adopt(r Rule) {
	w := windowSeconds(&r)
	if len(f.rules) == 0 || w < f.shortest {
		f.shortest = w
	}
	if w > f.longest {
		f.longest, f.slowest = w, len(f.rules)
	}
	f.rules = append(f.rules, r)
	f.habits = append(f.habits, nil)
	f.windows = append(f.windows, w)
	f.varied = append(f.varied, varied{})
	if r.Count >= numSums {
		v := f.variety(r.Count)
		f.varied[len(f.varied)-1] = varied{v, v.adopt(w)}
	}
}

// find returns the position of a value's counter, or 0.
func (f *family) find(id uint32) uint32 {
	if int(id) >= len(f.byID) {
		return 0
	}
	return f.byID[id]
}

// add counts an arrival under the value id at the second at, which is at most disorder behind now. Where there is no
// room for it, it isn't counted.
func (f *family) add(id uint32, at, now int64, weights [numSums]int64) {
	n := f.findOrCreate(id, now)
	if n == 0 {
		return
	}
	f.expire(n, now)
	b := f.bucket(n, at, now)
	if b == 0 {
		return
	}
	for m, w := range weights {
		f.buckets[b].sums[m] += w
	}
	f.vary(n, f.buckets[b].at, now)
	for i := range f.rules {
		g := f.gauge(n, i)
		if m := f.rules[i].Count; m < numSums {
			g.count += weights[m]
		} else {
			g.count = f.varied[i].variety.count(n, f.varied[i].window, now-f.windows[i])
		}
		if g.tail == 0 || g.from > f.buckets[b].at {
			g.tail, g.from = b, f.buckets[b].at
		}
		g.habit.note(g.count, now/f.windows[i])
	}
	f.touch(n)
}

// findOrCreate returns 0 where there is no room for a counter.
func (f *family) findOrCreate(id uint32, now int64) uint32 {
	if n := f.find(id); n != 0 {
		return n
	}
	for f.full(id) {
		if !f.evict(0, now) {
			f.dropped++
			return 0
		}
	}
	return f.create(id, now)
}

func (f *family) create(id uint32, now int64) uint32 {
	for int(id) >= len(f.byID) {
		f.byID = append(f.byID, 0)
	}
	n := f.unused()
	f.byID[id] = n
	f.counters[n].id = id
	f.held++
	f.text += len(f.values.values[id])
	f.values.keep(id)
	for i := range f.rules {
		g := f.gauge(n, i)
		g.except = f.rules[i].exception(f.values.values[id], now)
		f.habits[i].resume(f.values.values[id], g)
	}
	return n
}

func (f *family) unused() uint32 {
	if n := len(f.free); n > 0 {
		c := f.free[n-1]
		f.free = f.free[:n-1]
		return c
	}
	if len(f.counters) == 0 {
		f.grow()
	}
	f.grow()
	return uint32(len(f.counters) - 1)
}

func (f *family) grow() {
	f.counters = append(f.counters, counter{})
	for range f.rules {
		f.gauges = append(f.gauges, gauge{})
	}
	for _, v := range f.varieties {
		v.lowest = append(v.lowest, 0)
	}
}

// expire takes out of each gauge what has left its window by now, and frees what has left all.
func (f *family) expire(n uint32, now int64) {
	f.settle(n, now)
	for _, v := range f.varieties {
		v.expire(n, now)
	}
	for c, g := &f.counters[n], f.gauge(n, f.slowest); c.first != g.tail; {
		f.freeFirst(c)
	}
}

// idle reports whether nothing is known of counter n any more.
func (f *family) idle(n uint32) bool { return f.counters[n].first == 0 && f.counters[n].open == 0 }

// drop forgets a counter without alerts.
func (f *family) drop(n uint32) {
	c := &f.counters[n]
	for c.first != 0 {
		f.freeFirst(c)
	}
	for _, v := range f.varieties {
		v.drop(n)
	}
	for i := range f.rules {
		f.habits[i].keep(f.values.values[c.id], f.gauge(n, i))
		*f.gauge(n, i) = gauge{}
	}
	f.unlink(n)
	f.byID[c.id] = 0
	f.text -= len(f.values.values[c.id])
	f.values.release(c.id)
	*c = counter{}
	f.free = append(f.free, n)
	f.held--
	if f.held == 0 {
		f.giveBack()
	}
}

// giveBack gives the slices of a family without counters back.
func (f *family) giveBack() {
	for _, v := range f.varieties {
		v.giveBack()
	}
	*f = family{
		ruling: f.ruling, values: f.values, limits: f.limits, hashes: f.hashes, seen: f.seen,
		dropped: f.dropped, merged: f.merged, omitted: f.omitted,
	}
}
