package window

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// maxExceptions is how many exceptions a rule may have, as a gauge has two bytes for their number.
const maxExceptions = math.MaxUint16

// An Exception is a higher limit for some of the values of a rule's key. Of a rule's exceptions the first applies that
// matches and hasn't ended.
type Exception struct {
	// Match reports whether the exception is for the value: always the same of the same value.
	Match  func(value string) bool
	Reason string    // for people; may be empty
	Limit  int64     // applies in place of the rule's; above it
	Until  time.Time // the exception ends when the log's clock has reached it; never where it is zero
}

func (e *Exception) validate(r *Rule) error {
	if e.Match == nil {
		return errors.New("matches nothing")
	}
	if e.Limit <= r.Limit {
		return fmt.Errorf("limit %d: want one above the rule's %d", e.Limit, r.Limit)
	}
	return nil
}

// end is the first second at which the exception doesn't apply any more.
func (e *Exception) end() int64 {
	if e.Until.IsZero() {
		return math.MaxInt64
	}
	at := seconds(e.Until)
	if e.Until.Nanosecond() > 0 {
		at++
	}
	return at
}

// exception returns the number, from 1 on, of the exception that applies to a value; 0 for none.
func (r *Rule) exception(value []byte, now int64) uint16 {
	if len(r.Except) == 0 {
		return 0
	}
	text := string(value)
	for i := range r.Except {
		if e := &r.Except[i]; now < e.end() && e.Match(text) {
			return uint16(i + 1)
		}
	}
	return 0
}

// limitOf is the limit that applies to a gauge of the rule.
func (r *Rule) limitOf(g *ruleCount) int64 {
	if g.except > 0 {
		return r.Except[g.except-1].Limit
	}
	return r.Limit
}

// A lapse is a second at which exceptions of a rule end.
type exceptionEnd struct {
	at    int64
	table *counterTable
	rule  int // in family.rules
}

func exceptionEndsOf(f *counterTable, rule int) (lapses []exceptionEnd) {
	for i := range f.rules[rule].Except {
		if at := f.rules[rule].Except[i].end(); at < math.MaxInt64 {
			lapses = append(lapses, exceptionEnd{at, f, rule})
		}
	}
	return lapses
}

// endExceptions ends the exceptions whose time has come, at their second: after the alerts that ended before it, in which
// they still applied. shift is as for end.
func (c *Counters) endExceptions(shift int64) {
	for len(c.exceptionEnds) > 0 && c.exceptionEnds[0].at <= c.clock.now {
		l := c.exceptionEnds[0]
		c.slide(l.at - 1)
		c.endAlerts(l.at-1, shift)
		c.slide(l.at)
		l.table.endExceptions(l.rule, l.at)
		for len(c.exceptionEnds) > 0 && c.exceptionEnds[0] == l {
			c.exceptionEnds = c.exceptionEnds[1:]
		}
	}
}

// endExceptions gives each gauge whose exception of the rule ends by now the limit that applies from now on.
func (t *counterTable) endExceptions(rule int, now int64) {
	r := &t.rules[rule]
	for n := range t.counters.Len() {
		g := t.ruleCount(n, rule)
		if g.except == 0 || r.Except[g.except-1].end() > now {
			continue
		}
		over := g.count > r.limitOf(g)
		g.except = r.exception(t.value(n), now)
		if over && g.count <= r.limitOf(g) { // another exception with a higher limit
			t.recordFall(n, rule, now)
		}
	}
}
