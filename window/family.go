package window

// A family is the counters of one key in one scope: one for each of the key's values with an arrival inside the longest
// window of the family's rules, or with an open alert. Time passes for all at once, by pass. What is in the slabs is
// used again, and given back when the last counter leaves.
type family struct {
	ruling
	limits *limits
	hashes *hashes // of the arrival being counted
	n      uint32  // the counter of the arrival that was counted last; 0 where it has none

	table    []uint32
	texts    texts
	counters slab[counter]
	gauges   slab[gauge] // len(rules) for each counter
	pasts    slab[past]
	doubts   map[uint32][]doubt
	fell     map[uint32]int64 // the second at which a gauge's count last fell to the limit, of those that were over it
	held     int
	hand     uint32 // where the search for a counter to drop goes on

	buckets slab[bucket]
	seconds ring[second] // those with buckets, in order
	tails   []uint64     // of each rule, the oldest of the seconds inside its window
	used    int          // buckets

	freeCounter, freeBucket, freePast uint32 // chained by last, prev and next

	// Ever: values not counted any longer or at all, arrivals not counted at their own second, inner values not
	// counted.
	dropped, merged, omitted int
}

// A ruling is what a family counts for.
type ruling struct {
	key               Key
	nth               int // of Counters.keys
	scope             int
	odd               bool    // rules count Anomalies, and these count here as Messages
	rules             []Rule  // those on this key in this scope, as given
	windows           []int64 // theirs, seconds
	shortest, longest int64   // of these
	varieties         []*variety
	varied            []varied // of the rules that count distinct values
	brief             bool     // habits aren't noted
	habits            []habits // of each rule
}

// A counter is what arrived under one value: a chain of buckets, the newest first. One without buckets and alerts is
// unused.
type counter struct {
	hash    uint32
	text    text   // the value
	last    uint32 // bucket
	buckets uint32 // how many
	open    uint32 // alerts
}

func (c *counter) idle() bool { return c.buckets == 0 && c.open == 0 }

func (f *family) adopt(r Rule) {
	w := windowSeconds(&r)
	if len(f.rules) == 0 || w < f.shortest {
		f.shortest = w
	}
	f.longest = max(f.longest, w)
	if r.Count == Anomalies {
		r.Count = Messages
	}
	f.rules = append(f.rules, r)
	f.habits = append(f.habits, nil)
	f.windows = append(f.windows, w)
	f.tails = append(f.tails, 0)
	f.varied = append(f.varied, varied{})
	if r.Count >= numSums {
		v := f.variety(r.Count)
		f.varied[len(f.varied)-1] = varied{v, v.adopt(w)}
	}
}

// add counts an arrival under a value at the second at, which is at most disorder behind now. Where there is no
// room for it, it isn't counted.
func (f *family) add(value []byte, hash uint32, at, now int64, weights *[numSums]int64) {
	f.n = f.findOrCreate(value, hash, now)
	if f.n == 0 {
		return
	}
	f.expire(f.n, now)
	b := f.bucket(f.n, at, now)
	if b == 0 {
		return
	}
	into := f.buckets.at(b)
	into.add(weights)
	f.vary(f.n, into.at.second(now), now)
	for i := range f.rules {
		g := f.gauge(f.n, i)
		if m := f.rules[i].Count; m < numSums {
			g.count += weights[m]
		} else {
			g.count = f.varied[i].variety.count(f.n, f.varied[i].window, now-f.windows[i])
		}
		if !f.brief {
			f.note(g, now/f.windows[i])
		}
	}
}

// findOrCreate returns 0 where there is no room for a counter.
func (f *family) findOrCreate(value []byte, hash uint32, now int64) uint32 {
	if n := f.find(value, hash); n != 0 {
		return n
	}
	for f.full(len(value)) {
		if !f.evict(0, now) {
			f.dropped++
			return 0
		}
	}
	return f.create(value, hash, now)
}

func (f *family) create(value []byte, hash uint32, now int64) uint32 {
	n := f.unused()
	*f.counters.at(n) = counter{hash: hash, text: f.texts.put(value)}
	f.enter(n)
	f.held++
	for i := range f.rules {
		g := f.gauge(n, i)
		g.except = f.rules[i].exception(value, now)
		f.resume(i, value, g)
	}
	return n
}

func (f *family) unused() uint32 {
	if n := f.freeCounter; n != 0 {
		f.freeCounter = f.counters.at(n).last
		return n
	}
	if f.counters.len == 0 {
		f.grow()
	}
	return f.grow()
}

func (f *family) grow() uint32 {
	f.gauges.grow(len(f.rules))
	for _, v := range f.varieties {
		v.lowest = append(v.lowest, 0)
	}
	return f.counters.grow(1)
}

// value is that of counter n, good until another is created.
func (f *family) value(n uint32) []byte { return f.texts.of(f.counters.at(n).text) }

// pass lets the seconds go that have left by now: from the gauges of each rule its window, and the buckets that have
// left all, with the counters that have nothing else.
func (f *family) pass(now int64) {
	for i, window := range f.windows {
		for f.tails[i] < f.seconds.next && f.seconds.at(f.tails[i]).at+window <= now {
			s := f.seconds.at(f.tails[i])
			for b := s.first; b != 0; b = f.buckets.at(b).right {
				f.lower(f.buckets.at(b), i, s.at)
			}
			f.tails[i]++
		}
	}
	for f.seconds.len() > 0 && f.seconds.at(f.seconds.first).at+f.longest <= now {
		b := f.seconds.at(f.seconds.first).first
		f.seconds.pop()
		for b != 0 {
			n, right := f.buckets.at(b).counter, f.buckets.at(b).right
			f.expire(n, now)
			f.counters.at(n).buckets-- // the last in the chain
			f.free(b)
			if f.counters.at(n).idle() {
				f.drop(n, now)
			}
			b = right
		}
	}
}

// expire forgets the inner values of counter n that have left all windows.
func (f *family) expire(n uint32, now int64) {
	for _, v := range f.varieties {
		v.expire(n, now)
	}
}

// drop forgets a counter without alerts.
func (f *family) drop(n uint32, now int64) {
	c := f.counters.at(n)
	for ; c.buckets > 0; c.buckets-- {
		b := c.last
		c.last = f.buckets.at(b).prev
		f.unlink(b, now)
		f.free(b)
	}
	for _, v := range f.varieties {
		v.drop(n)
	}
	for i := range f.rules {
		g := f.gauge(n, i)
		f.keep(i, f.value(n), g)
		*g = gauge{}
		delete(f.fell, f.position(n, i))
	}
	delete(f.doubts, n)
	f.remove(n)
	f.texts.release(c.text)
	*c = counter{last: f.freeCounter}
	f.freeCounter = n
	f.held--
	switch {
	case f.held == 0:
		f.giveBack()
	case f.texts.sparse():
		f.pack()
	}
}

// pack puts the values of all counters into new texts.
func (f *family) pack() {
	was := f.texts
	f.texts = texts{}
	for i := range f.counters.len {
		if c := f.counters.at(i); !c.idle() {
			c.text = f.texts.put(was.of(c.text))
		}
	}
}

// giveBack gives all back of a family without counters.
func (f *family) giveBack() {
	for _, v := range f.varieties {
		v.giveBack()
	}
	clear(f.tails)
	*f = family{
		ruling: f.ruling, limits: f.limits, hashes: f.hashes, tails: f.tails, n: f.n,
		dropped: f.dropped, merged: f.merged, omitted: f.omitted,
	}
}
