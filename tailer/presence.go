package tailer

import "time"

// presence is how a segment's file was last seen from outside.
type presence struct {
	size   int64
	wrote  time.Time // its content, going by its file system's clock
	still  time.Time // since when it has had this size and, if cycled, its successor
	cycled bool
	// seen is when everything younger was known to be in the row behind it; zero while something is missing there.
	seen time.Time

	failing error // of the last own read or look; nil: it could be read
}

// look sees whether the file has changed its size. It fails with errShorter if it was truncated, or if that can't be
// told.
func (s *segment) look(now time.Time) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.size {
		s.size, s.still = info.Size(), now
	}
	s.wrote = info.ModTime()
	if s.packed != nil {
		return nil
	}
	return s.checkAgainst(s.offset)
}

// untouched tells whether nothing of the file has been read.
func (s *segment) untouched() bool { return s.packed == nil && s.offset == 0 && s.passed == 0 }

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

// succeeded says that the next segment has appeared.
func (s *segment) succeeded(now time.Time) {
	s.cycled, s.still = true, now
}

// finished tells whether a cycled file has been read as far as it can be and, if it may be written to, left alone for
// grace.
func (s *segment) finished(now time.Time, grace time.Duration) bool {
	if s.packed != nil {
		return s.cycled && s.packed.over
	}
	return s.cycled && s.end >= s.size && !now.Before(s.due(grace))
}

// due is when a cycled file that stays as it is will be finished.
func (p presence) due(grace time.Duration) time.Time { return p.still.Add(grace) }
