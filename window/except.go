package window

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// maxExceptions is how many exceptions a rule may have. ruleCount has two bytes for their number.
const maxExceptions = math.MaxUint16

// An Exception is a higher limit for some of the values of a rule's key. The first of a rule's exceptions applies that
// matches the value and hasn't ended.
type Exception struct {
	// Match reports whether the exception is for the value. It must always say the same of the same value.
	Match  func(value string) bool
	Reason string    // for people; may be empty
	Limit  int64     // replaces the rule's, and is above it
	Until  time.Time // when the exception ends, by the log's clock; zero: never
}

func (e *Exception) validate(r *Rule) error {
	if e.Match == nil {
		return errors.New("no pattern: want the values that it is for")
	}
	if e.Limit <= r.Limit {
		return fmt.Errorf("limit %d: want one above the rule's %d", e.Limit, r.Limit)
	}
	return nil
}

// end is the first second at which the exception no longer applies.
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

// exception returns the number, from 1 on, of the exception that applies to a value; 0 if none does.
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

// limit is the limit that applies where the exception with a number does; 0 is for none.
func (r *Rule) limit(except uint16) int64 {
	if except > 0 {
		return r.Except[except-1].Limit
	}
	return r.Limit
}

// An exceptionEnd is a second at which exceptions of a rule end.
type exceptionEnd struct {
	at   int64
	rule *compiledRule
}

// endExceptions ends the exceptions that are due, each at its second. Alerts that ended before that second still had
// the exception's limit. shift is that of endAlerts.
func (c *Counters) endExceptions(shift int64) {
	for len(c.exceptionEnds) > 0 && c.exceptionEnds[0].at <= c.clock.Now {
		l := c.exceptionEnds[0]
		c.slide(l.at - 1)
		c.endAlerts(l.at-1, shift)
		c.slide(l.at)
		l.rule.endExceptions(l.at)
		c.exceptionEnds = c.exceptionEnds[1:]
	}
}

// endExceptions changes the limit of all counts whose exception of the rule ends by now.
func (r *compiledRule) endExceptions(now int64) {
	for n := range r.table.counters.Len() {
		rc := r.countOf(n)
		if rc.except == 0 || r.Except[rc.except-1].end() > now {
			continue
		}
		over := r.isOver(rc)
		rc.except = r.exception(r.table.value(n), now)
		if over && !r.isOver(rc) { // the next exception has a higher limit
			r.recordFall(n, now)
		}
	}
}
