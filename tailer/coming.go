package tailer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

var errNowhere = errors.New("the place to begin is in none of its files: beginning with what is newer")

// coming are those of found that come after the last segment; if there is none, those from the one that holds From on.
func (c *chase) coming(found []sibling) ([]sibling, error) {
	if len(c.row) == 0 {
		return c.beginning(found)
	}
	return slices.DeleteFunc(c.after(c.row[len(c.row)-1], found), c.has), nil
}

// after are those of found that come after the segment.
func (c *chase) after(last *segment, found []sibling) []sibling {
	i := c.place(last, found)
	switch {
	case i < 0:
		return c.since(found, last.seen.Add(-slack))
	case found[i].identity == last.identity || found[i].cut != "":
		return slices.Clone(found[i+1:])
	}
	return slices.Clone(found[i:]) // a copy, which others may go on with
}

// beginning are the files from the one that holds From on, or since Since. It fails with errMoved if it may have passed
// over a file that had just lost its name.
func (c *chase) beginning(found []sibling) (list []sibling, err error) {
	i := c.heads.find(found, c.From)
	if i < 0 && c.From != (Position{}) && c.renamed(found) {
		return nil, errMoved
	}
	if i < 0 && c.From != (Position{}) {
		c.tell("from", fmt.Errorf("looking for byte %d of inode %d in %s: %w", c.From.Offset, c.From.Inode, c.Path, errNowhere))
	}
	switch {
	case i >= 0:
		list = found[i:]
		c.learn(found[i])
	case c.begun || !c.Since.IsZero():
		list = c.since(found, c.Since)
	case len(found) > 0 && found[len(found)-1].isLog(c.Path):
		list = found[len(found)-1:]
	}
	if len(list) == 0 {
		return nil, nil
	}
	c.older = slices.DeleteFunc(slices.Clone(found), func(f sibling) bool { return slices.Contains(list, f) })
	if n := len(c.older); n > 0 && c.older[n-1].cut == "" {
		c.border = c.heads.end(c.older[n-1])
	}
	return list, nil
}

// learn keeps how the file begins that was found to hold From: what has few bytes is told apart from it by these.
func (c *chase) learn(f sibling) {
	for i := range c.past {
		if p := &c.past[i]; p.Position == c.From && p.head == nil {
			p.head = c.heads.of(f)
		}
	}
}

// since are those of found that are newer, and the log however old it is. Where its name holds the date, the youngest file is the log
// only if it wasn't passed: the log itself may just have been deleted.
func (c *chase) since(found []sibling, since time.Time) []sibling {
	cycled := len(found)
	if cycled > 0 && found[cycled-1].isLog(c.Path) && !(c.begun && isStamped(c.Path) && c.passed(found[cycled-1])) {
		cycled--
	}
	for _, log := range found[cycled:] {
		if !c.begun && !log.changed.After(since) {
			c.remember(past{Position: c.heads.end(log)})
		}
	}
	return append(c.newer(found[:cycled], since), found[cycled:]...)
}

// newer are those of found that were written to after since, and come after all that were passed.
func (c *chase) newer(found []sibling, since time.Time) (list []sibling) {
	for _, f := range slices.Backward(found) {
		if !f.changed.After(since) || c.has(f) {
			continue
		}
		if c.passed(f) {
			break
		}
		list = append(list, f)
	}
	slices.Reverse(list)
	return list
}

// has tells whether f is in the row.
func (c *chase) has(f sibling) bool {
	return slices.ContainsFunc(c.row, func(s *segment) bool { return s.identity == f.identity })
}

// passed tells whether f was let go of, or lay before the beginning.
func (c *chase) passed(f sibling) bool {
	head := c.heads.of(f)
	// An empty file's inode may be another's by now, and it costs nothing to read it again.
	holds := func(p past) bool { return p.Offset > 0 && p.covers(f.identity, head) }
	if holds(past{Position: c.border}) {
		return true // perhaps compressed by now
	}
	return slices.ContainsFunc(c.older, f.unchanged) || slices.ContainsFunc(c.past, holds)
}

// place is where in found the segment is, or what became of it; -1 if it isn't there.
func (c *chase) place(s *segment, found []sibling) int {
	if i := slices.IndexFunc(found, func(f sibling) bool { return f.identity == s.identity }); i >= 0 {
		return i
	}
	if s.untouched() {
		s.rewritten() // it may have been empty when last looked at
	}
	return c.heads.find(found, s.anchor())
}
