// Package summary says what a log holds about whole days: a function of the log alone, whenever it is made.
package summary

import (
	"cmp"
	"slices"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/report"
	"exiwatch/mailer"
	"exiwatch/parser"
	"exiwatch/window"
)

// compared is how many days before a span it is compared with.
const compared = 7

// A Collector collects what a summary of a span says. It reads one or several logs through its Listener.
type Collector struct {
	span  Span
	rules []window.Rule

	days      [compared + 1]sums // the span, and those before it: a week has only one, a week before
	spans     []Span             // of days
	missing   []string           // files
	first     time.Time          // the earliest arrival of the logs
	last      time.Time          // of the last arrival, in the order of the log
	counted   int64              // messages that rules count
	accounts  shortlist          // of these
	topics    shortlist          // accounts and topics, with a NUL between them
	anomalies int64
	uncounted []*report.Uncounted
	relayed   report.Uncounted // of those, arrivals that rules count later
	alerts    []*window.Alert
	outcomes  map[*window.Alert]mailer.Outcome // of those that have ended
	near      []map[string]usage               // by rule: values that came near its limit, or crossed it
}

// sums are the totals of a span.
type sums struct {
	messages, recipients, bytes int64

	hours []int64 // messages of each hour
}

// A usage is the highest count of a value under a rule.
type usage struct {
	count, limit int64
	crossed      bool
}

// New makes a collector for the rules that count.
func New(span Span, rules []window.Rule) *Collector {
	c := &Collector{span: span, rules: rules, spans: []Span{span}, near: make([]map[string]usage, len(rules)),
		outcomes: make(map[*window.Alert]mailer.Outcome)}
	step := 7
	if span.IsDay() {
		step = 1
	}
	for n := step; n <= compared; n += step {
		c.spans = append(c.spans, span.back(n))
	}
	for i, span := range c.spans {
		c.days[i].hours = make([]int64, (span.To.Sub(span.From)+time.Hour-1)/time.Hour)
	}
	for i := range c.near {
		c.near[i] = make(map[string]usage)
	}
	return c
}

// Since is where reading begins to matter: the days to compare with, and what the rules count then.
func (c *Collector) Since() time.Time {
	longest := time.Duration(0)
	for _, r := range c.rules {
		longest = max(longest, r.Window)
	}
	since, windows := c.spans[len(c.spans)-1].From, c.span.From.Add(-2*longest-time.Minute)
	if windows.Before(since) {
		return windows
	}
	return since
}

// Listener hears of all arrivals of the log from Since to the span's end, which Keep must select.
func (c *Collector) Listener() pipeline.Listener {
	return pipeline.Listener{AllKeys: true, Summary: true, Until: c.span.To, Arrival: c.arrival, Counted: c.count,
		Relayed: c.relay, Other: c.other, NewCollector: c.newCollector, Opened: c.opened,
		Ended: c.ended, Reached: c.reached}
}

// newCollector counts what no rule counts.
func (c *Collector) newCollector() func([]report.Reception) {
	u := new(report.Uncounted)
	c.uncounted = append(c.uncounted, u)
	return func(all []report.Reception) {
		for _, r := range all {
			if r.Class != report.Counted && c.span.contains(r.Arrival.Time) {
				u.Add(r.Class, r.Values)
			}
		}
	}
}

// relay takes an arrival out of these: it is relayed.
func (c *Collector) relay(w *window.Arrival) {
	if c.span.contains(w.At) {
		c.relayed.Add(report.ClassRelayed, w)
	}
}

func (c *Collector) arrival(a *parser.Arrival, _ *window.Arrival) {
	c.last = a.Time
	for i, span := range c.spans {
		if span.contains(a.Time) {
			day := &c.days[i]
			day.messages++
			day.recipients += int64(a.RecipientCount)
			day.bytes += max(a.Size, 0)
			day.hours[a.Time.Sub(span.From)/time.Hour]++
		}
	}
	if c.span.contains(a.Time) && (a.Overflowed || a.IsDoubtful()) {
		c.anomalies++
	}
}

// count ranks an arrival that rules count.
func (c *Collector) count(w *window.Arrival) {
	if !c.span.contains(w.At) || w.Nature.Later() {
		return
	}
	c.counted++
	account := w.Values[window.Account]
	if account == nil {
		return
	}
	c.accounts.add(account, w.Recipients, w.Bytes)
	if topic := w.Values[window.Topic]; topic != nil {
		c.topics.add(slices.Concat(account, []byte{0}, topic), 0, 0)
	}
}

// A shortlist ranks values in bounded memory. Of very many it forgets those that have the fewest messages so far.
type shortlist struct {
	report.Ranking
	forgot bool
}

// maxListed is how many values a shortlist has when it has forgotten some; it may then get as many again.
const maxListed = 50_000

func (s *shortlist) add(value []byte, recipients, bytes int64) {
	s.Add(value, recipients, bytes)
	if s.Len() == 2*maxListed {
		s.Keep(maxListed)
		s.forgot = true
	}
}

// other counts an anomaly that is no arrival. Its stamp may be forged: it belongs to the day that the log has reached.
func (c *Collector) other(e *parser.Entry) {
	odd := e.Kind == parser.Malformed || e.Kind == parser.Overflow || e.Kind == parser.Injected
	if odd && !e.Torn && c.span.contains(c.last) {
		c.anomalies++
	}
}

func (c *Collector) opened(alerts []*window.Alert) { c.alerts = append(c.alerts, alerts...) }

// ended forgets an alert that ended before the span.
func (c *Collector) ended(a *window.Alert) {
	i := slices.Index(c.alerts, a)
	switch {
	case i < 0:
	case a.Ended.Before(c.span.From):
		c.alerts = slices.Delete(c.alerts, i, i+1)
	default:
		short := a.Summary()
		c.alerts[i], c.outcomes[short] = short, mailer.OutcomeOf(a)
	}
}

// outcome is what became of the messages of an alert, as far as the log says until the span's end.
func (c *Collector) outcome(a *window.Alert) mailer.Outcome {
	if o, ended := c.outcomes[a]; ended {
		return o
	}
	return mailer.OutcomeOf(a)
}

// reached notes a value that has used half of a limit. Fewer than that are of no interest, and would be very many.
func (c *Collector) reached(at time.Time, rule int, value []byte, count, limit int64) {
	if !c.span.contains(at) || count < limit-limit/2 {
		return
	}
	u, known := c.near[rule][string(value)]
	if !known && len(c.near[rule]) >= 2*maxListed {
		return // somebody floods the log with values: the first are as good as others
	}
	crossed := u.crossed || count > limit
	if known && count <= u.count && crossed == u.crossed {
		return
	}
	c.near[rule][string(value)] = usage{max(count, u.count), limit, crossed}
}

// closest gives for each rule the value that came closest to the limit without crossing it.
func (c *Collector) closest() (all []Near) {
	for i, values := range c.near {
		rule := &c.rules[i]
		best := Near{Rule: cmp.Or(rule.Name, rule.String()), Key: rule.Key.String(), Count: rule.Count.String()}
		for value, u := range values {
			n := Near{best.Rule, best.Key, value, u.count, u.limit, best.Count}
			if !u.crossed && (best.Limit == 0 || n.closer(&best)) {
				best = n
			}
		}
		if best.Limit > 0 {
			all = append(all, best)
		}
	}
	return all
}

func (n *Near) closer(other *Near) bool {
	a, b := float64(n.Highest)/float64(max(n.Limit, 1)), float64(other.Highest)/float64(max(other.Limit, 1))
	return a > b || a == b && n.Value < other.Value
}
