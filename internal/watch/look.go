package watch

import (
	"time"

	"exiwatch/parser"
)

// A Look says what Replay found in a Source, whatever was kept of it.
type Look struct {
	Name      string
	Broken    bool // it could not be read to its end
	Judgement parser.Judgement
	LookedAt
}

// LookedAt sums the arrivals that were read, and those of them that were kept.
type LookedAt struct {
	Arrivals, Kept int64
	First, Last    time.Time // the earliest and the latest stamp of Arrivals
}

func (s *LookedAt) note(at time.Time, keep bool) {
	s.Arrivals++
	if keep {
		s.Kept++
	}
	if at.After(s.Last) {
		s.Last = at
	}
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
}

// Join adds what was seen elsewhere.
func (s *LookedAt) Join(other LookedAt) {
	s.Arrivals += other.Arrivals
	s.Kept += other.Kept
	if other.Last.After(s.Last) {
		s.Last = other.Last
	}
	if s.First.IsZero() || !other.First.IsZero() && other.First.Before(s.First) {
		s.First = other.First
	}
}

// without takes away what a part of the arrivals was, but for its times.
func (s *LookedAt) without(part LookedAt) {
	s.Arrivals -= part.Arrivals
	s.Kept -= part.Kept
}
