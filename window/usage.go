package window

import (
	"cmp"
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
	held []Usage // in the order of Sorted
}

// Sorted returns them, the one closest to its limit first, and each value of a rule once.
func (r *Ranking) Sorted() []Usage {
	seen := make(map[Usage]bool)
	return slices.DeleteFunc(slices.Clone(r.held), func(s Usage) bool {
		key := Usage{Rule: s.Rule, Value: s.Value}
		was := seen[key]
		seen[key] = true
		return was
	})
}

// hasRoom reports whether the ranking would take a usage with this share.
func (r *Ranking) hasRoom(share float64) bool {
	held := len(r.held)
	return held < r.Most || held > 0 && share > r.held[held-1].Share()
}

// add adds a usage that there is room for.
func (r *Ranking) add(s Usage) {
	i, _ := slices.BinarySearchFunc(r.held, s, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(b.Share(), a.Share()), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Value, b.Value))
	})
	r.held = slices.Insert(r.held[:min(len(r.held), r.Most-1)], i, s)
}

// Rank adds up to n values of a rule to the ranking, beginning at the position from, with their counts at the second
// now; see CountAt. It returns the position to go on at, or 0 at the end. So you can rank many values a few at a time.
// Values that come, go or change in between may be missed, or keep an old count. It changes nothing in the counters.
func (c *Counters) Rank(into *Ranking, rule, from, n int, now int64) (next int) {
	now = max(now, c.clock.Now)
	r := c.rules[rule]
	all := int(r.table.counters.Len())
	end := min(from+n, all)
	for i := max(from, 1); i < end; i++ { // position 0 stands for none
		n := uint32(i)
		rc := r.countOf(n)
		if rc.count <= 0 || !into.hasRoom(Usage{Count: r.level(rc.count), Limit: r.limit(rc.except)}.Share()) {
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
	now = max(now, c.clock.Now)
	hash := c.hash([]byte(value))
	for i, r := range c.rules {
		if r.Key != k {
			continue
		}
		if n := r.table.find([]byte(value), hash); n != 0 {
			all = append(all, c.usage(i, n, now))
		} else {
			all = append(all, Usage{Rule: i, Value: value, Limit: r.limit(r.exception([]byte(value), now))})
		}
	}
	return all
}

func (c *Counters) usage(rule int, n uint32, now int64) Usage {
	r := c.rules[rule]
	return Usage{Rule: rule, Value: string(r.table.value(n)), Count: r.countAt(n, now), Limit: r.limitAt(n, now)}
}

// CountAt returns the highest count of the value under any rule on the key, at the second now of the counters' clock.
// over reports whether any of these counts is above the limit that applies then. Doubtful arrivals are left out: nobody
// should be refused for what somebody else may have sent. A now behind the Clock becomes the Clock's. One ahead of it
// is for a log that has had no line for a while. CountAt changes nothing: lines that come later with stamps before now
// count as usual.
func (c *Counters) CountAt(k Key, value []byte, now int64) (count int64, over bool) {
	now = max(now, c.clock.Now)
	hash := c.hash(value)
	for _, t := range c.tables {
		if t.key != k {
			continue
		}
		n := t.find(value, hash)
		if n == 0 {
			continue
		}
		for _, r := range t.rules {
			inside := r.countAt(n, now)
			if t.doubtful != nil {
				inside = max(inside-r.doubtfulCount(n, now-r.window), 0)
			}
			count = max(count, inside)
			over = over || inside > r.limitAt(n, now)
		}
	}
	return count, over
}

// CountNow is CountAt for the second that the log has reached.
func (c *Counters) CountNow(k Key, value []byte) (count int64, over bool) {
	return c.CountAt(k, value, c.clock.Now)
}

// countAt is what the rule's count of counter n will be at the second then if nothing arrives.
func (r *compiledRule) countAt(n uint32, then int64) int64 {
	t, left := r.table, then-r.window
	if r.tail == t.seconds.Next() || t.seconds.At(r.tail).at > left {
		return r.level(r.countOf(n).count) // nothing leaves
	}
	if r.estimator != nil {
		return r.estimator.Count(n, r.nth, left)
	}
	sums, _ := t.sumsAfter(n, left, t.c.clock.Now)
	return r.level(sums[r.measure])
}

// limitAt is the limit that will apply to counter n at the second now.
func (r *compiledRule) limitAt(n uint32, now int64) int64 {
	except := r.countOf(n).except
	if except > 0 && r.Except[except-1].end() <= now {
		except = r.exception(r.table.value(n), now)
	}
	return r.limit(except)
}
