package tailer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

var errFromNotFound = errors.New("no file of the log holds that place: going on with newer files")

// successors gives the files that come after the last segment. If there is no segment, it gives those where reading
// begins.
func (c *followLoop) successors(found []candidate) ([]candidate, error) {
	if len(c.segments) == 0 {
		return c.startSet(found)
	}
	list, err := c.successorsOf(c.segments[len(c.segments)-1], found)
	return slices.DeleteFunc(list, c.isOpen), err
}

// successorsOf gives the files that come after the segment.
func (c *followLoop) successorsOf(last *segment, found []candidate) ([]candidate, error) {
	i, err := c.indexOf(last, found)
	switch {
	case err != nil:
		return nil, err
	case i < 0:
		return c.modifiedAfter(found, last.completeAt.Add(-slack))
	case found[i].identity == last.identity || found[i].compressionExt != "":
		return slices.Clone(found[i+1:]), nil
	}
	return slices.Clone(found[i:]), nil // a copy, which may hold more than the segment did
}

// startSet gives the files to begin with: from the one that holds From on, or those written to after Since. The error
// is errMoved if it may have missed a file that has just lost its name.
func (c *followLoop) startSet(found []candidate) (list []candidate, err error) {
	i, err := c.indexOfFrom(found)
	if err != nil {
		return nil, err
	}
	if i < 0 && c.From != (Position{}) {
		if again, err := c.candidates(); err != nil || !sameNames(found, again) {
			return nil, errMoved
		}
		c.report("from", fmt.Errorf("looking for byte %d of inode %d in %s: %w", c.From.Offset, c.From.Inode, c.Path,
			errFromNotFound))
	}
	switch {
	case i >= 0:
		list, err = found[i:], c.learnHead(found[i])
	case c.begun || !c.Since.IsZero():
		list, err = c.modifiedAfter(found, c.Since)
	case len(found) > 0 && found[len(found)-1].isLog(c.Path):
		list = found[len(found)-1:]
	}
	if err == nil && len(list) > 0 {
		err = c.setOlder(found, list)
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// setOlder notes which files of found are older than those of list, and where the last of them ends.
func (c *followLoop) setOlder(found, list []candidate) (err error) {
	older := slices.DeleteFunc(slices.Clone(found), func(f candidate) bool { return slices.Contains(list, f) })
	var end Position
	if n := len(older); n > 0 && older[n-1].compressionExt == "" {
		if end, err = c.heads.endOf(older[n-1]); err != nil {
			return err
		}
	}
	c.olderFiles, c.olderEnd = older, end
	return nil
}

// learnHead keeps the head of the file that was found to hold From. It tells files apart that are short.
func (c *followLoop) learnHead(f candidate) error {
	for i := range c.known {
		p := &c.known[i]
		if p.Position != c.From || p.head != nil {
			continue
		}
		head, err := c.heads.head(f)
		if err != nil {
			return err
		}
		p.head = head
	}
	return nil
}

// indexOfFrom is the index of the file that holds From, -1 if there is none. A file that was given up is recognized by
// its inode.
func (c *followLoop) indexOfFrom(found []candidate) (int, error) {
	i, err := c.heads.find(found, c.From)
	if i >= 0 || err != nil || c.From == (Position{}) {
		return i, err
	}
	return slices.IndexFunc(found, func(f candidate) bool {
		return f.identity == c.From.identity() && c.waits.isLeftOut(f)
	}), nil
}

// modifiedAfter gives the files written to after since, and the log however old it is. If the log's name holds the
// date, the youngest file is the log only if it wasn't read yet: the log itself may just have been deleted.
func (c *followLoop) modifiedAfter(found []candidate, since time.Time) ([]candidate, error) {
	cycled := len(found)
	if cycled > 0 && found[cycled-1].isLog(c.Path) {
		if !c.begun || !isStamped(c.Path) {
			cycled--
		} else if deleted, err := c.wasRead(found[cycled-1]); err != nil {
			return nil, err
		} else if !deleted {
			cycled--
		}
	}
	list, err := c.newerFiles(found[:cycled], since)
	if err != nil {
		return nil, err
	}
	for _, log := range found[cycled:] {
		if c.begun || log.changed.After(since) {
			continue
		}
		end, err := c.heads.endOf(log)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(c.known, func(p knownFile) bool { return p.Position == end }) { // not a second time
			c.remember(knownFile{Position: end})
		}
	}
	return append(list, found[cycled:]...), nil
}

// newerFiles gives the files that were written to after since and come after all that were read.
func (c *followLoop) newerFiles(found []candidate, since time.Time) (list []candidate, err error) {
	for _, f := range slices.Backward(found) {
		if !f.changed.After(since) || c.isOpen(f) {
			continue
		}
		passed, err := c.wasRead(f)
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

// isOpen tells whether f is a segment.
func (c *followLoop) isOpen(f candidate) bool {
	return slices.ContainsFunc(c.segments, func(s *segment) bool { return s.identity == f.identity })
}

// wasRead tells whether f was released, or is older than the file with which reading began.
func (c *followLoop) wasRead(f candidate) (bool, error) {
	if slices.ContainsFunc(c.olderFiles, func(old candidate) bool { return old.version() == f.version() }) {
		return true, nil
	}
	head, err := c.heads.head(f)
	if err != nil {
		return false, err
	}
	// An empty file's inode may be another file's by now, and reading an empty file again costs nothing.
	holds := func(p knownFile) bool { return p.Offset > 0 && p.matches(f.identity, head) }
	// Either may be compressed by now.
	return holds(knownFile{Position: c.olderEnd}) || slices.ContainsFunc(c.known, holds), nil
}

// indexOf is the index of the segment's file, or of what became of it; -1 if it isn't there.
func (c *followLoop) indexOf(s *segment, found []candidate) (int, error) {
	if i := slices.IndexFunc(found, func(f candidate) bool { return f.identity == s.identity }); i >= 0 {
		return i, nil
	}
	if s.untouched() {
		if _, err := s.rewritten(); err != nil { // it may have been empty when last looked at
			return -1, c.waits.waitOrIgnore(s.candidate(), err)
		}
	}
	return c.heads.find(found, s.identityPosition())
}
