package window

import "slices"

// maxScopes is how many scopes rules may have. Arrival.Outside has one bit for each.
const maxScopes = 64

// Scopes returns the scopes of the rules, each once, in the order of their first use.
func (c *Counters) Scopes() []string { return slices.Clone(c.scopes) }

// CountsAddresses reports whether any rule needs Arrival.Addresses.
func (c *Counters) CountsAddresses() bool {
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool { return r.Count == Addresses })
}

// Counts reports whether any rule needs the value for a key. If none needs Topic, it may be nil even where there is a
// Subject. Alerts then make it by FoldSubject, which takes longer than counting an arrival.
func (c *Counters) Counts(k Key) bool {
	i := slices.Index(distinctKeys[:], k)
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool {
		return r.Key == k || i >= 0 && r.Count == numSums+Measure(i)
	})
}

// CountsLog reports whether any rule needs the value for Log of arrivals that are not anomalies.
func (c *Counters) CountsLog() bool {
	return slices.ContainsFunc(c.rules, func(r *compiledRule) bool { return r.Key == Log && r.Count != Anomalies })
}

// everything is the scope of a rule that counts Anomalies and has no Scope. An entry that can't be read belongs to
// nobody, so no scope can include it.
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

// tableOf returns the table that counts for a rule, and adds it where it is missing.
func (c *Counters) tableOf(r *Rule) *counterTable {
	k, scope, kind := r.Key, c.scope(r), r.Count.kind()
	for _, t := range c.tables {
		if t.key == k && t.scope == scope && t.kind == kind {
			return t
		}
	}
	nth := slices.Index(c.keys, k)
	if nth < 0 {
		nth = len(c.keys)
		c.keys = append(c.keys, k)
		c.valueHashes = append(c.valueHashes, 0)
		c.arrivals.hashes++
	}
	t := &counterTable{tableConfig: tableConfig{c: c, key: k, nth: nth, scope: scope, kind: kind}}
	c.tables = append(c.tables, t)
	return t
}

// inside reports whether any rule counts the arrival.
func (c *Counters) inside(a *Arrival) bool {
	return len(c.scopes) > 0 && ^a.Outside<<(maxScopes-len(c.scopes)) != 0 || a.Nature.isOdd() && c.anomalies
}
