package window

import "slices"

// maxScopes is how many scopes rules may have, as Arrival.Outside has a bit for each.
const maxScopes = 64

// Scopes returns the scopes of the rules, each once, in the order of their first use.
func (c *Counters) Scopes() []string { return slices.Clone(c.scopes) }

// CountsAddresses reports whether any rule needs Arrival.Addresses.
func (c *Counters) CountsAddresses() bool {
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool { return r.Count == Addresses })
}

// Counts reports whether any rule needs the value for a key. If none needs that for Topic, it may be nil also where
// there is a Subject: alerts then make it by Fold, which takes longer than to count an arrival.
func (c *Counters) Counts(k Key) bool {
	inner := slices.Index(distinctKeys[:], k)
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool {
		return r.Key == k || inner >= 0 && r.Count == numSums+Measure(inner)
	})
}

// CountsLog reports whether any rule needs the value for Log of arrivals that are no anomalies.
func (c *Counters) CountsLog() bool {
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool { return r.Key == Log && r.Count != Anomalies })
}

// everything is the scope of a rule that counts Anomalies and says nothing of a scope: an entry that can't be read
// belongs to nobody, and so nobody could say that it counts.
const everything = -1

// scope returns the number of a rule's scope.
func (c *Counters) scope(r *Rule) int {
	text := r.Scope
	if text == "" && r.Count == Anomalies {
		return everything
	}
	if i := slices.Index(c.scopes, text); i >= 0 {
		return i
	}
	c.scopes = append(c.scopes, text)
	return len(c.scopes) - 1
}

// tableOf returns the family that counts for a rule.
func (c *Counters) tableOf(r *Rule) *counterTable {
	k, scope, odd := r.Key, c.scope(r), r.Count == Anomalies
	for _, f := range c.tables {
		if f.key == k && f.scope == scope && f.odd == odd {
			return f
		}
	}
	nth := slices.Index(c.keys, k)
	if nth < 0 {
		nth = len(c.keys)
		c.keys = append(c.keys, k)
		c.valueHashes = append(c.valueHashes, 0)
		c.arrivals.hashes++
	}
	f := &counterTable{tableConfig: tableConfig{key: k, nth: nth, scope: scope, odd: odd}, limits: &c.limits, hashes: &c.hashes}
	c.tables = append(c.tables, f)
	return f
}

// inside reports whether any rule counts the arrival.
func (c *Counters) inside(a *Arrival) bool {
	return len(c.scopes) > 0 && ^a.Outside<<(maxScopes-len(c.scopes)) != 0 || a.Nature.isOdd() && c.anomalies
}
