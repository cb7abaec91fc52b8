package fleet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

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
	case p.End.Born == "" && s.born == "": // it isn't there yet
		return
	case p.End.Born != s.born && s.born != "": // it was lost
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
	for host, until := range untils {
		s.hosts[host] = true
		t.noteFilled(host, until)
		m := t.member(host)
		if until -= m.slack; until > m.until {
			m.until, m.changed = until, t.Now()
		}
	}
}

// beginAgain reads a stream again that was lost and filled anew: what has been counted of it is passed over.
func (t *term) beginAgain(s *stream) {
	s.at, s.points, s.last = engine.ID{}, nil, never
	for host := range s.hosts {
		h, m := t.merger.Host(host), t.member(host)
		t.merger.Drop(h)
		m.again = min(m.until, t.merger.Released())
		m.until, m.changed, h.From = m.again, t.Now(), m.again
		t.lost[host] = lostLines{max(m.again, t.lost[host].until), t.Now()}
	}
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
		h := t.merger.Host(b.Host)
		if !t.rereading {
			t.noteLate(h, b.Records)
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

// noteLate notes records of a host that begin with a second that has been counted. A rewind will count them: until then
// they are passed over.
func (t *term) noteLate(h *merge.Host, records merge.Records) {
	first, _, ok := records.Span()
	released, m := t.merger.Released(), t.member(h.Name)
	if first = max(first, m.again); !ok || first >= released {
		return
	}
	if said := m.until - first; said > 0 { // a log whose clock is wrong has said too much
		if said <= int64(t.Patience.Seconds()) {
			m.slack = max(m.slack, said)
		}
		m.until = first
	}
	t.countAgain(first, h.Name)
	h.From = released
	t.noteBroken(records.Each(h.Name, func(r *pipeline.Record) {
		if r.Now < released {
			t.stats.Late++
		}
	}))
}
