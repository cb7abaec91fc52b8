package window

import "time"

// disorder is how many seconds a line may be behind the newest one and still count as a late line of another Exim
// process. A line further behind means that the machine's clock was set back.
const disorder = 5

// Bounds in seconds since 1970. Stamps are limited to the years that Exim can write. The clock runs ahead of stamps
// that keep jumping; it stops before sums with it could overflow.
const (
	minStamp = -62167219200 // 0000-01-01 00:00:00 UTC
	maxStamp = 253402300799 // 9999-12-31 23:59:59 UTC
	maxNow   = 1 << 60
)

// A clock turns the log's stamps into seconds that never go back, by the rules in the package's doc comment. Reading
// the same stamp twice in a row has the effect of reading it once.
type clock struct {
	now   int64 // the latest second that was read
	shift int64 // seconds to add to stamps since the machine's clock was set back; at least 0
}

func newClock() clock { return clock{now: minStamp} }

// read returns the second at which a line with this stamp counts, at most disorder behind now. It may move now.
func (c *clock) read(stamp int64) int64 {
	if stamp >= c.now {
		c.now, c.shift = stamp, 0
		return c.now
	}
	at := min(stamp+c.shift, maxNow)
	if at >= c.now {
		c.now = at
		return at
	}
	if c.now-at > disorder {
		c.shift = c.now - stamp
		return c.now
	}
	return at
}

// A Clock is the state of the counters' clock between two lines.
type Clock struct {
	Now   int64 `json:"now"`   // the latest second read: seconds since 1970, shifted ones included
	Shift int64 `json:"shift"` // seconds that are added to stamps since the machine's clock was set back
}

// Clock returns the clock as it is after the last line. It never goes back. How far back a re-read must begin is
// measured by Now, not by the stamps.
func (c *Counters) Clock() Clock { return Clock{Now: c.clock.now, Shift: c.clock.shift} }

// SetClock sets the clock of counters that have read nothing yet. They then take stamps as the counters did that the
// Clock came from. It sets nothing else. Values out of range are brought into it.
func (c *Counters) SetClock(to Clock) {
	c.clock.now = min(max(to.Now, minStamp), maxNow)
	c.clock.shift = min(max(to.Shift, 0), maxNow)
}

// seconds is the stamp of a log line in seconds, limited to the clock's range.
func seconds(t time.Time) int64 { return min(max(t.Unix(), minStamp), maxStamp) }
