package tailer

import (
	"time"

	"github.com/nxadm/tail"
)

// maxPause is how long a segment whose tails give nothing is read by ourselves before the next one is tried.
const maxPause = time.Minute

// startTail gives the log as it is now a tail, if it has none and may have one.
func (c *followLoop) startTail(now time.Time) {
	if c.Poll || c.flooded || c.tail != nil || len(c.segments) != 1 || c.segments[0].decompressor != nil || now.Before(c.tailAfter) {
		return
	}
	s := c.segments[0]
	if s.readErr != nil || s.overlong > 0 || s.offset == 0 {
		return // the tail would hold a line without end, or be the first to see what the file holds
	}
	if isRemote(s.file) {
		c.tailAfter = now.Add(maxPause)
		return
	}
	live, err := c.goLive(s)
	c.report("tailing", err)
	if err != nil {
		c.backOff(now, 0)
		return
	}
	c.tail = live
}

func (c *followLoop) goLive(s *segment) (*liveTail, error) {
	if err := theTracker.start(); err != nil {
		return nil, err
	}
	return goLive(s, c.fdFolder)
}

// takeTailLine hands over what came from the tail, or leaves it: ok is false when it has ended.
func (c *followLoop) takeTailLine(given *tail.Line, ok bool) error {
	if !ok {
		c.stopTail()
		return nil
	}
	line, ok := c.segments[0].take(given)
	if !ok {
		c.stopTail()
		return nil
	}
	c.tail.handed++
	return c.emit(line)
}

// maxLag is how many bytes a tail may be behind: it is some ten times slower than our own reads.
const maxLag = 1 << 20

// A tail takes each line by itself. When there are many, our own reads take less of the processor: one every
// floodPause.
const (
	flood      = 1000                  // lines in a tick
	floodPause = 10 * time.Millisecond // the mail of an alert isn't much later for it
)

// checkTail leaves a tail that is flooded or far behind, or has given nothing since it was last doubted while the file
// has changed: it is deaf, the file was truncated, or a line goes on without end. Half a line that our own reads have
// seen is no reason.
func (c *followLoop) checkTail() {
	c.flooded, c.linesInTick = c.linesInTick > flood, 0
	if c.tail == nil {
		return
	}
	s, taken := c.segments[0], c.tail.handed
	silent := taken == c.tail.handedAtCheck
	c.tail.handedAtCheck = taken
	info, err := s.file.Stat()
	gone := err != nil || theTracker.failed() != nil
	if gone || c.flooded || info.Size()-s.offset > maxLag ||
		silent && info.Size() != s.offset && info.Size() != s.end {
		c.stopTail()
	}
}

// stopTail goes on without a tail, which loses nothing: what it hasn't handed over is still to be read. The next one is
// tried after a pause, since the library's watch of this one goes away a little after it.
func (c *followLoop) stopTail() {
	if c.tail == nil {
		return
	}
	c.report("stopping", c.tail.stop())
	c.backOff(time.Now(), c.tail.handed)
	c.tail = nil
}

// backOff sets when the next tail may be tried, ever later while they give no lines.
func (c *followLoop) backOff(now time.Time, taken int64) {
	if taken > 0 {
		c.tailPause = c.Tick
	}
	c.tailAfter = now.Add(c.tailPause)
	c.tailPause = min(2*c.tailPause, maxPause)
}
