package window

// CountAt returns the highest count that any rule on the key has of the value at the second now of the counters' clock,
// in what that rule counts, and whether any of them is over the limit that applies then. What rests on Doubtful
// arrivals is left out: nobody is to be refused for what somebody else may have sent. A now behind Clock is taken for
// it; one ahead is for a log in which no line has come for a while. Asking changes nothing: lines that come later
// with stamps before now are counted as if nobody had asked.
func (c *Counters) CountAt(k Key, value []byte, now int64) (count int64, over bool) {
	now = max(now, c.clock.now)
	hash := c.hash(value)
	for _, f := range c.tables {
		if f.key != k {
			continue
		}
		n := f.find(value, hash)
		if n == 0 {
			continue
		}
		for i := range f.rules {
			inside := f.countAt(n, i, c.clock.now, now)
			if f.doubtful != nil {
				inside = max(inside-f.doubtfulCount(n, i, now-f.windows[i]), 0)
			}
			count = max(count, inside)
			over = over || inside > f.limitAt(n, i, now)
		}
	}
	return count, over
}

// CountNow is Ask at the time the log has reached.
func (c *Counters) CountNow(k Key, value []byte) (count int64, over bool) {
	return c.CountAt(k, value, c.clock.now)
}

// countAt is what the count of a rule, at the second at now, will be at the second then if nothing arrives.
func (t *counterTable) countAt(n uint32, rule int, at, then int64) int64 {
	left := then - t.windows[rule]
	if t.tails[rule] == t.seconds.next || t.seconds.At(t.tails[rule]).at > left {
		return t.ruleCount(n, rule).count // nothing leaves
	}
	if t.rules[rule].Count >= numSums {
		v := t.distinctRefs[rule]
		return v.estimator.CountAt(v.estimator.lowest[n], v.window, left)
	}
	sums, _ := t.sumsAfter(n, left, at)
	return sums[t.rules[rule].Count]
}

// limitAt is the limit that will apply to counter n at the second now.
func (t *counterTable) limitAt(n uint32, rule int, now int64) int64 {
	r, g := &t.rules[rule], t.ruleCount(n, rule)
	if g.except == 0 || r.Except[g.except-1].end() > now {
		return r.limitOf(g)
	}
	if x := r.exception(t.value(n), now); x > 0 {
		return r.Except[x-1].Limit
	}
	return r.Limit
}

// CountAt is what estimate will return when the inner values up to the second left have left the window.
func (e *Estimator) CountAt(k uint32, window int, left int64) int64 {
	if k == 0 {
		return 0
	}
	c := &e.levels[k]
	above := e.CountAt(c.higher, window, left)
	if c.evictedAt > left {
		return above + max(above, int64(e.limits.levelSize)+1)
	}
	s := e.levelWindow(k, window)
	count := s.count
	for i := s.oldest; i != 0 && e.values[i].at <= left; i = e.values[i].next {
		count--
	}
	return above + int64(count)
}
