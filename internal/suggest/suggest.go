// Package suggest chooses limits from a log: limits over what the host's own senders usually do, though somebody may
// have abused an account while the log was written.
//
// For each rule it takes the daily peaks, the highest count in one window that each value of the rule's key had on each
// day. The limit is one and a half times their 99th percentile, and no less than Floor. Incidents that look like abuse
// are left out of the measure, and so are values that often send much, which are proposed as exceptions. If the limit
// would still open more alerts than are allowed, it rises to the lowest one that doesn't.
//
// The log is read several times: once for the peaks, once for the incidents, and then with limits that these suggest,
// until one is found; the last time with those that were found. Everything is counted as the daemon counts, so nothing
// here depends on what a rule counts.
//
// What is held beside the counters are the peaks of each rule. With a million values that sent on one day each, replay
// takes 370 MB; each further day of a value takes 16 bytes.
package suggest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"exiwatch/internal/report"
	"exiwatch/window"
)

const (
	week = 7 * 24 * time.Hour

	// MinDays and MinArrivals are how much log a limit needs: so many days, from the first to the last, and so many
	// arrivals that the rule counts.
	MinDays, MinArrivals = 7, 100
)

// Floor is the lowest limit that is suggested for a measure in a window. Under it people look like abusers.
func Floor(m window.Measure, span time.Duration) int64 {
	switch m {
	case window.Messages:
		return messagesFloor(span)
	case window.Recipients:
		return 2 * messagesFloor(span)
	case window.Bytes:
		return 1_000_000
	case window.Bounces, window.Deferrals:
		return bouncesFloor
	}
	return 5 // distinct hosts, subjects …
}

// bouncesFloor is for recipients that are refused or deferred: an old list of recipients has so many.
const bouncesFloor = 20

func messagesFloor(span time.Duration) int64 {
	switch {
	case span < 30*time.Minute:
		return 10
	case span < 6*time.Hour:
		return 20
	}
	return 50
}

// A Suggester finds limits. It is given the log again and again:
//
//	First                           gives the rules for the first pass
//	NextLog, Arrival and Counted    for the peaks
//	Next                            gives the rules for the next pass
//	Opened and Ended                with each alert of these
//
// until Next gives none. Suggestions has the result then.
type Suggester struct {
	perWeek        float64
	arrivals       int64 // counted
	earliest, last report.Time
	rules          []*ruleTrial
	measured       []*ruleTrial // those with enough log, once the peaks are known
	byText         map[string]*ruleTrial
	open           map[*window.Alert]bool
	opened         map[string]*report.Ranking // alerts of the pass by rule, each by value
	judged         map[string]*report.Ranking // those of them that don't look like abuse
	stage          stage
}

// A stage is what a pass is for.
type stage int

const (
	forPeaks stage = iota
	forIncidents
	forLimits
	forResult
	done
)

// A ruleTrial is a rule with what the passes have shown about its limits.
type ruleTrial struct {
	peaks
	only    []string           // of a proposal
	why     string             // nothing is suggested
	sorted  []int64            // daily peaks
	much    int64              // a peak that isn't over it is no abuse
	abuse   map[string][]Abuse // by value
	except  []Except
	search  *search
	now     *report.Ranking // alerts by value that the rule's own limit opens
	byValue *report.Ranking // and the suggested one
}

// A Proposal is a rule that nobody has configured, and the only that it has. It is left out where the log has nothing
// for it.
type Proposal struct {
	window.Rule
	Only []string
}

// New makes a Suggester of limits that open at most perWeek alerts a week, those that look like abuse not counted. Of
// rules that differ only in their limits it keeps the first.
func New(rules []window.Rule, proposals []Proposal, perWeek float64) (*Suggester, error) {
	s := &Suggester{perWeek: perWeek}
	seen := make(map[string]bool)
	for _, rule := range rules {
		s.add(Proposal{Rule: rule}, seen)
	}
	for _, p := range proposals {
		s.add(p, seen)
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

// add adds a rule, unless it was seen with another limit.
func (s *Suggester) add(p Proposal, seen map[string]bool) {
	text := withLimit(p.Rule, 1).String()
	if seen[text] {
		return
	}
	seen[text] = true
	s.rules = append(s.rules, &ruleTrial{peaks: peaks{rule: p.Rule, histories: make(map[string]*history)},
		abuse: make(map[string][]Abuse), only: p.Only})
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
	if !a.Nature.Later() {
		s.arrivals++
	}
	for _, r := range s.rules {
		r.count(a)
	}
}

// Opened takes the alerts of a pass.
func (s *Suggester) Opened(alerts []*window.Alert) {
	for _, a := range alerts {
		rank(s.opened, a)
		s.open[a] = true
	}
}

// Ended takes each alert that ends in the pass.
func (s *Suggester) Ended(a *window.Alert) {
	if !s.open[a] {
		return
	}
	delete(s.open, a)
	r := s.byText[a.Rule.String()]
	switch {
	case s.stage == forIncidents && a.Limit == r.much:
		s.judge(r, a)
	case s.stage == forLimits && !r.excused(a.Value, dayOf(a.Opened)):
		rank(s.judged, a)
	}
}

// rank adds an alert to the ranking of its rule.
func rank(rankings map[string]*report.Ranking, a *window.Alert) {
	text := a.Rule.String()
	if rankings[text] == nil {
		rankings[text] = new(report.Ranking)
	}
	rankings[text].Add([]byte(a.Value), 0, 0)
}

// Next ends a pass and gives the rules for the next one; nil: there is none.
func (s *Suggester) Next() []window.Rule {
	for a := range s.open {
		s.Ended(a)
	}
	switch s.stage {
	case forPeaks:
		s.measure()
		s.stage = forIncidents
		return s.pass((*ruleTrial).toJudge)
	case forIncidents:
		for _, r := range s.measured {
			r.now = s.openedBy(r, r.rule.Limit)
			s.startSearch(r)
		}
		s.stage = forLimits
	case forLimits:
		for _, r := range s.measured {
			for _, limit := range r.search.next() {
				r.search.record(limit, alertsOf(s.judged, r, limit).Total())
			}
		}
	case forResult:
		for _, r := range s.measured {
			r.byValue = s.openedBy(r, r.search.high)
		}
		s.stage = done
	}
	if s.stage == forLimits {
		if rules := s.pass((*ruleTrial).candidates); rules != nil {
			return rules
		}
		for _, r := range s.measured {
			r.exceptOver(r.search.high)
		}
		s.stage = forResult
	}
	if s.stage == forResult {
		return s.pass((*ruleTrial).result)
	}
	return nil
}

// measure looks whether there is enough log, and says what is much.
func (s *Suggester) measure() {
	for _, r := range s.rules {
		r.finish()
		r.counters = nil
		r.sorted = r.daily()
		switch _, highest := r.highest(); {
		case r.inside == 0:
			r.why = "no arrival in the log counts for it"
		case len(r.histories) == 0 && !r.rule.Count.Fates():
			r.why = "no counted arrival has a value of this key"
		case highest == 0:
			r.why = "the log has nothing that this rule counts"
		case s.days() < MinDays || r.arrivals < MinArrivals:
			r.why = notEnough
		default:
			r.much = muchOver * max(r.floor(), ordinary(r.sorted))
			s.measured = append(s.measured, r)
		}
	}
}

const notEnough = "not enough log"

// startSearch measures again, without the incidents and those who often send much.
func (s *Suggester) startSearch(t *ruleTrial) {
	s.findRegular(t, lowest(t, ordinary(t.daily())))
	t.sorted = t.daily()
	first := lowest(t, percentile(t.sorted, 990))
	t.search = newSearch(first, t.ofValues(), s.allowed())
}

// floor is the lowest limit that is suggested for the rule.
func (t *ruleTrial) floor() int64 { return Floor(t.rule.Count, t.rule.Window) }

// lowest is the lowest limit for values with such peaks.
func lowest(t *ruleTrial, peak int64) int64 { return max(t.floor(), withRoom(peak)) }

// withRoom is one and a half times a peak.
func withRoom(peak int64) int64 { return peak + (peak+1)/2 }

// pass gives the rules that are measured, each with some limits; nil if there are none.
func (s *Suggester) pass(rulesOf func(*ruleTrial) []window.Rule) (rules []window.Rule) {
	s.open = make(map[*window.Alert]bool)
	s.opened, s.judged = make(map[string]*report.Ranking), make(map[string]*report.Ranking)
	s.byText = make(map[string]*ruleTrial)
	for _, r := range s.measured {
		for _, rule := range rulesOf(r) {
			rules = append(rules, rule)
			s.byText[rule.String()] = r
		}
	}
	return rules
}

// openedBy gives the alerts that the rule with this limit opened in the pass.
func (s *Suggester) openedBy(r *ruleTrial, limit int64) *report.Ranking {
	return alertsOf(s.opened, r, limit)
}

func alertsOf(rankings map[string]*report.Ranking, r *ruleTrial, limit int64) *report.Ranking {
	return cmp.Or(rankings[withLimit(r.rule, limit).String()], new(report.Ranking))
}

// toJudge is the rule with the limit over which a value may look like abuse, and with its own.
func (t *ruleTrial) toJudge() []window.Rule {
	much := withLimit(t.rule, t.much)
	if own := withLimit(t.rule, t.rule.Limit); own.Limit != much.Limit {
		return []window.Rule{much, own}
	}
	return []window.Rule{much}
}

// candidates is the rule with the limits to try.
func (t *ruleTrial) candidates() (rules []window.Rule) {
	for _, limit := range t.search.next() {
		rules = append(rules, withLimit(t.rule, limit))
	}
	return rules
}

// result is the rule as suggested.
func (t *ruleTrial) result() []window.Rule {
	rule := withLimit(t.rule, t.search.high)
	for _, e := range t.except {
		rule.Except = append(rule.Except, window.Exception{Limit: e.Limit,
			Match: func(value string) bool { return value == e.Match }})
	}
	return []window.Rule{rule}
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

// days is how many days the log covers, from the first to the last, both included.
func (s *Suggester) days() int { return int(dayOf(s.last.Time)-dayOf(s.earliest.Time)) + 1 }

// allowed is how many alerts of a rule the log may have. A log that is too short for one may have one, unless none at
// all are wanted.
func (s *Suggester) allowed() int64 {
	if s.perWeek == 0 {
		return 0
	}
	return max(int64(math.Floor(s.perWeek*s.weeks())), 1)
}
