package tailer

import (
	"bytes"
	"errors"
	"slices"
	"time"
)

// A knownFile says how far a file was read that is no segment any more, or is From.
type knownFile struct {
	Position
	head      []byte    // of the file, as last read; nil if only the Position is known
	heldOpen  *segment  // the file, still open for late lines; nil if closed
	openUntil time.Time // when it is closed, if it can be read
}

const (
	maxKnown    = 64          // files remembered
	maxHeldOpen = 4           // of them, held open
	lateness    = time.Minute // for so long; a writer that was stopped with the old file open has gone on by then
)

// remember adds p to the known files.
func (c *followLoop) remember(p knownFile) {
	c.known = append(c.known, p)
	if len(c.known) > maxKnown {
		c.known[0].close()
		c.known = slices.Delete(c.known, 0, 1)
	}
}

// closeExpired closes the files that were held open for long enough, and the oldest if there are too many.
func (c *followLoop) closeExpired(now time.Time) {
	open := 0
	for i := len(c.known) - 1; i >= 0; i-- {
		p := &c.known[i]
		if p.heldOpen == nil || p.heldOpen.readErr != nil { // that is kept until Patience is over
			continue
		}
		if open++; open > maxHeldOpen || !now.Before(p.openUntil) {
			p.close()
		}
	}
}

func (p *knownFile) close() {
	if p.heldOpen != nil {
		p.heldOpen.close()
		p.heldOpen = nil
	}
}

// readLateLines hands over what was written to files after they were released.
func (c *followLoop) readLateLines(now time.Time) error {
	for i := range c.known {
		if err := c.readLateFrom(&c.known[i]); err != nil {
			return err
		}
	}
	c.closeExpired(now)
	return nil
}

// readLateFrom hands over the lines of the next chunk of p, if there are any.
func (c *followLoop) readLateFrom(p *knownFile) error {
	s := p.heldOpen
	if s == nil {
		return nil
	}
	if info, err := s.file.Stat(); err == nil && info.Size() == s.end {
		s.readErr = nil
		return nil
	}
	_, err := s.fill(c.buf)
	if errors.Is(err, errShorter) {
		p.close() // it is no longer this log
		return nil
	}
	if err != nil {
		c.lateReadFailed(p, err)
		return nil
	}
	if s.readErr != nil {
		s.readErr = nil
		c.waits.recordSuccess(s.candidate())
		c.report(s.path, nil)
	}
	for line, ok := s.nextLine(); ok; line, ok = s.nextLine() {
		line.Late = true
		p.Position = line.End
		if err := c.emit(line); err != nil {
			return err
		}
	}
	return nil
}

// lateReadFailed waits for a file that can't be read now.
func (c *followLoop) lateReadFailed(p *knownFile, err error) {
	s := p.heldOpen
	f := s.candidate()
	failed, over := c.waits.recordFailure(f, err)
	if s.readErr == nil {
		c.report(s.path, failed)
	}
	s.readErr = failed
	if over {
		c.waits.leaveOut(f, failed, s.reached())
		p.close()
	}
}

// reclaim closes the known file that has become a segment again. Its lines are no longer late.
func (c *followLoop) reclaim(s *segment) {
	for i := range c.known {
		if p := &c.known[i]; p.heldOpen != nil && p.identity() == s.identity {
			p.close()
		}
	}
}

// matches tells whether the file of that identity which begins with head is this one or a copy of it. A copy of a short
// file may be older than the last of its few lines. Then it holds whole lines of the file's head.
func (p knownFile) matches(is identity, head []byte) bool {
	if p.head != nil && !alike(p.head, head) {
		return false // hashes say less than the bytes themselves
	}
	early := p.identity() != is && bytes.HasSuffix(head, lineFeed) && continues(p.head, head)
	return early || p.isIn(is, head)
}

// readUpTo is how far the file that begins with head was read, itself or as the file it is a copy of; 0 if it is new.
func (c *followLoop) readUpTo(is identity, head []byte) (offset int64) {
	for _, p := range c.known {
		if p.matches(is, head) {
			offset = max(offset, p.Offset)
		}
	}
	return offset
}
