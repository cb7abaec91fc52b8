package tailer

import (
	"bytes"
	"errors"
)

var errShorter = errors.New("the file was truncated: going on with its copy or, if there is none, with newer files")

// A readAhead is what a segment has read by itself and not handed over yet.
type readAhead struct {
	chunk []byte // from offset+overlong on
	// overlong is how many bytes behind offset belong to a line too long to be held; 0 while there is none.
	// overlongStart are the first of them, enough to show that.
	overlong      int64
	overlongStart []byte
	end           int64 // how far the file was read
}

// fill reads the next chunk into buf. nextLine then gives its lines, after which fill may be called again. It returns
// false at the end of the file, which may still grow. The error is errShorter if the file was truncated.
func (s *segment) fill(buf []byte) (bool, error) {
	at := s.offset + s.overlong
	n, err := s.readAt(buf, at)
	if err != nil {
		return false, s.wrapError(err, at)
	}
	if err := s.checkContinuity(at); err != nil {
		return false, err
	}
	grew := at+int64(n) > s.end
	s.chunk, s.end = buf[:n], at+int64(n)
	return grew, nil
}

// checkContinuity makes sure that what was read at the byte at continues what was read before.
func (s *segment) checkContinuity(at int64) error {
	anew, err := s.rewritten()
	if err == nil && !anew {
		anew, err = s.shorterThan(at)
	}
	if err != nil {
		return s.wrapError(err, at)
	}
	if anew {
		return s.wrapError(errShorter, at)
	}
	return nil
}

func (s *segment) shorterThan(at int64) (bool, error) {
	info, err := s.file.Stat()
	return err == nil && info.Size() < at, err
}

func (s *segment) wrapError(err error, at int64) error {
	return readingError(err, s.currentPath, at)
}

// nextLine gives the next complete line of the chunk. ok is false if there is none.
func (s *segment) nextLine() (line Line, ok bool) {
	i := bytes.IndexByte(s.chunk, '\n')
	if i < 0 {
		s.skipOverlong()
		return Line{}, false
	}
	text, length := s.chunk[:i], s.overlong+int64(i)+1
	if s.overlong > 0 {
		text = s.overlongStart
	}
	s.chunk, s.overlong, s.overlongStart = s.chunk[i+1:], 0, nil
	return s.newLine(text, length, false), true
}

// skipOverlong gives up the rest of the chunk, which has no LF. The next fill reads it again, unless it is too long for
// that.
func (s *segment) skipOverlong() {
	switch {
	case s.overlong > 0:
		s.overlong += int64(len(s.chunk))
	case len(s.chunk) > MaxLine:
		s.overlong = int64(len(s.chunk))
		s.overlongStart = bytes.Clone(s.chunk[:MaxLine+1])
	}
	s.chunk = nil
}

// unterminated gives what stands behind the last LF of a plain file to which nobody writes any more.
func (s *segment) unterminated(buf []byte) (line Line, ok bool, err error) {
	if s.decompressor != nil {
		return Line{}, false, nil // it was handed over with the rest
	}
	text := s.overlongStart
	if s.overlong == 0 {
		n, err := s.readAt(buf[:min(s.end-s.offset, MaxLine+1)], s.offset)
		if err != nil {
			return Line{}, false, s.wrapError(err, s.offset)
		}
		text = buf[:n]
	}
	if len(text) == 0 {
		return Line{}, false, nil
	}
	return s.newLine(text, s.end-s.offset, true), true, nil
}
