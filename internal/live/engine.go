package live

import (
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"
)

// counters is what an engine needs of a follow.Viewer.
type counters interface {
	Clock() window.Clock
	Open() []*window.Alert
	Scopes() []string
	AtEnd() bool
	Share() float64
}

// An engine owns the counted arrivals and answers queries. Only the goroutine of the Viewer uses it.
type engine struct {
	rules    []window.Rule
	counters counters
	buffer   *arrivalBuffer
	ranker   ranker
	rate     ratePerMinute
	ended    []*window.Alert // the last ones, the oldest first
	last     time.Time       // stamp of the last arrival
}

// maxEnded is how many ended alerts are kept.
const maxEnded = 1000

func newEngine(rules []window.Rule, keep time.Duration) *engine {
	return &engine{rules: rules, buffer: newArrivalBuffer(keep)}
}

// listener has the events that the engine follows.
func (e *engine) listener() pipeline.Listener {
	return pipeline.Listener{Arrival: e.addArrival, Counted: e.addCounted, Ended: e.addEnded}
}

func (e *engine) addArrival(a *parser.Arrival, _ *window.Arrival) {
	e.last = a.Time
	e.rate.add(a.Time.Unix() + e.counters.Clock().Shift)
}

func (e *engine) addCounted(a *window.Arrival) { e.buffer.add(a, e.counters.Clock()) }

func (e *engine) addEnded(a *window.Alert) {
	if len(e.ended) == maxEnded {
		e.ended = slices.Delete(e.ended, 0, 1)
	}
	e.ended = append(e.ended, a)
}

// answer answers a query. now is the wall clock.
func (e *engine) answer(q query, now time.Time) *answer {
	open := e.counters.Open()
	a := &answer{at: now, share: e.counters.Share(), asOf: asOf{e.buffer.now, e.buffer.next, e.last, e.rate.sum(),
		len(open)}}
	if q.frozen != nil {
		a.asOf = *q.frozen
	}
	if !e.counters.AtEnd() && !e.last.IsZero() {
		a.behind = max(now.Sub(e.last), 0)
	}
	var limits limitContext
	limits.rule, limits.shown = ruleFor(e.rules, &q)
	a.rule = limits.rule
	arrivals := rowRange{a.now, a.until, int64(q.window / time.Second), -1}
	if limits.rule != nil {
		arrivals.scope = slices.Index(e.counters.Scopes(), limits.rule.Scope)
	}
	if e.buffer.missing(arrivals) {
		a.missing = time.Unix(e.buffer.cut, 0).In(e.buffer.zone)
	}
	limits.alerted = make(map[string]bool)
	for _, alert := range open {
		if alert.Rule.Key == q.key {
			limits.alerted[alert.Value] = true
		}
	}
	if q.open {
		a.detail = e.detail(&q, arrivals)
		a.detail.row = e.rankingRow(a.detail.total, &limits)
		a.detail.alerts = e.alerts(&q, open)
	} else {
		e.rank(a, &q, arrivals, &limits)
	}
	a.query = q
	return a
}

// A limitContext is what amounts are compared with.
type limitContext struct {
	rule    *window.Rule // nil: none
	shown   order        // the amount that bars show
	alerted map[string]bool
}

// rank fills an answer with the visible part of the ranking, and moves the query's cursor into it.
func (e *engine) rank(a *answer, q *query, arrivals rowRange, limits *limitContext) {
	totals := e.ranker.rank(e.buffer, arrivals, q.key, q.wanted(), q.order)
	a.values = len(totals)
	if q.follow {
		if i := slices.IndexFunc(totals, func(t total) bool { return t.value == q.value }); i >= 0 {
			q.index = i
		}
	}
	q.clampCursor(len(totals))
	for i := range totals {
		a.most = max(a.most, limits.shown.measure(&totals[i]))
	}
	page := totals[q.top:min(q.top+q.rows, len(totals))]
	var named map[uint32]string
	if q.topics {
		named = topics(e.buffer, arrivals, q.key, page)
	}
	for _, t := range page {
		l := e.rankingRow(t, limits)
		l.topic = named[t.id]
		a.rows = append(a.rows, l)
	}
	q.value = ""
	if len(totals) > 0 {
		q.value = totals[q.index].value
	}
}

func (e *engine) rankingRow(t total, limits *limitContext) rankingRow {
	l := rankingRow{value: t.value, messages: t.messages, recipients: t.recipients, bytes: t.bytes, hosts: t.hosts,
		measure: limits.shown.measure(&t), alert: limits.alerted[t.value]}
	if t.messages > 0 {
		l.last = time.UnixMilli(t.last).In(e.buffer.zone)
	}
	if limits.rule != nil {
		l.limit = limitOf(limits.rule, t.value, e.last)
	}
	return l
}
