package window

import "slices"

// maxScopes is how many scopes rules may have, as Arrival.Outside has a bit for each.
const maxScopes = 64

// Scopes returns the scopes of the rules, each once, in the order of their first use.
func (c *Counters) Scopes() []string { return slices.Clone(c.scopes) }

// CountsAddresses reports whether any rule needs Arrival.Addresses.
func (c *Counters) CountsAddresses() bool {
	return slices.ContainsFunc(c.rules, func(r *counted) bool { return r.Count == Addresses })
}

// Counts reports whether any rule needs the value for a key. If none needs that for Topic, it may be nil also where there is a
// Subject: alerts then make it by Fold, which takes longer than to count an arrival.
func (c *Counters) Counts(k Key) bool {
	inner := slices.Index(innerKeys[:], k)
	return slices.ContainsFunc(c.rules, func(r *counted) bool { return r.Key == k || inner >= 0 && r.Count == numSums+Measure(inner) })
}

// scope returns the number of a scope.
func (c *Counters) scope(text string) int {
	if i := slices.Index(c.scopes, text); i >= 0 {
		return i
	}
	c.scopes = append(c.scopes, text)
	return len(c.scopes) - 1
}

// familyOf returns the family of a key in a scope.
func (c *Counters) familyOf(k Key, scope int) *family {
	for _, f := range c.families {
		if f.key == k && f.scope == scope {
			return f
		}
	}
	nth := slices.Index(c.keys, k)
	if nth < 0 {
		nth = len(c.keys)
		c.keys = append(c.keys, k)
		c.sums = append(c.sums, 0)
		c.history.hashes++
	}
	f := &family{ruling: ruling{key: k, nth: nth, scope: scope}, limits: &c.limits, hashes: &c.hashes}
	c.families = append(c.families, f)
	return f
}

// inside reports whether any rule's scope has the arrival.
func (c *Counters) inside(a *Arrival) bool { return ^a.Outside<<(maxScopes-len(c.scopes)) != 0 }
