package live

import (
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/window"
)

// counters is what a desk needs of a follow.Viewer.
type counters interface {
	Clock() window.Clock
	Open() []*window.Alert
	Scopes() []string
	AtEnd() bool
	Share() float64
}

// A desk owns what is counted and answers questions. It belongs to the goroutine of the Viewer.
type desk struct {
	rules    []window.Rule
	counters counters
	book     *book
	ranker   ranker
	meter    meter
	ended    []*window.Alert // the last ones, oldest first
	last     time.Time       // stamp of the last arrival
}

// maxEnded is how many alerts that have ended are known.
const maxEnded = 1000

func newDesk(rules []window.Rule, keep time.Duration) *desk {
	return &desk{rules: rules, book: newBook(keep)}
}

// listener is what the desk wants to be told of.
func (d *desk) listener() pipeline.Listener {
	return pipeline.Listener{Arrival: d.arrival, Counted: d.counted, Ended: d.end}
}

func (d *desk) arrival(a *parser.Arrival, _ *window.Arrival) {
	d.last = a.Time
	d.meter.add(a.Time.Unix() + d.counters.Clock().Shift)
}

func (d *desk) counted(a *window.Arrival) { d.book.add(a, d.counters.Clock()) }

func (d *desk) end(a *window.Alert) {
	if len(d.ended) == maxEnded {
		d.ended = slices.Delete(d.ended, 0, 1)
	}
	d.ended = append(d.ended, a)
}

// answer answers a question at a wall clock time.
func (d *desk) answer(q question, now time.Time) *sheet {
	open := d.counters.Open()
	s := &sheet{at: now, share: d.counters.Share(), moment: moment{d.book.now, d.book.next, d.last, d.meter.sum(),
		len(open)}}
	if q.frozen != nil {
		s.moment = *q.frozen
	}
	if !d.counters.AtEnd() && !d.last.IsZero() {
		s.behind = max(now.Sub(d.last), 0)
	}
	var b bars
	b.rule, b.shown = ruleFor(d.rules, &q)
	s.rule = b.rule
	span := span{s.now, s.until, int64(q.window / time.Second), -1}
	if b.rule != nil {
		span.scope = slices.Index(d.counters.Scopes(), b.rule.Scope)
	}
	if d.book.missing(span) {
		s.missing = time.Unix(d.book.cut, 0).In(d.book.zone)
	}
	b.alerted = make(map[string]bool)
	for _, a := range open {
		if a.Rule.Key == q.key {
			b.alerted[a.Value] = true
		}
	}
	if q.open {
		s.account = d.account(&q, span)
		s.account.line = d.line(s.account.total, &b)
		s.account.alerts = d.alerts(&q, open)
	} else {
		d.rank(s, &q, span, &b)
	}
	s.question = q
	return s
}

// bars is what amounts are held against.
type bars struct {
	rule    *window.Rule // nil: none
	shown   order        // the amount that bars show
	alerted map[string]bool
}

// rank fills a sheet with the part of the ranking that is on the screen, and puts the question's cursor there.
func (d *desk) rank(s *sheet, q *question, span span, b *bars) {
	totals := d.ranker.rank(d.book, span, q.key, q.wanted(), q.order)
	s.values = len(totals)
	if q.follow {
		if i := slices.IndexFunc(totals, func(t total) bool { return t.value == q.value }); i >= 0 {
			q.index = i
		}
	}
	q.place(len(totals))
	for i := range totals {
		s.most = max(s.most, b.shown.measure(&totals[i]))
	}
	page := totals[q.top:min(q.top+q.rows, len(totals))]
	var named map[uint32]string
	if q.topics {
		named = topics(d.book, span, q.key, page)
	}
	for _, t := range page {
		l := d.line(t, b)
		l.topic = named[t.id]
		s.rows = append(s.rows, l)
	}
	q.value = ""
	if len(totals) > 0 {
		q.value = totals[q.index].value
	}
}

func (d *desk) line(t total, b *bars) line {
	l := line{value: t.value, messages: t.messages, recipients: t.recipients, bytes: t.bytes, hosts: t.hosts,
		measure: b.shown.measure(&t), alert: b.alerted[t.value]}
	if t.messages > 0 {
		l.last = time.UnixMilli(t.last).In(d.book.zone)
	}
	if b.rule != nil {
		l.limit = limitOf(b.rule, t.value, d.last)
	}
	return l
}
