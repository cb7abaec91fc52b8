package window

import (
	"bytes"
	"slices"
	"time"
)

// evaluate looks at one rule after the arrival was counted, and opens an alert or adds to the one that is open, which
// may have grown by that.
func (c *Counters) evaluate(rule *compiledRule, a *Arrival, at int64, weights *[numSums]int64) (opened, grown *Alert) {
	f := rule.table
	if f.current == 0 {
		return nil, nil // there was no room for it, or it has no value, or isn't in the scope
	}
	g := f.ruleCount(f.current, rule.index)
	switch {
	case g.open:
		if e := c.open[openKey{rule, f.current}]; c.extendAlert(e, g.count, a, at, weights) {
			grown = e.alert
		}
	case g.count > rule.limitOf(g) && !c.alertsFull():
		opened = c.openAlert(rule, g, a)
	}
	return opened, grown
}

func (c *Counters) extendAlert(e *openAlert, count int64, a *Arrival, at int64, weights *[numSums]int64) (grown bool) {
	alert := e.alert
	alert.addTotals(weights)
	r := loggedArrival{
		at: at, stamp: milliseconds(a.At), recipients: weights[Recipients], bytes: weights[Bytes],
		atLeast: a.AtLeast, nature: a.Nature, messageID: a.keptID(), values: a.Values,
	}
	if c.brief {
		c.addDetails(alert, &r, nil)
		return alert.raisePeak(count)
	}
	c.addDetails(alert, &r, a.At.Location())
	alert.chart.add(at, offsetOf(alert.Opened))
	alert.setSamples(e.crossedBy, e.middle)
	return alert.raisePeak(count)
}

// addDetails tells an alert of an arrival that is in its totals. The topic of a subject is made if it isn't known.
func (c *Counters) addDetails(alert *Alert, r *loggedArrival, zone *time.Location) {
	if r.nature.isDoubtful() {
		alert.Suspicious++
	}
	alert.AtLeast = alert.AtLeast || r.atLeast
	if c.brief {
		for _, k := range [...]Key{Subject, Anomaly, Entry} {
			alert.countValue(k, r.values[k], r.recipients, r.bytes, &c.budget)
		}
		return
	}
	if subject := r.values[Subject]; subject != nil && r.values[Topic] == nil {
		c.topic = FoldSubject(subject, c.topic[:0])
		r.values[Topic] = c.topic
	}
	alert.addArrival(r, zone, &c.budget)
}

// openAlert opens an alert, of the window that the arrival took over the limit.
func (c *Counters) openAlert(rule *compiledRule, g *ruleCount, a *Arrival) *Alert {
	f, h, zone := rule.table, &c.arrivals, a.At.Location()
	newest := h.read(h.newest())
	value := newest.values[rule.Key]
	alert := &Alert{
		Rule:      rule.Rule,
		Value:     string(value),
		Opened:    a.At,
		CrossedBy: string(a.MessageID),
		Count:     g.count,
		Limit:     rule.limitOf(g),
		openedAt:  newest.at,
		values:    make([]valueCounts, NumValues),
	}
	alert.ID = alertID(rule.Rule, alert.Value, a.MessageID)
	alert.raisePeak(g.count)
	if !c.brief {
		c.setBaseline(alert, f, g)
	}
	sums, from := f.sumsAfter(f.current, c.clock.now-f.windows[rule.index], c.clock.now)
	c.findWindow(rule, value, from, sums[Messages])
	oldest, middle := h.read(c.found[0]), h.read(c.found[len(c.found)/2])
	alert.Messages, alert.Recipients, alert.Bytes = sums[Messages], sums[Recipients], sums[Bytes]
	if !c.brief {
		alert.setFirst(&oldest, zone)
	}
	for _, p := range c.found {
		r := h.read(p)
		c.addDetails(alert, &r, zone)
	}
	e := &openAlert{
		alert:     alert,
		crossedBy: newest.id(),
		middle:    middle.id(),
		rule:      rule,
		counter:   f.current,
		due:       c.clock.now + 1 + windowSeconds(&rule.Rule),
	}
	if !c.brief {
		c.startChart(alert, rule, value)
		alert.setSamples(e.crossedBy, e.middle)
	}
	c.number(e)
	c.addOpen(e)
	return alert
}

// findWindow sets window to the rows of a value from the second at on, those inside the rule's window: as many as
// messages, or the newest of them where history has let go of others, and at least the newest row.
func (c *Counters) findWindow(rule *compiledRule, value []byte, at, messages int64) {
	h, p := &c.arrivals, c.arrivals.newest()
	c.found = append(c.found[:0], p)
	for p != h.oldest() && int64(len(c.found)) < messages {
		p = h.before(p)
		second := h.at(p)
		if second+disorder < at {
			break
		}
		if second >= at && c.rowMatches(rule, p, value) {
			c.found = append(c.found, p)
		}
	}
	slices.Reverse(c.found)
}

// rowMatches reports whether the row at p is one of the value, which the arrival being counted has, and in the rule's
// scope.
func (c *Counters) rowMatches(rule *compiledRule, p rowPos, value []byte) bool {
	f := rule.table
	if !c.arrivals.mayHave(p, f.nth, c.valueHashes[f.nth]) {
		return false
	}
	r := c.arrivals.read(p)
	return r.values[f.key] != nil && bytes.Equal(r.values[f.key], value) && !f.isOutside(r.outside) && f.accepts(r.nature)
}

// What is known of the time before a window, which only a Chart shows.
const (
	maxPast   = 3600    // seconds that history holds besides the longest window, if that is longer
	maxBefore = 1 << 17 // arrivals that are looked through
)

// startChart begins an alert's chart, with what is known of two windows.
func (c *Counters) startChart(a *Alert, rule *compiledRule, value []byte) {
	h, now, window := &c.arrivals, c.clock.now, windowSeconds(&rule.Rule)
	first := h.newest()
	for n := 0; first != h.oldest() && n < maxBefore; {
		p := h.before(first)
		at := h.at(p)
		if at+disorder+2*window <= now {
			break
		}
		if at+window <= now {
			n++
		}
		first = p
	}
	offset := offsetOf(a.Opened)
	a.chart = newSeries(now-2*window+1, now, offset)
	for p := first; p.block < len(h.blocks); p = h.after(p) {
		if at := h.at(p); at+2*window > now && c.rowMatches(rule, p, value) {
			a.chart.add(at, offset)
		}
	}
}
