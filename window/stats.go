package window

// Stats are what the counters hold, and what their bounds have cost so far.
type Stats struct {
	Keys  int // pairs of key and value that are counted
	Rows  int // arrivals in history
	DistinctValues int // inner values, for rules that count distinct ones
	Bytes int // that these take
	Open  int // alerts

	// values that were dropped before their time, and arrivals of a value for which there was no room
	DroppedKeys    int
	MergedArrivals int // arrivals counted at the second of one before
	ForgottenRows  int // arrivals let go before their time, which are missing from the alerts that open later
	OmittedDistinct   int // inner values of arrivals that were not counted, for rules that count distinct ones
	RefusedAlerts  int // arrivals over a limit that opened no alert, and alerts that were not restored
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
		Rows: c.history.rows, Bytes: c.history.size, Open: len(c.open),
		ForgottenRows: c.forgotten, RefusedAlerts: c.refused,
	}
	for _, f := range c.families {
		s.Keys += f.held
		s.DroppedKeys += f.dropped
		s.MergedArrivals += f.merged
		s.DistinctValues += f.inner()
		s.OmittedDistinct += f.omitted
	}
	return s
}
