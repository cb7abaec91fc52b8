package tailer

import (
	"time"

	"github.com/nxadm/tail"
)

// maxPause is how long at most a segment is read without a tail after its tails gave nothing.
const maxPause = time.Minute

// startTail gives the log a tail, if it has none and may have one.
func (c *followLoop) startTail(now time.Time) {
	if c.Poll || c.flooded || c.tail != nil || len(c.segments) != 1 || now.Before(c.tailAfter) {
		return
	}
	s := c.segments[0]
	if s.decompressor != nil || s.readErr != nil || s.overlong > 0 || s.offset == 0 {
		return // a tail would hold a line without end, or see the file's content first
	}
	if isRemote(s.file) {
		c.tailAfter = now.Add(maxPause)
		return
	}
	live, err := startLiveTail(s, c.fdFolder)
	c.report("tailing", err)
	if err != nil {
		c.backOff(now, 0)
		return
	}
	c.tail = live
}

// takeTailLine hands over what came from the tail. If that isn't the next line, it stops the tail. ok is false when
// the tail has ended.
func (c *followLoop) takeTailLine(given *tail.Line, ok bool) error {
	var line Line
	if ok {
		line, ok = c.tail.accept(given)
	}
	if !ok {
		c.stopTail()
		return nil
	}
	return c.emit(line)
}

// A tail takes each line by itself. When there are many, our own reads need less of the processor: one each
// floodPause.
const (
	flood      = 1000                  // lines in a tick
	floodPause = 10 * time.Millisecond // an alert's mail isn't much later for it
)

// checkTail stops a tail that is flooded or doesn't work any more.
func (c *followLoop) checkTail() {
	c.flooded, c.linesInTick = c.linesInTick > flood, 0
	if c.tail != nil && (c.flooded || !c.tail.check()) {
		c.stopTail()
	}
}

// stopTail goes on without a tail. That loses nothing: what the tail hasn't handed over is still to be read. The next
// tail waits, since the library's watch of this one goes away a little later.
func (c *followLoop) stopTail() {
	if c.tail == nil {
		return
	}
	c.report("stopping", c.tail.stop())
	c.backOff(time.Now(), c.tail.handed)
	c.tail = nil
}

// backOff sets when the next tail may start: ever later while tails give no lines.
func (c *followLoop) backOff(now time.Time, taken int64) {
	if taken > 0 {
		c.tailPause = c.Tick
	}
	c.tailAfter = now.Add(c.tailPause)
	c.tailPause = min(2*c.tailPause, maxPause)
}
