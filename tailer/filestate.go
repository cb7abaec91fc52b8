package tailer

import "time"

// A fileState is what a stat of a segment's file showed last.
type fileState struct {
	size           int64
	modified       time.Time // its content, going by its file system's clock
	unchangedSince time.Time // since when it has this size and, if it is rotated, a successor
	cycled         bool
	// completeAt is when all younger files were last known to be segments; zero while one may be missing.
	completeAt time.Time

	readErr error // of our last read or stat; nil: it succeeded
}

// refresh looks whether the file has another size. The error is errShorter if it was truncated, or if that can't be
// told.
func (s *segment) refresh(now time.Time) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.size {
		s.size, s.unchangedSince = info.Size(), now
	}
	s.modified = info.ModTime()
	if s.decompressor != nil {
		return nil
	}
	return s.checkContinuity(s.offset)
}

// untouched tells whether nothing of the file was read.
func (s *segment) untouched() bool { return s.decompressor == nil && s.offset == 0 && s.overlong == 0 }

// atEnd tells whether everything in the file was handed over.
func (s *segment) atEnd() bool {
	info, err := s.file.Stat()
	return err == nil && info.Size() == s.offset
}

// allRead tells whether everything was handed over, or only half a line is left that our own reads have seen.
func (s *segment) allRead() bool {
	info, err := s.file.Stat()
	return err == nil && (info.Size() == s.offset || info.Size() == s.end)
}

// finished tells whether a rotated file was read to its end and, if it is plain, then lay still for grace.
func (s *segment) finished(now time.Time, grace time.Duration) bool {
	if s.decompressor != nil {
		return s.cycled && s.decompressor.done
	}
	return s.cycled && s.end >= s.size && !now.Before(s.dueAt(grace))
}

// dueAt is when a rotated file is finished if nobody writes to it.
func (p fileState) dueAt(grace time.Duration) time.Time { return p.unchangedSince.Add(grace) }
