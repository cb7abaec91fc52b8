package window

// Stats are what the counters hold, and what their bounds have cost so far.
type Stats struct {
	Keys           int // pairs of key and value that are counted
	Rows           int // arrivals in history
	DistinctValues int // inner values, for rules that count distinct ones
	Bytes          int // that these take
	Open           int // alerts

	// values that were dropped before their time, and arrivals of a value for which there was no room
	DroppedKeys     int
	MergedArrivals  int // arrivals counted at the second of one before
	ForgottenRows   int // arrivals let go before their time, which are missing from the alerts that open later
	OmittedDistinct int // inner values of arrivals that were not counted, for rules that count distinct ones
	RefusedAlerts   int // arrivals over a limit that opened no alert, and alerts that were not restored
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
}

// Stats returns what is held now.
func (c *Counters) Stats() Stats {
	s := Stats{
		Rows: c.arrivals.rows, Bytes: c.arrivals.size, Open: len(c.open),
		ForgottenRows: c.forgotten, RefusedAlerts: c.refused,
	}
	for _, f := range c.tables {
		s.Keys += f.held
		s.DroppedKeys += f.dropped
		s.MergedArrivals += f.merged
		s.DistinctValues += f.distinctHeld()
		s.OmittedDistinct += f.omittedDistinct
	}
	return s
}

// RuleStats is what the counters hold for one rule.
type RuleStats struct {
	Keys int // values that are counted; rules on one key in one scope have theirs together
	Open int // alerts
}

// RuleStats tells it of each rule, in the order in which New was given them.
func (c *Counters) RuleStats() []RuleStats {
	held := make([]RuleStats, len(c.rules))
	at := make(map[*compiledRule]int, len(c.rules))
	for i, r := range c.rules {
		held[i].Keys = r.table.held
		at[r] = i
	}
	for _, e := range c.queue {
		held[at[e.rule]].Open++
	}
	return held
}
