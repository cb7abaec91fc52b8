package merge

import (
	"context"
	"math"
	"slices"

	"exiwatch/internal/pipeline"
	"exiwatch/internal/replay"
)

// A schedule says when the hosts of a central log will have records: without it nobody could tell, before the log's
// end, whether a host that is silent comes back with an earlier second.
type schedule map[string]*hostSchedule

// A hostSchedule is the schedule of one host.
type hostSchedule struct {
	stretches []stretch
	planned   int // records
	published int // records, at the second reading
	brought   int // records that the merger has got of them
}

// A stretch is some time without a long pause.
type stretch struct {
	from, to int64 // seconds of the host's clock
	records  int   // from the log's beginning to the end of the stretch
}

// pause is how many seconds without a record end a stretch. For so long other hosts' records wait for a silent host.
const pause = 60

// plan reads a central log once to make its schedule. What isn't a file can't be read twice: then there is none, and
// all of the log is held in memory before anything is counted.
func (l *finishedLog) plan(ctx context.Context) {
	if l.Name != "" || slices.ContainsFunc(l.Sources, func(s replay.Source) bool { return !s.IsFile() }) {
		return
	}
	all := make(schedule)
	listener := pipeline.Listener{Keep: l.listener.Keep, Until: l.listener.Until, Summary: true, Publish: all.add}
	_ = l.read(ctx, listener, 0, 0.5) // whoever reads it again says what is wrong
	l.schedule = all
}

// add notes a record.
func (s schedule) add(host string, r *pipeline.Record) {
	h := s[host]
	if h == nil {
		h = new(hostSchedule)
		s[host] = h
	}
	h.planned++
	n := len(h.stretches)
	if n == 0 || r.Now-h.stretches[n-1].to > pause {
		h.stretches = append(h.stretches, stretch{from: r.Now})
		n++
	}
	last := &h.stretches[n-1]
	last.to, last.records = r.Now, h.planned
}

// has tells, for each record of a host once more, whether it is planned. The log may have grown since: those that have
// come don't count, because nobody knows what else will come before them. Without a schedule it has all.
func (s schedule) has(host string) bool {
	if s == nil {
		return true
	}
	h := s[host]
	if h == nil || h.published == h.planned {
		return false
	}
	h.published++
	return true
}

// note notes that a piece has come.
func (s schedule) note(p piece) {
	if h := s[p.host]; h != nil {
		h.brought += p.records
	}
}

// reached is the second before which all hosts of a log have brought everything.
func (s schedule) reached(m *Merger, log int) int64 {
	until := int64(math.MaxInt64)
	for name, h := range s {
		until = min(until, h.reached(m.HostIn(name, log)))
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
