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
	held standings
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

// takes tells whether there is room for a share.
func (r *Ranking) takes(share float64) bool {
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
	f, index := c.rules[rule].family, c.rules[rule].index
	all := int(f.counters.len)
	end := min(from+n, all)
	for i := max(from, 1); i < end; i++ { // 0 is none
		n := uint32(i)
		g := f.gauge(n, index)
		if g.count <= 0 || !into.takes(float64(g.count)/float64(max(f.rules[index].limitOf(g), 1))) {
			continue
		}
		s := c.standing(rule, n, now)
		if s.Count > 0 && into.takes(s.Share()) {
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
		if n := r.family.find([]byte(value), hash); n != 0 {
			all = append(all, c.standing(i, n, now))
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

func (c *Counters) standing(rule int, n uint32, now int64) Usage {
	f, index := c.rules[rule].family, c.rules[rule].index
	return Usage{
		Rule:  rule,
		Value: string(f.value(n)),
		Count: f.foresee(n, index, c.clock.now, now),
		Limit: f.limitAt(n, index, now),
	}
}

// standings are a heap, the one that has used the least on top.
type standings []Usage

func (s standings) Len() int           { return len(s) }
func (s standings) Less(i, j int) bool { return s[i].Share() < s[j].Share() }
func (s standings) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *standings) Push(x any)        { *s = append(*s, x.(Usage)) }
func (s *standings) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}
