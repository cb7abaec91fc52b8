package window

import (
	"slices"
	"time"
)

// Longest is the longest window of the rules; 0 without rules. Counters may start reading two of these before now, with
// the clock of that time, and show the same as counters that read everything. What counts now arrived in the last
// window. What is open now was over its limit at some time in the last window, by arrivals of the last two.
func (c *Counters) Longest() time.Duration { return time.Duration(c.longest) * time.Second }

// Save returns the open alerts and the incidents for Restore. An alert that has ended is not among them, even if
// Advance hasn't returned it yet.
func (c *Counters) Save() Saved { return c.SaveSome(func(*Alert) bool { return true }) }

// SaveSome is Save with only those of the open alerts for which wanted returns true.
func (c *Counters) SaveSome(wanted func(*Alert) bool) Saved {
	open := c.openAlerts()
	saved := Saved{Alerts: make([]SavedAlert, 0, len(open)), Incidents: c.saveIncidents(open)}
	for _, e := range open {
		if wanted(e.alert) {
			saved.Alerts = append(saved.Alerts, e.save(c.lastFall(e)))
		}
	}
	return saved
}

// lastFall is the second at which the alert's count last fell to its limit; now while it is over.
func (c *Counters) lastFall(e *openAlert) int64 {
	if !e.rule.isOver(e.rule.countOf(e.counter)) {
		return e.rule.fellAt[e.counter]
	}
	return c.clock.Now
}

// Restore puts what Save returned back into counters. These must have read the log again, from two Longest
// before the moment of Save up to that moment.
//
//   - An alert of a rule that no longer exists is dropped.
//   - An alert that the counters hold open becomes what it was. They may have it under another id, as they saw only
//     part of its past.
//   - An alert that they don't hold is opened as it was: its log is gone, or only the end of an exception kept it open.
//     It ends one window after it was last over its limit, as far as that is known. That is one window after now at the
//     latest, unless arrivals keep it open. SetClock sets the time for that where no line does.
//
// Restore returns the open alerts that were not saved, in the order they opened: they come from lines that were added
// to the past. Open lists them after the saved ones. Advance won't return what ended during the re-read. Incidents
// become those that were saved: what was open then and isn't any more is over now.
func (c *Counters) Restore(saved Saved) (fresh []*Alert) {
	c.ended = nil
	held := c.openAlerts()
	known := make(map[*openAlert]bool, len(saved.Alerts))
	c.restoreIncidents(saved.Incidents)
	for i := range saved.Alerts {
		if e := c.restore(&saved.Alerts[i]); e != nil {
			known[e] = true
			c.number(e)
		}
	}
	for _, e := range held {
		if !known[e] {
			c.number(e)
			c.joinIncident(e.alert, e.alert.Incident.About)
			fresh = append(fresh, e.alert)
		}
	}
	return fresh
}

// number makes the alert the last in the order of opening.
func (c *Counters) number(e *openAlert) {
	c.opened++
	e.number = c.opened
}

// restore restores a saved alert. It returns nil where the alert has no rule or there is no room for it.
func (c *Counters) restore(s *SavedAlert) *openAlert {
	rule := c.ruleOf(s.Rule)
	if rule == nil {
		return nil
	}
	e := c.open[openKey{rule, rule.table.find(s.Value, c.hash(s.Value))}]
	if e == nil {
		e = c.reopen(rule, s)
	}
	if e != nil {
		e.restore(s, &c.budget)
		c.resumeIncident(e.alert, s)
		c.delayEnd(e, s.Fell)
	}
	return e
}

// delayEnd keeps the alert from ending earlier than is known from Save. Without it that happens where lines are gone.
func (c *Counters) delayEnd(e *openAlert, fell int64) {
	r, now := e.rule, c.clock.Now
	fell = min(max(fell, now-r.window), now)
	r.recordFall(e.counter, max(fell, r.fellAt[e.counter]))
}

func (c *Counters) ruleOf(text string) *compiledRule {
	if i := slices.IndexFunc(c.rules, func(r *compiledRule) bool { return r.text == text }); i >= 0 {
		return c.rules[i]
	}
	return nil
}

// reopen opens an alert that has no contents yet.
func (c *Counters) reopen(rule *compiledRule, s *SavedAlert) *openAlert {
	if c.alertsFull() {
		return nil
	}
	n := rule.table.findOrCreate(s.Value, c.hash(s.Value), c.clock.Now)
	if n == 0 {
		c.cost.RefusedAlerts++
		return nil
	}
	e := &openAlert{alert: new(Alert), rule: rule, counter: n, due: c.clock.Now}
	c.addOpen(e)
	return e
}

// addOpen adds an alert to the open ones.
func (c *Counters) addOpen(e *openAlert) {
	e.rule.countOf(e.counter).open = true
	e.rule.table.counters.At(e.counter).openAlerts++
	c.open[openKey{e.rule, e.counter}] = e
	c.enqueue(e)
}

// alertsFull reports, and counts, that no more alerts can be opened.
func (c *Counters) alertsFull() bool {
	if len(c.open) < c.limits.open {
		return false
	}
	c.cost.RefusedAlerts++
	return true
}
