package tailer

import (
	"time"
)

// slack is how much a file system's clock may be behind ours, and how coarse its times are.
const slack = time.Second

// lose gives up the i-th segment, which was truncated and maybe written anew, and all behind it. If it is the first,
// what was in it is looked for as From is at the beginning, or if nothing was read of it, Since; if not, it comes again
// behind the one before it.
func (c *chase) lose(i int, why error) {
	c.tell("reading", why)
	s := c.row[i]
	var at Position
	if s.offset > 0 {
		at = s.position()
		c.remember(past{Position: at, head: s.head})
	}
	if i == 0 {
		c.From, c.Since = at, s.seen.Add(-slack)
	}
	c.cut(i)
	c.unseen = true
}

// cut ends the row before the i-th segment.
func (c *chase) cut(i int) {
	c.leave()
	for _, s := range c.row[i:] {
		s.close()
	}
	c.row = c.row[:i]
}

// mend cuts the row before a segment that nothing was read of and that files have come before: what it held until it
// was truncated, which happened before anything of it was seen.
func (c *chase) mend(found []sibling) error {
	before := 0 // where in found the segment before is, and one more
	for k, s := range c.row {
		i, err := c.place(s, found)
		if err != nil {
			return err
		}
		if i < before {
			continue
		}
		come, err := c.come(k, found[:i], before)
		if err != nil {
			return err
		}
		for _, f := range come {
			isCopy, err := c.isCopy(f, s)
			if err != nil {
				return err
			}
			if isCopy {
				continue
			}
			if k == 0 {
				c.From, c.Since = Position{}, s.seen.Add(-slack) // by then the inode may be another file's
			}
			c.cut(k)
			return nil
		}
		before = i + 1
	}
	return nil
}

// come are those of found, which lie before the k-th segment, that have come; before says where the one before it is.
func (c *chase) come(k int, found []sibling, before int) ([]sibling, error) {
	s := c.row[k]
	switch {
	case !s.untouched():
		return nil, nil
	case k > 0:
		return c.newer(found[before:], time.Time{})
	}
	return c.newer(found, s.seen.Add(-slack))
}

// isCopy tells whether f holds what is in the segment now, or nothing yet: a copy that is just being made.
func (c *chase) isCopy(f sibling, s *segment) (bool, error) {
	head, err := s.begins()
	if err != nil {
		return false, c.excuse(s, err)
	}
	of, err := c.heads.of(f)
	return continues(head, of), err
}
