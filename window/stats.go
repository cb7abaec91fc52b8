package window

// Stats are what the counters hold, and what their bounds have cost so far.
type Stats struct {
	Keys           int // values with a counter
	Rows           int // arrivals in the arrival log
	DistinctValues int // held for rules that count distinct values
	Bytes          int // of the arrival log
	Open           int // alerts

	// Values that were dropped before their time, and arrivals that didn't count because there was no room for their
	// value.
	DroppedKeys     int
	MergedArrivals  int // arrivals that counted at the second of an earlier one
	ForgottenRows   int // arrivals dropped before their time; alerts that open later miss them
	OmittedDistinct int // distinct values that were not counted
	RefusedAlerts   int // arrivals over a limit that opened no alert, and alerts that were not restored
	// ForgottenIncidents are those that were over and could have gone on. An alert that follows begins another one.
	ForgottenIncidents int
	// ForgottenMessages are those in Exim's queue that a pipeline forgot for want of room: what becomes of them doesn't
	// count.
	ForgottenMessages int
}

// Add adds the numbers of other counters.
func (s *Stats) Add(other Stats) {
	s.Keys += other.Keys
	s.Rows += other.Rows
	s.DistinctValues += other.DistinctValues
	s.Bytes += other.Bytes
	s.Open += other.Open
	s.DroppedKeys += other.DroppedKeys
	s.MergedArrivals += other.MergedArrivals
	s.ForgottenRows += other.ForgottenRows
	s.OmittedDistinct += other.OmittedDistinct
	s.RefusedAlerts += other.RefusedAlerts
	s.ForgottenIncidents += other.ForgottenIncidents
	s.ForgottenMessages += other.ForgottenMessages
}

// Stats returns what the counters hold now.
func (c *Counters) Stats() Stats {
	s := c.cost
	s.Rows, s.Bytes, s.Open = c.arrivals.rows, c.arrivals.size, len(c.open)
	for _, t := range c.tables {
		s.Keys += t.counters.Used()
		s.DistinctValues += t.distinctHeld()
	}
	return s
}

// RuleStats is what the counters hold for one rule.
type RuleStats struct {
	Keys int // values with a counter; rules on one key in one scope share them
	Open int // alerts
}

// RuleStats returns the numbers of each rule, in the order in which New got the rules.
func (c *Counters) RuleStats() []RuleStats {
	held := make([]RuleStats, len(c.rules))
	at := make(map[*compiledRule]int, len(c.rules))
	for i, r := range c.rules {
		held[i].Keys = r.table.counters.Used()
		at[r] = i
	}
	for _, e := range c.queue {
		held[at[e.rule]].Open++
	}
	return held
}
