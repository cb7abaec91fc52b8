package suggest

import (
	"exiwatch/internal/report"
	"exiwatch/window"
)

// Suggestions are what a log suggests. They are printed as TOML or as JSON.
type Suggestions struct {
	Arrivals      int64        `json:"arrivals"` // that count
	First         report.Time  `json:"first"`
	Last          report.Time  `json:"last"`
	Weeks         float64      `json:"weeks"`
	AlertsPerWeek float64      `json:"alerts_per_week"`
	AlertsAllowed int64        `json:"alerts_allowed"` // of each rule in this log
	Rules         []Suggestion `json:"rules"`
}

// A Suggestion is what is suggested for a rule. The peaks are the highest counts of a value in one window: of this
// many percent of the values the peak is no higher.
type Suggestion struct {
	Rule         string `json:"rule"`
	Key          string `json:"key"`
	Count        string `json:"count"`
	Window       string `json:"window"`
	Limit        int64  `json:"limit"`  // the rule's own, and
	Alerts       *int64 `json:"alerts"` // how many it opens; null where there is nothing to count
	Values       int    `json:"values"`
	Median       int64  `json:"median"`
	P95          int64  `json:"p95"`
	P99          int64  `json:"p99"`
	P999         int64  `json:"p99_9"`
	Highest      int64  `json:"highest"`
	HighestValue string `json:"highest_value"`
	Incomplete   bool   `json:"incomplete"`       // there were more values than can be held: peaks may be too low
	Suggested    *int64 `json:"suggested_limit"`  // null: there is none
	Opened       *int64 `json:"suggested_alerts"` // how many it opens, as counted
	Below        *int64 `json:"below_alerts"`     // how many one less opens; null where that is no limit
	By           []By   `json:"by"`               // those that it opens

	others int // values beside those of By
	scope  string
	except int // exceptions
}

// A By is a value with the number of its alerts.
type By struct {
	Value  string `json:"value"`
	Alerts int64  `json:"alerts"`
}

// Suggestions gives the result, with n values of each rule's alerts at the most, all if n is 0.
func (s *Suggester) Suggestions(n int) Suggestions {
	all := Suggestions{
		Arrivals: s.arrivals, First: s.earliest, Last: s.last, Weeks: s.weeks(),
		AlertsPerWeek: s.perWeek, AlertsAllowed: s.allowed(), Rules: []Suggestion{},
	}
	for _, r := range s.rules {
		all.Rules = append(all.Rules, r.suggestion(n))
	}
	return all
}

func (t *ruleTrial) suggestion(n int) Suggestion {
	rule := withLimit(t.rule, t.rule.Limit)
	d := Suggestion{
		Rule: rule.Name, Key: rule.Key.String(), Count: rule.Count.String(),
		Window: window.FormatWindow(rule.Window), Limit: rule.Limit, Values: len(t.sorted), Incomplete: t.short,
		By: []By{}, scope: rule.Scope, except: len(rule.Except),
	}
	if d.Values > 0 {
		d.Median, d.P95, d.P99, d.P999 = percentile(t.sorted, 500), percentile(t.sorted, 950),
			percentile(t.sorted, 990), percentile(t.sorted, 999)
		d.Highest, d.HighestValue = t.sorted[0].count, t.sorted[0].value
	}
	if t.search == nil {
		return d
	}
	opened := t.byValue.Total()
	d.Alerts, d.Suggested, d.Opened = &t.currentAlerts, &t.search.high, &opened
	if below, ok := t.search.alerts[t.search.high-1]; ok {
		d.Below = &below
	}
	rows := t.byValue.Top(n, report.Messages)
	for _, row := range rows {
		d.By = append(d.By, By{row.Value, row.Messages})
	}
	d.others = t.byValue.Len() - len(rows)
	return d
}

// percentile gives the lowest peak that so many thousandths of the values don't exceed.
func percentile(sorted []peak, thousandths int) int64 {
	rank := (len(sorted)*thousandths + 999) / 1000 // from 1, of the lowest
	return sorted[len(sorted)-max(rank, 1)].count
}
