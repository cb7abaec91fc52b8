package window

// Ask returns the highest count that any rule on the key has of the value at the second now of the counters' clock, in what
// that rule counts, and whether any of them is over the limit that applies then. A now behind Clock is taken for it; one
// ahead is for a log in which no line has come for a while. Asking changes nothing: lines that come later with stamps
// before now are counted as if nobody had asked.
func (c *Counters) Ask(k Key, value []byte, now int64) (count int64, over bool) {
	now = max(now, c.clock.now)
	id := c.values.ids[string(value)]
	for _, f := range c.families {
		n := f.find(id)
		if f.key != k || n == 0 {
			continue
		}
		for i := range f.rules {
			inside := f.foresee(n, i, now)
			count = max(count, inside)
			over = over || inside > f.limitAt(n, i, now)
		}
	}
	return count, over
}

// Value is Ask at the time the log has reached.
func (c *Counters) Value(k Key, value []byte) (count int64, over bool) {
	return c.Ask(k, value, c.clock.now)
}

// foresee is what the count of a rule will be at the second now if nothing arrives.
func (f *family) foresee(n uint32, rule int, now int64) int64 {
	g, left := f.gauge(n, rule), now-f.windows[rule]
	if f.rules[rule].Count >= numSums {
		v := f.varied[rule]
		return v.variety.foresee(v.variety.lowest[n], v.window, left)
	}
	count := g.count
	for b := g.tail; b != 0 && f.buckets[b].at <= left; b = f.buckets[b].next {
		count -= f.buckets[b].sums[f.rules[rule].Count]
	}
	return count
}

// limitAt is the limit that will apply to counter n at the second now.
func (f *family) limitAt(n uint32, rule int, now int64) int64 {
	r, g := &f.rules[rule], f.gauge(n, rule)
	if g.except == 0 || r.Except[g.except-1].end() > now {
		return r.limitOf(g)
	}
	if x := r.exception(f.values.values[f.counters[n].id], now); x > 0 {
		return r.Except[x-1].Limit
	}
	return r.Limit
}

// foresee is what estimate will return when the inner values up to the second left have left the window.
func (v *variety) foresee(k uint32, window int, left int64) int64 {
	if k == 0 {
		return 0
	}
	c := &v.classes[k]
	above := v.foresee(c.higher, window, left)
	if c.lost > left {
		return above + max(above, int64(v.limits.class)+1)
	}
	s := v.view(k, window)
	count := s.count
	for e := s.tail; e != 0 && v.inners[e].at <= left; e = v.inners[e].next {
		count--
	}
	return above + int64(count)
}
