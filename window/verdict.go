package window

import "slices"

// judge looks at one rule after the arrival was counted, and opens an alert or adds to the one that is open, which may have
// grown by that.
func (c *Counters) judge(rule *counted, r *row, a *Arrival) (opened, grown *Alert) {
	id := r.values[rule.Key]
	if id == 0 || !a.inside(rule.family.scope) {
		return nil, nil
	}
	n := rule.family.find(id)
	if n == 0 {
		return nil, nil // there was no room for it
	}
	g := rule.family.gauge(n, rule.index)
	switch {
	case g.open:
		if e := c.open[episodeKey{rule, id}]; c.grow(e, g.count, r, a) {
			grown = e.alert
		}
	case g.count > rule.limitOf(g) && !c.full():
		opened = c.cross(rule, g, r, a)
	}
	return opened, grown
}

func (c *Counters) grow(e *episode, count int64, r *row, a *Arrival) (grown bool) {
	e.alert.add(r, c.values.values, a.At.Location(), &c.budget)
	e.alert.sample(e.crossed, e.middle)
	return e.alert.climb(count)
}

// cross opens an alert, of the window that the arrival in row r took over the limit.
func (c *Counters) cross(rule *counted, g *gauge, r *row, a *Arrival) *Alert {
	id := r.values[rule.Key]
	alert := &Alert{
		ID:        alertID(rule.Rule, c.values.values[id], a.MessageID),
		Rule:      rule.Rule,
		Value:     c.values.values[id],
		Opened:    a.At,
		CrossedBy: string(a.MessageID),
		Count:     g.count,
		Limit:     rule.limitOf(g),
		openedAt:  r.at,
	}
	alert.climb(g.count)
	c.recall(alert, g)
	sums := rule.family.sums(g)
	c.crossed(rule, id, g.from, sums[Messages])
	zone := a.At.Location()
	alert.cross(sums, c.history.row(c.window[0]), zone)
	for _, n := range c.window {
		alert.note(c.history.row(n), c.values.values, zone, &c.budget)
	}
	c.chart(alert, rule, id)
	e := &episode{
		alert:   alert,
		crossed: r.id(),
		middle:  c.history.row(c.window[len(c.window)/2]).id(),
		rule:    rule,
		id:      id,
		due:     c.clock.now + 1 + windowSeconds(&rule.Rule),
	}
	alert.sample(e.crossed, e.middle)
	c.enumerate(e)
	c.admit(e)
	return alert
}

// crossed sets window to the rows of a value from the second at on, those inside the rule's window: as many as messages,
// or the newest of them where history has let go of others, and at least the newest row.
func (c *Counters) crossed(rule *counted, id uint32, at, messages int64) {
	c.window = c.window[:0]
	for n := c.history.next; n > c.history.first && int64(len(c.window)) < messages; n-- {
		r := c.history.row(n - 1)
		if r.at+disorder < at {
			break
		}
		if n == c.history.next || r.at >= at && rule.counts(r, id) {
			c.window = append(c.window, n-1)
		}
	}
	slices.Reverse(c.window)
}

// counts reports whether the arrival in a row is one of the value, and in the rule's scope.
func (r *counted) counts(a *row, id uint32) bool {
	return a.values[r.Key] == id && a.outside>>r.family.scope&1 == 0
}

// What is known of the time before a window, which only a Chart shows.
const (
	maxPast   = 3600    // seconds that history holds besides the longest window, if that is longer
	maxBefore = 1 << 17 // arrivals that are looked through
)

// chart begins an alert's chart, with what is known of two windows.
func (c *Counters) chart(a *Alert, rule *counted, id uint32) {
	now, window := c.clock.now, windowSeconds(&rule.Rule)
	first := c.history.next
	for n := 0; first > c.history.first && n < maxBefore; first-- {
		at := c.history.row(first - 1).at
		if at+disorder+2*window <= now {
			break
		}
		if at+window <= now {
			n++
		}
	}
	offset := offsetOf(a.Opened)
	a.course = newSeries(now-2*window+1, now, offset)
	for ; first < c.history.next; first++ {
		if r := c.history.row(first); r.at+2*window > now && rule.counts(r, id) {
			a.course.add(r.at, offset)
		}
	}
}
