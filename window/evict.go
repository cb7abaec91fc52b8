package window

import "cmp"

// full reports whether there is no room for another counter, whose value has the given length, or for its bucket.
func (t *counterTable) full(length int) bool {
	most := &t.c.limits
	return t.counters.Used() >= most.keys || t.buckets.Used() >= most.buckets || t.values.Held()+length > most.keyText
}

// evict drops a counter other than keep to make room, and reports whether it found one. It looks at the next
// maxCandidates positions and takes the counter that has used the least of its limit; of equal ones, the one whose last
// arrival is the oldest. It drops none that has an open alert or is near a limit.
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
		if c := t.candidate(n, now); !c.near && (found.n == 0 ||
			cmp.Or(cmp.Compare(c.share, found.share), cmp.Compare(c.last, found.last)) < 0) {
			found = c
		}
	}
	if found.n == 0 {
		return false
	}
	t.drop(found.n, now)
	t.c.cost.DroppedKeys++
	return true
}

// A candidate is a counter that may be dropped.
type candidate struct {
	n     uint32
	share float64 // count divided by limit, the highest of all rules
	near  bool    // has used half of a limit
	last  int64   // second of the newest bucket
}

// candidate looks at counter n, which has buckets.
func (t *counterTable) candidate(n uint32, now int64) candidate {
	c := candidate{n: n, last: t.buckets.At(t.counters.At(n).newest).at.second(now)}
	for _, r := range t.rules {
		rc := r.countOf(n)
		count, limit := r.level(rc.count), r.limit(rc.except)
		c.share = max(c.share, float64(count)/float64(limit))
		c.near = c.near || count > 0 && count >= limit/2
	}
	return c
}
