package live

import (
	"time"

	"exiwatch/window"
)

// An answer is what the screen shows. It never changes later.
type answer struct {
	query query // with the cursor moved into the ranking
	asOf
	at   time.Time     // wall clock
	took time.Duration // to answer

	share  float64       // how much of the past has been read, of 1
	behind time.Duration // age of the last arrival while there is more to read; 0: all was read

	alerted map[string]bool // values with an open alert
	rule    *window.Rule    // its limit is a full bar; nil: most is
	most    int64
	values  int // in the ranking
	rows    []rankingRow
	missing time.Time // first arrival kept, if the window begins earlier

	detail *detail // of query.open
}

// A rankingRow is a value in the ranking.
type rankingRow struct {
	total
	measure int64     // what the bar shows
	limit   int64     // 0: none
	alert   bool      // one is open
	seen    time.Time // for the last time
	topic   string
}

// distance says how close the value is to its limit.
func (l *rankingRow) distance() window.Distance { return window.DistanceOf(l.measure, l.limit) }

// over tells whether the value is over its limit.
func (l *rankingRow) over() bool { return l.distance() == window.Over }

// limitOf is the limit of a rule for a value at a time.
func limitOf(r *window.Rule, value string, now time.Time) int64 {
	for _, e := range r.Except {
		if (e.Until.IsZero() || now.Before(e.Until)) && e.Match(value) {
			return e.Limit
		}
	}
	return r.Limit
}

// ruleFor is the rule whose limit the bars of a ranking show: the one on its key, window and measure, if any.
func ruleFor(rules []window.Rule, q *query) *window.Rule {
	for i := range rules {
		if r := &rules[i]; r.Key == q.key && r.Window == q.window && r.Count.String() == q.order.measured().String() {
			return r
		}
	}
	return nil
}
