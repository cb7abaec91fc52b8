package window

// CountAt returns the highest count that any rule on the key has of the value at the second now of the counters' clock,
// in what that rule counts, and whether any of them is over the limit that applies then. What rests on Doubtful
// arrivals is left out: nobody is to be refused for what somebody else may have sent. A now behind Clock is taken for
// it; one ahead is for a log in which no line has come for a while. Asking changes nothing: lines that come later
// with stamps before now are counted as if nobody had asked.
func (c *Counters) CountAt(k Key, value []byte, now int64) (count int64, over bool) {
	now = max(now, c.clock.now)
	hash := c.hash(value)
	for _, f := range c.families {
		if f.key != k {
			continue
		}
		n := f.find(value, hash)
		if n == 0 {
			continue
		}
		for i := range f.rules {
			inside := f.foresee(n, i, c.clock.now, now)
			if f.doubts != nil {
				inside = max(inside-f.doubted(n, i, now-f.windows[i]), 0)
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

// foresee is what the count of a rule, at the second at now, will be at the second then if nothing arrives.
func (f *family) foresee(n uint32, rule int, at, then int64) int64 {
	left := then - f.windows[rule]
	if f.tails[rule] == f.seconds.next || f.seconds.at(f.tails[rule]).at > left {
		return f.gauge(n, rule).count // nothing leaves
	}
	if f.rules[rule].Count >= numSums {
		v := f.varied[rule]
		return v.variety.foresee(v.variety.lowest[n], v.window, left)
	}
	sums, _ := f.after(n, left, at)
	return sums[f.rules[rule].Count]
}

// limitAt is the limit that will apply to counter n at the second now.
func (f *family) limitAt(n uint32, rule int, now int64) int64 {
	r, g := &f.rules[rule], f.gauge(n, rule)
	if g.except == 0 || r.Except[g.except-1].end() > now {
		return r.limitOf(g)
	}
	if x := r.exception(f.value(n), now); x > 0 {
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
