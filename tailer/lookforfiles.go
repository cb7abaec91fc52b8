package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	// attempts is how often a folder is listed again while names in it change, before the next tick.
	attempts = 10
	// maxSegments is how many segments are open at a time. A thousand descriptors leave room for them.
	maxSegments = 64
)

// lookForFiles looks which files have come after the last segment, and opens them while they are there.
func (c *followLoop) lookForFiles(now time.Time) {
	c.moreToOpen = false
	c.report("folder", c.folder.refresh())
	for i, s := range c.segments {
		if err := s.refresh(now); errors.Is(err, errShorter) {
			c.truncated(i, err)
			break
		}
	}
	if c.isCurrent() {
		c.segments[len(c.segments)-1].completeAt = now
		c.listed = true
		c.report("log", nil)
		c.setWait(&c.nextWait, "the next file", nil)
		return
	}
	err := errMoved
	for n := 0; n < attempts && errors.Is(err, errMoved); n++ {
		err = c.openSuccessors(now)
	}
	c.listed = err == nil || errors.Is(err, fs.ErrNotExist)
	if c.setWait(&c.nextWait, "the next file", err); c.nextWait == nil {
		c.report("log", err)
	}
}

// isCurrent tells, without listing the folder, that the last segment still is the log and nothing can have come before.
func (c *followLoop) isCurrent() bool {
	if len(c.segments) == 0 || isStamped(c.Path) || slices.ContainsFunc(c.segments, (*segment).untouched) {
		return false
	}
	info, err := os.Stat(c.Path)
	return err == nil && identify(info) == c.segments[len(c.segments)-1].identity
}

// openSuccessors opens the files that have come. The error is errMoved if names changed meanwhile, fs.ErrNotExist if
// there is no log now, and a *WaitError if a file or folder can't be read. Then nothing was concluded, and it is to be
// tried again.
func (c *followLoop) openSuccessors(now time.Time) error {
	found, err := c.stable()
	if err == nil && len(c.segments) == 0 {
		found, err = c.withHolder(found, c.From)
	}
	if err == nil {
		err = c.repairOrder(found)
	}
	if err != nil {
		return err
	}
	c.updateNames(found)
	coming, err := c.successors(found)
	if err != nil {
		return err
	}
	room := maxSegments - len(c.segments)
	for i, f := range coming[:min(room, len(coming))] {
		s, err := f.openSegment(time.Now())
		if err == nil {
			c.waits.recordSuccess(f)
			c.appendSegment(s)
		} else if err := c.leaveOut(f, err, i < len(coming)-1); err != nil {
			return err
		}
	}
	if len(coming) > room {
		c.moreToOpen = true
		return nil
	}
	if n := len(c.segments); n > 0 {
		c.segments[n-1].completeAt = now
	}
	if len(found) == 0 || !found[len(found)-1].isLog(c.Path) {
		return fmt.Errorf("%s: %w", c.Path, fs.ErrNotExist)
	}
	return nil
}

// updateNames notes the names that the segments' files have now.
func (c *followLoop) updateNames(found []candidate) {
	for _, s := range c.segments {
		if i := slices.IndexFunc(found, func(f candidate) bool { return f.identity == s.identity }); i >= 0 {
			s.currentPath = found[i].path
		}
	}
}

// leaveOut leaves out a file that can't be opened, after it was waited for long enough, if there is a younger one. Else
// it fails.
func (c *followLoop) leaveOut(f candidate, err error, younger bool) error {
	if errors.Is(err, errMoved) {
		return err
	}
	failed, over := c.waits.recordFailure(f, err)
	if !over || !younger {
		return failed
	}
	from := f.start()
	if f.identity == c.From.identity() {
		from = c.From
	}
	c.waits.leaveOut(f, failed, from)
	return nil
}

// setWait sets what is waited for in one place, and reports it once. An err that isn't a *WaitError ends the wait.
func (c *followLoop) setWait(place **WaitError, what string, err error) {
	if *place = nil; !errors.As(err, place) {
		c.report(what, nil)
		return
	}
	if _, told := c.reported[what]; !told {
		c.report(what, *place)
	}
}

// appendSegment adds a segment at the end. The one before it is rotated with that.
func (c *followLoop) appendSegment(s *segment) {
	c.begun = true
	c.reclaim(s)
	if n := len(c.segments); n > 0 {
		c.segments[n-1].cycled, c.segments[n-1].unchangedSince = true, s.unchangedSince
		c.stopTail()
	}
	c.segments = append(c.segments, s)
	if len(c.segments) == 1 {
		c.seekToStart(s) // readChunk will meet the error again
	}
}

// seekToStart puts the first segment where reading begins, if that hasn't been done: behind what was read of it, or of
// the file it is a copy of.
func (c *followLoop) seekToStart(s *segment) error {
	if s.positioned {
		return nil
	}
	head, err := s.currentHead()
	if err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	offset := c.readUpTo(s.identity, head)
	if s.decompressor == nil {
		offset = min(offset, info.Size())
	}
	if offset > 0 {
		err = s.resume(offset)
	}
	s.positioned = err == nil
	return err
}

// release drops the first segment, which isn't the last one. A plain one stays open for late lines, if it can be read.
func (c *followLoop) release(s *segment, now time.Time) {
	c.segments = c.segments[1:]
	c.tailPause, c.tailAfter = c.Tick, time.Time{}
	p := knownFile{Position: s.position(), head: s.head}
	if s.decompressor == nil && s.readErr == nil {
		p.heldOpen, p.openUntil = s, now.Add(c.lateness)
	} else {
		s.close()
	}
	c.remember(p)
	c.closeExpired(now)
	c.seekToStart(c.segments[0])
}
