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
	list, err := c.after(c.row[len(c.row)-1], found)
	return slices.DeleteFunc(list, c.has), err
}

// after are those of found that come after the segment.
func (c *chase) after(last *segment, found []sibling) ([]sibling, error) {
	i, err := c.place(last, found)
	switch {
	case err != nil:
		return nil, err
	case i < 0:
		return c.since(found, last.seen.Add(-slack))
	case found[i].identity == last.identity || found[i].cut != "":
		return slices.Clone(found[i+1:]), nil
	}
	return slices.Clone(found[i:]), nil // a copy, which others may go on with
}

// beginning are the files from the one that holds From on, or since Since. It fails with errMoved if it may have passed
// over a file that had just lost its name.
func (c *chase) beginning(found []sibling) (list []sibling, err error) {
	i, err := c.holder(found)
	if err != nil {
		return nil, err
	}
	if i < 0 && c.From != (Position{}) && c.renamed(found) {
		return nil, errMoved
	}
	if i < 0 && c.From != (Position{}) {
		c.tell("from", fmt.Errorf("looking for byte %d of inode %d in %s: %w", c.From.Offset, c.From.Inode, c.Path,
			errNowhere))
	}
	switch {
	case i >= 0:
		list = found[i:]
		if err := c.learn(found[i]); err != nil {
			return nil, err
		}
	case c.begun || !c.Since.IsZero():
		if list, err = c.since(found, c.Since); err != nil {
			return nil, err
		}
	case len(found) > 0 && found[len(found)-1].isLog(c.Path):
		list = found[len(found)-1:]
	}
	if len(list) == 0 {
		return nil, nil
	}
	older := slices.DeleteFunc(slices.Clone(found), func(f sibling) bool { return slices.Contains(list, f) })
	var border Position
	if n := len(older); n > 0 && older[n-1].cut == "" {
		if border, err = c.heads.end(older[n-1]); err != nil {
			return nil, err
		}
	}
	c.older, c.border = older, border
	return list, nil
}

// learn keeps how the file begins that was found to hold From: what has few bytes is told apart from it by these.
func (c *chase) learn(f sibling) error {
	for i := range c.past {
		p := &c.past[i]
		if p.Position != c.From || p.head != nil {
			continue
		}
		head, err := c.heads.of(f)
		if err != nil {
			return err
		}
		p.head = head
	}
	return nil
}

// holder is which of found holds From, -1 for none. A file that was given up is what its inode says.
func (c *chase) holder(found []sibling) (int, error) {
	i, err := c.heads.find(found, c.From)
	if i >= 0 || err != nil || c.From == (Position{}) {
		return i, err
	}
	return slices.IndexFunc(found, func(f sibling) bool {
		return f.identity == c.From.identity() && c.waits.hasGivenUp(f)
	}), nil
}

// since are those of found that are newer, and the log however old it is. Where its name holds the date, the youngest
// file is the log only if it wasn't passed: the log itself may just have been deleted.
func (c *chase) since(found []sibling, since time.Time) ([]sibling, error) {
	cycled := len(found)
	if cycled > 0 && found[cycled-1].isLog(c.Path) {
		deleted, err := false, error(nil)
		if c.begun && isStamped(c.Path) {
			deleted, err = c.passed(found[cycled-1])
		}
		if err != nil {
			return nil, err
		}
		if !deleted {
			cycled--
		}
	}
	list, err := c.newer(found[:cycled], since)
	if err != nil {
		return nil, err
	}
	for _, log := range found[cycled:] {
		if c.begun || log.changed.After(since) {
			continue
		}
		end, err := c.heads.end(log)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(c.past, func(p past) bool { return p.Position == end }) { // this may be tried again
			c.remember(past{Position: end})
		}
	}
	return append(list, found[cycled:]...), nil
}

// newer are those of found that were written to after since, and come after all that were passed.
func (c *chase) newer(found []sibling, since time.Time) (list []sibling, err error) {
	for _, f := range slices.Backward(found) {
		if !f.changed.After(since) || c.has(f) {
			continue
		}
		passed, err := c.passed(f)
		if err != nil {
			return nil, err
		}
		if passed {
			break
		}
		list = append(list, f)
	}
	slices.Reverse(list)
	return list, nil
}

// has tells whether f is in the row.
func (c *chase) has(f sibling) bool {
	return slices.ContainsFunc(c.row, func(s *segment) bool { return s.identity == f.identity })
}

// passed tells whether f was let go of, or lay before the beginning.
func (c *chase) passed(f sibling) (bool, error) {
	if slices.ContainsFunc(c.older, f.unchanged) {
		return true, nil
	}
	head, err := c.heads.of(f)
	if err != nil {
		return false, err
	}
	// An empty file's inode may be another's by now, and it costs nothing to read it again.
	holds := func(p past) bool { return p.Offset > 0 && p.covers(f.identity, head) }
	return holds(past{Position: c.border}) || slices.ContainsFunc(c.past, holds), nil // perhaps compressed by now
}

// place is where in found the segment is, or what became of it; -1 if it isn't there.
func (c *chase) place(s *segment, found []sibling) (int, error) {
	if i := slices.IndexFunc(found, func(f sibling) bool { return f.identity == s.identity }); i >= 0 {
		return i, nil
	}
	if s.untouched() {
		if _, err := s.rewritten(); err != nil { // it may have been empty when last looked at
			return -1, c.excuse(s, err)
		}
	}
	return c.heads.find(found, s.anchor())
}
