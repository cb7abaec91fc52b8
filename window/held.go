package window

// RuleStats is what the counters hold for one rule.
type RuleStats struct {
	Keys int // values that are counted; rules on one key in one scope have theirs together
	Open int // alerts
}

// RuleStats tells it of each rule, in the order in which New was given them.
func (c *Counters) RuleStats() []RuleStats {
	held := make([]RuleStats, len(c.rules))
	at := make(map[*counted]int, len(c.rules))
	for i, r := range c.rules {
		held[i].Keys = r.family.held
		at[r] = i
	}
	for _, e := range c.queue {
		held[at[e.rule]].Open++
	}
	return held
}
