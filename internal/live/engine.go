package live

import (
	"slices"
	"time"

	"exiwatch/parser"
	"exiwatch/window"
)

// counters is what an engine needs of a Feed.
type counters interface {
	Clock() window.Clock
	Open() []*window.Alert
	Scopes() []string
	AtEnd() bool
	Share() float64
}

// An engine owns the counted arrivals and answers queries. Only the goroutine of the Feed uses it.
type engine struct {
	rules    []window.Rule
	counters counters
	silences func() func(*window.Incident) string // View.Silences
	buffer   *arrivalBuffer
	sections []window.Key // of the page of a value
	ranker   ranker
	rate     ratePerMinute
	ended    []*window.Alert // the last ones, the oldest first
	last     time.Time       // stamp of the last arrival
}

func incidentOf(a *window.Alert) *window.Incident { return a.Incident }

// maxEnded is how many ended alerts are kept.
const maxEnded = 1000

func newEngine(rules []window.Rule, keep time.Duration) *engine {
	return &engine{rules: rules, buffer: newArrivalBuffer(keep), sections: sectionKeys}
}

func (e *engine) addArrival(a *parser.Arrival, _ *window.Arrival) {
	e.last = a.Time
	e.rate.add(a.Time.Unix() + e.counters.Clock().Shift)
}

func (e *engine) addCounted(a *window.Arrival) {
	if !a.Nature.Later() { // else it is there
		e.buffer.add(a, e.counters.Clock())
	}
}

func (e *engine) addEnded(a *window.Alert) {
	if len(e.ended) == maxEnded {
		e.ended = slices.Delete(e.ended, 0, 1)
	}
	e.ended = append(e.ended, a)
}

// answer answers a query. now is the wall clock.
func (e *engine) answer(asked query, now time.Time) *answer {
	open := e.counters.Open()
	a := &answer{query: asked, at: now, share: e.counters.Share(), rule: ruleFor(e.rules, &asked),
		alerted: make(map[string]bool),
		asOf: asOf{e.buffer.now, e.buffer.next, e.last, e.rate.sum(),
			len(window.ByIncident(open, incidentOf))}}
	q := &a.query
	if q.frozen != nil {
		a.asOf = *q.frozen
	}
	if !e.counters.AtEnd() && !e.last.IsZero() {
		a.behind = max(now.Sub(e.last), 0)
	}
	arrivals := rowRange{a.now, a.until, int64(q.window / time.Second), -1}
	if a.rule != nil {
		arrivals.scope = slices.Index(e.counters.Scopes(), a.rule.Scope)
	}
	if e.buffer.missing(arrivals) {
		a.missing = time.Unix(e.buffer.cut, 0).In(e.buffer.zone)
	}
	for _, alert := range open {
		if alert.Rule.Key == q.key {
			a.alerted[alert.Value] = true
		}
	}
	if q.open {
		e.detail(a, arrivals, open)
	} else {
		e.rank(a, arrivals)
	}
	return a
}

// rank fills an answer with the visible part of the ranking, and moves its query's cursor into it.
func (e *engine) rank(a *answer, arrivals rowRange) {
	q := &a.query
	totals := e.ranker.rank(e.buffer, arrivals, q.key, q.wanted(), q.order)
	a.values = len(totals)
	if q.follow {
		if i := slices.IndexFunc(totals, func(t total) bool { return t.value == q.value }); i >= 0 {
			q.index = i
		}
	}
	q.clampCursor(len(totals))
	for i := range totals {
		a.most = max(a.most, q.order.measure(&totals[i]))
	}
	page := totals[q.top:min(q.top+q.rows, len(totals))]
	var named map[uint32]string
	if q.topics {
		named = topics(e.buffer, arrivals, q.key, page)
	}
	for _, t := range page {
		l := e.rankingRow(a, t)
		l.topic = named[t.id]
		a.rows = append(a.rows, l)
	}
	q.value = ""
	if len(totals) > 0 {
		q.value = totals[q.index].value
	}
}

func (e *engine) rankingRow(a *answer, t total) rankingRow {
	l := rankingRow{total: t, measure: a.query.order.measure(&t), alert: a.alerted[t.value]}
	if t.messages > 0 {
		l.seen = time.UnixMilli(t.last).In(e.buffer.zone)
	}
	if a.rule != nil {
		l.limit = limitOf(a.rule, t.value, e.last)
	}
	return l
}
