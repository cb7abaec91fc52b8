package window

import (
	"bytes"
	"slices"
	"time"
)

// judge looks at one rule after the arrival was counted, and opens an alert or adds to the one that is open, which
// may have grown by that.
func (c *Counters) judge(rule *counted, a *Arrival, at int64, weights *[numSums]int64) (opened, grown *Alert) {
	f := rule.family
	if f.n == 0 {
		return nil, nil // there was no room for it, or it has no value, or isn't in the scope
	}
	g := f.gauge(f.n, rule.index)
	switch {
	case g.open:
		if e := c.open[episodeKey{rule, f.n}]; c.grow(e, g.count, a, at, weights) {
			grown = e.alert
		}
	case g.count > rule.limitOf(g) && !c.full():
		opened = c.cross(rule, g, a)
	}
	return opened, grown
}

func (c *Counters) grow(e *episode, count int64, a *Arrival, at int64, weights *[numSums]int64) (grown bool) {
	alert := e.alert
	alert.add(weights)
	r := row{
		at: at, stamp: milliseconds(a.At), recipients: weights[Recipients], bytes: weights[Bytes],
		atLeast: a.AtLeast, nature: a.Nature, messageID: a.keptID(), values: a.Values,
	}
	if c.brief {
		c.note(alert, &r, nil)
		return alert.climb(count)
	}
	c.note(alert, &r, a.At.Location())
	alert.course.add(at, offsetOf(alert.Opened))
	alert.sample(e.crossed, e.middle)
	return alert.climb(count)
}

// note tells an alert of an arrival that is in its totals. The topic of a subject is made if it isn't known.
func (c *Counters) note(alert *Alert, r *row, zone *time.Location) {
	if r.nature.isDoubtful() {
		alert.Suspicious++
	}
	alert.AtLeast = alert.AtLeast || r.atLeast
	if c.brief {
		for _, k := range [...]Key{Subject, Anomaly, Entry} {
			alert.tally(k, r.values[k], r.recipients, r.bytes, &c.budget)
		}
		return
	}
	if subject := r.values[Subject]; subject != nil && r.values[Topic] == nil {
		c.topic = FoldSubject(subject, c.topic[:0])
		r.values[Topic] = c.topic
	}
	alert.note(r, zone, &c.budget)
}

// cross opens an alert, of the window that the arrival took over the limit.
func (c *Counters) cross(rule *counted, g *gauge, a *Arrival) *Alert {
	f, h, zone := rule.family, &c.history, a.At.Location()
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
		tallies:   make([]tally, NumValues),
	}
	alert.ID = alertID(rule.Rule, alert.Value, a.MessageID)
	alert.climb(g.count)
	if !c.brief {
		c.recall(alert, f, g)
	}
	sums, from := f.after(f.n, c.clock.now-f.windows[rule.index], c.clock.now)
	c.crossed(rule, value, from, sums[Messages])
	oldest, middle := h.read(c.window[0]), h.read(c.window[len(c.window)/2])
	alert.Messages, alert.Recipients, alert.Bytes = sums[Messages], sums[Recipients], sums[Bytes]
	if !c.brief {
		alert.begin(&oldest, zone)
	}
	for _, p := range c.window {
		r := h.read(p)
		c.note(alert, &r, zone)
	}
	e := &episode{
		alert:   alert,
		crossed: newest.id(),
		middle:  middle.id(),
		rule:    rule,
		n:       f.n,
		due:     c.clock.now + 1 + windowSeconds(&rule.Rule),
	}
	if !c.brief {
		c.chart(alert, rule, value)
		alert.sample(e.crossed, e.middle)
	}
	c.enumerate(e)
	c.admit(e)
	return alert
}

// crossed sets window to the rows of a value from the second at on, those inside the rule's window: as many as
// messages, or the newest of them where history has let go of others, and at least the newest row.
func (c *Counters) crossed(rule *counted, value []byte, at, messages int64) {
	h, p := &c.history, c.history.newest()
	c.window = append(c.window[:0], p)
	for p != h.oldest() && int64(len(c.window)) < messages {
		p = h.before(p)
		second := h.at(p)
		if second+disorder < at {
			break
		}
		if second >= at && c.counts(rule, p, value) {
			c.window = append(c.window, p)
		}
	}
	slices.Reverse(c.window)
}

// counts reports whether the row at p is one of the value, which the arrival being counted has, and in the rule's
// scope.
func (c *Counters) counts(rule *counted, p place, value []byte) bool {
	f := rule.family
	if !c.history.has(p, f.nth, c.sums[f.nth]) {
		return false
	}
	r := c.history.read(p)
	return r.values[f.key] != nil && bytes.Equal(r.values[f.key], value) && !f.isOutside(r.outside) && f.sees(r.nature)
}

// What is known of the time before a window, which only a Chart shows.
const (
	maxPast   = 3600    // seconds that history holds besides the longest window, if that is longer
	maxBefore = 1 << 17 // arrivals that are looked through
)

// chart begins an alert's chart, with what is known of two windows.
func (c *Counters) chart(a *Alert, rule *counted, value []byte) {
	h, now, window := &c.history, c.clock.now, windowSeconds(&rule.Rule)
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
	a.course = newSeries(now-2*window+1, now, offset)
	for p := first; p.block < len(h.blocks); p = h.after(p) {
		if at := h.at(p); at+2*window > now && c.counts(rule, p, value) {
			a.course.add(at, offset)
		}
	}
}
