package tailer

import "time"

// slack is how far a file system's clock may be behind ours, and how coarse its times are.
const slack = time.Second

// truncated gives up the i-th segment, which was truncated and maybe written anew, and all behind it. If it is the
// first, the next look begins where reading stopped or, if nothing was read, at Since. If not, the next look finds the
// file again behind the segment before it.
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

// dropFrom drops the segments from the i-th on.
func (c *followLoop) dropFrom(i int) {
	c.stopTail()
	for _, s := range c.segments[i:] {
		s.close()
	}
	c.segments = c.segments[:i]
}

// repairOrder drops the segments from one on that nothing was read of and that has new files before it. Those files
// hold what the segment held before it was truncated, which happened before anyone looked.
func (c *followLoop) repairOrder(found []candidate) error {
	before := 0 // the index in found behind the previous segment's file
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

// newlyBefore gives the new files among found, all of which lie before the k-th segment. before is the index behind the
// previous segment's file.
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

// isCopy tells whether f holds what the segment holds now, or nothing yet: somebody may just be making a copy.
func (c *followLoop) isCopy(f candidate, s *segment) (bool, error) {
	head, err := s.currentHead()
	if err != nil {
		return false, c.waits.waitOrIgnore(s.candidate(), err)
	}
	of, err := c.heads.head(f)
	return continues(head, of), err
}
