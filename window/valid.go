package window

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Validate says why no alert can have been saved like this: who restored it would count on with numbers that lead to a
// panic or go round. The rule and the keys of tallies may be unknown.
func (s *SavedAlert) Validate() error {
	if err := s.names(); err != nil {
		return err
	}
	for _, n := range []int64{s.Count, s.Peak, s.Before, s.Limit, s.Messages, s.Recipients, s.Bytes, s.Suspicious} {
		if n < 0 {
			return fmt.Errorf("count %d: want none below 0", n)
		}
	}
	if !isTimes(s.Times) {
		return fmt.Errorf("times %d: want 0, 2, 5, 10, 20, 50 and so on", s.Times)
	}
	for _, t := range []SavedTime{s.Opened, s.Since, s.First, s.Last} {
		if err := t.validate(); err != nil {
			return err
		}
	}
	for _, at := range []int64{s.FirstAt, s.LastAt, s.OpenedAt, s.Fell} {
		if err := (Clock{Now: at}).Validate(); err != nil {
			return err
		}
	}
	for i := range s.ValueCounts {
		if err := s.ValueCounts[i].validate(); err != nil {
			return err
		}
	}
	return s.Chart.validate()
}

// names looks at the alert's ids and at message ids.
func (s *SavedAlert) names() error {
	if !isAlertID(s.ID) || s.Thread != "" && !isAlertID(s.Thread) {
		return fmt.Errorf("alert %q in the thread %q: want 20 hexadecimal digits", s.ID, s.Thread)
	}
	if len(s.Samples) > maxSamples || len(s.ValueCounts) > int(NumValues) {
		return fmt.Errorf("%d samples, %d tallies: want at most %d and %d",
			len(s.Samples), len(s.ValueCounts), maxSamples, NumValues)
	}
	for _, id := range append(slices.Clone(s.Samples), s.FirstID, s.LastID, s.Crossed, s.Middle) {
		if len(id) > maxMessageID {
			return fmt.Errorf("message id %q: want at most %d bytes", id, maxMessageID)
		}
	}
	return nil
}

// maxSamples is how many Samples an alert has.
const maxSamples = 3

func isAlertID(s string) bool { return len(s) == 2*idLen && strings.Trim(s, "0123456789abcdef") == "" }

// isTimes tells whether it is a number that climb tells.
func isTimes(n int64) bool {
	times := int64(0)
	for times < n && times < maxTimes {
		times = nextTimes(times)
	}
	return times == n
}

// Validate says why no log's clock can have been like this.
func (c Clock) Validate() error {
	if c.Now < minStamp || c.Now > maxNow || c.Shift < 0 || c.Shift > maxNow-minStamp {
		return fmt.Errorf("clock %d, set forward by %d: out of range", c.Now, c.Shift)
	}
	return nil
}

// validate takes stamps of the years that Exim can write, in any zone.
func (t SavedTime) validate() error {
	const day = 24 * 60 * 60
	if t.Seconds < minStamp-day || t.Seconds > maxStamp+day || t.Nanoseconds < 0 || t.Nanoseconds > 999_999_999 {
		return fmt.Errorf("time %d.%09d: out of range", t.Seconds, t.Nanoseconds)
	}
	if t.Offset < -day || t.Offset > day {
		return fmt.Errorf("time zone %d s east of UTC: want less than a day", t.Offset)
	}
	return nil
}

func (t *SavedValues) validate() error {
	if len(t.Rows) > maxDistinct {
		return fmt.Errorf("%d rows: want at most %d", len(t.Rows), maxDistinct)
	}
	for i := range t.Rows {
		if err := t.Rows[i].validate(); err != nil {
			return err
		}
	}
	return t.Other.validate()
}

func (r *SavedValue) validate() error {
	if r.Messages < 0 || r.Recipients < 0 || r.Bytes < 0 {
		return fmt.Errorf("row of %d messages, %d recipients, %d bytes: want none below 0", r.Messages, r.Recipients,
			r.Bytes)
	}
	return nil
}

func (c *SavedChart) validate() error {
	if c.none() {
		return nil
	}
	if !slices.Contains(chartSteps[:], c.Step) || len(c.Bars) > maxBars {
		return fmt.Errorf("chart of %d bars of %d s: out of range", len(c.Bars), c.Step)
	}
	if slices.ContainsFunc(c.Bars, func(n int64) bool { return n < 0 }) {
		return errors.New("chart with a bar below 0")
	}
	if longest := chartSteps[len(chartSteps)-1]; c.From < minStamp-longest || c.From > maxNow {
		return fmt.Errorf("chart from second %d: out of range", c.From)
	}
	return nil
}
