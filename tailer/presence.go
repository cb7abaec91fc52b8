package tailer

import "time"

// presence is how a segment's file was last seen from outside.
type presence struct {
	size   int64
	still  time.Time // since when it has had this size and, if cycled, its successor
	cycled bool

	failing bool // the last own read failed
}

// look sees whether the file has changed its size.
func (s *segment) look(now time.Time) {
	info, err := s.file.Stat()
	if err == nil && info.Size() != s.size {
		s.size, s.still = info.Size(), now
	}
}

// atEnd tells whether everything in the file has been handed over.
func (s *segment) atEnd() bool {
	info, err := s.file.Stat()
	return err == nil && info.Size() == s.offset
}

// succeeded says that the next segment has appeared.
func (s *segment) succeeded(now time.Time) {
	s.cycled, s.still = true, now
}

// finished tells whether a cycled file has been read as far as it can be, and left alone for grace.
func (s *segment) finished(now time.Time, grace time.Duration) bool {
	return s.cycled && (s.end >= s.size || s.failing) && !now.Before(s.due(grace))
}

// due is when a cycled file that stays as it is will be finished.
func (p presence) due(grace time.Duration) time.Time { return p.still.Add(grace) }
