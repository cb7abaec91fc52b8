package report

import (
	"net/netip"
	"slices"
	"time"

	"exiwatch/mailer"
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
	Rules  []window.Rule  // that count
	Brief  bool           // only what Text shows is ranked
	Hourly bool           // arrivals are counted by the hour, too
	Only   []string       // what [count] only names
	Inside []netip.Prefix // what [count] inside names

	collectors []*collector
	relayed    Uncounted // arrivals that the collectors have as uncounted, and that rules count later
	selectors  selectors
	reached    Time // the log's
	malformed  []MalformedLine
	alerts     []*openedAlert
	byAlert    map[*window.Alert]*openedAlert
}

// An openedAlert is an alert with what Text and Document need beside it.
type openedAlert struct {
	*window.Alert
	millis bool // the log's stamps have milliseconds
	grew   []Growth
	ended  *topValues // nil while the alert is open
}

func (o *openedAlert) incident() *window.Incident { return o.Alert.Incident }

// topValues are values of an alert, most messages first.
type topValues struct {
	subjects []window.ValueCount
	distinct int  // subjects of all
	more     bool // subjects than these

	// Of an alert about anomalies: what is wrong with its entries, and some of these.
	anomalies, entries []window.ValueCount

	logHosts   []window.ValueCount // of an alert of a fleet
	refusals   []window.Refusal
	blockLists []string
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
	c := &collector{hourly: s.Hourly}
	for key := range rankedKeys {
		if key == window.Account || s.Brief && !slices.Contains(textKeys, key) {
			continue
		}
		c.keys = append(c.keys, key)
		if i := slices.Index(aliasKeys[:], key); i >= 0 {
			c.bits[key] = 1 << i
		}
	}
	s.collectors = append(s.collectors, c)
	return c.add
}

// joined moves all that the collectors have into the first of them.
func (s *Summary) joined() *collector {
	if len(s.collectors) == 0 {
		return new(collector)
	}
	first := s.collectors[0]
	for _, other := range s.collectors[1:] {
		first.join(other)
	}
	first.mergeAliases()
	first.uncounted.Subtract(&s.relayed)
	return first
}

// Arrival adds an arrival, in the order of the log.
func (s *Summary) Arrival(a *parser.Arrival, _ *window.Arrival) {
	s.Tally.Arrival(a)
	s.reached = s.Tally.Last
	s.selectors.arrival(a)
}

// Relayed takes an arrival that no rule counted when it came for one that rules count: it is relayed.
func (s *Summary) Relayed(w *window.Arrival) { s.relayed.Add(ClassRelayed, w) }

// Other adds an entry that is no arrival.
func (s *Summary) Other(e *parser.Entry) {
	s.Tally.Other(e)
	s.selectors.other(e)
	if e.Kind == parser.Malformed && len(s.malformed) < maxMalformed {
		s.malformed = append(s.malformed, MalformedLine{e.File, e.Line, e.Column, e.Reason})
	}
}

// Join adds what another Summary has of another log, but for Totals and alerts. The other one can't be used any more.
func (s *Summary) Join(other *Summary) {
	s.Tally.join(&other.Tally)
	s.selectors.join(&other.selectors)
	s.malformed = append(s.malformed, other.malformed[:min(len(other.malformed), maxMalformed-len(s.malformed))]...)
	s.collectors = append(s.collectors, other.collectors...)
	s.relayed.Join(&other.relayed)
}

// Reach notes the time of the arrival for which Opened or Grew is called next, where Arrival doesn't get it.
func (s *Summary) Reach(at time.Time) {
	s.reached = Time{at, s.reached.Millis || at.Nanosecond() > 0}
}

// Opened adds alerts, which go on changing while they are open.
func (s *Summary) Opened(alerts []*window.Alert) {
	if s.byAlert == nil {
		s.byAlert = make(map[*window.Alert]*openedAlert)
	}
	for _, a := range alerts {
		o := &openedAlert{Alert: a, millis: s.reached.Millis}
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
	o.ended, o.Alert = topValuesOf(a, rows), a.Summary()
}

// maxEntries is how many entries are shown of an alert about anomalies.
const maxEntries = 3

// topValuesOf gives those of an alert that is open, n subjects, all if n is 0.
func topValuesOf(a *window.Alert, n int) *topValues {
	t := &topValues{subjects: a.Top(window.Subject, n), logHosts: a.Top(window.LogHost, 0)}
	t.distinct, t.more = a.Distinct(window.Subject)
	t.refusals, t.blockLists = a.Refusals(mailer.ShownRefusals), mailer.BlockLists(a)
	if a.Rule.Count == window.Anomalies {
		t.anomalies, t.entries = a.Top(window.Anomaly, 0), a.Top(window.Entry, maxEntries)
	}
	return t
}

func (o *openedAlert) values() *topValues {
	if o.ended != nil {
		return o.ended
	}
	return topValuesOf(o.Alert, 0)
}

// Grew notes that an alert has come to another multiple of its limit with the last arrival.
func (s *Summary) Grew(a *window.Alert) {
	if o := s.byAlert[a]; o != nil {
		o.grew = append(o.grew, Growth{a.Times, s.reached})
	}
}
