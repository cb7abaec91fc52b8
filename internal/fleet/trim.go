package fleet

import "exiwatch/internal/engine"

// A trimPoint is where a stream ended at a time. That is the wall clock's: a host of a wrong clock in the log would
// have the others' entries go too early, or none at all.
type trimPoint struct {
	Second     int64  `json:"s"` // Unix time
	Generation uint64 `json:"g"`
	Offset     uint64 `json:"o"`
}

const (
	// trimPause is at least between two trimPoints, in seconds. Of a long time to keep, it is the part 1/trimPart.
	trimPause, trimPart = 30, 8
)

// noteTrim notes that the stream ends with id at a second, and returns the points, oldest first, and the id before
// which everything was appended more than keep seconds ago.
func noteTrim(points []trimPoint, id engine.ID, second, keep int64) (kept []trimPoint, trim engine.ID) {
	if keep <= 0 {
		return nil, trim
	}
	if n := len(points); n == 0 || second-points[n-1].Second >= max(trimPause, keep/trimPart) {
		points = append(points, trimPoint{second, id.Generation, id.Offset})
	}
	for len(points) > 1 && points[1].Second < second-keep {
		points = points[1:]
	}
	if first := points[0]; first.Second < second-keep {
		trim = engine.ID{Generation: first.Generation, Offset: first.Offset}
	}
	return points, trim
}
