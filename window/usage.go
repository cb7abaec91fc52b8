package window

import (
	"cmp"
	"container/heap"
	"slices"
)

// A Usage is how much of a rule's limit a value has used.
type Usage struct {
	Rule         int // number of the rule, in the order in which New got them
	Value        string
	Count, Limit int64
}

// Share is Count divided by Limit. Above 1 the limit is crossed.
func (s Usage) Share() float64 { return float64(s.Count) / float64(max(s.Limit, 1)) }

// A Ranking holds the usages closest to their limits, at most Most of them.
type Ranking struct {
	Most int
	held usageHeap
}

// Sorted returns them, the one closest to its limit first, and each value of a rule once.
func (r *Ranking) Sorted() []Usage {
	all := slices.Clone(r.held)
	slices.SortFunc(all, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(b.Share(), a.Share()), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Value, b.Value))
	})
	seen := make(map[Usage]bool)
	return slices.DeleteFunc(all, func(s Usage) bool {
		key := Usage{Rule: s.Rule, Value: s.Value}
		was := seen[key]
		seen[key] = true
		return was
	})
}

// hasRoom reports whether the ranking would take a usage with this share.
func (r *Ranking) hasRoom(share float64) bool {
	return len(r.held) < r.Most || len(r.held) > 0 && share > r.held[0].Share()
}

func (r *Ranking) add(s Usage) {
	if len(r.held) == r.Most {
		heap.Pop(&r.held)
	}
	heap.Push(&r.held, s)
}

// Rank adds up to n values of a rule to the ranking, beginning at the position from, with their counts at the second
// now; see CountAt. It returns the position to go on at, or 0 at the end. So you can rank many values a few at a time.
// Values that come, go or change in between may be missed, or keep an old count. It changes nothing in the counters.
func (c *Counters) Rank(into *Ranking, rule, from, n int, now int64) (next int) {
	now = max(now, c.clock.now)
	t, index := c.rules[rule].table, c.rules[rule].index
	all := int(t.counters.Len())
	end := min(from+n, all)
	for i := max(from, 1); i < end; i++ { // position 0 stands for none
		n := uint32(i)
		rc := t.ruleCount(n, index)
		if rc.count <= 0 || !into.hasRoom(float64(rc.count)/float64(max(t.rules[index].limitOf(rc), 1))) {
			continue
		}
		s := c.usage(rule, n, now)
		if s.Count > 0 && into.hasRoom(s.Share()) {
			into.add(s)
		}
	}
	if end == all {
		return 0
	}
	return end
}

// Usages returns how much of each rule's limit a value of a key has used at the second now; see CountAt.
func (c *Counters) Usages(k Key, value string, now int64) (all []Usage) {
	now = max(now, c.clock.now)
	hash := c.hash([]byte(value))
	for i, r := range c.rules {
		if r.Key != k {
			continue
		}
		if n := r.table.find([]byte(value), hash); n != 0 {
			all = append(all, c.usage(i, n, now))
			continue
		}
		s := Usage{Rule: i, Value: value, Limit: r.Limit}
		if x := r.exception([]byte(value), now); x > 0 {
			s.Limit = r.Except[x-1].Limit
		}
		all = append(all, s)
	}
	return all
}

func (c *Counters) usage(rule int, n uint32, now int64) Usage {
	t, index := c.rules[rule].table, c.rules[rule].index
	return Usage{
		Rule:  rule,
		Value: string(t.value(n)),
		Count: t.countAt(n, index, c.clock.now, now),
		Limit: t.limitAt(n, index, now),
	}
}

// A usageHeap has the usage with the least share on top.
type usageHeap []Usage

func (s usageHeap) Len() int           { return len(s) }
func (s usageHeap) Less(i, j int) bool { return s[i].Share() < s[j].Share() }
func (s usageHeap) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *usageHeap) Push(x any)        { *s = append(*s, x.(Usage)) }
func (s *usageHeap) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// CountAt returns the highest count of the value under any rule on the key, at the second now of the counters' clock.
// over reports whether any of these counts is above the limit that applies then. Doubtful arrivals are left out: nobody
// should be refused for what somebody else may have sent. A now behind the Clock becomes the Clock's. One ahead of it
// is for a log that has had no line for a while. CountAt changes nothing: lines that come later with stamps before now
// count as usual.
func (c *Counters) CountAt(k Key, value []byte, now int64) (count int64, over bool) {
	now = max(now, c.clock.now)
	hash := c.hash(value)
	for _, t := range c.tables {
		if t.key != k {
			continue
		}
		n := t.find(value, hash)
		if n == 0 {
			continue
		}
		for i := range t.rules {
			inside := t.countAt(n, i, c.clock.now, now)
			if t.doubtful != nil {
				inside = max(inside-t.doubtfulCount(n, i, now-t.windows[i]), 0)
			}
			count = max(count, inside)
			over = over || inside > t.limitAt(n, i, now)
		}
	}
	return count, over
}

// CountNow is CountAt for the second that the log has reached.
func (c *Counters) CountNow(k Key, value []byte) (count int64, over bool) {
	return c.CountAt(k, value, c.clock.now)
}

// countAt is what the count of a rule, now at the second at, will be at the second then if nothing arrives.
func (t *counterTable) countAt(n uint32, rule int, at, then int64) int64 {
	left := then - t.windows[rule]
	if t.tails[rule] == t.seconds.Next() || t.seconds.At(t.tails[rule]).at > left {
		return t.ruleCount(n, rule).count // nothing leaves
	}
	if t.rules[rule].Count >= numSums {
		v := t.distinctRefs[rule]
		return v.estimator.CountAt(n, v.window, left)
	}
	sums, _ := t.sumsAfter(n, left, at)
	return sums[t.rules[rule].Count]
}

// limitAt is the limit that will apply to counter n at the second now.
func (t *counterTable) limitAt(n uint32, rule int, now int64) int64 {
	r, rc := &t.rules[rule], t.ruleCount(n, rule)
	if rc.except == 0 || r.Except[rc.except-1].end() > now {
		return r.limitOf(rc)
	}
	if x := r.exception(t.value(n), now); x > 0 {
		return r.Except[x-1].Limit
	}
	return r.Limit
}
