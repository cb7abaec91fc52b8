package pipeline

import "time"

// A Look sums the arrivals that were read, and those of them that were kept.
type Look struct {
	Arrivals, Kept int64
	First, Last    time.Time // the earliest and the latest stamp of Arrivals
}

func (l *Look) note(at time.Time, keep bool) {
	one := Look{Arrivals: 1, First: at, Last: at}
	if keep {
		one.Kept = 1
	}
	l.Join(one)
}

// Join adds what was seen elsewhere.
func (l *Look) Join(other Look) {
	l.Arrivals += other.Arrivals
	l.Kept += other.Kept
	if other.Last.After(l.Last) {
		l.Last = other.Last
	}
	if l.First.IsZero() || !other.First.IsZero() && other.First.Before(l.First) {
		l.First = other.First
	}
}

// without takes away a part of the arrivals, but for its times.
func (l *Look) without(part Look) {
	l.Arrivals -= part.Arrivals
	l.Kept -= part.Kept
}
