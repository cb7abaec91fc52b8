package window

import "slices"

// judge looks at one rule after the arrival was counted, and opens an alert or adds to the one that is open.
func (c *Counters) judge(rule *counted, r *row, a *Arrival) *Alert {
	id := r.values[rule.Key]
	if id == 0 {
		return nil
	}
	n := rule.family.find(id)
	if n == 0 {
		return nil // there was no room for it
	}
	g := rule.family.gauge(n, rule.index)
	switch {
	case g.open:
		c.grow(c.open[episodeKey{rule, id}], g.count, r, a)
	case g.count > rule.Limit && !c.full():
		return c.cross(rule, g, r, a)
	}
	return nil
}

func (c *Counters) grow(e *episode, count int64, r *row, a *Arrival) {
	e.alert.Peak = max(e.alert.Peak, count)
	e.alert.add(r, c.values.values, a.At.Location(), &c.budget)
	e.alert.sample(e.crossed, e.middle)
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
		Peak:      g.count,
	}
	sums := rule.family.sums(g)
	c.crossed(rule, id, g.from, sums[Messages])
	zone := a.At.Location()
	alert.cross(sums, c.history.row(c.window[0]), zone)
	for _, n := range c.window {
		alert.note(c.history.row(n), c.values.values, zone, &c.budget)
	}
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
		if n == c.history.next || r.at >= at && r.values[rule.Key] == id {
			c.window = append(c.window, n-1)
		}
	}
	slices.Reverse(c.window)
}
