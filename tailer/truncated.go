package tailer

import (
	"time"
)

// slack is how much a file system's clock may be behind ours, and how coarse its times are.
const slack = time.Second

// truncated gives up the i-th segment, which was truncated and maybe written anew, and all behind it. If it is the
// first, what was in it is looked for as From is at the beginning, or if nothing was read of it, Since; if not, it
// comes again behind the one before it.
func (c *followLoop) truncated(i int, why error) {
	c.report("reading", why)
	s := c.segments[i]
	var at Position
	if s.offset > 0 {
		at = s.position()
		c.remember(knownFile{Position: at, head: s.head})
	}
	if i == 0 {
		c.From, c.Since = at, s.completeAt.Add(-slack)
	}
	c.dropFrom(i)
	c.moreToOpen = true
}

// dropFrom ends the row before the i-th segment.
func (c *followLoop) dropFrom(i int) {
	c.stopTail()
	for _, s := range c.segments[i:] {
		s.close()
	}
	c.segments = c.segments[:i]
}

// repairOrder cuts the row before a segment that nothing was read of and that files have come before: what it held
// until it was truncated, which happened before anything of it was seen.
func (c *followLoop) repairOrder(found []candidate) error {
	before := 0 // where in found the segment before is, and one more
	for k, s := range c.segments {
		i, err := c.indexOf(s, found)
		if err != nil {
			return err
		}
		if i < before {
			continue
		}
		come, err := c.newlyBefore(k, found[:i], before)
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
				c.From, c.Since = Position{}, s.completeAt.Add(-slack) // by then the inode may be another file's
			}
			c.dropFrom(k)
			return nil
		}
		before = i + 1
	}
	return nil
}

// newlyBefore are those of found, which lie before the k-th segment, that have come; before says where the one before
// it is.
func (c *followLoop) newlyBefore(k int, found []candidate, before int) ([]candidate, error) {
	s := c.segments[k]
	switch {
	case !s.untouched():
		return nil, nil
	case k > 0:
		return c.newerFiles(found[before:], time.Time{})
	}
	return c.newerFiles(found, s.completeAt.Add(-slack))
}

// isCopy tells whether f holds what is in the segment now, or nothing yet: a copy that is just being made.
func (c *followLoop) isCopy(f candidate, s *segment) (bool, error) {
	head, err := s.currentHead()
	if err != nil {
		return false, c.waitOrIgnore(s, err)
	}
	of, err := c.heads.head(f)
	return continues(head, of), err
}
