package watch

import (
	"time"

	"exiwatch/internal/pipeline"
	"exiwatch/parser"
	"exiwatch/tailer"
	"exiwatch/window"
)

// checkpointVersion is raised when an older program can't go on from the checkpoint: see private.Newer.
const checkpointVersion = 1

// A checkpoint says how far the logs have been counted: the alerts of everything before are in the spool, and none of
// their mails was sent before the checkpoint was on disk. What was counted isn't in it, as the log has that.
type checkpoint struct {
	Version int                       `json:"version"`
	Spooled int64                     `json:"spooled"` // the last mail in the spool that it covers
	Told    map[string]int64          `json:"told"`    // the same of each teller, by name
	Folded  bool                      `json:"folded"`  // the alerts' values are
	Gaps    []Gap                     `json:"gaps,omitempty"`
	Mailbag savedMailbag              `json:"mailbag"`
	Own     []pipeline.SentMail       `json:"own"`
	Logs    map[string]*logCheckpoint `json:"logs"` // by path
}

// logCheckpoint is how far one log has been counted.
type logCheckpoint struct {
	resumePoint
	Written time.Time             `json:"written"` // by the wall clock: when it was so
	Base    resumePoint           `json:"base"`    // from where on it has to be read for the windows to be whole
	Rules   []string              `json:"rules"`   // for which the alerts below are all that were open
	Alerts  []pipeline.SavedAlert `json:"alerts"`
}

// A mark is a place between two entries of a log, and what has to be known to read on from there.
type resumePoint struct {
	Position tailer.Position      `json:"position"`
	Clock    window.Clock         `json:"clock"`
	Stamp    time.Time            `json:"stamp"` // of parser.Reader.Last
	Hosts    []pipeline.HostClock `json:"hosts,omitempty"`
}

// resumePoints are places from which a log could be read again, oldest first.
type resumePoints struct {
	longest int64 // window of the rules, seconds
	reach   int64 // how far back a log is to be read, seconds
	all     []resumePoint
}

// newResumePoints are those for the counters of a pipeline.
func newResumePoints(p *pipeline.Pipeline) resumePoints {
	return resumePoints{longest: int64(p.Counters().Longest() / time.Second), reach: p.Reach()}
}

// note adds a place, unless the last one is near, with the clocks of the hosts there.
func (m *resumePoints) note(at resumePoint, clocks func() []pipeline.HostClock) {
	if n := len(m.all); n > 0 && at.Clock.Now-m.all[n-1].Clock.Now <= m.longest/4 {
		return
	}
	at.Hosts = clocks()
	m.all = append(m.all, at)
	for len(m.all) > 1 && m.all[1].Clock.Now <= at.Clock.Now-m.reach && m.all[1].reaches(at) {
		m.all = m.all[1:]
	}
}

// earliestClock is the second of the clock that is farthest behind.
func (m *resumePoint) earliestClock() int64 {
	first := m.Clock.Now
	for _, h := range m.Hosts {
		first = min(first, h.Clock.Now)
	}
	return first
}

// reaches tells whether lines before m don't matter behind a later place. Where that lies in another file, it must
// lie far enough behind the beginning of that one.
func (m *resumePoint) reaches(at resumePoint) bool {
	from := int64(0)
	if at.Position.SameFile(m.Position) {
		from = m.Position.Offset
	}
	return at.Position.Offset-from >= parser.Reach
}

// earliest is the place from which on the windows at a later one are whole, as far as is known.
func (m *resumePoints) earliest() resumePoint { return m.all[0] }
