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
	// attempts is how often a folder in which names are just being changed is looked at again before the next tick is
	// waited for.
	attempts = 10
	// maxRow is how many segments are held open at a time, which a thousand descriptors leave room for.
	maxRow = 64
)

// look sees which files have come after the last one, and opens them while they are there.
func (c *chase) look(now time.Time) {
	c.unseen = false
	c.tell("folder", c.folder.look())
	for i, s := range c.row {
		if err := s.look(now); errors.Is(err, errShorter) {
			c.lose(i, err)
			break
		}
	}
	if c.current() {
		c.row[len(c.row)-1].seen = now
		c.sure = true
		c.tell("log", nil)
		c.waitFor(&c.ahead, "the next file", nil)
		return
	}
	err := errMoved
	for range attempts {
		if !errors.Is(err, errMoved) {
			break
		}
		err = c.extend(now)
	}
	c.sure = err == nil || errors.Is(err, fs.ErrNotExist)
	if c.waitFor(&c.ahead, "the next file", err); c.ahead == nil {
		c.tell("log", err)
	}
}

// current tells, without reading the folder, that the last segment still is the log and nothing can have come before.
func (c *chase) current() bool {
	if len(c.row) == 0 || isStamped(c.Path) || slices.ContainsFunc(c.row, (*segment).untouched) {
		return false
	}
	info, err := os.Stat(c.Path)
	return err == nil && identify(info) == c.row[len(c.row)-1].identity
}

// extend appends what has come to the row. It fails with errMoved if it was overtaken, fs.ErrNotExist if there is no
// log now, or with a *WaitError if a file or folder can't be read: then it is to be tried again, and nothing was
// concluded.
func (c *chase) extend(now time.Time) error {
	found, err := c.settled()
	if err == nil && len(c.row) == 0 {
		found, err = c.search().with(found, c.From)
	}
	if err == nil {
		err = c.mend(found)
	}
	if err != nil {
		return err
	}
	c.name(found)
	coming, err := c.coming(found)
	if err != nil {
		return err
	}
	room := maxRow - len(c.row)
	for i, f := range coming[:min(room, len(coming))] {
		s, err := f.open(time.Now())
		if err == nil {
			c.waits.done(f)
			c.append(s)
		} else if err := c.without(f, err, i < len(coming)-1); err != nil {
			return err
		}
	}
	if len(coming) > room {
		c.unseen = true
		return nil
	}
	if n := len(c.row); n > 0 {
		c.row[n-1].seen = now
	}
	if len(found) == 0 || !found[len(found)-1].isLog(c.Path) {
		return fmt.Errorf("%s: %w", c.Path, fs.ErrNotExist)
	}
	return nil
}

// name notes the names that the row's files have now.
func (c *chase) name(found []sibling) {
	for _, s := range c.row {
		if i := slices.IndexFunc(found, func(f sibling) bool { return f.identity == s.identity }); i >= 0 {
			s.name = found[i].path
		}
	}
}

// without leaves a file out that can't be opened, once it was waited for long enough and if there is a younger one.
// Else it fails.
func (c *chase) without(f sibling, err error, younger bool) error {
	if errors.Is(err, errMoved) {
		return err
	}
	failed, over := c.waits.note(f, err)
	if !over || !younger {
		return failed
	}
	from := f.start()
	if f.identity == c.From.identity() {
		from = c.From
	}
	c.waits.skip(f, failed, from)
	return nil
}

// excuse is waits.excuse for a segment.
func (c *chase) excuse(s *segment, err error) error { return c.waits.excuse(s.sibling(), err) }

// waitFor sets what is waited for in one place, and tells once until that is over. An err that is no *WaitError is
// nothing to wait for.
func (c *chase) waitFor(place **WaitError, what string, err error) {
	if *place = nil; !errors.As(err, place) {
		c.tell(what, nil)
		return
	}
	if _, told := c.told[what]; !told {
		c.tell(what, *place)
	}
}

// settled are the files of the log's row, read when no name was being changed, as far as that can be told.
//
// Note: read only once while names are shifted, a list can lack a file or hold one twice.
func (c *chase) settled() ([]sibling, error) {
	var last []sibling
	for i := range attempts {
		found, err := c.search().siblings()
		if err != nil {
			return nil, err
		}
		if i > 0 && sameNames(found, last) {
			return found, nil
		}
		last = found
	}
	return nil, errMoved
}

func (c *chase) search() search { return search{path: c.Path, folders: c.CycledTo, heads: c.heads} }

// renamed tells whether names were changed since the list was read.
func (c *chase) renamed(found []sibling) bool {
	again, err := c.search().siblings()
	return err != nil || !sameNames(found, again)
}

// sameNames tells whether the same files have the same names in both lists.
func sameNames(a, b []sibling) bool {
	return slices.EqualFunc(a, b, func(a, b sibling) bool { return a.path == b.path && a.identity == b.identity })
}

// append puts a segment at the row's end; the one before it is cycled with that.
func (c *chase) append(s *segment) {
	c.begun = true
	c.regain(s)
	if n := len(c.row); n > 0 {
		c.row[n-1].succeeded(s.still)
		c.leave()
	}
	c.row = append(c.row, s)
	if len(c.row) == 1 {
		c.start(s) // its error comes again when it is read
	}
}

// start puts the first segment where it is to be read from, if that hasn't been done: behind what was read of it, or of
// what it is a copy of.
func (c *chase) start(s *segment) error {
	if s.placed {
		return nil
	}
	head, err := s.begins()
	if err != nil {
		return err
	}
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	offset := c.known(s.identity, head)
	if s.packed == nil {
		offset = min(offset, info.Size())
	}
	if offset > 0 {
		err = s.resume(offset)
	}
	s.placed = err == nil
	return err
}

// release lets go of the first segment, which isn't the last. A plain one is held open for late lines, if it can be
// read.
func (c *chase) release(s *segment, now time.Time) {
	c.row = c.row[1:]
	c.pause, c.liveFrom = c.Tick, time.Time{}
	p := past{Position: s.position(), head: s.head}
	if s.packed == nil && s.failing == nil {
		p.late, p.until = s, now.Add(c.lateness)
	} else {
		s.close()
	}
	c.remember(p)
	c.expire(now)
	c.start(c.row[0])
}
