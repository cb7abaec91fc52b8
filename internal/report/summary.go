package report

import (
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// maxMalformed is how many malformed lines a Summary lists.
const maxMalformed = 20

// A Summary collects what replay reports about a log. Its zero value is empty.
type Summary struct {
	Tally  Tally
	Totals tailer.Totals
	Rules  []window.Rule // that count
	Brief  bool          // only what Text shows is ranked
	Hourly bool          // arrivals are counted by the hour, too
	Only   []string      // what [count] only names

	collectors []*collector
	selectors  selectors
	malformed  []MalformedLine
	alerts     []*openedAlert
	byAlert    map[*window.Alert]*openedAlert
}

// An openedAlert is an alert with what Text and Document need beside it.
type openedAlert struct {
	*window.Alert
	millis bool // the log's stamps have milliseconds
	grew   []Growth
	ended  *subjects // nil while the alert is open
}

// subjects are those of an ended alert, most messages first.
type subjects struct {
	rows []window.ValueCount
	n    int // of all
	more bool

	anomalies, entries []window.ValueCount
}

// rankedKeys is the first key that isn't ranked: all arrivals have the same value of Log.
const rankedKeys = window.Log

// A MalformedLine is an arrival that could not be read.
type MalformedLine struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Column int    `json:"column"`
	Why    string `json:"why"`
}

// A Reception is an arrival with its keys' values.
type Reception struct {
	Arrival *parser.Arrival
	Values  *window.Arrival
	Class   Class // of an arrival that no rule counts
}

// NewCollector returns a function that ranks arrivals, and counts them by the hour. Each goroutine needs its own;
// arrivals may come in any order.
func (s *Summary) NewCollector() func([]Reception) {
	var keys []window.Key
	for key := range rankedKeys {
		if !s.Brief || isInText(key) {
			keys = append(keys, key)
		}
	}
	c := newCollector(keys, s.Hourly)
	s.collectors = append(s.collectors, c)
	return c.add
}

// ranking joins the collectors, and gives the ranking of a key.
func (s *Summary) ranking(key window.Key) *Ranking {
	if len(s.collectors) == 0 {
		return new(Ranking)
	}
	first := s.collectors[0]
	for _, g := range s.collectors[1:] {
		first.join(g)
	}
	first.mergeAliases()
	return &first.rankings[key]
}

// uncounted joins what the collectors have of arrivals that no rule counts.
func (s *Summary) uncounted() *Uncounted {
	if len(s.collectors) == 0 {
		return new(Uncounted)
	}
	first := &s.collectors[0].uncounted
	for _, g := range s.collectors[1:] {
		first.Join(&g.uncounted)
	}
	return first
}

// Arrival adds an arrival, in the order of the log.
func (s *Summary) Arrival(a *parser.Arrival, _ *window.Arrival) {
	s.Tally.Arrival(a)
	s.selectors.arrival(a)
}

// Other adds an entry that is no arrival.
func (s *Summary) Other(e *parser.Entry) {
	s.Tally.Other(e)
	s.selectors.other(e)
	if e.Kind == parser.Malformed && len(s.malformed) < maxMalformed {
		s.malformed = append(s.malformed, MalformedLine{e.File, e.Line, e.Column, e.Reason})
	}
}

// Opened adds alerts, which go on changing while they are open.
func (s *Summary) Opened(alerts []*window.Alert) {
	if s.byAlert == nil {
		s.byAlert = make(map[*window.Alert]*openedAlert)
	}
	for _, a := range alerts {
		o := &openedAlert{Alert: a, millis: s.Tally.Last.Millis}
		s.alerts, s.byAlert[a] = append(s.alerts, o), o
	}
}

// Ended drops what Text and Document don't need of an ended alert, because a long log may open thousands. Document's
// Alert.Of is then without what was tallied.
func (s *Summary) Ended(a *window.Alert) {
	o := s.byAlert[a]
	if o == nil {
		return
	}
	delete(s.byAlert, a)
	rows := 0
	if s.Brief {
		rows = maxSubjects
	}
	o.ended = &subjects{
		rows: a.Top(window.Subject, rows), anomalies: a.Top(window.Anomaly, 0),
		entries: a.Top(window.Entry, maxEntries),
	}
	o.ended.n, o.ended.more = a.Distinct(window.Subject)
	o.Alert = a.Summary()
}

// maxEntries is how many entries are shown of an alert about anomalies.
const maxEntries = 3

// oddities gives what is wrong with how many of an alert's entries, and some of these, if it is about anomalies.
func (o *openedAlert) oddities() (anomalies, entries []window.ValueCount) {
	switch {
	case o.Rule.Count != window.Anomalies:
		return nil, nil
	case o.ended != nil:
		return o.ended.anomalies, o.ended.entries
	}
	return o.Top(window.Anomaly, 0), o.Top(window.Entry, maxEntries)
}

// top gives the n subjects with the most messages, all if n is 0.
func (o *openedAlert) top(n int) []window.ValueCount {
	if o.ended == nil {
		return o.Top(window.Subject, n)
	}
	if n == 0 {
		return o.ended.rows
	}
	return o.ended.rows[:min(n, len(o.ended.rows))]
}

// distinct says how many subjects there are, and whether there are more.
func (o *openedAlert) distinct() (n int, more bool) {
	if o.ended == nil {
		return o.Distinct(window.Subject)
	}
	return o.ended.n, o.ended.more
}

// Grew notes that an alert has come to another multiple of its limit with the last arrival.
func (s *Summary) Grew(a *window.Alert) {
	if o := s.byAlert[a]; o != nil {
		o.grew = append(o.grew, Growth{a.Times, s.Tally.Last})
	}
}
