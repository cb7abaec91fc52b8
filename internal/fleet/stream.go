package fleet

import (
	"maps"

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
	lost   int  // Lost of the stream, when it was begun
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

// goBack is the stream, to be read again from before all records from a second on. Points are those it may be read from
// earlier still.
func (s *stream) goBack(points []point, second int64) *stream {
	back := &stream{born: s.born, lost: s.lost, hosts: maps.Clone(s.hosts), last: never}
	for _, p := range points {
		if p.Second > second {
			break
		}
		back.points, back.at, back.last = append(back.points, p), p.At, p.Second-1
	}
	return back
}
