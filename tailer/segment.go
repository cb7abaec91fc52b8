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

// A segment is one inode of a live log, held open from the moment it was seen until its last line was handed over, and
// for late ones a little longer.
type segment struct {
	identity
	generation
	path         string // under which it was opened
	currentPath  string // its path when the folder was read last
	file         *os.File
	offset       int64    // everything before it was handed over; always a line's start
	number       int64    // lines before offset
	head         []byte   // the file's, as it was when last looked at
	lastPosition Position // the last one that was told, unless the file is compressed

	decompressor *decompressor // nil if it is plain
	positioned   bool          // it was found where to begin in it

	readAhead // what own reads have got
	fileState // how it was last seen
}

// openSegment opens what a sibling was found to be, or fails with errMoved.
func (found candidate) openSegment(now time.Time) (*segment, error) {
	file, err := found.openFile()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	s := &segment{identity: found.identity, generation: found.generation, path: found.path, currentPath: found.path, file: file}
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

// resume puts the segment behind the line that ended at offset. It fails if the lines up to there can't be counted, and
// changes nothing then.
func (s *segment) resume(offset int64) error {
	if s.decompressor != nil {
		s.offset = offset
		return nil // they are counted while they are passed over
	}
	number, buf := int64(0), make([]byte, chunkSize)
	for before := io.NewSectionReader(s.file, 0, offset); ; {
		n, err := before.Read(buf)
		number += int64(bytes.Count(buf[:n], []byte{'\n'}))
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

// currentHead are the file's first bytes as they are now.
func (s *segment) currentHead() ([]byte, error) {
	if s.decompressor != nil {
		return unpackHead(s.file, s.path)
	}
	return readHead(s.file)
}

// rewritten tells whether the file no longer begins as it did, for it was truncated and written anew. While it is not,
// what was read from it before the call was no mixture.
func (s *segment) rewritten() (bool, error) {
	nuls, text := splitHead(s.head)
	var now [headLength]byte
	n, err := s.file.ReadAt(now[:], nuls)
	if err != nil && err != io.EOF {
		return false, err
	}
	if !bytes.HasPrefix(now[:n], text) {
		return true, nil
	}
	if nuls > 0 {
		var first [1]byte
		if _, err := s.file.ReadAt(first[:], 0); err != nil || first[0] != 0 {
			return err == nil || err == io.EOF, ignoreEOF(err)
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

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// newLine makes a Line of text, which stands at offset, and goes on length bytes.
func (s *segment) newLine(text []byte, length int64, torn bool) Line {
	s.offset += length
	s.number++
	long := len(text) > MaxLine
	if long {
		text = text[:MaxLine]
	}
	return Line{Text: text, File: s.path, Number: s.number, End: s.position(), Torn: torn, Long: long}
}

// candidate is what is known of it from outside.
func (s *segment) candidate() candidate {
	return candidate{path: s.currentPath, generation: s.generation, identity: s.identity, size: s.size, changed: s.modified}
}

// reached is up to where it was read.
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

// identityPosition is a position to find the file by: where it was read to, or what is known of it if nothing was.
func (s *segment) identityPosition() Position {
	if s.offset > 0 {
		return s.position()
	}
	nuls, text := splitHead(s.head)
	at := Position{Device: s.device, Inode: s.inode}
	return at.withOffset(nuls+int64(len(text)), s.head)
}
