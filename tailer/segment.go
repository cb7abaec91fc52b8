package tailer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

var errMoved = errors.New("the name now belongs to another file")

// A segment is one inode of a live log. It stays open from the moment it was seen until its last line was handed over,
// and a little longer for late lines.
type segment struct {
	identity
	generation
	path         string // the name when it was opened
	currentPath  string // the name when the folder was last listed
	file         *os.File
	offset       int64    // everything before it was handed over; always a line's start
	number       int64    // lines before offset
	head         []byte   // of the file, as last read
	lastPosition Position // the last one handed over, unless the file is compressed

	decompressor *decompressor // nil if it is plain
	positioned   bool          // its start was found

	readAhead // what our own reads have got
	fileState // what a stat last showed
}

// openSegment opens the file that was found. The error is errMoved if its name leads to another file now.
func (found candidate) openSegment(now time.Time) (*segment, error) {
	file, info, err := found.openFile()
	if err != nil {
		return nil, err
	}
	s := &segment{identity: found.identity, generation: found.generation, file: file}
	s.path, s.currentPath = found.path, found.path
	s.fileState = fileState{size: info.Size(), modified: info.ModTime(), unchangedSince: now}
	if found.compressionExt != "" {
		s.decompressor = new(decompressor)
		return s, nil
	}
	if s.head, err = readHead(file); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// resume puts the segment behind the line that ended at offset. If it can't count the lines up to there, it fails and
// changes nothing.
func (s *segment) resume(offset int64) error {
	if s.decompressor != nil {
		s.offset = offset
		return nil // skip counts them
	}
	number, buf := int64(0), make([]byte, chunkSize)
	for before := io.NewSectionReader(s.file, 0, offset); ; {
		n, err := before.Read(buf)
		number += int64(bytes.Count(buf[:n], lineFeed))
		if err == io.EOF {
			s.offset, s.number = offset, number
			return nil
		}
		if err != nil {
			return fmt.Errorf("counting the lines of %s: %w", s.path, err)
		}
	}
}

func (s *segment) close() error {
	if s.decompressor != nil {
		s.decompressor.close()
	}
	return s.file.Close()
}

// currentHead reads the file's first bytes as they are now.
func (s *segment) currentHead() ([]byte, error) { return headOf(s.file, s.path, s.decompressor != nil) }

// rewritten tells whether the file no longer begins as it did, because it was truncated and written anew. If it is
// false, what was read before the call belongs together.
func (s *segment) rewritten() (bool, error) {
	nuls, text := splitHead(s.head)
	var now [headLength]byte
	n, err := s.readAt(now[:], nuls)
	if err != nil {
		return false, err
	}
	if !bytes.HasPrefix(now[:n], text) {
		return true, nil
	}
	if nuls > 0 {
		var first [1]byte
		if n, err := s.readAt(first[:], 0); err != nil || n == 0 || first[0] != 0 {
			return err == nil, err
		}
	}
	if n > len(text) {
		s.head = extendHead(s.head, now[len(text):n])
	}
	if grown, text := splitHead(s.head); grown > nuls && len(text) < headLength {
		return s.rewritten() // NULs filled what was read
	}
	return false, nil
}

// readAt reads fewer bytes where the file ends.
func (s *segment) readAt(buf []byte, at int64) (int, error) {
	n, err := s.file.ReadAt(buf, at)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// newLine makes a Line of text, which begins at offset. The line takes length bytes of the file.
func (s *segment) newLine(text []byte, length int64, torn bool) Line {
	s.offset += length
	s.number++
	long := len(text) > MaxLine
	if long {
		text = text[:MaxLine]
	}
	return Line{Text: text, File: s.path, Number: s.number, End: s.position(), Torn: torn, Long: long}
}

// candidate gives what the folder's listing would show of the segment.
func (s *segment) candidate() candidate {
	return candidate{
		path: s.currentPath, generation: s.generation, identity: s.identity, size: s.size, changed: s.modified,
	}
}

// reached is the position up to which the segment was read.
func (s *segment) reached() Position {
	if s.offset == 0 {
		return s.candidate().start()
	}
	return s.position()
}

func (s *segment) position() Position {
	s.lastPosition = s.lastPosition.withOffset(s.offset, s.head)
	s.lastPosition.Device, s.lastPosition.Inode = s.device, s.inode
	return s.lastPosition
}

// identityPosition is a position by which the file can be found again: where reading stopped or, if nothing was read,
// the end of what is known of it.
func (s *segment) identityPosition() Position {
	if s.offset > 0 {
		return s.position()
	}
	nuls, text := splitHead(s.head)
	at := Position{Device: s.device, Inode: s.inode}
	return at.withOffset(nuls+int64(len(text)), s.head)
}
