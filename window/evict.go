package window

// full reports whether there is no room for a counter of a value so long, nor for its bucket.
func (f *family) full(length int) bool {
	return f.held >= f.limits.keys || f.used >= f.limits.buckets || f.texts.held+length > f.limits.keyText
}

// evict drops a counter other than keep to make room, and reports whether it found one: of the next maxCandidates
// positions that whose count is the least part of its limit, of several the one with the oldest last arrival. It drops
// none with an open alert and none that is near a limit.
func (f *family) evict(keep uint32, now int64) bool {
	var found candidate
	for range min(maxCandidates, f.counters.len) {
		f.hand++
		if f.hand >= f.counters.len {
			f.hand = 1
		}
		n := f.hand
		if c := f.counters.at(n); n == keep || c.buckets == 0 || c.open > 0 {
			continue
		}
		f.expire(n, now)
		if c := f.candidate(n, now); !c.near && (found.n == 0 || c.before(&found)) {
			found = c
		}
	}
	if found.n == 0 {
		return false
	}
	f.drop(found.n, now)
	f.dropped++
	return true
}

// A candidate is a counter that may be dropped.
type candidate struct {
	n     uint32
	share float64 // the largest part that its count is of a limit
	near  bool    // a limit
	last  int64   // second of its newest bucket
}

// candidate looks at counter n, which has buckets. It is near a limit from half of it on.
func (f *family) candidate(n uint32, now int64) candidate {
	c := candidate{n: n, last: f.buckets.at(f.counters.at(n).last).at.second(now)}
	for i := range f.rules {
		g := f.gauge(n, i)
		count, limit := g.count, f.rules[i].limitOf(g)
		c.share = max(c.share, float64(count)/float64(limit))
		c.near = c.near || count > 0 && count >= limit/2
	}
	return c
}

func (c *candidate) before(d *candidate) bool {
	return c.share < d.share || c.share == d.share && c.last < d.last
}
