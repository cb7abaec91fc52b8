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

// A Clock is the state of the counters' clock between two lines. It turns the log's stamps into seconds that never go
// back, by the rules in the package's doc comment.
type Clock struct {
	Now   int64 `json:"now"`   // the latest second read: seconds since 1970, shifted ones included
	Shift int64 `json:"shift"` // seconds that are added to stamps since the machine's clock was set back; at least 0
}

// read returns the second at which a line with this stamp counts, at most disorder behind Now. It may move Now. Reading
// the same stamp twice in a row has the effect of reading it once.
func (c *Clock) read(stamp int64) int64 {
	if stamp >= c.Now {
		c.Now, c.Shift = stamp, 0
		return c.Now
	}
	at := min(stamp+c.Shift, maxNow)
	if at >= c.Now {
		c.Now = at
		return at
	}
	if c.Now-at > disorder {
		c.Shift = c.Now - stamp
		return c.Now
	}
	return at
}

// Second returns the second at which a line with the stamp counts if it was read last, or comes next.
func (c Clock) Second(stamp time.Time) int64 { return c.read(seconds(stamp)) }

// Clock returns the clock as it is after the last line. It never goes back. How far back a re-read must begin is
// measured by Now, not by the stamps.
func (c *Counters) Clock() Clock { return c.clock }

// SetClock sets the clock of counters that have read nothing yet. They then take stamps as the counters did that the
// Clock came from. It sets nothing else. Values out of range are brought into it.
func (c *Counters) SetClock(to Clock) {
	c.clock = Clock{min(max(to.Now, minStamp), maxNow), min(max(to.Shift, 0), maxNow)}
}

// seconds is the stamp of a log line in seconds, limited to the clock's range.
func seconds(t time.Time) int64 { return min(max(t.Unix(), minStamp), maxStamp) }
