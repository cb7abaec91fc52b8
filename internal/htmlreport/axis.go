package htmlreport

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/report"
)

// An axis is the time of the log from the first hour that has arrivals to the end of the last, as its clock showed it.
type axis struct{ From, To time.Time }

func newAxis(hours []report.Hour) axis {
	if len(hours) == 0 {
		return axis{}
	}
	return axis{hours[0].At, hours[len(hours)-1].At.Add(time.Hour)}
}

// Days is how many days the axis touches.
func (a axis) Days() int64 {
	if a.From.IsZero() {
		return 0
	}
	return int64(dayOf(a.To.Add(-time.Hour)).Sub(dayOf(a.From))/(24*time.Hour)) + 1
}

// shown gives t as the clock showed it, as if in UTC.
func shown(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// dayOf gives the beginning of the day.
func dayOf(shown time.Time) time.Time { return shown.Truncate(24 * time.Hour) }

// A strip marks spans of time on an axis: a drawing of 1000 by 10, in which so many slots lie side by side.
type strip [slots]bool

const (
	slots     = 250
	slotWidth = 1000 / slots
)

// slot gives the place of a time.
func (a axis) slot(t time.Time) int {
	at := shown(t).Sub(a.From).Seconds() / a.To.Sub(a.From).Seconds()
	return min(max(int(at*slots), 0), slots-1)
}

// mark marks what lies between two times; the zero time is the end.
func (a axis) mark(s *strip, from, to time.Time) {
	last := slots - 1
	if !to.IsZero() {
		last = a.slot(to)
	}
	for i := a.slot(from); i <= last; i++ {
		s[i] = true
	}
}

// Path outlines what is marked.
func (s *strip) Path() string {
	var path strings.Builder
	for i := 0; i < slots; i++ {
		n := 0
		for i+n < slots && s[i+n] {
			n++
		}
		if n > 0 {
			fmt.Fprintf(&path, "M%d 0h%dv10h-%dz", i*slotWidth, n*slotWidth, n*slotWidth)
			i += n
		}
	}
	return path.String()
}
