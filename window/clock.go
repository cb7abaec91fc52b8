package window

import "time"

// disorder is how far, in seconds, a line may come behind the newest one and still be taken for a late line of
// another Exim process rather than for a machine whose clock was set back.
const disorder = 5

// Bounds in seconds since 1970. Stamps are held to the years that Exim can write; the clock, which grows faster than
// they do when they keep jumping, stops before sums with it could overflow.
const (
	minStamp = -62167219200 // 0000-01-01 00:00:00 UTC
	maxStamp = 253402300799 // 9999-12-31 23:59:59 UTC
	maxNow   = 1 << 60
)

// A clock turns the log's stamps into seconds that never go back; the rules are in the package's comment. Reading
// the same stamp twice in a row is reading it once.
type clock struct {
	now   int64 // the latest second that was read
	shift int64 // seconds to be added to stamps since the machine's clock was set back; at least 0
}

func newClock() clock { return clock{now: minStamp} }

// read returns the second at which a line stamped so is counted: at most disorder behind now, which it may move.
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

// Clock returns the clock as it is after the last line. It never goes back: by Now, not by the stamps, it is known how
// far back a re-read has to begin.
func (c *Counters) Clock() Clock { return Clock{Now: c.clock.now, Shift: c.clock.shift} }

// SetClock sets the clock of counters that have read nothing yet, so that they take the stamps of the lines that
// follow as the counters did from which Clock came. It sets nothing else; what is out of range is brought into it.
func (c *Counters) SetClock(to Clock) {
	c.clock.now = min(max(to.Now, minStamp), maxNow)
	c.clock.shift = min(max(to.Shift, 0), maxNow)
}

// seconds is the stamp of a log line as the clock takes it.
func seconds(t time.Time) int64 { return min(max(t.Unix(), minStamp), maxStamp) }
