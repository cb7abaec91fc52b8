package live

import (
	"time"

	"exiwatch/window"
)

// A sheet is an answer: what the screen shows. Nothing in it is changed later.
type answer struct {
	query query // with the cursor where it was put
	asOf
	at   time.Time     // when it was answered, by the wall clock
	took time.Duration // to answer

	share  float64       // of the past that was read
	behind time.Duration // how long ago the last arrival was, where there is more to be read; 0: there isn't

	rule    *window.Rule // by whose limit bars are drawn; nil: there is none, and most is the longest bar
	most    int64
	values  int // that were ranked
	rows    []rankingRow
	missing time.Time // from when the arrivals are known, where that is too late for the window

	detail *detail // of question.open
}

// A line is a row of the ranking.
type rankingRow struct {
	value                              string
	messages, recipients, bytes, hosts int64
	measure                            int64 // what the bar shows
	limit                              int64 // 0: none
	alert                              bool  // one is open
	last                               time.Time
	topic                              string
}

// over tells whether it is over its limit.
func (l *rankingRow) over() bool { return l.limit > 0 && l.measure > l.limit }

// limitOf is the limit of a rule for a value at a time.
func limitOf(r *window.Rule, value string, now time.Time) int64 {
	for _, e := range r.Except {
		if (e.Until.IsZero() || now.Before(e.Until)) && e.Match(value) {
			return e.Limit
		}
	}
	return r.Limit
}

// ruleFor is the rule by whose limit a ranking's bars are drawn: one on its key and window, if there is one on what
// it is ranked by. The last result is what the bars show.
func ruleFor(rules []window.Rule, q *query) (*window.Rule, order) {
	shown := q.order
	if q.order > byHosts {
		shown = byMessages
	}
	for i := range rules {
		r := &rules[i]
		if r.Key == q.key && r.Window == q.window && r.Count.String() == shown.String() {
			return r, shown
		}
	}
	return nil, shown
}
