package report

import (
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// maxMalformed is how many malformed lines a Summary tells the places of.
const maxMalformed = 20

// A Summary collects what replay tells of a log. Its zero value is empty.
type Summary struct {
	Tally  Tally
	Totals tailer.Totals
	Rules  []window.Rule // that count
	Brief  bool          // only what Text shows is ranked
	Hourly bool          // arrivals are counted by the hour, too

	gathered  []*gathered
	selectors selectors
	malformed []MalformedLine
	alerts    []*opened
	byAlert   map[*window.Alert]*opened
}

// An opened alert, and whether the log's stamps have milliseconds.
type opened struct {
	*window.Alert
	millis bool
	grew   []Growth
}

// A MalformedLine is an arrival that could not be read.
type MalformedLine struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Column int    `json:"column"`
	Why    string `json:"why"`
}

// gathered is what one goroutine has of the arrivals.
type gathered struct {
	rankings [window.NumKeys]Ranking
	hours    hours
}

// A Reception is an arrival with its keys' values.
type Reception struct {
	Arrival *parser.Arrival
	Values  *window.Arrival
}

// Gather gives what ranks arrivals, and counts them by the hour, for one goroutine: they come in any order.
func (s *Summary) Gather() func([]Reception) {
	var keys []window.Key
	for key := range window.NumKeys {
		if !s.Brief || isInText(key) {
			keys = append(keys, key)
		}
	}
	g := new(gathered)
	s.gathered = append(s.gathered, g)
	var items []Item
	return func(receptions []Reception) {
		for _, key := range keys {
			items = items[:0]
			for _, a := range receptions {
				if value := a.Values.Values[key]; value != nil {
					items = append(items, Item{Value: value, Recipients: a.Values.Recipients, Bytes: a.Values.Bytes})
				}
			}
			g.rankings[key].AddAll(items)
		}
		if !s.Hourly {
			return
		}
		for _, a := range receptions {
			g.hours.add(a.Values)
		}
	}
}

// ranking joins what was gathered of a key.
func (s *Summary) ranking(key window.Key) *Ranking {
	if len(s.gathered) == 0 {
		return new(Ranking)
	}
	first := &s.gathered[0].rankings[key]
	for _, g := range s.gathered[1:] {
		first.Join(&g.rankings[key])
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
		s.byAlert = make(map[*window.Alert]*opened)
	}
	for _, a := range alerts {
		o := &opened{Alert: a, millis: s.Tally.Last.Millis}
		s.alerts, s.byAlert[a] = append(s.alerts, o), o
	}
}

// Grew notes that an alert has come to another multiple of its limit with the last arrival.
func (s *Summary) Grew(a *window.Alert) {
	if o := s.byAlert[a]; o != nil {
		o.grew = append(o.grew, Growth{a.Times, s.Tally.Last})
	}
}
