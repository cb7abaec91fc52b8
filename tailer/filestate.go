package tailer

import "time"

// fileState is how a segment's file was last seen from outside.
type fileState struct {
	size           int64
	modified       time.Time // its content, going by its file system's clock
	unchangedSince time.Time // since when it has had this size and, if cycled, its successor
	cycled         bool
	// completeAt is when everything younger was known to be in the row behind it; zero while something is missing
	// there.
	completeAt time.Time

	readErr error // of the last own read or look; nil: it could be read
}

// refresh sees whether the file has changed its size. It fails with errShorter if it was truncated, or if that can't be
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

// untouched tells whether nothing of the file has been read.
func (s *segment) untouched() bool { return s.decompressor == nil && s.offset == 0 && s.overlong == 0 }

// atEnd tells whether everything in the file has been handed over.
func (s *segment) atEnd() bool {
	info, err := s.file.Stat()
	return err == nil && info.Size() == s.offset
}

// allRead tells whether that is so, or half a line is left that our own reads have seen.
func (s *segment) allRead() bool {
	info, err := s.file.Stat()
	return err == nil && (info.Size() == s.offset || info.Size() == s.end)
}

// setCycled says that the next segment has appeared.
func (s *segment) setCycled(now time.Time) {
	s.cycled, s.unchangedSince = true, now
}

// finished tells whether a cycled file has been read as far as it can be and, if it may be written to, left alone for
// grace.
func (s *segment) finished(now time.Time, grace time.Duration) bool {
	if s.decompressor != nil {
		return s.cycled && s.decompressor.done
	}
	return s.cycled && s.end >= s.size && !now.Before(s.dueAt(grace))
}

// dueAt is when a cycled file that stays as it is will be finished.
func (p fileState) dueAt(grace time.Duration) time.Time { return p.unchangedSince.Add(grace) }
