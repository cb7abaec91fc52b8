package tailer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

var errNowhere = errors.New("the place to begin is in none of its files: beginning at the start of the current one")

// attempts is how often a folder in which names are just being changed is looked at again before the next tick is
// waited for.
const attempts = 10

// look sees which files have come after the last one, and opens them while they are there.
func (c *chase) look(now time.Time) {
	c.tell("folder", c.folder.look())
	for _, s := range c.row {
		s.look(now)
	}
	if c.current() {
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
	c.tell("log", err)
}

// current tells, without reading the folder, that the last segment still is the log.
func (c *chase) current() bool {
	if len(c.row) == 0 || isStamped(c.Path) {
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
	coming := c.coming(found)
	for i, f := range coming {
		s, err := f.open(now)
		if errors.Is(err, fs.ErrNotExist) {
			err = errMoved
		}
		switch {
		case err == nil:
			c.append(s, now)
		case errors.Is(err, errMoved) || i == len(coming)-1:
			return err
		default:
			c.tell(f.path, fmt.Errorf("left out: %w", err)) // there is a younger one
		}
	}
	if len(found) == 0 || !found[len(found)-1].isLog(c.Path) {
		return fmt.Errorf("%s: %w", c.Path, fs.ErrNotExist)
	}
	return nil
}

// settled are the plain files of the log's row, read when no name was being changed, as far as that can be told.
//
// Note: read only once while names are shifted, a list can lack a file or hold one twice.
func (c *chase) settled() ([]sibling, error) {
	var last []sibling
	for i := range attempts {
		found, err := siblings(c.Path)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(f sibling) bool { return f.cut != "" })
		if i > 0 && slices.Equal(found, last) {
			return found, nil
		}
		last = found
	}
	return nil, errMoved
}

// isLog tells whether this file is written to, rather than cycled.
func (found sibling) isLog(path string) bool {
	return found.path == path || isStamped(path)
}

// coming are those of found that come after the last segment.
func (c *chase) coming(found []sibling) []sibling {
	if len(c.row) == 0 {
		return c.beginning(found)
	}
	last := c.row[len(c.row)-1]
	i := slices.IndexFunc(found, func(f sibling) bool { return f.identity == last.identity })
	if i >= 0 {
		return found[i+1:]
	}
	// It was deleted: what has its name, or a younger one, comes after it, unless it was before it and came back.
	return slices.DeleteFunc(slices.Clone(found), func(f sibling) bool {
		return f.age.compare(last.age) < 0 || slices.ContainsFunc(c.row, func(s *segment) bool { return s.identity == f.identity })
	})
}

// beginning are the files from the one that holds From on, or the current one.
func (c *chase) beginning(found []sibling) []sibling {
	if len(found) == 0 {
		return nil
	}
	if i := c.findFrom(found); i >= 0 {
		return found[i:]
	}
	last := len(found) - 1
	if !found[last].isLog(c.Path) {
		return nil
	}
	if c.From != (Position{}) {
		c.tell("from", fmt.Errorf("looking for byte %d of inode %d in %s: %w", c.From.Offset, c.From.Inode, c.Path, errNowhere))
		c.From = Position{}
	}
	return found[last:]
}

// findFrom is which of found holds From: its inode if that is what it was, or else a copy; -1 for none.
func (c *chase) findFrom(found []sibling) int {
	if c.From == (Position{}) {
		return -1
	}
	copied := -1
	for i, f := range found {
		switch {
		case !f.holds(c.From):
		case f.identity == c.From.identity():
			return i
		case c.From.Offset > 0:
			copied = i
		}
	}
	return copied
}

func (found sibling) holds(at Position) bool {
	s, err := found.open(time.Time{})
	if err != nil {
		return false
	}
	defer s.file.Close()
	return s.holds(at)
}

// append puts a segment at the row's end; the one before it is cycled with that.
func (c *chase) append(s *segment, now time.Time) {
	if at := c.known(s); at.Offset > 0 {
		c.tell("resuming", s.resume(at.Offset))
	}
	if n := len(c.row); n > 0 {
		c.row[n-1].succeeded(now)
		c.leave()
	}
	c.row = append(c.row, s)
}

// known is how far a segment has been read before: up to From if it is the first, or to where it was let go of, if it
// had passed its name on and got it back. Zero if it is new.
func (c *chase) known(s *segment) Position {
	if len(c.row) == 0 {
		return c.From
	}
	for _, p := range c.past {
		if s.identity == p.identity() && s.holds(p) {
			return p
		}
	}
	return Position{}
}

// memory is how many closed segments are known again.
const memory = 4

// release closes the first segment, which isn't the last.
func (c *chase) release(s *segment) {
	c.past = append(c.past, s.position())
	if len(c.past) > memory {
		c.past = c.past[1:]
	}
	c.tell("closing", s.file.Close())
	c.row = c.row[1:]
	c.pause, c.liveFrom = c.Tick, time.Time{}
}
