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
	c.tell("log", err)
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
// log now, or with why a file can't be opened.
func (c *chase) extend(now time.Time) error {
	found, err := c.settled()
	if err != nil {
		return err
	}
	if len(c.row) == 0 {
		found = c.search().with(found, c.From)
	}
	c.mend(found)
	coming, err := c.coming(found)
	if err != nil {
		return err
	}
	room := maxRow - len(c.row)
	for i, f := range coming[:min(room, len(coming))] {
		s, err := f.open(time.Now())
		if errors.Is(err, fs.ErrNotExist) {
			err = errMoved
		}
		switch {
		case err == nil:
			c.append(s)
		case errors.Is(err, errMoved) || i == len(coming)-1:
			return err
		default:
			c.tell(f.path, fmt.Errorf("left out: %w", err)) // there is a younger one
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

// renamed tells whether names were changed since the list was read.
func (c *chase) renamed(found []sibling) bool {
	again, err := c.search().siblings()
	return err != nil || !sameNames(found, again)
}

func (c *chase) search() search {
	problem := func(folder string, err error) { c.tell("cycled to "+folder, err) }
	return search{path: c.Path, folders: c.CycledTo, heads: c.heads, problem: problem}
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
		c.start(s)
	}
}

// start puts the first segment where it is to be read from: behind what was read of it, or of what it is a copy of.
func (c *chase) start(s *segment) {
	head, err := s.begins()
	offset := c.known(s.identity, head)
	if info, serr := s.file.Stat(); s.packed == nil && serr == nil {
		offset = min(offset, info.Size())
	}
	if err == nil && offset > 0 {
		err = s.resume(offset)
	}
	c.tell("resuming", err)
}

// release lets go of the first segment, which isn't the last. A plain one is held open for late lines.
func (c *chase) release(s *segment, now time.Time) {
	c.row = c.row[1:]
	c.pause, c.liveFrom = c.Tick, time.Time{}
	p := past{Position: s.position(), head: s.head}
	if s.packed == nil {
		p.late, p.until = s, now.Add(c.lateness)
	} else {
		s.close()
	}
	c.remember(p)
	c.expire(now)
	c.start(c.row[0])
}
