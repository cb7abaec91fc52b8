package htmlreport

import (
	"fmt"
	"strings"
	"time"

	"exiwatch/internal/report"
)

// An axis is the time of the log from the first hour that has arrivals to the end of the last, as its clock showed it.
type axis struct{ From, To time.Time }

// newAxis needs one hour at least.
func newAxis(hours []report.Hour) axis {
	return axis{hours[0].At, hours[len(hours)-1].At.Add(time.Hour)}
}

// Days is how many days the axis touches.
func (a axis) Days() int64 {
	if a.From.IsZero() {
		return 0
	}
	const day = 24 * time.Hour
	return int64(a.To.Add(-time.Hour).Truncate(day).Sub(a.From.Truncate(day))/day) + 1
}

// A strip marks spans of time on an axis: a drawing of 1000 by 10, in which so many slots lie side by side.
type strip [slots]bool

const (
	slots     = 250
	slotWidth = 1000 / slots
)

// slot gives the place of a time.
func (a axis) slot(t time.Time) int {
	_, offset := t.Zone()
	shown := t.Add(time.Duration(offset) * time.Second)
	at := shown.Sub(a.From).Seconds() / a.To.Sub(a.From).Seconds()
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
