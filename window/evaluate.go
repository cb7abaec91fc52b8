package window

import (
	"bytes"
	"slices"
	"time"
)

// evaluate checks one rule after the arrival was counted. It opens an alert, or extends the open one and reports
// whether its Times grew.
func (c *Counters) evaluate(rule *compiledRule, a *Arrival, at int64, weights *[numSums]int64) (opened, grown *Alert) {
	t := rule.table
	if t.current == 0 {
		return nil, nil // it found no room, has no value or isn't in the scope
	}
	rc := rule.countOf(t.current)
	switch {
	case rc.open:
		if e := c.open[openKey{rule, t.current}]; c.extendAlert(e, rule.level(rc.count), a, at, weights) {
			grown = e.alert
		}
	case rule.isOver(rc) && !c.alertsFull():
		opened = c.openAlert(rule, rc, a)
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
	c.addDetails(alert, &r, a.At.Location())
	if !c.brief {
		alert.chart.add(at, offsetOf(alert.Opened))
		alert.setSamples(e.crossedBy, e.middle)
	}
	if c.follower != nil && !a.Nature.isFate() {
		c.follower.Joined(alert, a.keptID())
	}
	return alert.raisePeak(count)
}

// addDetails adds an arrival that is in the totals to the alert's values. It makes the topic of a subject that has
// none.
func (c *Counters) addDetails(alert *Alert, r *loggedArrival, zone *time.Location) {
	if r.nature.isDoubtful() {
		alert.Suspicious++
	}
	alert.AtLeast = alert.AtLeast || r.atLeast
	shown := allKeys
	if c.brief {
		shown = c.briefKeys()
	} else {
		alert.addTime(r, zone)
	}
	if subject := r.values[Subject]; subject != nil && r.values[Topic] == nil && !c.brief {
		c.topic = FoldSubject(subject, c.topic[:0])
		r.values[Topic] = c.topic
	}
	for k := range NumValues {
		if shown>>k&1 == 1 {
			alert.countValue(k, r, &c.budget)
		}
	}
}

// openAlert opens an alert with the window that the arrival took over the limit.
func (c *Counters) openAlert(rule *compiledRule, rc *ruleCount, a *Arrival) *Alert {
	t, h, zone := rule.table, &c.arrivals, a.At.Location()
	newest := h.read(h.newest())
	value := newest.values[rule.Key]
	alert := &Alert{
		Rule:      rule.Rule,
		Value:     string(value),
		Opened:    a.At,
		CrossedBy: string(a.MessageID),
		Count:     rule.level(rc.count),
		Limit:     rule.limit(rc.except),
		openedAt:  newest.at,
		values:    make([]valueCounts, numCounts),
	}
	alert.ID = alertID(rule.Rule, alert.Value, a)
	alert.raisePeak(alert.Count)
	sums, from := t.sumsAfter(t.current, c.clock.Now-rule.window, c.clock.Now)
	c.findWindow(rule, value, from, sums[Messages])
	oldest, middle := h.read(c.found[0]), h.read(c.found[len(c.found)/2])
	if alert.Messages, alert.Recipients = sums[Messages], sums[Recipients]; t.kind != ofFates {
		alert.Bytes = sums[Bytes]
	}
	if !c.brief {
		c.setBaseline(alert, rule, rc)
		alert.setFirst(&oldest, zone)
	}
	for _, p := range c.found {
		r := h.read(p)
		c.addDetails(alert, &r, zone)
	}
	c.joinIncident(alert, c.identify(rule, alert.Value))
	e := &openAlert{
		alert:     alert,
		crossedBy: newest.id(),
		middle:    middle.id(),
		rule:      rule,
		counter:   t.current,
		due:       c.clock.Now + 1 + rule.window,
	}
	if !c.brief {
		c.startChart(alert, rule, value)
		alert.setSamples(e.crossedBy, e.middle)
	}
	c.number(e)
	c.addOpen(e)
	c.followWindow(alert, rule, value)
	return alert
}

// findWindow sets found to the value's rows inside the rule's window, from the second at on. There are as many as
// messages, or fewer where the arrival log has dropped the older ones. The newest row is always among them.
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

// rowMatches reports whether the row at p has the current arrival's value and is in the rule's scope.
func (c *Counters) rowMatches(rule *compiledRule, p rowPos, value []byte) bool {
	t := rule.table
	if !c.arrivals.mayHave(p, t.nth, c.valueHashes[t.nth]) {
		return false
	}
	r := c.arrivals.read(p)
	return r.values[t.key] != nil && bytes.Equal(r.values[t.key], value) &&
		!t.isOutside(r.outside) && t.accepts(r.nature)
}

// Bounds of what a Chart shows of the time before the window.
const (
	maxPast   = 3600    // seconds of arrivals to keep beyond the longest window, if that is longer
	maxBefore = 1 << 17 // arrivals to look through
)

// startChart starts an alert's chart with what is known of two windows.
func (c *Counters) startChart(a *Alert, rule *compiledRule, value []byte) {
	h, now, window := &c.arrivals, c.clock.Now, rule.window
	offset := offsetOf(a.Opened)
	a.chart = newSeries(now-2*window+1, now, offset)
	for p, before := h.newest(), 0; ; p = h.before(p) {
		at := h.at(p)
		if at+disorder+2*window <= now {
			return
		}
		if at+2*window > now && c.rowMatches(rule, p, value) {
			a.chart.add(at, offset)
		}
		if at+window <= now {
			before++
		}
		if before == maxBefore || p == h.oldest() {
			return
		}
	}
}
