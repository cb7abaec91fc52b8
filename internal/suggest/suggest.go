// Package suggest chooses limits from a log: for each rule the lowest limit that would have opened only so many alerts.
//
// The log is read several times: once for the peaks, the highest count that each value of a rule's key had in one
// window, and then with limits that these suggest, until one is found; the last time with those that were found.
// Everything is counted as the daemon counts, so nothing here depends on what a rule counts.
//
// What is held beside the counters are the peaks of each rule: for a million values of 21 bytes 165 MB.
package suggest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"exiwatch/internal/report"
	"exiwatch/window"
)

const week = 7 * 24 * time.Hour

// A Suggester finds limits. It is given the log again and again:
//
//	First                           gives the rules for the first pass
//	NextLog, Arrival and Counted    for the peaks
//	Next                            gives the rules for the next pass
//	Opened                          with each alert that these open
//
// until Next gives none. Suggestions has the result then.
type Suggester struct {
	perWeek        float64
	arrivals       int64 // counted
	earliest, last report.Time
	rules          []*ruleTrial
	searched       []*ruleTrial               // those with a limit to find, once the peaks are known
	opened         map[string]*report.Ranking // alerts of the pass by rule, each by value
	found          bool                       // the next pass is the last
}

// A ruleTrial is a rule with what the passes have shown about its limits.
type ruleTrial struct {
	peaks
	sorted        []peak  // once the peaks are known
	search        *search // nil: there is nothing to find
	currentAlerts int64   // that the rule's own limit opens
	byValue       *report.Ranking
}

// New makes a Suggester of limits that open at most perWeek alerts a week. Of rules that differ only in their limits it
// keeps the first.
func New(rules []window.Rule, perWeek float64) (*Suggester, error) {
	s := &Suggester{perWeek: perWeek}
	seen := make(map[string]bool)
	for _, rule := range rules {
		text := withLimit(rule, 1).String()
		if seen[text] {
			continue
		}
		seen[text] = true
		s.rules = append(s.rules, &ruleTrial{peaks: peaks{rule: rule, highest: make(map[string]int64)}})
	}
	counters, err := window.New(s.First())
	if err != nil {
		return nil, err
	}
	for _, r := range s.rules {
		r.scope = slices.Index(counters.Scopes(), r.rule.Scope)
	}
	return s, nil
}

// First gives the rules for the first pass, which finds the peaks. They open no alerts.
func (s *Suggester) First() (rules []window.Rule) {
	for _, r := range s.rules {
		rules = append(rules, r.uncapped())
	}
	return rules
}

// NextLog begins another log, which has a clock of its own.
func (s *Suggester) NextLog() error {
	for _, r := range s.rules {
		if err := r.reset(); err != nil {
			return err
		}
	}
	return nil
}

// Arrival takes the time of each arrival, counted or not.
func (s *Suggester) Arrival(at report.Time) {
	if s.earliest.IsZero() || at.Before(s.earliest.Time) {
		s.earliest = at
	}
	if at.After(s.last.Time) {
		s.last = at
	}
	for _, r := range s.rules {
		r.counters.Advance(at.Time)
	}
}

// Counted takes each counted arrival, after Arrival.
func (s *Suggester) Counted(a *window.Arrival) {
	if a.Nature != window.Identified {
		s.arrivals++
	}
	for _, r := range s.rules {
		r.count(a)
	}
}

// Opened takes the alerts of a pass.
func (s *Suggester) Opened(alerts []*window.Alert) {
	for _, a := range alerts {
		text := a.Rule.String()
		if s.opened[text] == nil {
			s.opened[text] = new(report.Ranking)
		}
		s.opened[text].Add([]byte(a.Value), 0, 0)
	}
}

// Next ends a pass and gives the rules for the next one; nil: there is none.
func (s *Suggester) Next() []window.Rule {
	if s.opened == nil {
		s.startSearches()
	} else {
		s.recordPass()
	}
	if s.found {
		return nil
	}
	s.opened = make(map[string]*report.Ranking)
	rules := s.withLimits((*ruleTrial).candidates)
	if rules == nil {
		s.found = true
		rules = s.withLimits(func(r *ruleTrial) []int64 { return []int64{r.search.high} })
	}
	return rules
}

// startSearches makes searches from the peaks.
func (s *Suggester) startSearches() {
	for _, r := range s.rules {
		r.finish()
		r.sorted = r.ranked()
		r.counters, r.highest = nil, nil
		if len(r.sorted) > 0 && r.sorted[0].count > 0 {
			r.search = newSearch(r.sorted, s.allowed())
			s.searched = append(s.searched, r)
		}
	}
}

// recordPass records the alerts of the pass.
func (s *Suggester) recordPass() {
	for _, r := range s.searched {
		if s.found {
			r.byValue = s.alerts(r, r.search.high)
			continue
		}
		if len(r.search.alerts) == 0 {
			r.currentAlerts = s.alerts(r, r.rule.Limit).Total()
		}
		for _, limit := range r.search.next() {
			r.search.record(limit, s.alerts(r, limit).Total())
		}
	}
}

// alerts gives the alerts that the rule with this limit opened in the pass.
func (s *Suggester) alerts(r *ruleTrial, limit int64) *report.Ranking {
	return cmp.Or(s.opened[withLimit(r.rule, limit).String()], new(report.Ranking))
}

// candidates gives the limits to try, and the first time also the rule's own.
func (t *ruleTrial) candidates() []int64 {
	limits := t.search.next()
	if len(t.search.alerts) == 0 && !slices.Contains(limits, t.rule.Limit) {
		limits = append(limits, t.rule.Limit)
	}
	return limits
}

// withLimits gives the rules that are searched, each with some limits; nil if there are none.
func (s *Suggester) withLimits(limits func(*ruleTrial) []int64) (rules []window.Rule) {
	for _, r := range s.searched {
		for _, limit := range limits(r) {
			rules = append(rules, withLimit(r.rule, limit))
		}
	}
	return rules
}

// withLimit gives the rule with another limit, and a name without a limit. Exceptions open no alerts.
func withLimit(rule window.Rule, limit int64) window.Rule {
	if _, err := window.ParseRule(rule.Name); err == nil || rule.Name == "" {
		rule.Name = rule.Key.String() + " " + rule.Count.String() + " in " + window.FormatWindow(rule.Window)
	}
	rule.Limit = limit
	rule.Except = slices.Clone(rule.Except)
	for i := range rule.Except {
		rule.Except[i].Limit = math.MaxInt64
	}
	return rule
}

// weeks is how long the log is, from the earliest stamp of an arrival to the last.
func (s *Suggester) weeks() float64 { return float64(s.last.Sub(s.earliest.Time)) / float64(week) }

// allowed is how many alerts of a rule the log may have. A log that is too short for one may have one, unless none at
// all are wanted.
func (s *Suggester) allowed() int64 {
	if s.perWeek == 0 {
		return 0
	}
	return max(int64(math.Floor(s.perWeek*s.weeks())), 1)
}
