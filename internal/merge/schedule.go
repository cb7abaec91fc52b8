package merge

import (
	"context"
	"math"

	"exiwatch/internal/pipeline"
)

// A schedule says when the hosts of a central log will have records: without it nobody could tell, before the log's
// end, whether a host that is silent comes back with an earlier second.
type schedule map[string]*hostSchedule

// A hostSchedule is the schedule of one host.
type hostSchedule struct {
	stretches []stretch
	brought   int // records
}

// A stretch is some time without a long pause.
type stretch struct {
	from, to int64 // seconds of the host's clock
	records  int   // from the log's beginning to the end of the stretch
}

// pause is how many seconds without a record end a stretch. For so long other hosts' records wait for a silent host.
const pause = 60

// plan reads a central log once to make its schedule. A stream can't be read twice: then there is none, and all of the
// log is held in memory before anything is counted.
func (l *finishedLog) plan(ctx context.Context, listener pipeline.Listener) error {
	if l.Name != "" {
		return nil
	}
	for _, s := range l.Sources {
		if s.Stream != nil || s.Open != nil {
			return nil
		}
	}
	l.schedule = make(schedule)
	err := l.read(ctx, pipeline.Listener{Keep: listener.Keep, Until: listener.Until, Summary: true,
		Publish: l.schedule.add}, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_ = err // whoever reads it again says what is wrong
	return nil
}

// add notes a record.
func (s schedule) add(host string, r *pipeline.Record) {
	h := s[host]
	if h == nil {
		h = new(hostSchedule)
		s[host] = h
	}
	n := len(h.stretches)
	records := 0
	if n > 0 {
		records = h.stretches[n-1].records
	}
	if n == 0 || r.Now-h.stretches[n-1].to > pause {
		h.stretches = append(h.stretches, stretch{from: r.Now})
		n++
	}
	last := &h.stretches[n-1]
	last.to, last.records = r.Now, records+1
}

// note notes that a piece has come.
func (s schedule) note(p piece) {
	if h := s[p.host]; h != nil {
		h.brought += p.records
	}
}

// reached is the second before which all hosts have brought everything.
func (s schedule) reached(m *Merger) int64 {
	if s == nil {
		return math.MinInt64
	}
	until := int64(math.MaxInt64)
	for name, h := range s {
		until = min(until, h.reached(m.Host(name)))
	}
	return until
}

// reached is the second before which the host has brought everything.
func (h *hostSchedule) reached(host *Host) int64 {
	for len(h.stretches) > 0 && h.brought >= h.stretches[0].records {
		h.stretches = h.stretches[1:]
	}
	if len(h.stretches) == 0 {
		return math.MaxInt64
	}
	return max(h.stretches[0].from, host.Until)
}
