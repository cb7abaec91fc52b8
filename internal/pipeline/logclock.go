package pipeline

import (
	"time"

	"exiwatch/window"
)

// A logClock tells what time it is by a log's clock when no line has come for a while. That is the wall clock's time,
// as far as the last line bears it out: a log whose stamps are wrong, say because its time zone is unknown, has a time
// of its own.
type logClock struct {
	clock window.Clock
	read  time.Time // when a line had moved it there
	after time.Time // the line was written after that; zero: not known
}

// note notes that the log was read up to clock at the time at. Everything written before end had been read already.
func (p *logClock) note(clock window.Clock, end, at time.Time) {
	if clock != p.clock {
		*p = logClock{clock, at, end}
	}
}

// now returns the second of the log's clock at a time. At least as much has passed as since the line was read, and at
// most as much as since it can have been written.
func (p *logClock) now(at time.Time) int64 {
	now := at.Unix() + p.clock.Shift
	if !p.after.IsZero() {
		now = min(now, p.clock.Now+1+int64(at.Sub(p.after)/time.Second))
	}
	return max(now, p.clock.Now+int64(at.Sub(p.read)/time.Second))
}

// least is the second of the log's clock at least. It differs from now where that is behind the wall clock: how far
// isn't known to the second.
func (p *logClock) least(at time.Time) int64 {
	now, passed := at.Unix()+p.clock.Shift, p.clock.Now+int64(at.Sub(p.read)/time.Second)
	if !p.after.IsZero() && now > p.clock.Now+1+int64(at.Sub(p.after)/time.Second) {
		return passed
	}
	return max(now, passed)
}
