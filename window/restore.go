package window

import (
	"container/heap"
	"time"
)

// Longest is the longest window of the rules; 0 without rules. Counters that begin to read with the clock as it was
// two of these before now, by the clock, show the same as those that read everything: what is counted now arrived in
// the last one, and what is open now was over its limit some time in the last one, by what arrived in the last two.
func (c *Counters) Longest() time.Duration { return time.Duration(c.longest) * time.Second }

// Save returns the open alerts in the order they were opened, for Restore. An alert that has ended isn't among them,
// also where Advance hasn't returned it yet.
func (c *Counters) Save() []SavedAlert {
	episodes := c.episodes()
	saved := make([]SavedAlert, len(episodes))
	for i, e := range episodes {
		saved[i] = e.save(c.fell(e))
	}
	return saved
}

// fell is the second at which the episode's count last fell to the limit; now while it is over.
func (c *Counters) fell(e *episode) int64 {
	f := e.rule.family
	if g := f.gauge(e.n, e.rule.index); g.count <= e.rule.limitOf(g) {
		return f.fell[f.position(e.n, e.rule.index)]
	}
	return c.clock.now
}

// Restore puts the alerts that Save returned back into counters that have read the log again, from two Longest before
// that moment to that moment. An alert of a rule that is no longer there is dropped. One that the counters hold open,
// though perhaps under another id as they saw only part of its past, becomes what it was. One that they don't hold,
// because the log it came from is gone or only the end of an exception kept it open, is opened as it was, and ends
// one window after it was last over its limit, as far as that is known: after now at the latest, unless arrivals keep
// it open. SetClock is then what tells the time, if no line does.
//
// Restore returns the alerts that are open and were not saved, in the order opened: of lines that were added to the
// past. Open has them after those that were saved. What ended during the re-read is not returned by Advance.
func (c *Counters) Restore(saved []SavedAlert) (fresh []*Alert) {
	c.ended = nil
	held := c.episodes()
	known := make(map[*episode]bool, len(saved))
	for i := range saved {
		if e := c.restore(&saved[i]); e != nil {
			known[e] = true
			c.enumerate(e)
		}
	}
	for _, e := range held {
		if !known[e] {
			c.enumerate(e)
			fresh = append(fresh, e.alert)
		}
	}
	return fresh
}

// enumerate makes the episode the last in the order opened.
func (c *Counters) enumerate(e *episode) {
	c.opened++
	e.number = c.opened
}

// restore returns the episode of a saved alert; nil where it has no rule or there is no room for it.
func (c *Counters) restore(s *SavedAlert) *episode {
	rule := c.ruleOf(s.Rule)
	if rule == nil {
		return nil
	}
	e := c.open[episodeKey{rule, rule.family.find(s.Value, c.hash(s.Value))}]
	if e == nil {
		e = c.reopen(rule, s)
	}
	if e != nil {
		e.restore(s, &c.budget)
		c.resettle(e, s.Fell)
	}
	return e
}

// resettle sees to it that the episode doesn't end earlier than was known, which it would where lines are gone.
func (c *Counters) resettle(e *episode, fell int64) {
	f, now := e.rule.family, c.clock.now
	fell = min(max(fell, now-windowSeconds(&e.rule.Rule)), now)
	f.fall(e.n, e.rule.index, max(fell, f.fell[f.position(e.n, e.rule.index)]))
}

func (c *Counters) ruleOf(text string) *counted {
	for _, r := range c.rules {
		if r.text == text {
			return r
		}
	}
	return nil
}

// reopen opens an episode, of an alert without contents.
func (c *Counters) reopen(rule *counted, s *SavedAlert) *episode {
	if c.full() {
		return nil
	}
	n := rule.family.findOrCreate(s.Value, c.hash(s.Value), c.clock.now)
	if n == 0 {
		c.refused++
		return nil
	}
	e := &episode{alert: new(Alert), rule: rule, n: n, due: c.clock.now}
	c.admit(e)
	return e
}

// admit takes an episode among the open ones.
func (c *Counters) admit(e *episode) {
	f := e.rule.family
	f.gauge(e.n, e.rule.index).open = true
	f.counters.at(e.n).open++
	c.open[episodeKey{e.rule, e.n}] = e
	heap.Push(&c.queue, e)
}

// full reports, and counts, that no more alerts can be opened.
func (c *Counters) full() bool {
	if len(c.open) < c.limits.open {
		return false
	}
	c.refused++
	return true
}
