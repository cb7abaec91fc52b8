package tailer

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A chase is one call of Follow: a row of segments, of which the first is read and the last is the log as it is now.
type chase struct {
	Follower
	fn     func(Line) error
	idle   func(end time.Time) error
	folder folder
	row    []*segment // oldest first, at most maxRow; all but the last are cycled
	past   []past     // up to where files outside the row were read, the last one last
	older  []sibling  // the files before the beginning, as they were then
	border Position   // the end of the last of them then, which may still be written to
	heads  heads
	begun  bool // the row was not always empty
	unseen bool // there is more to be found than the row holds
	buf    []byte
	told   map[string]string // what Problem was told last, by what it is about

	ahead  *WaitError // why it isn't known what comes next; nil: it is
	stuck  *WaitError // why the first segment isn't read on; nil: it is
	waited *WaitError // what Waits was told last

	live     *live     // the first segment's tail; nil while it is read by ourselves
	liveFrom time.Time // no tail before
	pause    time.Duration

	handed  int64 // lines since the last tick
	flooded bool  // they were too many for a tail

	looked time.Time        // the last look
	sure   bool             // it saw which files there are
	fresh  bool             // lines were handed over since idle was called
	quiet  bool             // idle was called and nothing has happened since
	again  <-chan time.Time // when it is called again; nil: it isn't, before a tick
	ticked bool             // a tick has passed and idle wasn't called
	hurry  chan time.Time   // closed: a time that has come
}

func newChase(f Follower, fn func(Line) error, idle func(end time.Time) error) *chase {
	f.Grace = cmp.Or(f.Grace, DefaultGrace)
	f.Tick = cmp.Or(f.Tick, DefaultTick)
	f.descriptors = cmp.Or(f.descriptors, descriptors)
	f.lateness = cmp.Or(f.lateness, lateness)
	c := &chase{Follower: f, fn: fn, idle: idle, buf: make([]byte, chunkSize), heads: newHeads(f.waits)}
	c.told = make(map[string]string)
	if f.From.Offset > 0 {
		c.past = []past{{Position: f.From}}
	}
	c.folder.path = filepath.Dir(f.Path)
	c.pause = f.Tick
	c.hurry = make(chan time.Time)
	close(c.hurry)
	if c.folder.poll = f.Poll; !f.Poll { // first, while there are descriptors
		c.tell("folder", c.folder.open())
		c.tell("tailing", theTracker.start())
	}
	return c
}

// run goes round until ctx ends or a callback fails. Each round reads one chunk at most, so that names are looked at
// in time while a long log is caught up with.
func (c *chase) run(ctx context.Context) error {
	tick := time.NewTicker(c.Tick)
	defer tick.Stop()
	for look := true; ; {
		if look || c.unseen && len(c.row) <= maxRow/2 {
			c.looked = time.Now()
			c.look(c.looked)
			if err := c.late(c.looked); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		more, err := c.read()
		if err == nil && !more {
			more, err = c.finish(time.Now())
		}
		if err == nil && !more {
			c.revive(time.Now())
			err = c.rest()
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

// read hands over the lines of the first segment's next chunk; it returns false when there are none for now, and leaves
// a segment alone that has a tail.
func (c *chase) read() (more bool, err error) {
	if len(c.row) == 0 || c.live != nil {
		c.waitFor(&c.stuck, "reading on", nil)
		return false, nil
	}
	s := c.row[0]
	if err := c.start(s); err != nil {
		return c.stop(s, err), nil
	}
	if s.packed != nil {
		return c.unpack(s)
	}
	first := s.untouched()
	more, err = s.fill(c.buf)
	if errors.Is(err, errShorter) {
		c.lose(0, err)
		return true, nil
	}
	if first && more {
		// It may have held something else before this. If so, there is a copy by now.
		if c.look(time.Now()); len(c.row) == 0 || c.row[0] != s {
			return true, nil
		}
	}
	if err != nil {
		return c.stop(s, err), nil
	}
	c.goOn(s)
	return more, c.give(s)
}

// stop waits for the first segment, which can't be read at this moment. It returns true if it went on without it.
func (c *chase) stop(s *segment, err error) bool {
	f := s.sibling()
	failed, over := c.waits.note(f, err)
	s.failing = failed
	if over && len(c.row) > 1 {
		c.waits.skip(f, failed, s.reached())
		c.release(s, time.Now())
		return true
	}
	c.waitFor(&c.stuck, "reading on", failed)
	return false
}

// goOn says that the first segment was read.
func (c *chase) goOn(s *segment) {
	s.failing = nil
	c.waits.done(s.sibling())
	c.waitFor(&c.stuck, "reading on", nil)
	c.tell("reading", nil)
}

// give hands over the lines of the chunk that was read, together if that is wanted and can be.
func (c *chase) give(s *segment) error {
	for {
		if c.Bulk != nil {
			if run, ok := s.run(); ok {
				if err := c.handRun(run); err != nil {
					return err
				}
			}
		}
		line, ok := s.next()
		if !ok {
			return nil
		}
		if err := c.hand(line); err != nil {
			return err
		}
	}
}

func (c *chase) handRun(run Batch) error {
	c.quiet, c.fresh = false, true
	c.handed += run.Lines
	return c.Bulk(run)
}

func (c *chase) hand(line Line) error {
	c.quiet, c.fresh = false, true
	c.handed++
	return c.fn(line)
}

// finish lets go of a cycled first segment that has come to its end; it returns true if it did.
func (c *chase) finish(now time.Time) (bool, error) {
	if len(c.row) < 2 || c.row[0].failing != nil {
		return false, nil
	}
	s := c.row[0]
	if err := s.look(now); errors.Is(err, errShorter) {
		c.lose(0, err)
		return true, nil
	} else if err != nil {
		return c.stop(s, err), nil
	}
	if !s.finished(now, c.Grace) {
		return false, nil
	}
	line, ok, err := s.torn(c.buf)
	if err != nil {
		return c.stop(s, err), nil
	}
	c.release(s, now)
	if ok {
		return true, c.hand(line)
	}
	return true, nil
}

// rest calls idle if there is nothing to be read. A tail's line may be on its way while the file is longer than what
// was handed over; if that is half a line, the next tick tells idle.
func (c *chase) rest() error {
	waits := cmp.Or(c.stuck, c.ahead)
	c.tellWaits(waits)
	if c.idle == nil || c.quiet {
		return nil
	}
	if c.live != nil && !c.ticked && !c.row[0].atEnd() {
		return nil
	}
	c.quiet, c.ticked = true, false
	if c.again = nil; c.fresh {
		c.fresh, c.again = false, time.After(secondLook)
	}
	if waits != nil || len(c.row) > 1 || !c.sure || c.unseen || c.live != nil && !c.row[0].allRead() {
		return c.idle(time.Time{})
	}
	return c.idle(c.looked)
}

// tellWaits tells Waits what is waited for, if that is another file than before.
func (c *chase) tellWaits(now *WaitError) {
	was := c.waited
	c.waited = now
	if c.Waits != nil && now != was && (now == nil || was == nil || now.Path != was.Path) {
		c.Waits(now)
	}
}

// wait waits until something has happened, or only looks if more is to be read. It returns whether names may have
// changed.
func (c *chase) wait(ctx context.Context, tick <-chan time.Time, more bool) (look bool, err error) {
	var hurry, grace <-chan time.Time
	switch {
	case more:
		hurry = c.hurry
	case len(c.row) > 1:
		grace = time.After(time.Until(c.row[0].due(c.Grace)))
	case c.flooded:
		hurry = time.After(floodPause)
	}
	for {
		select {
		case <-ctx.Done():
			return false, nil
		case given, ok := <-c.live.lines():
			return false, c.take(given, ok)
		case event := <-c.folder.events():
			if !event.Has(fsnotify.Write) {
				return true, nil
			}
			if c.live == nil && !c.flooded {
				return false, nil
			}
		case <-c.folder.errors(): // events were too many to be told
			return true, nil
		case <-tick:
			c.quiet, c.ticked = c.again != nil, true
			c.doubt()
			return true, nil
		case <-c.again:
			c.quiet, c.again = false, nil
			return false, nil
		case <-grace:
			return false, nil
		case <-hurry:
			return false, nil
		}
	}
}

// close lets go of everything.
func (c *chase) close() {
	c.leave()
	for _, s := range c.row {
		s.close()
	}
	for i := range c.past {
		c.past[i].close()
	}
	c.folder.close()
}

// tell tells Problem about err, unless it was told the same of what last.
func (c *chase) tell(what string, err error) {
	if err == nil {
		delete(c.told, what)
		return
	}
	if c.told[what] == err.Error() {
		return
	}
	c.told[what] = err.Error()
	if c.Problem != nil {
		c.Problem(err)
	}
}
