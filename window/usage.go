package window

import (
	"cmp"
	"container/heap"
	"slices"
)

// A Standing is how much of a rule's limit a value has used.
type Usage struct {
	Rule         int // its number, in the order in which New got them
	Value        string
	Count, Limit int64
}

// Share is the part of the limit: above 1 it is crossed.
func (s Usage) Share() float64 { return float64(s.Count) / float64(max(s.Limit, 1)) }

// A Ranking holds those standings that have used most of their limits, Most of them at most.
type Ranking struct {
	Most int
	held usageHeap
}

// Sorted returns what is held, the one nearest to its limit first; each value of a rule once.
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

// hasRoom tells whether there is room for a share.
func (r *Ranking) hasRoom(share float64) bool {
	return len(r.held) < r.Most || len(r.held) > 0 && share > r.held[0].Share()
}

func (r *Ranking) add(s Usage) {
	if len(r.held) == r.Most {
		heap.Pop(&r.held)
	}
	heap.Push(&r.held, s)
}

// Rank puts n values of a rule into the ranking, those held from the place from on, with their counts at the second
// now, for which see Ask. It returns the place to go on at, or 0 when it has seen all. So many values can be ranked a
// few at a time: those that come, go or move in between may be missed, or be held with the count they had. It changes
// nothing in the counters.
func (c *Counters) Rank(into *Ranking, rule, from, n int, now int64) (next int) {
	now = max(now, c.clock.now)
	f, index := c.rules[rule].table, c.rules[rule].index
	all := int(f.counters.Len())
	end := min(from+n, all)
	for i := max(from, 1); i < end; i++ { // 0 is none
		n := uint32(i)
		g := f.ruleCount(n, index)
		if g.count <= 0 || !into.hasRoom(float64(g.count)/float64(max(f.rules[index].limitOf(g), 1))) {
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

// Usages returns how a value of a key stands under each rule on it at the second now, for which see Ask.
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
	f, index := c.rules[rule].table, c.rules[rule].index
	return Usage{
		Rule:  rule,
		Value: string(f.value(n)),
		Count: f.countAt(n, index, c.clock.now, now),
		Limit: f.limitAt(n, index, now),
	}
}

// usageHeap are a heap, the one that has used the least on top.
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
	r, g := &t.rules[rule], t.ruleCount(n, rule)
	if g.except == 0 || r.Except[g.except-1].end() > now {
		return r.limitOf(g)
	}
	if x := r.exception(t.value(n), now); x > 0 {
		return r.Except[x-1].Limit
	}
	return r.Limit
}
