package tailer

import (
	"bytes"
	"errors"
	"slices"
	"time"
)

// A past says how far a file has been read that is not in the row any more, or is From.
type past struct {
	Position
	head  []byte    // of the file as it was last looked at; nil if only the Position is known
	late  *segment  // the file, held open for lines written to it after Grace; nil if closed
	until time.Time // when it will be closed, if it can be read
}

const (
	memory     = 64          // how many pasts are remembered
	latecomers = 4           // how many of them are held open
	lateness   = time.Minute // for how long: whoever was stopped with the old file open has gone on by then
)

// remember adds p to what was read.
func (c *chase) remember(p past) {
	c.past = append(c.past, p)
	if len(c.past) > memory {
		c.past[0].close()
		c.past = slices.Delete(c.past, 0, 1)
	}
}

// expire closes the files that were held open for long enough, and the oldest of too many.
func (c *chase) expire(now time.Time) {
	open := 0
	for i := len(c.past) - 1; i >= 0; i-- {
		p := &c.past[i]
		if p.late == nil {
			continue
		}
		if p.late.failing != nil {
			continue // until it was waited for long enough
		}
		if open++; open > latecomers || !now.Before(p.until) {
			p.close()
		}
	}
}

func (p *past) close() {
	if p.late != nil {
		p.late.close()
		p.late = nil
	}
}

// late hands over what was written to files after they were let go of.
func (c *chase) late(now time.Time) error {
	for i := range c.past {
		if c.past[i].late == nil {
			continue
		}
		if err := c.lateIn(&c.past[i]); err != nil {
			return err
		}
	}
	c.expire(now)
	return nil
}

// lateIn hands over the next chunk's lines, if there are any.
func (c *chase) lateIn(p *past) error {
	s := p.late
	if info, err := s.file.Stat(); err == nil && info.Size() == s.end {
		s.failing = nil
		return nil
	}
	_, err := s.fill(c.buf)
	if errors.Is(err, errShorter) {
		p.close() // it is no log any more
		return nil
	}
	if err != nil {
		c.stopLate(p, err)
		return nil
	}
	if s.failing != nil {
		s.failing = nil
		c.waits.done(s.sibling())
		c.tell(s.path, nil)
	}
	for line, ok := s.next(); ok; line, ok = s.next() {
		line.Late = true
		p.Position = line.End
		if err := c.hand(line); err != nil {
			return err
		}
	}
	return nil
}

// stopLate waits for a file that can't be read at this moment.
func (c *chase) stopLate(p *past, err error) {
	s := p.late
	f := s.sibling()
	failed, over := c.waits.note(f, err)
	if s.failing == nil {
		c.tell(s.path, failed)
	}
	s.failing = failed
	if over {
		c.waits.skip(f, failed, s.reached())
		p.close()
	}
}

// regain closes a file held open that has come to be in the row again: its lines are late no more.
func (c *chase) regain(s *segment) {
	for i := range c.past {
		if p := &c.past[i]; p.late != nil && p.identity() == s.identity {
			p.close()
		}
	}
}

// covers tells whether the file of that identity which begins with head is this one or a copy of it. A copy of a short
// file may have been made before the last of its few lines was written, and then holds whole lines of its head.
func (p past) covers(is identity, head []byte) bool {
	if p.head != nil && !alike(p.head, head) {
		return false // its hashes say less
	}
	early := p.identity() != is && bytes.HasSuffix(head, []byte{'\n'}) && continues(p.head, head)
	return early || p.isIn(is, head)
}

// known is up to where a file that begins with head has been read, be it this one or one it is a copy of: 0 if it is
// new.
func (c *chase) known(is identity, head []byte) (offset int64) {
	for _, p := range c.past {
		if p.covers(is, head) {
			offset = max(offset, p.Offset)
		}
	}
	return offset
}
