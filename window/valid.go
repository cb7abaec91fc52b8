package window

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Validate returns an error if Save can't have written this. Restoring it could panic or overflow. It accepts unknown
// rules and unknown keys.
func (s *SavedAlert) Validate() error {
	if err := s.names(); err != nil {
		return err
	}
	f := &s.Fates
	n := min(s.Count, s.Peak, s.Before, s.Limit, s.Messages, s.Recipients, s.Bytes, s.Suspicious,
		f.Delivered, f.Refused, f.Deferred, f.Queued)
	if n < 0 {
		return fmt.Errorf("count %d: want 0 or more", n)
	}
	if !isMultiple(s.Times) {
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

// names checks the alert's ids and the message ids.
func (s *SavedAlert) names() error {
	for _, id := range []string{cmp.Or(s.Thread, s.ID), cmp.Or(s.Incident, s.ID), s.ID} {
		if !isAlertID(id) {
			return fmt.Errorf("alert %q: want 20 hexadecimal digits", id)
		}
	}
	if len(s.Samples) > maxSamples || len(s.ValueCounts) > int(numCounts) {
		return fmt.Errorf("%d samples, %d tallies: want at most %d and %d",
			len(s.Samples), len(s.ValueCounts), maxSamples, numCounts)
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

// isMultiple reports whether raisePeak can set Times to n.
func isMultiple(n int64) bool {
	times := int64(0)
	for times < n && times < maxMultiple {
		times = nextMultiple(times)
	}
	return times == n
}

// Validate returns an error if no log's clock can be like this.
func (c Clock) Validate() error {
	if c.Now < minStamp || c.Now > maxNow || c.Shift < 0 || c.Shift > maxNow-minStamp {
		return fmt.Errorf("clock %d, moved forward by %d: out of range", c.Now, c.Shift)
	}
	return nil
}

// validate accepts stamps of the years that Exim can write, in any zone.
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
	for _, r := range append(slices.Clone(t.Rows), t.Other) {
		if min(r.Messages, r.Recipients, r.Bytes) < 0 {
			return fmt.Errorf("row of %d messages, %d recipients, %d bytes: want 0 or more", r.Messages, r.Recipients,
				r.Bytes)
		}
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
	if len(c.Bars) > 0 && slices.Min(c.Bars) < 0 {
		return errors.New("chart with a bar below 0: want 0 or more")
	}
	if longest := chartSteps[len(chartSteps)-1]; c.From < minStamp-longest || c.From > maxNow {
		return fmt.Errorf("chart from second %d: out of range", c.From)
	}
	return nil
}
