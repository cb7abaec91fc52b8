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

// A Suggestion is what is suggested for a rule. The percentiles are of daily peaks: the highest counts that a value had
// in one window on a day.
type Suggestion struct {
	Rule         string   `json:"rule"`
	Key          string   `json:"key"`
	Count        string   `json:"count"`
	Window       string   `json:"window"`
	Limit        int64    `json:"limit"`  // the rule's own, and
	Alerts       *int64   `json:"alerts"` // how many it opens; null where nothing is suggested
	Values       int      `json:"values"`
	DailyPeaks   int      `json:"daily_peaks"` // how many; without those of incidents, like the percentiles
	Median       int64    `json:"median"`
	P95          int64    `json:"p95"`
	P99          int64    `json:"p99"`
	P999         int64    `json:"p99_9"`
	Highest      int64    `json:"highest"` // incidents included
	HighestValue string   `json:"highest_value"`
	Incomplete   bool     `json:"incomplete"`       // there were more values than can be held: peaks may be too low
	Suggested    *int64   `json:"suggested_limit"`  // null: there is none, and
	Why          string   `json:"why"`              // why
	Opened       *int64   `json:"suggested_alerts"` // how many it opens, as counted
	By           []By     `json:"by"`               // those that it opens
	NoLonger     []By     `json:"no_longer"`        // those of the rule's own limit whose value it opens none for
	LikelyAbuse  []Abuse  `json:"likely_abuse"`     // left out of the measure
	Except       []Except `json:"except"`           // proposed exceptions
	Only         []string `json:"only,omitempty"`   // of a proposed rule

	others, otherNoLonger int // values beside those of By and NoLonger
	scope                 string
	except                int // the rule's own exceptions
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
		if r.only == nil || r.inside > 0 {
			all.Rules = append(all.Rules, r.suggestion(n))
		}
	}
	return all
}

func (t *ruleTrial) suggestion(n int) Suggestion {
	rule := withLimit(t.rule, t.rule.Limit)
	d := Suggestion{
		Rule: rule.Name, Key: rule.Key.String(), Count: rule.Count.String(),
		Window: window.FormatWindow(rule.Window), Limit: rule.Limit, Values: len(t.histories),
		DailyPeaks: len(t.sorted), Incomplete: t.short, Why: t.why,
		Median: percentile(t.sorted, 500), P95: percentile(t.sorted, 950), P99: percentile(t.sorted, 990),
		P999: percentile(t.sorted, 999),
		By:   []By{}, NoLonger: []By{}, LikelyAbuse: append([]Abuse{}, byTime(t.abuse)...),
		Except: append([]Except{}, t.except...), scope: rule.Scope, except: len(rule.Except), Only: t.only,
	}
	d.HighestValue, d.Highest = t.highest()
	if t.search == nil {
		return d
	}
	now, opened := t.now.Total(), t.byValue.Total()
	d.Alerts, d.Suggested, d.Opened = &now, &t.search.high, &opened
	told := make(map[string]bool)
	for _, row := range t.byValue.Top(0, report.Messages) {
		told[row.Value] = true
		d.By = append(d.By, By{row.Value, row.Messages})
	}
	for _, row := range t.now.Top(0, report.Messages) {
		if !told[row.Value] {
			d.NoLonger = append(d.NoLonger, By{row.Value, row.Messages})
		}
	}
	d.By, d.others = firstOf(d.By, n)
	d.NoLonger, d.otherNoLonger = firstOf(d.NoLonger, n)
	return d
}

// firstOf gives the first n, all if n is 0, and how many others there are.
func firstOf(all []By, n int) (first []By, others int) {
	if n == 0 || n >= len(all) {
		return all, 0
	}
	return all[:n], len(all) - n
}
