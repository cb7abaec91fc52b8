package fleet

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"exiwatch/internal/engine"
	"exiwatch/internal/merge"
	"exiwatch/internal/pipeline"
)

// poll reads what the streams have got.
func (t *term) poll(ctx context.Context) (more bool, err error) {
	var cursors []engine.Cursor
	for _, name := range slices.Sorted(maps.Keys(t.streams)) {
		cursors = append(cursors, engine.Cursor{Stream: name, After: t.streams[name].at})
	}
	if len(cursors) == 0 {
		return false, nil
	}
	polled, err := t.Engine.Poll(ctx, cursors, pollMost)
	for i := range polled {
		p := &polled[i]
		t.take(t.streams[p.Stream], p)
		more = more || p.More
	}
	return more, err
}

// take takes what a stream has got.
func (t *term) take(s *stream, p *engine.Polled) {
	switch {
	case p.End.Born == "": // it isn't there yet, or was lost and isn't filled again
		return
	case s.born != p.End.Born && s.born != "":
		t.beginAgain(s)
		s.born = p.End.Born
		return
	}
	lost := Lost(p.End)
	if s.born != "" && lost != s.lost || p.End.ID.Compare(s.at) < 0 { // it has been filled again in part
		t.beginAgain(s)
		s.lost = lost
		return
	}
	s.born, s.lost = p.End.Born, lost
	for _, e := range p.Entries {
		t.push(s, e)
		s.at = e.ID
	}
	if s.whole = !p.More; p.More {
		return
	}
	var untils Untils
	if json.Unmarshal(p.End.Untils, &untils) != nil {
		return
	}
	if t.isFull(s, untils) {
		s.refilled = time.Time{}
	}
	for host, until := range untils {
		s.hosts[host] = true
		m := t.member(host)
		if until -= m.slack; until > m.until {
			m.until, m.changed = until, t.Now()
		}
	}
}

// beginAgain reads a stream again that was lost and filled anew: what has been counted of it is passed over.
func (t *term) beginAgain(s *stream) {
	s.at, s.known, s.points, s.refilled = engine.ID{}, engine.ID{}, nil, t.Now()
	s.last = math.MinInt64
	for host := range s.hosts {
		h, m := t.merger.Host(host), t.member(host)
		t.merger.Drop(h)
		m.again = min(m.until, t.merger.Released())
		h.From = m.again
	}
}

// isFull tells whether a stream that was lost holds again all that had been read of it.
func (t *term) isFull(s *stream, untils Untils) bool {
	for host := range s.hosts {
		if until, ok := untils[host]; !ok || until < t.member(host).again {
			return false
		}
	}
	return true
}

// push gives the records of an entry to the merger.
func (t *term) push(s *stream, e engine.Entry) {
	entry, err := t.unpack.Unpack(e.Batch)
	if err != nil {
		t.noteBroken(err)
		return
	}
	s.mark(t.pointPause())
	s.last = max(s.last, entry.Last)
	if entry.Scopes != t.Scopes {
		t.noteForeign(&entry)
		return
	}
	for _, b := range entry.Batches {
		s.hosts[b.Host] = true
		h, m := t.merger.Host(b.Host), t.member(b.Host)
		if first, _, ok := b.Records.Span(); ok {
			m.first = min(m.first, first)
		}
		if !t.rereading {
			t.noteLate(h, b.Records)
		} else if s.known != (engine.ID{}) && e.ID.Compare(s.known) > 0 {
			t.noteUncounted(b, s.knownTo)
		}
		_, err := t.merger.Push(h, b.Records)
		t.noteBroken(err)
	}
}

// noteForeign notes arrivals that can't be counted.
func (t *term) noteForeign(entry *Bundle) {
	for _, b := range entry.Batches {
		t.noteBroken(b.Records.Each(b.Host, func(*pipeline.Record) { t.stats.Foreign++ }))
		if !t.foreign[b.Host] {
			t.foreign[b.Host] = true
			t.Log.Error("arrivals of a host of the fleet aren't counted: its rules have other scopes", "host", b.Host)
		}
	}
}

// noteUncounted notes records that the last leader hadn't read when it had counted up to a second.
func (t *term) noteUncounted(b HostRecords, second int64) {
	if first, _, ok := b.Records.Span(); ok && first < second {
		t.late, t.lateHosts[b.Host] = min(t.late, first), true
	}
}

// noteLate notes records of a host that begin with a second that has been counted. A rewind will count them: until then
// they are passed over.
func (t *term) noteLate(h *merge.Host, records merge.Records) {
	first, _, ok := records.Span()
	released, m := t.merger.Released(), t.member(h.Name)
	if first = max(first, m.again); !ok || first >= released {
		return
	}
	if said := m.until - first; said > 0 { // a log whose clock is wrong has said too much
		if said <= int64(t.Patience/time.Second) {
			m.slack = max(m.slack, said)
		}
		m.until = first
	}
	if t.late == math.MaxInt64 {
		t.lateSince = t.Now()
	}
	t.late = min(t.late, first)
	t.lateHosts[h.Name] = true
	h.From = released
	t.noteBroken(records.Each(h.Name, func(r *pipeline.Record) {
		if r.Now < released {
			t.stats.Late++
		}
	}))
}
