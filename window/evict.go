package window

// full reports whether there is no room for a counter of a value so long, nor for its bucket.
func (t *counterTable) full(length int) bool {
	return t.held >= t.limits.keys || t.used >= t.limits.buckets || t.values.Held()+length > t.limits.keyText
}

// evict drops a counter other than keep to make room, and reports whether it found one: of the next maxCandidates
// positions that whose count is the least part of its limit, of several the one with the oldest last arrival. It drops
// none with an open alert and none that is near a limit.
func (t *counterTable) evict(keep uint32, now int64) bool {
	var found candidate
	for range min(maxCandidates, t.counters.Len()) {
		t.evictCursor++
		if t.evictCursor >= t.counters.Len() {
			t.evictCursor = 1
		}
		n := t.evictCursor
		if c := t.counters.At(n); n == keep || c.buckets == 0 || c.openAlerts > 0 {
			continue
		}
		t.expire(n, now)
		if c := t.candidate(n, now); !c.near && (found.n == 0 || c.before(&found)) {
			found = c
		}
	}
	if found.n == 0 {
		return false
	}
	t.drop(found.n, now)
	t.dropped++
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
func (t *counterTable) candidate(n uint32, now int64) candidate {
	c := candidate{n: n, last: t.buckets.At(t.counters.At(n).newest).at.second(now)}
	for i := range t.rules {
		g := t.ruleCount(n, i)
		count, limit := g.count, t.rules[i].limitOf(g)
		c.share = max(c.share, float64(count)/float64(limit))
		c.near = c.near || count > 0 && count >= limit/2
	}
	return c
}

func (c *candidate) before(d *candidate) bool {
	return c.share < d.share || c.share == d.share && c.last < d.last
}
