package tailer

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A followLoop is the loop behind one call of Follow. It reads the first of its segments; the last one is the log as it
// is now.
type followLoop struct {
	Follower
	search
	fn       func(Line) error
	idle     func(end time.Time) error
	folder   folder
	segments []*segment  // oldest first, at most maxSegments; all but the last are rotated
	known    []knownFile // how far files were read that are no segments, the last one last
	buf      []byte
	reported map[string]string // the last error that Problem was told, by what it is about

	olderFiles []candidate // the files before those that reading began with, as they were then
	olderEnd   Position    // where the last of them ended, which may still be written to
	begun      bool        // there was a segment once
	moreToOpen bool        // there are more files than may be open

	nextWait     *WaitError // why it isn't known what comes next; nil: it is
	readWait     *WaitError // why the first segment isn't read on; nil: it is
	reportedWait *WaitError // the last one that Waits was told

	tail        *liveTail     // the first segment's; nil while our own reads do its work
	tailAfter   time.Time     // no tail starts earlier
	tailPause   time.Duration // how long the next failure puts that off
	linesInTick int64         // handed over since the last tick
	flooded     bool          // they were too many for a tail

	lookedAt    time.Time        // the last look for files
	listed      bool             // that look saw which files there are
	emitted     bool             // lines were handed over since idle was called
	idleCalled  bool             // and nothing has happened since
	idleAgain   <-chan time.Time // when it is called again; nil: not before a tick
	ticked      bool             // a tick has passed and idle wasn't called
	immediately chan time.Time   // closed: a time that has come
}

func newFollowLoop(f Follower, fn func(Line) error, idle func(end time.Time) error) *followLoop {
	f.Grace = cmp.Or(f.Grace, DefaultGrace)
	f.Tick = cmp.Or(f.Tick, DefaultTick)
	f.fdFolder = cmp.Or(f.fdFolder, fdFolder)
	f.lateness = cmp.Or(f.lateness, lateness)
	files := f.search()
	c := &followLoop{Follower: f, search: files, fn: fn, idle: idle, buf: make([]byte, chunkSize)}
	c.reported = make(map[string]string)
	if f.From.Offset > 0 {
		c.known = []knownFile{{Position: f.From}}
	}
	c.folder.path = filepath.Dir(f.Path)
	c.tailPause = f.Tick
	c.immediately = make(chan time.Time)
	close(c.immediately)
	if c.folder.poll = f.Poll; !f.Poll { // first, while descriptors are left
		c.report("folder", c.folder.open())
		c.report("tailing", theTracker.start())
	}
	return c
}

// run loops until ctx ends or a callback fails. Each round reads at most one chunk. So it looks at the names in time
// even while it catches up with a long log.
func (c *followLoop) run(ctx context.Context) error {
	tick := time.NewTicker(c.Tick)
	defer tick.Stop()
	for look := true; ; {
		if look || c.moreToOpen && len(c.segments) <= maxSegments/2 {
			c.lookedAt = time.Now()
			c.lookForFiles(c.lookedAt)
			if err := c.readLateLines(c.lookedAt); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := c.readChunk()
		if err == nil && !more {
			more, err = c.releaseFinished(time.Now())
		}
		if err == nil && !more {
			c.startTail(time.Now())
			err = c.callIdle()
		}
		if err != nil {
			return err
		}
		look, err = c.wait(ctx, tick.C, more)
		if err != nil {
			return err
		}
	}
}

// readChunk hands over the lines of the first segment's next chunk. It returns false if there are none now, or if a
// tail reads the segment.
func (c *followLoop) readChunk() (more bool, err error) {
	if len(c.segments) == 0 || c.tail != nil {
		c.setWait(&c.readWait, "reading on", nil)
		return false, nil
	}
	s := c.segments[0]
	if err := c.seekToStart(s); err != nil {
		return c.readFailed(s, err), nil
	}
	if s.decompressor != nil {
		return c.readCompressed(s)
	}
	first := s.untouched()
	more, err = s.fill(c.buf)
	if errors.Is(err, errShorter) {
		c.truncated(0, err)
		return true, nil
	}
	if first && more {
		// The file may have held something else before. If so, there is a copy by now.
		if c.lookForFiles(time.Now()); len(c.segments) == 0 || c.segments[0] != s {
			return true, nil
		}
	}
	if err != nil {
		return c.readFailed(s, err), nil
	}
	c.readSucceeded(s)
	return more, c.emitChunk(s)
}

// readFailed notes that the first segment can't be read now. It returns true if reading goes on without that segment.
func (c *followLoop) readFailed(s *segment, err error) bool {
	f := s.candidate()
	failed, over := c.waits.recordFailure(f, err)
	s.readErr = failed
	if over && len(c.segments) > 1 {
		c.waits.leaveOut(f, failed, s.reached())
		c.release(s, time.Now())
		return true
	}
	c.setWait(&c.readWait, "reading on", failed)
	return false
}

// readSucceeded notes that the first segment was read.
func (c *followLoop) readSucceeded(s *segment) {
	s.readErr = nil
	c.waits.recordSuccess(s.candidate())
	c.setWait(&c.readWait, "reading on", nil)
	c.report("reading", nil)
}

// emitChunk hands over the lines of the chunk that was read, in batches if the caller wants them and they can be.
func (c *followLoop) emitChunk(s *segment) error {
	for {
		if c.Bulk != nil {
			if run, ok := s.nextBatch(); ok {
				if err := c.emitBatch(run); err != nil {
					return err
				}
			}
		}
		line, ok := s.nextLine()
		if !ok {
			return nil
		}
		if err := c.emit(line); err != nil {
			return err
		}
	}
}

func (c *followLoop) emitBatch(run Batch) error {
	c.idleCalled, c.emitted = false, true
	c.linesInTick += run.Lines
	return c.Bulk(run)
}

func (c *followLoop) emit(line Line) error {
	c.idleCalled, c.emitted = false, true
	c.linesInTick++
	return c.fn(line)
}

// releaseFinished closes the first segment if it is rotated and wholly read. It returns true if it did.
func (c *followLoop) releaseFinished(now time.Time) (bool, error) {
	if len(c.segments) < 2 || c.segments[0].readErr != nil {
		return false, nil
	}
	s := c.segments[0]
	if s.decompressor == nil { // else its size doesn't matter, and nothing would read it again after a failure
		if err := s.refresh(now); errors.Is(err, errShorter) {
			c.truncated(0, err)
			return true, nil
		} else if err != nil {
			return c.readFailed(s, err), nil
		}
	}
	if !s.finished(now, c.Grace) {
		return false, nil
	}
	line, ok, err := s.unterminated(c.buf)
	if err != nil {
		return c.readFailed(s, err), nil
	}
	c.release(s, now)
	if ok {
		return true, c.emit(line)
	}
	return true, nil
}

// callIdle calls idle if there is nothing to read. A tail's line may be on its way while the file is longer than what
// was handed over. If that is half a line, idle is called at the next tick.
func (c *followLoop) callIdle() error {
	waits := cmp.Or(c.readWait, c.nextWait)
	c.reportWait(waits)
	if c.idle == nil || c.idleCalled {
		return nil
	}
	if c.tail != nil && !c.ticked && !c.segments[0].atEnd() {
		return nil
	}
	c.idleCalled, c.ticked = true, false
	if c.idleAgain = nil; c.emitted {
		c.emitted, c.idleAgain = false, time.After(secondLook)
	}
	if waits != nil || len(c.segments) > 1 || !c.listed || c.moreToOpen || c.tail != nil && !c.segments[0].allRead() {
		return c.idle(time.Time{})
	}
	return c.idle(c.lookedAt)
}

// reportWait calls Waits when another file is waited for than before.
func (c *followLoop) reportWait(now *WaitError) {
	was := c.reportedWait
	c.reportedWait = now
	if c.Waits != nil && now != was && (now == nil || was == nil || now.Path != was.Path) {
		c.Waits(now)
	}
}

// soon is when the next round is due although nothing happens; nil: at the next tick.
func (c *followLoop) soon(more bool) <-chan time.Time {
	switch {
	case more:
		return c.immediately
	case len(c.segments) > 1 && c.segments[0].readErr == nil: // else it is tried again at the next tick
		return time.After(time.Until(c.segments[0].dueAt(c.Grace)))
	case c.flooded:
		return time.After(floodPause)
	}
	return nil
}

// wait returns when something has happened, or at once if there is more to read. look tells whether names may have
// changed.
func (c *followLoop) wait(ctx context.Context, tick <-chan time.Time, more bool) (look bool, err error) {
	soon := c.soon(more)
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case given, ok := <-c.tail.lines():
			return false, c.takeTailLine(given, ok)
		case event := <-c.folder.events():
			if !event.Has(fsnotify.Write) {
				return true, nil
			}
			if c.tail == nil && !c.flooded {
				return false, nil
			}
		case <-c.folder.failed: // too many events: some are lost
			return true, nil
		case <-tick:
			c.idleCalled, c.ticked = c.idleAgain != nil, true
			c.checkTail()
			return true, nil
		case <-c.idleAgain:
			c.idleCalled, c.idleAgain = false, nil
			return false, nil
		case <-soon:
			return false, nil
		}
	}
}

// close closes everything that is open.
func (c *followLoop) close() {
	c.stopTail()
	for _, s := range c.segments {
		s.close()
	}
	for i := range c.known {
		c.known[i].close()
	}
	c.folder.close()
}

// report calls Problem with err, unless that was the last error reported about what. A nil err means that it is over.
func (c *followLoop) report(what string, err error) {
	if err == nil {
		delete(c.reported, what)
		return
	}
	if c.reported[what] == err.Error() {
		return
	}
	c.reported[what] = err.Error()
	if c.Problem != nil {
		c.Problem(err)
	}
}
