package summary

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Span is whole days of the log's zone, from midnight to midnight.
type Span struct{ From, To time.Time }

// Day is the day that holds t in t's zone.
func Day(t time.Time) Span { return days(t, 0, 1) }

// Week is the week, from Monday on, that holds t in t's zone.
func Week(t time.Time) Span {
	sinceMonday := (int(t.Weekday()) + 6) % 7
	return days(t, -sinceMonday, 7)
}

// days are n days, the first of them so many days after that of t.
func days(t time.Time, after, n int) Span {
	y, m, d := t.Date()
	return Span{midnight(y, m, d+after, t.Location()), midnight(y, m, d+after+n, t.Location())}
}

// midnight is when a day begins. Where clocks are put forward at midnight, that is later than 00:00; where
// they are put back to it, it is the first of both.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Day()
	if t.Day() != want { // time.Date has taken the offset from before or after the gap
		_, end := t.ZoneBounds()
		return end
	}
	if first := t.Add(-time.Hour); first.Day() == want {
		return first // of two midnights, where clocks are put back at 01:00
	}
	return t
}

// Before is the last span like s that ends at t or before it.
func Before(t time.Time, week bool) Span {
	if week {
		monday := Week(t).From
		return days(monday, -7, 7)
	}
	return days(t, -1, 1)
}

// Trial is the seven days before the midnight that a trial ends at, or that comes last before its end.
func Trial(until time.Time) Span { return days(until, -7, 7) }

// IsDay reports whether the span is one day.
func (s Span) IsDay() bool { return s.To.Sub(s.From) < 2*24*time.Hour }

// back is the span so many days earlier.
func (s Span) back(n int) Span {
	length := 7
	if s.IsDay() {
		length = 1
	}
	return days(s.From, -n, length)
}

// ID names the span in one word: 20261128, 2026W48, or for other seven days 20261124to20261130.
func (s Span) ID() string {
	if s.IsDay() {
		return s.From.Format("20060102")
	}
	if s.From.Weekday() != time.Monday {
		return s.From.Format("20060102") + "to" + days(s.To, -1, 1).From.Format("20060102")
	}
	year, week := s.From.ISOWeek()
	return fmt.Sprintf("%dW%02d", year, week)
}

// contains tells whether a stamp is in the span.
func (s Span) contains(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// String is the date of a day, or those of the first and the last day.
func (s Span) String() string {
	if s.IsDay() {
		return s.From.Format(time.DateOnly)
	}
	last := days(s.To, -1, 1).From
	return s.From.Format(time.DateOnly) + " to " + last.Format(time.DateOnly)
}

// weekOK is a week as in ISO 8601.
var weekOK = regexp.MustCompile(`^(\d{4})-W(\d\d)$`)

// Parse reads a date, such as 2026-11-28, a week, such as 2026-W48, or seven days, such as 2026-11-24..2026-11-30.
func Parse(text string, zone *time.Location) (Span, error) {
	if first, last, ok := strings.Cut(text, ".."); ok {
		from, err := Parse(first, zone)
		to, err2 := Parse(last, zone)
		if s := from.back(-6); err == nil && err2 == nil && from.IsDay() && s.From.Equal(to.From) {
			return Span{from.From, to.To}, nil
		}
		return Span{}, fmt.Errorf("%q: expected seven days, such as 2026-11-24..2026-11-30", text)
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil { // in the zone there may be no such midnight
		y, m, d := t.Date()
		return days(time.Date(y, m, d, 12, 0, 0, 0, zone), 0, 1), nil
	}
	if found := weekOK.FindStringSubmatch(text); found != nil {
		year, _ := strconv.Atoi(found[1])
		week, _ := strconv.Atoi(found[2])
		noon := time.Date(year, 1, 4+7*(week-1), 12, 0, 0, 0, zone) // 4 January is in the first week
		if y, w := noon.ISOWeek(); y == year && w == week {
			return Week(noon), nil
		}
	}
	return Span{}, fmt.Errorf("%q: expected day, week, a date such as 2026-11-28, a week such as 2026-W48, or seven "+
		"days such as 2026-11-24..2026-11-30", text)
}
