package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var errShorter = errors.New("it was truncated: going on with its copy, or else with what is newer")

// unread is what a segment has read on its own account and not handed over yet.
type unread struct {
	chunk []byte // from offset+passed on
	// passed is how many bytes behind offset belong to a line too long to be held: 0 while there is none. Then long
	// are the first of them, enough to be known as too long.
	passed int64
	long   []byte
	end    int64 // how far the file was read
}

// fill reads the next chunk into buf; next hands out the lines in it, after which fill may be called again. It returns
// false at the end of the file, which isn't for ever. It fails with errShorter if the file was truncated.
func (s *segment) fill(buf []byte) (bool, error) {
	at := s.offset + s.passed
	n, err := s.file.ReadAt(buf, at)
	if err != nil && err != io.EOF {
		return false, s.explain(err, at)
	}
	if err := s.checkAgainst(at); err != nil {
		return false, err
	}
	grew := at+int64(n) > s.end
	s.chunk, s.end = buf[:n], at+int64(n)
	return grew, nil
}

// checkAgainst makes sure that what was read at the byte given continues what was read before.
func (s *segment) checkAgainst(at int64) error {
	anew, err := s.rewritten()
	if err == nil && !anew {
		anew, err = s.shorterThan(at)
	}
	if err != nil {
		return s.explain(err, at)
	}
	if anew {
		return s.explain(errShorter, at)
	}
	return nil
}

func (s *segment) shorterThan(at int64) (bool, error) {
	info, err := s.file.Stat()
	return err == nil && info.Size() < at, err
}

func (s *segment) explain(err error, at int64) error {
	return fmt.Errorf("reading %s at byte %d: %w", s.name, at, err)
}

// next is the next complete line of the chunk, ok is false when there is none.
func (s *segment) next() (line Line, ok bool) {
	i := bytes.IndexByte(s.chunk, '\n')
	if i < 0 {
		s.pass()
		return Line{}, false
	}
	text, length := s.chunk[:i], s.passed+int64(i)+1
	if s.passed > 0 {
		text = s.long
	}
	s.chunk, s.passed, s.long = s.chunk[i+1:], 0, nil
	return s.line(text, length, false), true
}

// pass gives up the rest of the chunk, which has no LF: the next fill reads it again, unless it is too long for that.
func (s *segment) pass() {
	switch {
	case s.passed > 0:
		s.passed += int64(len(s.chunk))
	case len(s.chunk) > MaxLine:
		s.passed = int64(len(s.chunk))
		s.long = bytes.Clone(s.chunk[:MaxLine+1])
	}
	s.chunk = nil
}

// torn is what stands behind the last LF of a plain file that nobody writes any more.
func (s *segment) torn(buf []byte) (line Line, ok bool, err error) {
	if s.packed != nil {
		return Line{}, false, nil // it was handed over with the rest
	}
	text := s.long
	if s.passed == 0 {
		n, err := s.file.ReadAt(buf[:min(s.end-s.offset, MaxLine+1)], s.offset)
		if err != nil && err != io.EOF {
			return Line{}, false, s.explain(err, s.offset)
		}
		text = buf[:n]
	}
	if len(text) == 0 {
		return Line{}, false, nil
	}
	return s.line(text, s.end-s.offset, true), true, nil
}
