package fleet

import (
	"time"

	"exiwatch/internal/engine"
)

// A stream is the stream of one log, as far as it has been read.
type stream struct {
	at     engine.ID
	last   int64 // the highest second so far
	born   string
	points []point // the oldest first
	hosts  map[string]bool
	whole  bool // it has been read to its end
	// known is up to where the last leader had read it. While it is read again, what is behind there and before
	// knownTo has come late. Zero: it isn't known.
	known    engine.ID
	refilled time.Time // since when the stream, which was lost, is filled again; zero: it isn't
	knownTo  int64
	lost     int // Lost of the stream, when it was begun
}

// A point is a place in a stream up to which all records are older than a second.
type point struct {
	Second int64     `json:"second"`
	At     engine.ID `json:"at"`
}

// A streamMark says where the next leader may begin to read a stream.
type streamMark struct {
	Born   string  `json:"born"`
	Lost   int     `json:"lost"`
	Points []point `json:"points"`
}

// pointPause is how far apart points are, in seconds.
func (t *term) pointPause() int64 { return max(t.reach()/100, 10) }

// mark notes the place up to which the stream has been read, unless the last point is near.
func (s *stream) mark(pause int64) {
	if n := len(s.points); n > 0 && s.last+1-s.points[n-1].Second < pause || s.at == (engine.ID{}) {
		return
	}
	s.points = append(s.points, point{s.last + 1, s.at})
	if len(s.points) > maxPoints {
		s.points = s.points[1:]
	}
}

// before is where to read the stream from for all records from a second on.
func (s *stream) before(second int64) (at engine.ID) {
	for _, p := range s.points {
		if p.Second <= second {
			at = p.At
		}
	}
	return at
}
