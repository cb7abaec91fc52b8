package follow

import (
	"errors"
	"fmt"
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// A Checkpoint says how far one log has been counted: up to a place, except what was held there.
type Checkpoint struct {
	ResumePoint
	Held    parser.Held `json:"held,omitzero"`
	Written time.Time   `json:"written"` // by the wall clock: when it was so
	Base    ResumePoint `json:"base"`    // from where on the log must be read for the windows to be complete
	Rules   []string    `json:"rules"`   // whose open alerts are below
	pipeline.Saved
}

// Validate fails for a checkpoint that this program can't have written.
func (c *Checkpoint) Validate() error {
	if c == nil {
		return errors.New("it says nothing")
	}
	if c.Held.Bytes < 0 || c.Held.Pieces < 0 {
		return fmt.Errorf("%d bytes and %d entries held: out of range", c.Held.Bytes, c.Held.Pieces)
	}
	for _, p := range []*ResumePoint{&c.ResumePoint, &c.Base} {
		if err := errors.Join(p.Position.Validate(), p.Clock.Validate()); err != nil {
			return err
		}
		for _, h := range p.Hosts {
			if err := h.Clock.Validate(); err != nil {
				return fmt.Errorf("host %q: %w", h.Host, err)
			}
		}
	}
	return c.Saved.Validate()
}

// A ResumePoint is a place between two entries of a log, and what has to be known to read on from there.
type ResumePoint struct {
	Position tailer.Position      `json:"position"`
	Clock    window.Clock         `json:"clock"`
	Stamp    time.Time            `json:"stamp"` // of parser.Reader.Last
	Hosts    []pipeline.HostClock `json:"hosts,omitempty"`
}

// earliestClock is the second of the clock that is farthest behind.
func (p *ResumePoint) earliestClock() int64 {
	first := p.Clock.Now
	for _, h := range p.Hosts {
		first = min(first, h.Clock.Now)
	}
	return first
}

// reaches tells whether lines before p don't matter behind a later place. If that lies in another file, it must lie far
// enough behind the beginning of that one.
func (p *ResumePoint) reaches(at ResumePoint) bool {
	from := int64(0)
	if at.Position.SameFile(p.Position) {
		from = p.Position.Offset
	}
	return at.Position.Offset-from >= parser.Reach
}

// resumePoints are places from which a log could be read again, oldest first. From the first one on the windows at the
// last place are complete, as far as is known.
type resumePoints struct {
	longest int64 // window of the rules, seconds
	reach   int64 // how far back a log is to be read, seconds
	all     []ResumePoint
}

// note adds a place with the clocks of the hosts there, unless the last one is near.
func (r *resumePoints) note(at ResumePoint, clocks func() []pipeline.HostClock) {
	if n := len(r.all); n > 0 && at.Clock.Now-r.all[n-1].Clock.Now <= r.longest/4 {
		return
	}
	at.Hosts = clocks()
	r.all = append(r.all, at)
	for len(r.all) > 1 && r.all[1].Clock.Now <= at.Clock.Now-r.reach && r.all[1].reaches(at) {
		r.all = r.all[1:]
	}
}
