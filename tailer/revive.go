package tailer

import (
	"time"

	"github.com/nxadm/tail"
)

// maxPause is how long a segment whose tails give nothing is read by ourselves before the next one is tried.
const maxPause = time.Minute

// revive gives the log as it is now a tail, if it has none and may have one.
func (c *chase) revive(now time.Time) {
	if c.Poll || c.flooded || c.live != nil || len(c.row) != 1 || c.row[0].packed != nil || now.Before(c.liveFrom) {
		return
	}
	s := c.row[0]
	if s.failing != nil || s.passed > 0 || s.offset == 0 {
		return // the tail would hold a line without end, or be the first to see what the file holds
	}
	if isRemote(s.file) {
		c.liveFrom = now.Add(maxPause)
		return
	}
	live, err := c.goLive(s)
	c.tell("tailing", err)
	if err != nil {
		c.rethink(now, 0)
		return
	}
	c.live = live
}

func (c *chase) goLive(s *segment) (*live, error) {
	if err := theTracker.start(); err != nil {
		return nil, err
	}
	return goLive(s, c.descriptors)
}

// take hands over what came from the tail, or leaves it: ok is false when it has ended.
func (c *chase) take(given *tail.Line, ok bool) error {
	if !ok {
		c.leave()
		return nil
	}
	line, ok := c.row[0].take(given)
	if !ok {
		c.leave()
		return nil
	}
	c.live.taken++
	return c.hand(line)
}

// maxLag is how many bytes a tail may be behind: it is some ten times slower than our own reads.
const maxLag = 1 << 20

// A tail takes each line by itself. When there are many, our own reads take less of the processor: one every
// floodPause.
const (
	flood      = 1000                  // lines in a tick
	floodPause = 10 * time.Millisecond // the mail of an alert isn't much later for it
)

// doubt leaves a tail that is flooded or far behind, or has given nothing since it was last doubted while the file
// has changed: it is deaf, the file was truncated, or a line goes on without end. Half a line that our own reads have
// seen is no reason.
func (c *chase) doubt() {
	c.flooded, c.handed = c.handed > flood, 0
	if c.live == nil {
		return
	}
	s, taken := c.row[0], c.live.taken
	silent := taken == c.live.doubt
	c.live.doubt = taken
	info, err := s.file.Stat()
	gone := err != nil || theTracker.failed() != nil
	if gone || c.flooded || info.Size()-s.offset > maxLag ||
		silent && info.Size() != s.offset && info.Size() != s.end {
		c.leave()
	}
}

// leave goes on without a tail, which loses nothing: what it hasn't handed over is still to be read. The next one is
// tried after a pause, since the library's watch of this one goes away a little after it.
func (c *chase) leave() {
	if c.live == nil {
		return
	}
	c.tell("stopping", c.live.stop())
	c.rethink(time.Now(), c.live.taken)
	c.live = nil
}

// rethink sets when the next tail may be tried, ever later while they give no lines.
func (c *chase) rethink(now time.Time, taken int64) {
	if taken > 0 {
		c.pause = c.Tick
	}
	c.liveFrom = now.Add(c.pause)
	c.pause = min(2*c.pause, maxPause)
}
