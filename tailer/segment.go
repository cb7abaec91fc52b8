package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

var errMoved = errors.New("the name has passed to another file")

// A segment is one inode of a live log, held open from the moment it was seen until its last line was handed over.
type segment struct {
	identity
	age
	path   string // under which it was opened; it may have another name by now
	file   *os.File
	offset int64  // everything before it was handed over; always a line's start
	number int64  // lines before offset
	head   []byte // the first bytes, as many as were there when last looked at, up to fingerprintLength
	print  uint64 // the fingerprint, once offset is beyond it

	unread   // what own reads have got
	presence // how it was last seen
}

// open opens what a sibling was found to be, or fails with errMoved.
func (found sibling) open(now time.Time) (*segment, error) {
	file, err := os.Open(found.path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && identify(info) != found.identity {
		err = fmt.Errorf("opening %s: %w", found.path, errMoved)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	s := &segment{identity: found.identity, age: found.age, path: found.path, file: file}
	s.presence = presence{size: info.Size(), still: now}
	return s, nil
}

// holds tells whether at is a position in this file, going by its content.
func (s *segment) holds(at Position) bool {
	info, err := s.file.Stat()
	if err != nil || info.Size() < at.Offset {
		return false
	}
	head, err := s.readHead()
	return err == nil && fingerprint(head, at.Offset) == at.Fingerprint
}

// resume puts the segment behind the line that ended at offset. It fails if the lines up to there can't be counted.
func (s *segment) resume(offset int64) error {
	s.offset = offset
	buf := make([]byte, chunkSize)
	for before := io.NewSectionReader(s.file, 0, offset); ; {
		n, err := before.Read(buf)
		s.number += int64(bytes.Count(buf[:n], []byte{'\n'}))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("counting the lines of %s: %w", s.path, err)
		}
	}
}

// rewritten tells whether the file no longer begins as it did, for it was truncated and written anew. While it is not,
// what was read from it before the call was no mixture.
func (s *segment) rewritten() (bool, error) {
	head, err := s.readHead()
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(head, s.head) {
		return true, nil
	}
	s.head = head
	return false, nil
}

// readHead reads the file's first bytes, fewer if it is shorter.
func (s *segment) readHead() ([]byte, error) {
	var head [fingerprintLength]byte
	n, err := s.file.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(s.head) == n && bytes.Equal(s.head, head[:n]) {
		return s.head, nil
	}
	return bytes.Clone(head[:n]), nil
}

// restart begins again at the file's first byte.
func (s *segment) restart() {
	s.offset, s.number, s.head, s.print, s.unread = 0, 0, nil, 0, unread{}
}

// line makes a Line of text, which stands at offset, and goes on length bytes.
func (s *segment) line(text []byte, length int64, torn bool) Line {
	s.offset += length
	s.number++
	long := len(text) > MaxLine
	if long {
		text = text[:MaxLine]
	}
	return Line{Text: text, File: s.path, Number: s.number, End: s.position(), Torn: torn, Long: long}
}

func (s *segment) position() Position {
	p := Position{Device: s.device, Inode: s.inode, Fingerprint: s.print, Offset: s.offset}
	switch {
	case s.offset < fingerprintLength:
		p.Fingerprint = fingerprint(s.head, s.offset)
	case s.print == 0:
		s.print = fingerprint(s.head, s.offset)
		p.Fingerprint = s.print
	}
	return p
}
